"""The exact denoiser of normally distributed data: what samplers and solvers are measured by."""

import torch
from torch import nn

from humouse.diffusion.noise.schedule import Schedule


class GaussianDenoiser:
    """E[x0 | x_t] in closed form where every number of x0 is from N(mean, std²), independently.

    Args:
        schedule: The noise.
        mean: Of the data.
        std: Of the data.
    """

    def __init__(self, schedule: Schedule, mean: float, std: float) -> None:
        self.schedule, self.mean, self.std = schedule, mean, std

    def __call__(
        self,
        x_t: torch.Tensor,
        t: torch.Tensor,
        mask: torch.Tensor | None = None,
        cond: torch.Tensor | None = None,
        x0_prev: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return x̂0 [B, T, C]."""
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        gain = alpha * self.std**2 / (alpha**2 * self.std**2 + sigma**2)
        return self.mean + gain * (x_t - alpha * self.mean)

    def v(self, x_t: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return the v-prediction that says the same."""
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        return (alpha * x_t - self(x_t, t)) / sigma


class GaussianNetwork(nn.Module):
    """The same as a network that predicts v, in single precision.

    Args:
        schedule: The noise.
        mean: Of the data.
        std: Of the data.
    """

    def __init__(self, schedule: Schedule, mean: float, std: float) -> None:
        super().__init__()
        self.denoiser = GaussianDenoiser(schedule, mean, std)
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(
        self,
        x: torch.Tensor,
        t: torch.Tensor,
        mask: torch.Tensor,
        cond: torch.Tensor | None,
        x0_prev: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return v [B, T, C]."""
        return self.denoiser.v(x, t.double()).float()
