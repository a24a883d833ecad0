# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""Download -> conversion -> training step -> test -> metric values."""
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.evaluator import Evaluator
from mmengine.optim import OptimWrapper
from mmseg.registry import DATASETS, METRICS, MODELS
from pycocotools import mask as coco_mask

from projects.qanet.datasets import (CIHPParsingDataset, MHPv2ParsingDataset,
                                     PPPParsingDataset)
from projects.qanet.datasets.conversion import (convert_atr, convert_cihp,
                                                convert_lip, convert_mhp_v2,
                                                convert_pascal_person_part)
from projects.qanet.evaluation.functional import ParsingEvaluator

STEMS = ('11', '12', '13', '14')  # the last is for validation


def persons(num_classes):
    """Two persons that overlap, as label maps of their own."""
    first = np.zeros((50, 64), np.uint8)
    first[4:44, 4:28] = num_classes - 1
    first[4:14, 10:20] = 2
    second = np.zeros((50, 64), np.uint8)
    second[10:48, 22:50] = num_classes // 2
    second[10:20, 30:40] = 1
    return first, second


def write_single(mini, images, labels, train, val, mode):
    """One person per picture; folders of images and labels per split."""
    for stem in STEMS:
        folder = val if stem == STEMS[-1] else train
        mini.photo(f'{images}/{folder[0]}/{stem}.jpg', (64, 50), mode)
        mini.labels(f'{labels}/{folder[1]}/{stem}.png', persons(18)[0])


def write_lip(mini):
    write_single(mini, 'TrainVal_images', 'TrainVal_parsing_annotations',
                 ('train_images', 'train_segmentations'),
                 ('val_images', 'val_segmentations'), 'L')
    convert_lip(str(mini.raw), str(mini.out))


def write_atr(mini):
    folders = 'JPEGImages', 'SegmentationClassAug'
    write_single(mini, 'humanparsing', 'humanparsing', folders, folders, 'RGB')
    convert_atr(str(mini.raw), str(mini.out), num_val=1, num_test=0)


def write_mhp(mini):
    for stem in STEMS:
        folder = 'LV-MHP-v2/' + ('val' if stem == STEMS[-1] else 'train')
        mini.photo(f'{folder}/images/{stem}.jpg', (64, 50))
        for i, labels in enumerate(persons(59), 1):
            mini.labels(f'{folder}/parsing_annos/{stem}_02_{i:02d}.png',
                        labels, 'red')
    convert_mhp_v2(str(mini.raw), str(mini.out))


def write_ppp(mini):
    names = [None, 'hair', 'neck', 'ruarm', 'lhand', 'luleg', 'rfoot']
    for stem in STEMS:
        mini.photo(f'JPEGImages/{stem}.jpg', (64, 50))
        mini.mat(f'Annotations_Part/{stem}.mat',
                 [('person', (labels > 0).astype(np.uint8), [
                     (names[label], (labels == label).astype(np.uint8))
                     for label in np.unique(labels[labels > 0])
                 ]) for labels in persons(7)])
    mini.text('train_id.txt', '\n'.join(STEMS[:-1]))
    mini.text('val_id.txt', STEMS[-1])
    convert_pascal_person_part(str(mini.raw), str(mini.out))


def write_cihp(mini):
    first, second = persons(20)
    for stem in STEMS:
        split = 'Validation' if stem == STEMS[-1] else 'Training'
        mini.photo(f'{split}/Images/{stem}.jpg', (64, 50))
        mini.labels(f'{split}/Category_ids/{stem}.png',
                    np.where(second > 0, second, first))
        mini.labels(f'{split}/Human_ids/{stem}.png',
                    np.where(second > 0, 2, first > 0))
    convert_cihp(str(mini.raw), str(mini.out))


@pytest.fixture
def tiny(request):
    """The settings of the debug config."""
    root = request.config.rootpath
    return Config.fromfile(
        root / 'configs/demo/qanet_r18_fpn_debug_synthetic-64x48.py')


