"""The learning rate at each step."""

import math
from typing import Protocol, runtime_checkable


@runtime_checkable
class Rate(Protocol):
    """A learning rate and its course."""

    lr: float
    lr_warmup_steps: int
    lr_decay: str


def learning_rate(optim: Rate, step: int, steps: int) -> float:
    """Return the learning rate of step `step` (from 0) of `steps`."""
    warm = optim.lr_warmup_steps
    if step < warm:
        return optim.lr * (step + 1) / warm
    if optim.lr_decay == "constant":
        return optim.lr
    return optim.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))
