"""Numbers of a detector's files, which anyone may have written: checked where they are read."""

from typing import Any

import numpy as np
from jaxtyping import Float64

# What a fitted detector has stays far within; sums and squares of such numbers are finite.
_LARGEST, _LEAST = 1e15, 1e-15


def numbers(content: Any, dimensions: int = 1) -> Float64[np.ndarray, "..."]:
    """Return an array of finite numbers.

    Args:
        content: Numbers, or lists of them of one length.
        dimensions: How deep the lists are nested.

    Raises:
        ValueError: It is something else, or a number is larger than any that was fitted.
    """
    found = np.array(content)
    if found.ndim != dimensions or (found.size and found.dtype.kind not in "iuf"):
        raise ValueError("no numbers")
    # Not "> _LARGEST", which NaN is not.
    if not (np.abs(found.astype(np.float64)) <= _LARGEST).all():
        raise ValueError("a number too large")
    return found.astype(np.float64)


def number(content: Any) -> float:
    """Return a finite number; raises as `numbers`."""
    return float(numbers(content, 0))


def above_zero(content: Any) -> float:
    """Return a number by which others can be divided.

    Raises:
        ValueError: It is none.
    """
    found = number(content)
    if found < _LEAST:
        raise ValueError("a number of 0 or below")
    return found


def rising(content: Any, *, ties: bool = False) -> Float64[np.ndarray, "K"]:
    """Return at least one number, each above the one before it, or not below it.

    Raises:
        ValueError: They are others.
    """
    found = numbers(content)
    steps = np.diff(found)
    if not len(found) or not ((steps >= 0) if ties else (steps > 0)).all():
        raise ValueError("numbers that do not rise")
    return found
