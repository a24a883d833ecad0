# Copyright (c) The QANet plugin authors. Licensed under Apache-2.0.
"""All that training compares logits with labels for, in one pass."""
from typing import Any, NamedTuple, Optional, Tuple

import torch
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from projects.qanet.utils.errors import InputError
from projects.qanet.utils.json_values import is_whole
from .losses import lovasz_softmax, parsing_iou


class ParsingTerms(NamedTuple):
    """What :func:`parsing_terms` returns; the first two have gradients."""
    cross_entropy: Tensor  # scalar, mean over the pixels that are not ignored
    lovasz: Tensor  # scalar, mean over the images
    iou: Tensor  # each crop's mean IoU, (N,), see parsing_iou
    accuracy: Tensor  # scalar, percentage of right pixels


def parsing_terms(logits: Tensor,
                  label: Tensor,
                  ignore_index: int = 255,
                  bins: int = 4096) -> ParsingTerms:
    """Cross-entropy, Lovasz-softmax, IoU and accuracy of crops.

    See ``docs/protocol.md``, section 2. On a CPU they share one softmax, and
    errors are counted in bins instead of sorted: the Lovasz extension is an
    integral over the error, so the counts of each bin's pixels of the class
    and of other classes fix the weights of the bin; what is left open is the
    order inside a bin, whose mean is taken. The Lovasz term is exact to
    1 / bins, and in practice to 1e-6. Elsewhere it sorts, and it never waits
    for the device.

    Args:
        logits (Tensor): Shape (N, C, H, W).
        label (Tensor): Labels of shape (N, H, W), of any integers.
        ignore_index (int): Label that is left out.
        bins (int): Bins of the errors from 0 to 1.
    """
    label = label.long()  # smaller ones would overflow as indices
    if logits.device.type == 'cpu':
        return ParsingTerms(
            *_ParsingTerms.apply(logits, label, ignore_index, bins))
    valid = label != ignore_index
    count = valid.sum().clamp(min=1)
    entropy = F.cross_entropy(
        logits.float(), label, ignore_index=ignore_index, reduction='sum')
    probs = logits.float().softmax(1)
    pred = logits.detach().argmax(1)
    return ParsingTerms(entropy / count,
                        lovasz_softmax(probs, label, ignore_index).mean(),
                        parsing_iou(pred, label, logits.size(1), ignore_index),
                        100 * ((pred == label) & valid).sum() / count)


class _ParsingTerms(torch.autograd.Function):
    """Image by image, so that what it works on stays in the cache."""

    @staticmethod
    def forward(ctx: Any, logits: Tensor, label: Tensor, ignore_index: int,
                bins: int) -> Tuple[Tensor, ...]:
        sums, saved = [], []
        for image, labels in zip(logits.flatten(2), label.flatten(1)):
            valid = labels != ignore_index
            if not valid.all():
                image, labels = image[:, valid], labels[valid]
            image = image.float().contiguous()
            num_classes, size = image.shape
            probs, top = image.softmax(0), image.amax(0)
            pred = _first(image == top)
            # Where a pixel's own class is, among all values.
            own = labels * size + torch.arange(size)
            log_prob = image.view(-1)[own] - top + probs.amax(0).log()
            pairs = torch.bincount(
                labels * num_classes + pred, minlength=num_classes**2)
            pairs = pairs.view(num_classes, num_classes)
            right, truth = pairs.diagonal(), pairs.sum(1)
            union = truth + pairs.sum(0) - right
            occurring = (union > 0).sum().clamp(min=1)
            present, slopes, lovasz = _binned_lovasz(probs, own, truth, bins)
            sums.append(
                torch.stack([
                    -log_prob.sum(), lovasz,
                    (right / union.clamp(min=1)).sum() / occurring,
                    right.sum()
                ]))
            saved += [probs, present, slopes, own, valid]
        ctx.save_for_backward(*saved)
        ctx.layout = logits.shape, logits.stride(), logits.dtype
        ctx.count = (label != ignore_index).sum().clamp(min=1)
        entropy, lovasz, iou, right = torch.stack(sums).unbind(1)
        accuracy = 100 * right.sum() / ctx.count
        ctx.mark_non_differentiable(iou, accuracy)
        return entropy.sum() / ctx.count, lovasz.mean(), iou, accuracy

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, entropy: Tensor, lovasz: Tensor, *_:
                 Any) -> Tuple[Optional[Tensor], ...]:
        shape, stride, dtype = ctx.layout
        gradient = torch.empty_strided(shape, stride, dtype=dtype)
        entropy, lovasz = entropy / ctx.count, lovasz / len(gradient)
        saved = iter(ctx.saved_tensors)
        for out, *parts in zip(gradient, *[saved] * 5):
            probs, present, slopes, own, valid = parts
            # Through the softmax: p * (slope - sum of p * slope).
            weighted = probs[present].mul_(slopes).mul_(lovasz)
            values = probs * (entropy - weighted.sum(0))
            values.index_add_(0, present, weighted)
            values.view(-1)[own] -= entropy
            if values.size(1) < len(valid):
                kept, values = values, values.new_zeros(shape[1], len(valid))
                values[:, valid] = kept
            out.copy_(values.view_as(out))
        return gradient, None, None, None


