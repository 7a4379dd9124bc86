"""Statistics over the valid steps of each row; padding must hold zeros."""

import math

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, Shaped


def share(where: Bool[np.ndarray, "B T"], count: Int[np.ndarray, "B"]) -> Float[np.ndarray, "B"]:
    """Return [B] the share of `count` steps at which `where` holds; 0 in a row without any."""
    return where.sum(1) / np.maximum(count, 1)


def mean(
    values: Float[np.ndarray, "*S T"], count: Int[np.ndarray, "*#S"]
) -> Float[np.ndarray, "*S"]:
    """Return the mean of the first `count` values of each row; 0 in a row without any."""
    return values.sum(-1) / np.maximum(count, 1)


def centred(
    values: Float[np.ndarray, "*S T"],
    mask: Bool[np.ndarray, "*#S T"],
    count: Int[np.ndarray, "*#S"],
) -> Float[np.ndarray, "*S T"]:
    """Return the valid values of each row minus their mean, zeros elsewhere."""
    return (values - mean(values, count)[..., None]) * mask


def std(
    values: Float[np.ndarray, "*S T"],
    mask: Bool[np.ndarray, "*#S T"],
    count: Int[np.ndarray, "*#S"],
) -> Float[np.ndarray, "*S"]:
    """Return the population standard deviation of the valid values; 0 in a row without any."""
    apart = centred(values, mask, count)
    return np.sqrt(mean(np.square(apart, out=apart), count))


def largest(values: Float[np.ndarray, "*S T"]) -> Float[np.ndarray, "*S"]:
    """Return the largest value of each row of values that are not negative; 0 where none."""
    return values.max(-1, initial=0.0)


def upper_quantile(
    values: Float[np.ndarray, "*S T"], count: Int[np.ndarray, "*S"], q: float
) -> Float[np.ndarray, "*S"]:
    """Return the q-quantile of the first `count` values of rows, linear between order statistics.

    Args:
        values: [..., T], none negative.
        count: How many of them are valid.
        q: Which quantile.
    """
    # float32 halves the time of the sort; a feature table holds float32 anyway.
    ascending = np.minimum(values, np.finfo(np.float32).max).astype(np.float32)
    ascending.sort(-1)
    return _between(ascending[..., ::-1], _last(count) * np.float32(1 - q))


def quantile_of_sorted(
    ascending: Float[np.ndarray, "*S T"], count: Int[np.ndarray, "*S"], q: float
) -> Float[np.ndarray, "*S"]:
    """Return the q-quantile of the first `count` values of each ascending row; 0 where none."""
    if ascending.shape[-1] == 0:
        return np.zeros(count.shape)
    some = np.where((count > 0)[..., None], ascending, 0)
    return _between(some, _last(count) * np.float32(q))


def _last(count: Int[np.ndarray, "*S"]) -> Float32[np.ndarray, "*S"]:
    """Return the index of the last of the valid values."""
    # In float32, twentieths of whole numbers that are whole come out so.
    return np.maximum(count - 1, 0).astype(np.float32)


def _between(
    ordered: Float[np.ndarray, "*S T"], index: Float[np.ndarray, "*S"]
) -> Float[np.ndarray, "*S"]:
    """Return the value at a fractional index of each row."""
    if ordered.shape[-1] == 0:
        return np.zeros(index.shape)
    low = index.astype(np.int64)
    part = index.astype(np.float64) - low
    a = at(ordered, low).astype(np.float64)
    # At a whole index the neighbour may be padding (infinite) and must not take part.
    b = at(ordered, low + (part > 0))
    return a + (b - a) * part


def at(values: Shaped[np.ndarray, "*S T"], index: Int[np.ndarray, "*S"]) -> np.ndarray:
    """Return the value at each row's index."""
    # Half the time of np.take_along_axis, which is felt where a batch is one movement.
    flat = values.reshape(index.size, values.shape[-1])
    return flat[np.arange(index.size), index.ravel()].reshape(index.shape)


def packed(
    values: Float[np.ndarray, "*S B T"], keep: Bool[np.ndarray, "B T"]
) -> Float[np.ndarray, "*S B T"]:
    """Return the kept values of each row moved to its front, in order; zeros after them."""
    B, T = keep.shape
    kept = np.flatnonzero(keep)
    place = (keep.cumsum(1) + (np.arange(B) * T - 1)[:, None]).take(kept)
    front = np.zeros((*values.shape[:-2], B * T))
    front[..., place] = values.reshape(front.shape).take(kept, -1)
    return front.reshape(values.shape)


def sign_changes(values: Float[np.ndarray, "*S T"]) -> Float[np.ndarray, "*S"]:
    """Return how often the sign changes from one non-zero value to the next non-zero one."""
    rows = math.prod(values.shape[:-1])
    flat = values.reshape(rows, values.shape[-1])
    row, column = flat.nonzero()
    positive = flat[row, column] > 0
    changes = (positive[1:] != positive[:-1]) & (row[1:] == row[:-1])
    return np.bincount(row[1:][changes], minlength=rows).reshape(values.shape[:-1]) + 0.0
