"""Virtual people who move a mouse: synthetic, no recording of anybody.

Each movement is a sum of strokes with lognormal speed along circular arcs, after the kinematic
theory of rapid movements (Plamondon 1995; sigma-lognormal model: O'Reilly & Plamondon 2009,
doi:10.1016/j.patcog.2008.10.017), aimed by Fitts's law, with corrective submovements, physiological
tremor, hesitations, and a device that polls at its own clock and counts whole pixels.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex128, Float64
from scipy.special import erf

_STROKES = 3
_SCREENS_PX = ((1366, 768), (1536, 864), (1920, 1080), (2560, 1440))
_POLLS_MS = (8.0, 1000 / 60)
# A lognormal stroke is taken to begin and end where 0.1% and 99.9% of it is done.
_NORMAL_999 = 3.09


@dataclass(frozen=True)
class Person:
    """A virtual person and the device in front of them.

    Args:
        screen_px: Width and height of the screen.
        poll_ms: Polling interval of the device.
        clock_jitter_ms: Standard deviation of the reported time.
        reports_zero_moves: Whether the device reports a tick without motion.
        fitts_ms: Intercept (ms) and slope (ms per bit) of Fitts's law.
        sigma: Mean of the strokes' log-time spread: the skewness of their speed.
        reach: Mean share of the distance that the first stroke covers.
        scatter: Standard deviation of the first stroke's end, as a share of the distance.
        arc_rad: Standard deviation of the turn of a stroke.
        tremor_px: Amplitude of the tremor.
        tremor_hz: Its frequency.
        pause_ms: Mean time between a click and the next movement.
        hesitation: Probability that a correction comes late.
    """

    screen_px: tuple[int, int]
    poll_ms: float
    clock_jitter_ms: float
    reports_zero_moves: bool
    fitts_ms: tuple[float, float]
    sigma: float
    reach: float
    scatter: float
    arc_rad: float
    tremor_px: float
    tremor_hz: float
    pause_ms: float
    hesitation: float


def draw_person(rng: np.random.Generator) -> Person:
    """Return a random person."""
    return Person(
        screen_px=_SCREENS_PX[rng.integers(len(_SCREENS_PX))],
        poll_ms=_POLLS_MS[int(rng.random() < 0.7)],
        clock_jitter_ms=rng.uniform(0.2, 1.2),
        reports_zero_moves=bool(rng.random() < 0.08),
        fitts_ms=(rng.uniform(100, 230), rng.uniform(85, 150)),
        sigma=rng.uniform(0.2, 0.4),
        reach=rng.uniform(0.86, 0.98),
        scatter=rng.uniform(0.02, 0.06),
        arc_rad=rng.uniform(0.15, 0.6),
        tremor_px=rng.uniform(0.1, 0.8),
        tremor_hz=rng.uniform(8, 12),
        pause_ms=rng.uniform(250, 900),
        hesitation=rng.uniform(0.0, 0.08),
    )


@dataclass(frozen=True, eq=False)
class Motion:
    """N movements of one person, sampled at the device's ticks.

    Args:
        tick_ms: [N, K] time since the movement's start.
        position_px: [N, K] x + iy, not yet rounded to pixels.
        end_ms: [N] when the movement is over; ticks after it do not count.
    """

    tick_ms: Float64[np.ndarray, "N K"]
    position_px: Complex128[np.ndarray, "N K"]
    end_ms: Float64[np.ndarray, "N"]

    @property
    def moving(self) -> Bool[np.ndarray, "N K"]:
        """[N, K] True until the movement is over."""
        return self.tick_ms <= self.end_ms[:, None]


def move(
    person: Person, waypoints_px: Complex128[np.ndarray, "N1"], rng: np.random.Generator
) -> Motion:
    """Return the person's movements from each waypoint (x + iy) to the next."""
    chords_px = np.diff(waypoints_px)
    strokes_px = _strokes(person, chords_px, rng)
    onset_ms, span_ms = _timing(person, strokes_px, rng)
    sigma = np.clip(person.sigma * rng.lognormal(0, 0.15, span_ms.shape), 0.1, 0.6)
    end_ms = (onset_ms + span_ms * (strokes_px != 0)).max(1)
    ticks = int(end_ms.max() // person.poll_ms) + 2
    phase_ms = rng.uniform(0, person.poll_ms, (len(chords_px), 1))
    tick_ms = phase_ms + person.poll_ms * np.arange(ticks)

    turn_rad = rng.normal(0, person.arc_rad, span_ms.shape)
    turn_rad = np.where(np.abs(turn_rad) < 1e-3, 1e-3, turn_rad)[..., None]
    done = _progress(tick_ms[:, None] - onset_ms[..., None], span_ms[..., None], sigma[..., None])
    # A circular arc from 0 to the stroke's chord that turns by `turn_rad` on the way.
    arc = (np.exp(1j * turn_rad * (done - 0.5)) - np.exp(-0.5j * turn_rad)) / (
        2j * np.sin(turn_rad / 2)
    )
    path_px = (strokes_px[..., None] * arc).sum(1)
    underway = np.clip(tick_ms / end_ms[:, None], 0, 1)
    shake_px = _tremor(person, tick_ms, rng) * np.sin(np.pi * underway)
    return Motion(tick_ms, waypoints_px[:-1, None] + path_px + shake_px, end_ms)


def _strokes(person: Person, chords_px: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return [N, 3] strokes (x + iy) that sum to the chords: the first, then corrections."""
    n = len(chords_px)
    error = rng.normal(0, person.scatter, (n, 2)) @ np.array([1, 1j])
    first = chords_px * (person.reach + error)
    # A remaining distance of a pixel or two is not corrected.
    close = np.abs(chords_px - first) < rng.uniform(1, 4, n)
    first = np.where(close, chords_px, first)
    left = chords_px - first
    share = np.where(rng.random(n) < 0.35, rng.uniform(0.7, 1.15, n), 1.0)
    return np.stack([first, share * left, (1 - share) * left], 1)


def _timing(
    person: Person, strokes_px: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return when each stroke begins and how long it takes, [N, 3] each (ms)."""
    n = len(strokes_px)
    width_px = rng.uniform(25, 90, (n, 1))
    bits = np.log2(1 + np.abs(strokes_px) / width_px)
    intercept_ms, slope_ms = person.fitts_ms
    span_ms = (intercept_ms + slope_ms * bits) * rng.lognormal(0, 0.15, (n, _STROKES))
    late_ms = np.where(rng.random((n, 2)) < person.hesitation, rng.uniform(150, 600, (n, 2)), 0.0)
    overlap = rng.uniform(0.65, 1.05, (n, 2))
    second_ms = overlap[:, 0] * span_ms[:, 0] + late_ms[:, 0]
    third_ms = second_ms + overlap[:, 1] * span_ms[:, 1] + late_ms[:, 1]
    return np.stack([np.zeros(n), second_ms, third_ms], 1), span_ms


def _progress(since_ms: np.ndarray, span_ms: np.ndarray, sigma: np.ndarray) -> np.ndarray:
    """Return the share of a stroke that is done: the lognormal's distribution function."""
    median_ms = span_ms / (2 * np.sinh(_NORMAL_999 * sigma))
    since_ms = since_ms + median_ms * np.exp(-_NORMAL_999 * sigma)
    log_time = np.log(np.maximum(since_ms, 1e-9) / median_ms)
    return 0.5 * (1 + erf(log_time / (sigma * np.sqrt(2))))


def _tremor(person: Person, tick_ms: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return [N, K] tremor (x + iy, px): two sines a plane, and a little noise."""
    n = len(tick_ms)
    shake = np.zeros(tick_ms.shape, np.complex128)
    for axis in (1, 1j):
        hertz = person.tremor_hz * rng.uniform(0.9, 1.1, (n, 1))
        phase = rng.uniform(0, 2 * np.pi, (n, 1))
        noise = rng.normal(0, 0.3, tick_ms.shape)
        shake += axis * (np.sin(2e-3 * np.pi * hertz * tick_ms + phase) + noise)
    return person.tremor_px * shake
