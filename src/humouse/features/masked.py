"""Statistics over the valid steps of each row; padding must hold zeros."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def share(where: Bool[Tensor, "B T"], count: Int[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Return [B] the share of `count` steps at which `where` holds; 0 in a row without any."""
    return where.sum(1, dtype=torch.int32) / count.clamp(min=1).double()


def mean(values: Float[Tensor, "B T"], count: Int[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Return [B] the mean of the first `count` values; 0 in a row without any."""
    return values.sum(1) / count.clamp(min=1)


def centred(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], count: Int[Tensor, "B"]
) -> Float[Tensor, "B T"]:
    """Return [B, T] the valid values minus their mean, zeros elsewhere."""
    return torch.where(mask, values - mean(values, count)[:, None], 0.0)


def std(
    values: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], count: Int[Tensor, "B"]
) -> Float[Tensor, "B"]:
    """Return [B] the population standard deviation of the valid values; 0 in a row without any."""
    return mean(centred(values, mask, count).square_(), count).sqrt()


def largest(values: Float[Tensor, "B T"]) -> Float[Tensor, "B"]:
    """Return [B] the largest value of each row of values that are not negative; 0 where none."""
    return values.amax(1) if values.shape[1] else values.new_zeros(len(values))


def upper_quantile(
    values: Float[Tensor, "B T"], count: Int[Tensor, "B"], q: float
) -> Float[Tensor, "B"]:
    """Return [B] the q-quantile of the first `count` values, linear between order statistics.

    Args:
        values: [B, T], none negative.
        count: [B] how many of them are valid.
        q: Above one half: only the largest (1 − q)·T values are sorted.
    """
    T = values.shape[1]
    if T == 0:
        return values.new_zeros(len(values))
    # float32 halves the time of the search; a feature table holds float32 anyway.
    most = torch.finfo(torch.float32).max
    top = values.clamp(max=most).float().topk(min(T, int((1 - q) * (T - 1)) + 2), dim=1).values
    return _between(top, (count - 1).clamp(min=0) * (1 - q))


def quantile_of_sorted(
    ascending: Float[Tensor, "B T"], count: Int[Tensor, "B"], q: float
) -> Float[Tensor, "B"]:
    """Return [B] the q-quantile of the first `count` values of each ascending row; 0 where none."""
    if ascending.shape[1] == 0:
        return ascending.new_zeros(len(ascending))
    value = _between(ascending, (count - 1).clamp(min=0) * q)
    return torch.where(count > 0, value, value.new_zeros(()))


def _between(ordered: Float[Tensor, "B K"], index: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Return [B] the value at a fractional index of each row."""
    index = index.double()
    low = index.floor().long()
    high = (low + 1).clamp(max=ordered.shape[1] - 1)
    a = ordered.gather(1, low[:, None])[:, 0].double()
    b = ordered.gather(1, high[:, None])[:, 0].double()
    part = index - low
    # At a whole index the neighbour may be padding (infinite) and must not take part.
    return torch.where(part > 0, a + (b - a) * part, a)


def packed(values: Float[Tensor, "*S B T"], keep: Bool[Tensor, "B T"]) -> Float[Tensor, "*S B T"]:
    """Return the kept values of each row moved to its front, in order; zeros after them."""
    T = values.shape[-1]
    place = torch.where(keep, keep.cumsum(1) - 1, T).expand(values.shape)
    empty = values.new_zeros(*values.shape[:-1], T + 1)
    return empty.scatter_(-1, place, values)[..., :T]


def sign_changes(values: Float[Tensor, "B T"]) -> Float[Tensor, "B"]:
    """Return [B] how often the sign changes from one non-zero value to the next non-zero one."""
    sign = packed(values.sign(), values != 0)
    return (sign[:, 1:] * sign[:, :-1] < 0).sum(1, dtype=torch.int32).double()
