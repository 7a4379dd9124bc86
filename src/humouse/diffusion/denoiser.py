"""The denoiser: E[x0 | x_t] from a network that predicts v, ε or x0; samplers need nothing else.

Its loss is the masked squared error of the network's prediction (§3).
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.errors import InputError


@runtime_checkable
class Denoise(Protocol):
    """Anything that answers E[x0 | x_t]: the trained denoiser, a guided one, a closed form."""

    def __call__(
        self, x_t: Tensor, t: Tensor, mask: Tensor, cond: Tensor | None, x0_prev: Tensor | None
    ) -> Tensor:
        """Return x̂0 [B, T, C] for x_t [B, T, C] at times t [B]."""
        ...


class Denoiser(nn.Module):
    """A network with the schedule and the parametrisation that make its output an x̂0.

    | objective | network predicts     | x̂0                       |
    |-----------|----------------------|--------------------------|
    | "v"       | v = α ε − σ x0       | α x_t − σ v              |
    | "eps"     | ε                    | (x_t − σ ε) / α          |
    | "x0"      | x0                   | the output               |

    ("v" from Salimans & Ho, 2202.00512; for "eps" α is kept above 10⁻³, for it divides by zero at
    terminal noise, which is one of the reasons to prefer v.)

    Args:
        network: (x_t, t, mask, cond, x0_prev) ↦ prediction [B, T, C].
        schedule: t ↦ (α_t, σ_t).
        objective: "v", "eps" or "x0".
    """

    def __init__(self, network: nn.Module, schedule: Schedule, objective: str = "v") -> None:
        super().__init__()
        if objective not in TARGETS:
            choices = ", ".join(TARGETS)
            raise InputError(f"diffusion.objective={objective}: unknown; choose one of {choices}")
        self.network = network
        self.schedule = schedule
        self.objective = objective

    def forward(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
        x0_prev: Float[Tensor, "B T C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x̂0 [B, T, C], zero at padding."""
        x0, _ = self.predict(x_t, t, mask, cond, x0_prev)
        return x0

    def predict(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
        x0_prev: Float[Tensor, "B T C"] | None = None,
    ) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"]]:
        """Return (x̂0, the network's own prediction), both [B, T, C], float32."""
        prediction = self.network(x_t, t, mask, cond, x0_prev).to(x_t.dtype)
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        x0 = _TO_X0[self.objective](x_t, prediction, alpha, sigma)
        return x0 * mask[..., None], prediction

    def target(
        self,
        x0: Float[Tensor, "B T C"],
        eps: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
    ) -> Float[Tensor, "B T C"]:
        """Return what the network should predict for this signal and noise."""
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        return TARGETS[self.objective](x0, eps, alpha, sigma)

    def loss(self, batch: NoisyBatch, *, min_snr_gamma: float | None = None) -> Float[Tensor, ""]:
        """Return the weighted squared error, summed over valid steps and channels.

        Divide by `mask.sum() · C` of the *whole* batch for the masked mean: the sums of its parts
        (micro-batches, processes) then add up to the whole's loss, however it was cut.

        Args:
            batch: Data and draws.
            min_snr_gamma: γ of min-SNR weighting, or None for weight 1 throughout.
        """
        alpha, sigma = (part[:, None, None] for part in self.schedule(batch.t))
        x_t = (alpha * batch.x0 + sigma * batch.eps) * batch.mask[..., None]
        x0_prev = self._first_answer(batch, x_t)
        _, prediction = self.predict(x_t, batch.t, batch.mask, batch.cond, x0_prev)
        error = prediction - self.target(batch.x0, batch.eps, batch.t)
        # where, not a product: NaN or infinity in the padding must not reach the sum.
        error = torch.where(batch.mask[..., None], error, error.new_zeros(())).square().sum((1, 2))
        if min_snr_gamma is not None:
            snr = self.schedule.snr(batch.t)
            error = error * min_snr_weight(snr, self.objective, min_snr_gamma)
        return error.sum()

    def _first_answer(
        self, batch: NoisyBatch, x_t: Float[Tensor, "B T C"]
    ) -> Float[Tensor, "B T C"] | None:
        """Return a detached x̂0 for the chosen rows, zeros for the others (Chen et al. 2208.04202)."""
        rows = batch.self_condition.nonzero().squeeze(1)
        if not len(rows):
            return None
        x0_prev = torch.zeros_like(x_t)
        with torch.no_grad(), _uncached_autocast(x_t.device.type):
            cond = None if batch.cond is None else batch.cond[rows]
            x0_prev[rows] = self(x_t[rows], batch.t[rows], batch.mask[rows], cond)
        return x0_prev


TARGETS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "v": lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0,
    "eps": lambda x0, eps, alpha, sigma: eps,
    "x0": lambda x0, eps, alpha, sigma: x0,
}

_TO_X0: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "v": lambda x_t, v, alpha, sigma: alpha * x_t - sigma * v,
    "eps": lambda x_t, eps, alpha, sigma: (x_t - sigma * eps) / alpha.clamp_min(1e-3),
    "x0": lambda x_t, x0, alpha, sigma: x0,
}


def _uncached_autocast(device_type: str) -> torch.autocast:
    """Return the autocast in force, without its cache.

    Weights cast under no_grad and cached would be used again, without a gradient, by the pass
    that is to be learnt from.
    """
    return torch.autocast(
        device_type,
        dtype=torch.get_autocast_dtype(device_type),
        enabled=torch.is_autocast_enabled(device_type),
        cache_enabled=False,
    )


def min_snr_weight(
    snr: Float[Tensor, "B"], objective: str, gamma: float = 5.0
) -> Float[Tensor, "B"]:
    """Return the min-SNR-γ weight of each sample for an error measured on `objective`.

    The same weight min(SNR, γ) on the x0 error, whatever is predicted (Hang et al. 2303.09556):
    ÷ SNR for ε, ÷ (SNR + 1) for v. It is 0 at zero SNR.
    """
    clipped = snr.clamp(max=gamma)
    if objective == "v":
        return clipped / (snr + 1)
    if objective == "eps":
        return torch.where(snr > 0, clipped / snr.clamp_min(1e-20), torch.ones_like(snr))
    return clipped
