# FCOS with one class. Its results file is what the parser's test reads:
#   python tools/test.py <this config> <checkpoint> --cfg-options \
#       test_evaluator.outfile_prefix=work_dirs/fcos/val
# writes work_dirs/fcos/val.bbox.json, the parser's `bbox_file`.
_base_ = 'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py'

data_root = 'data/CIHP/'  # where tools/dataset_converters/cihp.py wrote to
metainfo = dict(classes=('person', ), palette=[(220, 20, 60)])

model = dict(bbox_head=dict(num_classes=1))

train_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/CIHP_train.json',
        data_prefix=dict(img='Training/Images/')))
val_dataloader = dict(
    dataset=dict(
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/CIHP_val.json',
        data_prefix=dict(img='Validation/Images/')))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations/CIHP_val.json')
test_evaluator = val_evaluator
