# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from projects.qanet.utils.names import unique_name


def test_each_owner_has_a_name_of_its_own():
    taken = {}
    wished = ['a.png', 'A.png', 'a_2.png', 'a.png', 'b', 'B', 'a.bmp']
    names = [unique_name(name, k, taken) for k, name in enumerate(wished)]
    assert names == [
        'a.png', 'A_2.png', 'a_2_2.png', 'a_3.png', 'b', 'B_2', 'a.bmp'
    ]
    assert [unique_name(name, k, taken)
            for k, name in enumerate(wished)] == names