def train_and_test(cfg, dataset_cfg, data_root):
    """One training step, then every test image; the metric's values."""
    torch.manual_seed(0)
    np.random.seed(0)
    train = DATASETS.build(
        dict(
            dataset_cfg.train_dataloader.dataset,
            data_root=str(data_root),
            pipeline=cfg.train_pipeline))
    cfg.model.decode_head.num_classes = len(train.metainfo['classes'])
    model = MODELS.build(cfg.model)
    model.train()
    optimizer = OptimWrapper(torch.optim.Adam(model.parameters(), lr=1e-3))
    batch = pseudo_collate([train[i] for i in range(len(train))])
    losses = model.train_step(batch, optimizer)
    assert torch.isfinite(losses['loss']) and losses['loss'] > 0
    test = DATASETS.build(
        dict(dataset_cfg.test_dataloader.dataset, data_root=str(data_root)))
    metric_cfg = dict(dataset_cfg.test_evaluator)
    name = dataset_cfg.data_root
    for key in ('ann_file', 'data_root'):
        metric_cfg[key] = metric_cfg[key].replace(name, f'{data_root}/')
    evaluator = Evaluator(METRICS.build(metric_cfg))
    evaluator.dataset_meta = test.metainfo
    model.eval()
    for i in range(len(test)):
        batch = pseudo_collate([test[i]])
        with torch.no_grad():
            samples = model.test_step(batch)
        evaluator.process(data_samples=samples, data_batch=batch)
    return len(train), len(test), evaluator.evaluate(len(test))


@pytest.mark.parametrize('config,write,num_persons', [
    ('cihp', write_cihp, 2),
    ('lip', write_lip, 1),
    ('mhp-v2', write_mhp, 2),
    ('ppp', write_ppp, 2),
    ('atr', write_atr, 1),
])
def test_data_set(config, write, num_persons, mini, tiny, request):
    write(mini)
    path = f'configs/_base_/datasets/{config}_512x384.py'
    dataset_cfg = Config.fromfile(request.config.rootpath / path)
    num_train, num_test, values = train_and_test(tiny, dataset_cfg, mini.out)
    assert (num_train, num_test) == (3 * num_persons, 1)
    assert 0 <= values['parsing/mIoU'] <= 100
    assert 0 <= values['parsing/pixAcc'] <= 100
    assert ('parsing/APp' in values) == (num_persons == 2)
    assert all(np.isfinite(value) for value in values.values()), values


def record_of(labels):
    """A sure prediction of one person's label map."""
    parts = []
    for label in np.unique(labels[labels > 0]).tolist():
        code = coco_mask.encode(
            np.asfortranarray((labels == label).astype(np.uint8)))
        segmentation = dict(size=code['size'], counts=code['counts'].decode())
        parts.append(
            dict(
                label=label,
                score=1.,
                pixel_score=1.,
                segmentation=segmentation))
    return dict(
        image_id=int(STEMS[-1]),
        category_id=1,
        bbox=[0, 0, 64, 50],
        score=1.,
        bbox_score=1.,
        iou_score=1.,
        pixel_score=1.,
        parts=parts)


@pytest.mark.parametrize('write,name,dataset', [
    (write_cihp, 'CIHP', CIHPParsingDataset),
    (write_mhp, 'MHP-v2', MHPv2ParsingDataset),
    (write_ppp, 'PASCAL-Person-Part', PPPParsingDataset),
])
def test_what_was_drawn_scores_100(write, name, dataset, mini):
    write(mini)
    classes = dataset.METAINFO['classes']
    first, second = persons(len(classes))
    first[second > 0] = 0
    records = [record_of(first), record_of(second)]
    evaluator = ParsingEvaluator(
        str(mini.out / f'annotations/{name}_val.json'),
        str(mini.out / 'Validation'),
        classes,
        protocol='strict')
    values = evaluator.evaluate(records)
    for key in ('mIoU', 'pixAcc', 'APp', 'PCP_50', 'APr', 'APh'):
        assert values[key] == pytest.approx(100), key
    # Swapping two labels is noticed.
    records[0]['parts'][0]['label'], records[0]['parts'][1]['label'] = (
        records[0]['parts'][1]['label'], records[0]['parts'][0]['label'])
    assert evaluator.evaluate(records)['mIoU'] < 90


def test_16_bit_part_numbers_are_evaluated(mini):
    mini.photo('val/images/14.jpg', (64, 50))
    records = []
    for person in range(1, 8):
        labels = np.zeros((50, 64), np.uint8)
        labels[7 * person - 6:7 * person, 2:60] = np.arange(58) + 1
        mini.labels(f'val/parsing_annos/14_07_{person:02d}.png', labels, 'red')
        records.append(record_of(labels))
    convert_mhp_v2(str(mini.raw), str(mini.out))
    assert mini.maps('Validation', '14')[2].dtype == np.uint16
    evaluator = ParsingEvaluator(
        str(mini.out / 'annotations/MHP-v2_val.json'),
        str(mini.out / 'Validation'),
        MHPv2ParsingDataset.METAINFO['classes'],
        protocol='strict')
    values = evaluator.evaluate(records)
    for key in ('mIoU', 'APp', 'APr', 'APh'):
        assert values[key] == pytest.approx(100), key
