# MHP v2 as tools/dataset_converters/mhp_v2.py writes it: 59 classes.
_base_ = './cihp_512x384.py'

dataset_type = 'MHPv2ParsingDataset'
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

# The global map behind mIoU takes persons with a box score of at least 0.3, as
# everywhere. (A comment in the released code says 0.05 for this data set; the
# files it comes with use 0.3.)
val_evaluator = dict(
    ann_file=data_root + val_ann_file, data_root=data_root + 'Validation')
test_evaluator = val_evaluator
