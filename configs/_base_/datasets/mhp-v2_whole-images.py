# MHP v2 as tools/dataset_converters/mhp_v2.py writes it: 59 classes.
_base_ = './cihp_whole-images.py'

dataset_type = 'mmseg.MHPv2ParsingDataset'
data_root = 'data/MHP-v2/'
train_ann_file = 'annotations/MHP-v2_train.json'
val_ann_file = 'annotations/MHP-v2_val.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=train_ann_file))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=val_ann_file))
test_dataloader = val_dataloader

# The released systems paint all persons of this data set into the global map.
val_evaluator = dict(
    ann_file=data_root + val_ann_file,
    data_root=data_root + 'Validation',
    box_score_thr=0.05)
test_evaluator = val_evaluator
