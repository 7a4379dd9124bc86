"""Group normalisation over valid steps, alone or fused with FiLM, SiLU, dropout and masking.

GroupNorm (Wu and He 2018, arXiv:1803.08494) of y [B, T, C], each group's mean μ and variance s²
taken over its channels and the *valid* steps; FiLM (Perez et al. 2018, arXiv:1709.07871) then gives
each sample and channel its own gain γ and shift β:

    n = (y − μ) / √(s² + eps),    out = dropout(SiLU(γ n + β)), zero at padding.

γ n + β is one slope and one offset for each sample and channel, so the whole needs few passes over
memory, which is what it spends its time on.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from humouse.diffusion.models.validity import Validity

_EPS = 1e-5
_CACHED_ENTRIES = 2**19  # 2 MiB of float32: a core's second-level cache, or near it


def group_count(channels: int) -> int:
    """Return how many groups `channels` are normalised in.

    32, or 16 below 32 channels; where that does not divide the channels, the largest number below
    it that does.
    """
    limit = 32 if channels >= 32 else 16
    return next(groups for groups in range(limit, 0, -1) if channels % groups == 0)


def masked_group_norm(
    y: Float[Tensor, "B T C"], validity: Validity, groups: int
) -> Float[Tensor, "B T C"]:
    """Return y with zero mean and unit variance in each group, over its valid steps.

    The statistics, and the result, are float32 or wider. What is at padding is not defined.
    """
    with torch.autocast(y.device.type, enabled=False):
        y = y.to(_wide(y.dtype))
        mean, rstd = _statistics(y, validity.share.to(y.dtype), groups)
        slope = _per_channel(rstd, y.shape[2])
        return y * slope - _per_channel(mean * rstd, y.shape[2])


def norm_film_silu(
    y: Float[Tensor, "B T C"],
    validity: Validity,
    gain: Float[Tensor, "B C"],
    shift: Float[Tensor, "B C"],
    groups: int,
    dropout: float = 0.0,
) -> Float[Tensor, "B T C"]:
    """Return the group norm of y, modulated, through SiLU and dropout, zero at padding.

    One differentiable step that keeps y alone for the backward pass (and what dropout kept), where
    the chain of torch's own operations keeps five tensors of its size. It cannot be differentiated
    twice. Where nothing is differentiated it works in y's own memory: y is used up.

    Args:
        y: [B, T, C] features; at padding anything finite.
        validity: Which of the T steps are valid.
        gain: [B, C] FiLM gain γ.
        shift: [B, C] FiLM shift β.
        groups: Number of groups that share a mean and a variance.
        dropout: Probability that an entry is dropped; 0 outside training.
    """
    keep = _keep(y, dropout, validity) if dropout > 0 else None
    if keep is None and not validity.full:
        keep = validity.mask
    if torch.is_grad_enabled():
        out: Tensor = _NormFiLMSiLU.apply(
            y, validity.mask, validity.share, gain, shift, groups, keep, validity.full
        )
        return out
    return _forward(y, validity.share, gain, shift, groups, keep, in_place=True)[0]


def _wide(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _keep(like: Tensor, dropout: float, validity: Validity) -> Tensor:
    """Draw what dropout multiplies by: 1 / (1 − p), or 0 where it drops and at padding."""
    if like.device.type != "cpu":
        keep = torch.rand_like(like, dtype=torch.float32) >= dropout
        return keep.to(like.dtype) * (validity.mask / (1 - dropout)).to(like.dtype)
    # Four 16-bit draws from each 64-bit one: torch's Bernoulli draws one by one on a CPU, which
    # took as long as the convolutions. The probability is met to 2⁻¹⁷.
    words = torch.empty((like.numel() + 3) // 4, dtype=torch.int64)
    draws = words.random_(-(2**63), None).view(torch.int16)[: like.numel()].view(like.shape)
    keep = (draws >= round(dropout * 2**16) - 2**15).to(like.dtype)
    return keep.mul_((validity.mask / (1 - dropout)).to(like.dtype))


def _cached_samples(y: Tensor) -> int:
    """Return how many samples of y stay in a core's cache from one pass to the next."""
    return max(1, _CACHED_ENTRIES // max(1, y.shape[1] * y.shape[2]))


def _per_channel(of_group: Tensor, channels: int) -> Tensor:
    """Give each channel its group's value: [B, G, 1] → [B, 1, C]."""
    return of_group.expand(-1, -1, channels // of_group.shape[1]).flatten(1)[:, None]


def _weighted_sum(y: Tensor, weight: Tensor) -> Tensor:
    """Return Σ_t weight[b, 0, t] y[b, t, c] as [B, 1, C]."""
    if y.device.type == "cpu":  # a product reads y once, where multiply-and-sum also writes it
        return weight @ y
    return (weight.transpose(1, 2) * y).sum(1, keepdim=True)  # never in TF32


def _weighted_sum_of_squares(y: Tensor, weight: Tensor) -> Tensor:
    """Return Σ_t weight[b, 0, t] y[b, t, c]² as [B, 1, C]."""
    if y.device.type != "cpu":
        return _weighted_sum(y.square(), weight)
    # A few samples at a time: a temporary as large as y costs more in fresh pages than in sums.
    size = _cached_samples(y)
    if len(y) <= size:
        return _weighted_sum(y.square(), weight)
    parts = zip(y.split(size), weight.split(size), strict=True)
    return torch.cat([_weighted_sum(part.square(), share) for part, share in parts])


def _statistics(y: Tensor, share: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Return each group's mean and 1 / standard deviation, both [B, G, 1]."""
    mean = _weighted_sum(y, share).unflatten(2, (groups, -1)).mean(3)
    square = _weighted_sum_of_squares(y, share).unflatten(2, (groups, -1)).mean(3)
    variance = torch.addcmul(square, mean, mean, value=-1).clamp_(min=0)
    return mean.transpose(1, 2), (variance + _EPS).rsqrt_().transpose(1, 2)


def _forward(y, share, gain, shift, groups, keep, *, in_place=False):
    """Return the output, and the slope, offset, mean and 1 / deviation that lead to it."""
    with torch.autocast(y.device.type, enabled=False):
        work = y.to(_wide(y.dtype))
        C = y.shape[2]
        mean, rstd = (_per_channel(a, C) for a in _statistics(work, share.to(work.dtype), groups))
        slope = gain[:, None] * rstd
        offset = torch.addcmul(shift[:, None], mean, slope, value=-1)
        owned = in_place or work is not y
        out = work.mul_(slope).add_(offset) if owned else torch.addcmul(offset, work, slope)
        out = F.silu(out, inplace=True).to(y.dtype)
        return (out if keep is None else out.mul_(keep.to(y.dtype))), slope, offset, mean, rstd


class _NormFiLMSiLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, y, mask, share, gain, shift, groups, keep, full):
        out, *rest = _forward(y, share, gain, shift, groups, keep)
        ctx.save_for_backward(y, mask, gain, keep, *rest)
        ctx.groups, ctx.full = groups, full
        return out

    @staticmethod
    def backward(ctx, grad):
        y, mask, gain, keep, slope, offset, mean, rstd = ctx.saved_tensors
        with torch.autocast(grad.device.type, enabled=False):
            work, weight = y.to(slope.dtype), mask.mT.to(slope.dtype)
            before = torch.addcmul(offset, work, slope)
            reached = (grad if keep is None else grad * keep).to(slope.dtype)
            reached = torch.ops.aten.silu_backward(reached, before)
            d_shift = _weighted_sum(reached, weight)
            d_gain = _weighted_sum(torch.mul(reached, work, out=before), weight)
            d_gain = torch.addcmul(d_gain, d_shift, mean, value=-1).mul_(rstd)
            # y also acts through μ and s, on all valid steps alike.
            inverse = rstd / weight.sum(2, keepdim=True).clamp(min=1)
            through_mean, through_std = (
                _per_channel(
                    (gain[:, None] * a).unflatten(2, (ctx.groups, -1)).mean(3).mT, y.shape[2]
                )
                for a in (d_shift, d_gain)
            )
            along_y = through_std * inverse * rstd
            constant = torch.addcmul(through_mean * inverse, mean, along_y, value=-1)
            d_y = reached.mul_(slope).addcmul_(work, along_y, value=-1).sub_(constant)
            if not ctx.full:
                d_y.mul_(mask)
        return d_y.to(y.dtype), None, None, d_gain[:, 0], d_shift[:, 0], None, None, None
