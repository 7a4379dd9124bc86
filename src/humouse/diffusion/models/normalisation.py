"""Group normalisation over valid steps, alone or fused with FiLM, SiLU, dropout and masking.

GroupNorm (Wu and He 2018, arXiv:1803.08494) of y [B, T, C]: the mean μ and the variance s² of each
group are taken over its channels and the *valid* steps. FiLM (Perez et al. 2018, arXiv:1709.07871)
then gives each sample and channel a gain γ and a shift β:

    n = (y − μ) / √(s² + eps),    out = dropout(SiLU(γ n + β)), zero at padding.

The time goes into passes over memory, so there are few of them: with a = γ / √(s² + eps) and
b = β − μ a, one slope and one offset for each sample and channel, γ n + β = a y + b is a single pass,
and only y is kept for the backward pass. The tests compare with a plain version, one sequence at a
time (tests/oracles/normalisation.py).
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

    The statistics and the result are float32 or wider. Values at padding are undefined.
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

    The backward pass keeps y and the dropout mask; a chain of torch's own operations would keep five
    tensors of that size. It cannot be differentiated twice. Without gradients it works in place: y is
    overwritten.

    Args:
        y: [B, T, C] features; any finite values at padding.
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


def _keep(like: Float[Tensor, "B T C"], dropout: float, validity: Validity) -> Tensor:
    """Return random dropout factors: 1 / (1 − p), or 0 where dropped and at padding."""
    if like.device.type != "cpu":
        keep = torch.rand_like(like, dtype=torch.float32) >= dropout
        return keep.to(like.dtype) * (validity.mask / (1 - dropout)).to(like.dtype)
    # Four 16-bit draws from each 64-bit one: torch's Bernoulli draws one at a time on a CPU, which
    # takes as long as the convolutions. The probability is exact to 2⁻¹⁷.
    words = torch.empty((like.numel() + 3) // 4, dtype=torch.int64)
    draws = words.random_(-(2**63), None).view(torch.int16)[: like.numel()].view(like.shape)
    keep = (draws >= round(dropout * 2**16) - 2**15).to(like.dtype)
    return keep.mul_((validity.mask / (1 - dropout)).to(like.dtype))


def _per_channel(of_group: Float[Tensor, "B G 1"], channels: int) -> Float[Tensor, "B 1 C"]:
    """Return each channel's group's value."""
    return of_group.expand(-1, -1, channels // of_group.shape[1]).flatten(1)[:, None]


def _per_group(of_channel: Float[Tensor, "B 1 C"], groups: int) -> Float[Tensor, "B G 1"]:
    """Return the mean over each group's channels."""
    return of_channel.unflatten(2, (groups, -1)).mean(3).transpose(1, 2)


def _weighted_sum(
    y: Float[Tensor, "B T C"], weight: Float[Tensor, "B 1 T"]
) -> Float[Tensor, "B 1 C"]:
    """Return Σ_t weight[b, 0, t] y[b, t, c]."""
    if y.device.type == "cpu":  # a product reads y once; multiply-and-sum also writes as much
        return weight @ y
    return (weight.transpose(1, 2) * y).sum(1, keepdim=True)  # never in TF32


def _weighted_sum_of_squares(
    y: Float[Tensor, "B T C"], weight: Float[Tensor, "B 1 T"]
) -> Float[Tensor, "B 1 C"]:
    """Return Σ_t weight[b, 0, t] y[b, t, c]²."""
    if y.device.type != "cpu":
        return _weighted_sum(y.square(), weight)
    # A few samples at a time, so that their squares stay in the cache: allocating a temporary as
    # large as y costs more than summing it.
    size = max(1, _CACHED_ENTRIES // max(1, y.shape[1] * y.shape[2]))
    if len(y) <= size:
        return _weighted_sum(y.square(), weight)
    parts = zip(y.split(size), weight.split(size), strict=True)
    return torch.cat([_weighted_sum(part.square(), share) for part, share in parts])


def _statistics(
    y: Float[Tensor, "B T C"], share: Float[Tensor, "B 1 T"], groups: int
) -> tuple[Float[Tensor, "B G 1"], Float[Tensor, "B G 1"]]:
    """Return each group's mean and 1 / standard deviation; `share` weighs the valid steps equally."""
    mean = _per_group(_weighted_sum(y, share), groups)
    square = _per_group(_weighted_sum_of_squares(y, share), groups)
    variance = torch.addcmul(square, mean, mean, value=-1).clamp_(min=0)
    return mean, (variance + _EPS).rsqrt_()


def _forward(
    y: Float[Tensor, "B T C"],
    share: Float[Tensor, "B 1 T"],
    gain: Float[Tensor, "B C"],
    shift: Float[Tensor, "B C"],
    groups: int,
    keep: Tensor | None,
    *,
    in_place: bool = False,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the output, and the slope, offset, mean and 1 / deviation of each channel [B, 1, C]."""
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
    """`_forward` with its derivative.

    With u = a y + b and g = ∂L/∂u (zero at padding, N valid steps in a sample, m channels in a group):

        ∂L/∂β = Σ_t g,    ∂L/∂γ = Σ_t g n = (Σ_t g y − μ Σ_t g) / s
        ∂L/∂y = a g − (mean_m(γ ∂L/∂β) + n mean_m(γ ∂L/∂γ)) / (s N) at valid steps,

    where the second part is what y does through μ and s, and mean_m averages over a group's channels.
    """

    @staticmethod
    def forward(ctx, y, mask, share, gain, shift, groups, keep, full):
        out, *rest = _forward(y, share, gain, shift, groups, keep)
        ctx.save_for_backward(y, mask, gain, keep, *rest)
        ctx.groups, ctx.full = groups, full
        return out

    @staticmethod
    def backward(ctx, grad):
        y, mask, gain, keep, slope, offset, mean, rstd = ctx.saved_tensors
        C = y.shape[2]
        with torch.autocast(grad.device.type, enabled=False):
            work, weight = y.to(slope.dtype), mask.mT.to(slope.dtype)
            u = torch.addcmul(offset, work, slope)
            g = (grad if keep is None else grad * keep).to(slope.dtype)
            g = torch.ops.aten.silu_backward(g, u)
            d_shift = _weighted_sum(g, weight)
            d_gain = _weighted_sum(torch.mul(g, work, out=u), weight)  # u is no longer needed
            d_gain = torch.addcmul(d_gain, d_shift, mean, value=-1).mul_(rstd)
            through_mean, through_std = (
                _per_channel(_per_group(gain[:, None] * d, ctx.groups), C)
                for d in (d_shift, d_gain)
            )
            inverse = rstd / weight.sum(2, keepdim=True).clamp(min=1)
            along_y = through_std * inverse * rstd
            constant = torch.addcmul(through_mean * inverse, mean, along_y, value=-1)
            d_y = g.mul_(slope).addcmul_(work, along_y, value=-1).sub_(constant)
            if not ctx.full:
                d_y.mul_(mask)
        return d_y.to(y.dtype), None, None, d_gain[:, 0], d_shift[:, 0], None, None, None
