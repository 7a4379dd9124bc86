"""Noise on the positions: white, smooth, tremor, or all three."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float

from humouse.bots.composed.draws import choose, log_uniform, normal_plane
from humouse.bots.composed.points import Positions, Rows, Times

WEIGHTS = {"none": 1.2, "white": 1, "smooth": 1, "tremor": 0.7, "mixed": 0.7}
_TAPER_MS = 60.0
_WAVES = 24


@dataclass(frozen=True)
class Noise:
    """Noise of n movements.

    Args:
        rng: For the white noise.
        white_px: [n] standard deviation along each axis, of every emitted point anew.
        smooth_px: [n] standard deviation along each axis of the smooth noise.
        waves: [n, waves] the amplitudes of the waves that it is made of.
        wave_rad_ms: [n, waves] their frequencies.
        tremor_px: [n, 2] amplitude of the tremor along x and y.
        tremor_hz: [n, 2] its frequency.
        tremor_rad: [n, 2] its phase.
        tapered: [n] whether smooth noise and tremor fade in and out, over 60 ms.
        end_ms: [n] end of the movement.
    """

    rng: np.random.Generator
    white_px: Float[np.ndarray, "n"]
    smooth_px: Float[np.ndarray, "n"]
    waves: Complex[np.ndarray, "n waves"]
    wave_rad_ms: Float[np.ndarray, "n waves"]
    tremor_px: Float[np.ndarray, "n 2"]
    tremor_hz: Float[np.ndarray, "n 2"]
    tremor_rad: Float[np.ndarray, "n 2"]
    tapered: Bool[np.ndarray, "n"]
    end_ms: Float[np.ndarray, "n"]

    def white(self, row: Rows) -> Positions:
        """Return [S] white noise (px), each time other numbers."""
        return self.white_px[row] * normal_plane(self.rng, len(row))

    def at(self, row: Rows, t_ms: Times) -> Positions:
        """Return [S] smooth noise and tremor (px); 0 at the first moment."""
        angle = 2 * np.pi * self.tremor_hz[row] * t_ms[:, None] / 1000 + self.tremor_rad[row]
        x, y = (self.tremor_px[row] * np.sin(angle)).T
        noise = x + 1j * y
        smooth = np.flatnonzero(self.smooth_px[row] > 0)
        whose = row[smooth]
        turned = np.exp(1j * self.wave_rad_ms[whose] * t_ms[smooth, None])
        noise[smooth] += self.smooth_px[whose] * (self.waves[whose] * turned).sum(1)
        fade = np.clip(np.minimum(t_ms, self.end_ms[row] - t_ms) / _TAPER_MS, 0, 1)
        return noise * np.where(self.tapered[row], fade, t_ms > 0)


def draw_noise(end_ms: Float[np.ndarray, "n"], *, rng: np.random.Generator, plain: bool) -> Noise:
    """Return noise; none where `plain`.

    Smooth noise is white noise behind a Gaussian window of 6 to 80 ms, as a sum of waves: those of
    such noise have normal frequencies.
    """
    n = len(end_ms)
    kind = np.full(n, "none") if plain else choose(rng, WEIGHTS, n)
    window_ms = log_uniform(rng, 6, 80, n)[:, None]
    has = {name: np.isin(kind, [name, "mixed"]) for name in ("white", "smooth", "tremor")}
    return Noise(
        rng,
        has["white"] * log_uniform(rng, 0.2, 2.5, n),
        has["smooth"] * 2 * log_uniform(rng, 0.2, 3, n),
        normal_plane(rng, n, _WAVES) / np.sqrt(_WAVES),
        rng.normal(size=(n, _WAVES)) / (np.sqrt(2) * window_ms),
        has["tremor"][:, None] * rng.uniform(0.2, 1.5, (n, 2)),
        rng.uniform(6, 14, (n, 2)),
        rng.uniform(0, 2 * np.pi, (n, 2)),
        rng.random(n) < 0.7,
        end_ms,
    )
