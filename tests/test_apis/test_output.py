# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
import cv2
import numpy as np

from projects.qanet.apis.output import OutputFolder
from projects.qanet.apis.sources import Frame, Source
from projects.qanet.structures import ParsingInstances


def test_pictures_of_a_video_get_even_sides_and_one_size(tmp_path):
    """Red pictures; what is beyond a picture is white."""
    output = OutputFolder(str(tmp_path), ('Background', 'Hat'), None, None)
    source = Source('gone.mp4', 'clip')
    for k, (height, width) in enumerate([(41, 65), (24, 99)]):
        picture = np.full((height, width, 3), (230, 20, 20), np.uint8)
        nobody = ParsingInstances.empty((65, 41), 2, k)
        frame = Frame(k, np.zeros((41, 65, 3), np.uint8), '', '', source)
        output.add(frame, nobody, picture, [])
    output.close()
    written, = (tmp_path / 'vis').glob('clip.*')
    capture = cv2.VideoCapture(str(written))
    assert capture.get(cv2.CAP_PROP_FPS) == 25
    first, second = capture.read()[1], capture.read()[1]
    assert first.shape == second.shape == (42, 66, 3)
    red = np.array([20, 20, 230])  # BGR
    assert abs(first[:32, :56] - red).max() < 30
    assert abs(second[:14, :64] - red).max() < 30
    assert second[32:].min() > 225
    assert not capture.read()[0]
