# ATR as tools/dataset_converters/atr.py writes it: 18 classes, one person per
# image, whose box is the whole image and has score 1.
_base_ = './cihp_512x384.py'

dataset_type = 'ATRParsingDataset'
data_root = 'data/ATR/'
train_ann_file = 'annotations/ATR_train.json'
val_ann_file = 'annotations/ATR_val.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=train_ann_file))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=val_ann_file))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + val_ann_file,
    data_root=data_root + 'Validation',
    metric=('mIoU', ))
test_evaluator = val_evaluator
