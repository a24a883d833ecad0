# QANetHead as an ordinary decode head: plain mmseg.EncoderDecoder, semantic
# segmentation, mmseg's own data, schedule and metric. Replace the base by that
# of another mmseg data set, and `num_classes`, to train on it.
_base_ = 'mmseg::sem_fpn/fpn_r50_4xb4-160k_ade20k-512x512.py'

custom_imports = dict(
    imports=['projects.qanet.plugin'], allow_failed_imports=False)

model = dict(
    decode_head=dict(
        type='QANetHead',
        channels=256,
        dropout_ratio=0,
        num_classes=150,
        # On a GPU its Lovasz term sorts the pixels of every class; on a small
        # one take ParsingCrossEntropyLoss alone.
        loss_decode=dict(_delete_=True, type='CrossEntropyLovaszLoss'),
        # It learns the mean IoU of a whole image here. EncoderDecoder has no
        # use for it in testing: leave the line out for plain semantic FPN.
        iou_branch=dict(type='IoUBranch')))
