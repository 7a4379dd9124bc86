"""How much power the velocity has in each frequency band, compared with people's."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from humouse.eval.statistics.resampling import Resampling
from humouse.eval.statistics.score import Score
from humouse.eval.statistics.weights import BootstrapWeights
from humouse.features.spectra import BANDS_HZ, decibel, velocity_spectrum
from humouse.steps import blocks_of
from humouse.trajectories import Trajectories

_STEPS_AT_A_TIME = 2**16


@dataclass(frozen=True)
class BandPower:
    """Mean power of the velocity in a band of frequencies.

    Args:
        real: px²/s on the real side.
        fake: px²/s on the judged side.
        ratio: Fake over real, or None where the real power is 0.
    """

    real: float
    fake: float
    ratio: Score | None


def band_powers(
    real: Trajectories, fake: Trajectories, *, resampling: Resampling | None = None
) -> tuple[dict[str, BandPower], Score]:
    """Return the mean power in each band, by its name "0-4 Hz" …, and the spectral distance (dB).

    The distance is the root mean square over bands of 10·log₁₀(fake power / real power). Bands in
    which people have no power are left out, and it is 0 where none remains; the fake's power counts
    as at least −60 dB re 1 px²/s.

    Args:
        real: N movements.
        fake: M movements.
        resampling: Bootstrap replicates for the intervals of the ratios and of the distance.

    Raises:
        ValueError: Replicates of sets of another size.
    """
    powers = [_by_band(side) for side in (real, fake)]
    weights = BootstrapWeights.of(resampling, *powers)
    a, b = (
        side @ power / side.sum(1, keepdim=True)
        for side, power in zip((weights.real, weights.fake), powers, strict=True)
    )
    ratio = b / a
    bands = {
        f"{low}-{high} Hz": BandPower(
            real=float(a[0, k]),
            fake=float(b[0, k]),
            ratio=weights.score(ratio[:, k], least=0.0) if a[0, k] > 0 else None,
        )
        for k, (low, high) in enumerate(BANDS_HZ)
    }
    return bands, weights.score(_distance_db(a, b), least=0.0)


def _by_band(movements: Trajectories) -> Float[Tensor, "N bands"]:
    """Return the mean power of each movement in each band (px²/s)."""
    steps = movements.as_steps()
    means = np.empty((len(steps), len(BANDS_HZ)))
    # Similar lengths go together: a spectrum takes many times the memory of its padded steps.
    order = np.argsort(steps.lengths, kind="stable")
    for rows in blocks_of(steps.lengths[order], _STEPS_AT_A_TIME):
        block = order[rows]
        frequency_hz, power = velocity_spectrum(steps.rows(block).trimmed())
        for band, (low, high) in enumerate(BANDS_HZ):
            inside = (frequency_hz >= low) & (frequency_hz < high)
            means[block, band] = power[:, inside].mean(1, np.float64)
    return torch.from_numpy(means)


def _distance_db(
    real: Float[Tensor, "K bands"], fake: Float[Tensor, "K bands"]
) -> Float[Tensor, "K"]:
    moved = real[0] > 0
    if not moved.any():
        return real.new_zeros(len(real))
    fake_db = torch.from_numpy(decibel(fake[:, moved].numpy()))
    difference = fake_db - 10 * real[:, moved].log10()
    return difference.square().mean(1).sqrt()
