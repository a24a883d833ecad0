# PASCAL-Person-Part as tools/dataset_converters/pascal_person_part.py writes
# it: 7 classes in the official order. For files in the order of the published
# weights (--label-order released) add to the config
#   train_dataloader = dict(dataset=dict(label_order='released'))
# and the same for val_dataloader and test_dataloader.
_base_ = './cihp_512x384.py'

dataset_type = 'PPPParsingDataset'
data_root = 'data/PASCAL-Person-Part/'
train_ann_file = 'annotations/PASCAL-Person-Part_train.json'
val_ann_file = 'annotations/PASCAL-Person-Part_val.json'

train_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=train_ann_file))
val_dataloader = dict(
    dataset=dict(
        type=dataset_type, data_root=data_root, ann_file=val_ann_file))
test_dataloader = val_dataloader

val_evaluator = dict(
    ann_file=data_root + val_ann_file, data_root=data_root + 'Validation')
test_evaluator = val_evaluator
