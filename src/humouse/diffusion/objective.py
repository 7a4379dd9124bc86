"""The training objective: masked mean squared error of the network's prediction (§3)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from humouse.diffusion.denoiser import Denoiser


@dataclass(frozen=True)
class NoisyBatch:
    """Everything that decides one loss: data and every random draw of the step.

    Args:
        x0: [B, T, C] clean data, zero at padding.
        mask: [B, T] True where valid.
        cond: [B, K] conditions on the network's scale, NaN where not given, or None.
        t: [B] noise times in (0, 1].
        eps: [B, T, C] noise.
        self_condition: [B] True where the network gets its own first answer as an input.
    """

    x0: Float[Tensor, "B T C"]
    mask: Bool[Tensor, "B T"]
    cond: Float[Tensor, "B K"] | None
    t: Float[Tensor, "B"]
    eps: Float[Tensor, "B T C"]
    self_condition: Bool[Tensor, "B"]

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, rows: slice | Tensor) -> "NoisyBatch":
        return self._map(lambda part: part[rows])

    def to(self, device: torch.device | str) -> "NoisyBatch":
        """Return the same batch on another device."""
        return self._map(lambda part: part.to(device, non_blocking=True))

    def pin_memory(self) -> "NoisyBatch":
        """Return the same batch in memory that a GPU can copy from in the background."""
        return self._map(Tensor.pin_memory)

    def trimmed(self) -> "NoisyBatch":
        """Return the same batch with no more padding than its longest row needs."""
        longest = int(self.mask.sum(1).max())
        cut = {name: getattr(self, name)[:, :longest] for name in ("x0", "mask", "eps")}
        return replace(self, **cut)

    def _map(self, change: Callable[[Tensor], Tensor]) -> "NoisyBatch":
        changed: dict[str, Any] = {
            name: None if part is None else change(part) for name, part in vars(self).items()
        }
        return NoisyBatch(**changed)


class Objective(nn.Module):
    """`squared_error_sum` as a module, so that data-parallel wrappers see the whole computation.

    Args:
        denoiser: The model.
        min_snr_gamma: γ of min-SNR weighting, or None.
    """

    def __init__(self, denoiser: Denoiser, min_snr_gamma: float | None = None) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.min_snr_gamma = min_snr_gamma

    def forward(self, batch: NoisyBatch) -> Float[Tensor, ""]:
        """Return the weighted squared error summed over the batch's valid steps and channels."""
        return squared_error_sum(self.denoiser, batch, min_snr_gamma=self.min_snr_gamma)


def squared_error_sum(
    denoiser: Denoiser, batch: NoisyBatch, *, min_snr_gamma: float | None = None
) -> Float[Tensor, ""]:
    """Return the weighted squared error summed over valid steps and channels.

    Divide by `mask.sum() · C` of the *whole* batch for the masked mean: sums over parts of a batch
    (micro-batches, processes) then add up to the whole's loss, however it was cut.

    Args:
        denoiser: The model.
        batch: Data and draws.
        min_snr_gamma: γ of min-SNR weighting, or None for weight 1 throughout.
    """
    alpha, sigma = (part[:, None, None] for part in denoiser.schedule(batch.t))
    x_t = (alpha * batch.x0 + sigma * batch.eps) * batch.mask[..., None]
    x0_prev = _first_answer(denoiser, batch, x_t)
    _, prediction = denoiser.predict(x_t, batch.t, batch.mask, batch.cond, x0_prev)
    error = prediction - denoiser.target(batch.x0, batch.eps, batch.t)
    # where, not a product: NaN or infinity in the padding must not reach the sum.
    error = torch.where(batch.mask[..., None], error, error.new_zeros(())).square().sum((1, 2))
    if min_snr_gamma is not None:
        snr = denoiser.schedule.snr(batch.t)
        error = error * min_snr_weight(snr, denoiser.objective, min_snr_gamma)
    return error.sum()


def _first_answer(
    denoiser: Denoiser, batch: NoisyBatch, x_t: Float[Tensor, "B T C"]
) -> Float[Tensor, "B T C"] | None:
    """Return a detached x̂0 for the chosen rows and zeros for the others (Chen et al. 2208.04202)."""
    rows = batch.self_condition.nonzero().squeeze(1)
    if not len(rows):
        return None
    x0_prev = torch.zeros_like(x_t)
    with torch.no_grad(), _uncached_autocast(x_t.device.type):
        cond = None if batch.cond is None else batch.cond[rows]
        x0_prev[rows] = denoiser(x_t[rows], batch.t[rows], batch.mask[rows], cond)
    return x0_prev


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
