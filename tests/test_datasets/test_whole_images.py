# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
from .test_human_parsing import build, refused, samples_of


def test_whole_images(tiny_cihp):
    """One sample an image, also of nobody; crowds and bad boxes are out."""
    usual = samples_of(tiny_cihp)[0]
    extra = dict(tiny_cihp.annotations[0], id=7003, parsing_id=3, iscrowd=1)
    bad = dict(extra, id=7004, parsing_id=4, iscrowd=0, bbox=[1, 1, 0, 9])
    tiny_cihp.annotations[1:1] = [extra, bad]
    tiny_cihp.write_annotations()
    crowded, empty = samples_of(tiny_cihp, whole_images=True)
    assert crowded['instances'] == [
        dict(bbox=box, bbox_label=0, ignore_flag=0)
        for box in ([5., 10., 25., 35.], [30., 0., 42., 40.])
    ]
    assert crowded['parsing_ids'] == [1, 2]
    person_keys = {'ann_id', 'parsing_id', 'bbox'}
    assert set(crowded) == set(usual) - person_keys | {
        'instances', 'parsing_ids'
    }
    assert (empty['img_id'], empty['width'], empty['height']) == (9, 33, 50)
    assert empty['instances'] == empty['parsing_ids'] == []
    images = build(
        tiny_cihp, whole_images=True, filter_cfg=dict(filter_empty_gt=True))
    assert len(images) == 1 and images.get_cat_ids(0) == [5, 9, 14]
    test = dict(whole_images=True, test_mode=True)
    assert samples_of(tiny_cihp, **test)[1]['bboxes'].shape == (0, 4)
    refused(tiny_cihp, 'without whole_images', bbox_file='boxes.json', **test)
    tiny_cihp.annotations[0]['parsing_id'] = 2
    tiny_cihp.write_annotations()
    refused(
        tiny_cihp,
        'CIHP_train.json: the image id 7 has two annotations with the '
        'parsing_id 2',
        whole_images=True)
