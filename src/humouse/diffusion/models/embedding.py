"""Inputs of the network beside the noisy steps: noise level, condition, position in the sequence."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

POSITION_CHANNELS = 4


def sinusoidal(t: Float[Tensor, "B"], size: int) -> Float[Tensor, "B E"]:
    """Return sines and cosines of t in [0, 1] as [B, size], at 1 to 1000 radians per unit.

    As Vaswani et al. 2017 (arXiv:1706.03762), §3.5, with t for the position; `size` is even.
    """
    exponents = torch.linspace(0, 1, size // 2, device=t.device)
    angles = t.float()[:, None] * 1000**exponents
    return torch.cat([angles.sin(), angles.cos()], 1)


def position_channels(mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T 4"]:
    """Return each valid step's position, zero at padding: [B, T, 4].

    The channels are the mask, the fraction of the sequence from −1 to 1, and the logarithms of the
    number of steps from the start and to the end.
    """
    valid = mask.float()
    done = valid.cumsum(1)
    left = done[:, -1:] - done
    fraction = 2 * (done - 0.5) / done[:, -1:].clamp(min=1) - 1
    logs = [torch.log2(done.clamp(min=1)) / 8, torch.log2(left + 1) / 8]
    return torch.stack([valid, fraction * valid, logs[0] * valid, logs[1] * valid], 2)


class Embedding(nn.Module):
    """Noise level and condition → one vector per sample, the input of every block's FiLM.

    Args:
        size: Number of entries E; even.
        cond_dim: Number K of entries in the condition; 0 for none.

    Raises:
        ValueError: `size` is not a positive even number, or `cond_dim` is negative.
    """

    def __init__(self, size: int, cond_dim: int) -> None:
        super().__init__()
        if size < 2 or size % 2:
            raise ValueError(f"the embedding needs a positive even size, not {size}")
        if cond_dim < 0:
            raise ValueError(f"cond_dim must not be negative, is {cond_dim}")
        self.size, self.cond_dim = size, cond_dim
        self.time = nn.Sequential(nn.Linear(size, size), nn.SiLU(), nn.Linear(size, size))
        self.cond = (
            nn.Sequential(nn.Linear(2 * cond_dim, size), nn.SiLU(), nn.Linear(size, size))
            if cond_dim
            else None
        )

    def forward(
        self, t: Float[Tensor, "B"], cond: Float[Tensor, "B K"] | None
    ) -> Float[Tensor, "B E"]:
        """Return [B, E]; a NaN in `cond` means that the entry is not given.

        Raises:
            ValueError: A condition of the wrong size was given.
        """
        embedded = self.time(sinusoidal(t, self.size))
        if cond is not None and cond.shape[1] != self.cond_dim:
            raise ValueError(f"the network takes {self.cond_dim} conditions, not {cond.shape[1]}")
        if self.cond is not None:
            if cond is None:
                cond = t.new_full((len(t), self.cond_dim), math.nan)
            given = ~cond.isnan()
            values = torch.where(given, cond, 0)  # never NaN × 0
            embedded = embedded + self.cond(torch.cat([values, given.to(values.dtype)], 1))
        return nn.functional.silu(embedded)

    def flops(self) -> int:
        """Return the operations for one sample, two for each multiply-add."""
        layers = (module for module in self.modules() if isinstance(module, nn.Linear))
        return sum(2 * layer.weight.numel() for layer in layers)
