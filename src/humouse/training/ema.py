"""Exponential moving average of a network's weights."""

import torch
from torch import Tensor, nn


class EMA:
    """Averaged weights, in float32, with a warm-up.

    After step k (from 0) the average moves by 1 − min(decay, 1 − (1 + k)^−¾): a short run's average
    is not stuck at the random weights it began with. (The power-law warm-up of Karras et al.
    2206.00364 and of `ema-pytorch`, power ¾.)

    Args:
        module: Whose weights to average; the average starts as a copy of them.
        decay: The cap.
    """

    def __init__(self, module: nn.Module, decay: float = 0.999) -> None:
        self.decay = decay
        self.weights = {
            name: value.detach().clone().float() for name, value in module.state_dict().items()
        }

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move the average towards the weights after step `step`, counted from 0."""
        share = 1 - min(self.decay, 1 - (1 + step) ** -0.75)
        now = [value.float() for value in module.state_dict().values()]
        torch._foreach_lerp_(list(self.weights.values()), now, share)

    def load(self, weights: dict[str, Tensor]) -> None:
        """Take over a saved average."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
