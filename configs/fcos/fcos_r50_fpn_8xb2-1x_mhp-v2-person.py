_base_ = './fcos_r50_fpn_8xb2-1x_cihp-person.py'

data_root = 'data/MHP-v2/'
train_ann_file = 'annotations/MHP-v2_train.json'
val_ann_file = 'annotations/MHP-v2_val.json'

train_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file=train_ann_file))
val_dataloader = dict(dataset=dict(data_root=data_root, ann_file=val_ann_file))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + val_ann_file)
test_evaluator = val_evaluator