def _first(is_highest: Tensor) -> Tensor:
    """Index of the first True in each column (C, P); faster than argmax."""
    dtype = torch.uint8 if len(is_highest) < 256 else torch.int32
    rank = torch.arange(len(is_highest), 0, -1, dtype=dtype)
    # Where there is none, a network has diverged.
    return len(is_highest) - (is_highest *
                              rank[:, None]).amax(0).clamp(min=1).long()


def _binned_lovasz(probs: Tensor, own: Tensor, truth: Tensor,
                   bins: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Lovasz-softmax of one image.

    From probabilities (C, P), where each pixel's own class is among them (P,)
    and the pixels of each class (C,): the K classes present, d loss / d probs
    of their rows (K, P), and the loss.
    """
    present = truth.nonzero()[:, 0]
    rows = probs[present]
    row_of = torch.zeros_like(truth)
    row_of[present] = torch.arange(len(present))
    size = probs.size(1)
    own = row_of[own // size] * size + own % size
    # Each row has bins for the pixels of other classes, and for its own.
    code = (rows * bins).int().clamp_(min=0, max=bins - 1)
    code += torch.arange(len(rows), dtype=torch.int32)[:, None] * (2 * bins)
    code = code.view(-1)
    code[own] += bins
    counts = torch.bincount(code, minlength=len(rows) * 2 * bins)
    slopes = _bin_slopes(counts.view(-1, 2, bins).double())
    slopes = (slopes / max(len(rows), 1)).float().view(-1)[code].view_as(rows)
    # An error is p at another class's pixel, and 1 - p at an own one.
    loss = (slopes * rows).sum() - slopes.view(-1)[own].sum()
    return present, slopes, loss


def _bin_slopes(counts: Tensor) -> Tensor:
    """d loss / d p in each bin of p; counts and slopes (K, 2, bins)."""
    # By falling error: others by falling, the class's own by rising p.
    other, own = counts[:, 0].flip(1), counts[:, 1]
    others, owns = other.cumsum(1), own.cumsum(1)
    total = owns[:, -1:]
    jaccard = 1 - (total - owns) / (total + others)
    rise = jaccard.diff(dim=1, prepend=torch.zeros_like(total))
    # A pixel of the class adds 1 / union, in the middle of the bin; those
    # of other classes share the rest of the rise.
    own_weight = torch.where(other > 0, 1 / (total + others - other / 2),
                             rise / own.clamp(min=1))
    other_weight = (rise - own * own_weight) / other.clamp(min=1)
    return torch.stack([other_weight.flip(1), -own_weight], 1)


@MODELS.register_module()
class CrossEntropyLovaszLoss(nn.Module):
    """Cross-entropy and Lovasz-softmax, the losses of the paper's recipe.

    The sum of :class:`ParsingCrossEntropyLoss` and :class:`LovaszSoftmaxLoss`
    (Section 3.4), several times faster on a CPU, see :func:`parsing_terms`. A
    :class:`QANetHead` logs the two apart and takes its IoU target from the
    same pass; in any other head it is one number.

    Args:
        ce_weight (float): Weight of the cross-entropy.
        lovasz_weight (float): Weight of the Lovasz-softmax loss.
        bins (int): See :func:`parsing_terms`.
        loss_name (str): Name of the sum in the log.

    Raises:
        InputError: If ``bins`` is not a whole number from 2.
    """

    def __init__(self,
                 ce_weight: float = 1.0,
                 lovasz_weight: float = 1.0,
                 bins: int = 4096,
                 loss_name: str = 'loss_parsing') -> None:
        super().__init__()
        if not is_whole(bins, 2):
            raise InputError(
                'CrossEntropyLovaszLoss: bins must be a whole number from '
                f'2, but got {bins!r}')
        self.ce_weight = ce_weight
        self.lovasz_weight = lovasz_weight
        self.bins = bins
        self.loss_name = loss_name

    def terms(self, cls_score: Tensor, label: Tensor,
              ignore_index: int) -> ParsingTerms:
        """:func:`parsing_terms`, the two losses weighted."""
        terms = parsing_terms(cls_score, label, ignore_index, self.bins)
        return terms._replace(
            cross_entropy=terms.cross_entropy * self.ce_weight,
            lovasz=terms.lovasz * self.lovasz_weight)

    def forward(self,
                cls_score: Tensor,
                label: Tensor,
                weight: Optional[Tensor] = None,
                ignore_index: int = 255,
                **kwargs) -> Tensor:
        """The loss, a scalar, of logits (N, C, H, W) and labels (N, H, W).

        Pixel weights raise an InputError.
        """
        if weight is not None:
            raise InputError(
                'CrossEntropyLovaszLoss takes no pixel weights: leave out '
                'the sampler of its head')
        terms = self.terms(cls_score, label, ignore_index)
        return terms.cross_entropy + terms.lovasz
