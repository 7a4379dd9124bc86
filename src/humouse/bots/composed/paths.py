"""Paths from 0 to 1, the chord: straight, Bézier, spline, arc, sine series, pursuit."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.interpolate import CubicSpline

from humouse.bots.composed.curves import SHARES
from humouse.bots.composed.draws import choose, log_uniform, normal_plane

PURSUIT = "pursuit"
WEIGHTS = {"straight": 0.6, "bezier": 2, "spline": 1.5, "arc": 1, "series": 1, PURSUIT: 1.2}
_MOST_WAYPOINTS = 5
_WAVES = np.arange(1, 9)[:, None]
_FINISH_SHARE = 0.3  # of the way: the push on a pursuit fades from there on

Shape = Callable[[np.random.Generator, Float[np.ndarray, "n 1"]], Complex[np.ndarray, "n K"]]


def draw_paths(
    duration_ms: Float[np.ndarray, "n"],
    end_ms: Float[np.ndarray, "n"],
    *,
    rng: np.random.Generator,
    plain: bool,
) -> tuple[Complex[np.ndarray, "n K"], Bool[np.ndarray, "n"]]:
    """Return paths, and which of them have a speed of their own: pursuits.

    The table of a pursuit runs over the time from 0 to `end_ms`; it need not arrive.

    Args:
        duration_ms: [n] duration of the main submovement.
        end_ms: [n] end of the last submovement.
        rng: Of this part.
        plain: All paths are straight.
    """
    n = len(duration_ms)
    path = np.tile(SHARES + 0j, (n, 1))
    if plain:
        return path, np.zeros(n, bool)
    kind = choose(rng, WEIGHTS, n)
    bow = log_uniform(rng, 0.01, 0.4, n)[:, None]
    for name, shape in _SHAPES.items():
        rows = np.flatnonzero(kind == name)
        path[rows] = shape(rng, bow[rows])
    pursuit = kind == PURSUIT
    path[pursuit] = _pursuit(rng, duration_ms[pursuit], end_ms[pursuit])
    return path, pursuit


def _bezier(rng: np.random.Generator, bow: Float[np.ndarray, "n 1"]) -> Complex[np.ndarray, "n K"]:
    """Cubic (70%) or quadratic; control points on one side (half) or anywhere, some out of order."""
    n = len(bow)
    beside = 2 * bow * rng.normal(size=(n, 2))
    one_side = np.abs(beside) * np.sign(beside[:, :1])
    beside = np.where(rng.random((n, 1)) < 0.5, one_side, beside)
    ordered = np.sort(rng.uniform(-0.1, 1.1, (n, 2)), 1)
    along = np.where(rng.random((n, 1)) < 0.2, rng.uniform(-0.3, 1.3, (n, 2)), ordered)
    control = along + 1j * beside
    # A quadratic curve of one control point is the cubic one of these two.
    raised = control[:, :1] * (2 / 3) + np.array([0, 1 / 3])
    control = np.where(rng.random((n, 1)) < 0.7, control, raised)
    s, r = SHARES, 1 - SHARES
    return control[:, :1] * (3 * s * r**2) + control[:, 1:] * (3 * s**2 * r) + s**3


def _spline(rng: np.random.Generator, bow: Float[np.ndarray, "n 1"]) -> Complex[np.ndarray, "n K"]:
    """Cubic splines through 1 to 5 scattered way-points, natural or not-a-knot."""
    n = len(bow)
    waypoints = rng.integers(1, _MOST_WAYPOINTS + 1, n)
    natural = rng.random(n) < 0.5
    along, beside = rng.normal(size=(2, n, _MOST_WAYPOINTS))
    path = np.empty((n, len(SHARES)), complex)
    for count in range(1, _MOST_WAYPOINTS + 1):
        knots = np.linspace(0, 1, count + 2)
        for ends, chosen in (("natural", natural), ("not-a-knot", ~natural)):
            rows = np.flatnonzero((waypoints == count) & chosen)
            scatter = 0.25 / (count + 1) * along + 1j * bow * beside
            points = np.tile(knots + 0j, (len(rows), 1))
            points[:, 1:-1] += scatter[rows, :count]
            if len(rows):
                path[rows] = CubicSpline(knots, points, axis=1, bc_type=ends)(SHARES)
    return path


def _arc(rng: np.random.Generator, bow: Float[np.ndarray, "n 1"]) -> Complex[np.ndarray, "n K"]:
    """Arcs of circles, of 0.04 to 1.6 rad, to either side."""
    angle = 4 * bow * rng.choice([-1, 1], bow.shape)
    radius = 0.5 / np.sin(angle / 2)
    return 0.5 + 1j * radius * (np.exp(1j * angle * (0.5 - SHARES)) - np.cos(angle / 2))


def _series(rng: np.random.Generator, bow: Float[np.ndarray, "n 1"]) -> Complex[np.ndarray, "n K"]:
    """Sine waves about the chord, the eighth 1/8 to 1/512 as high as the first; one along it."""
    n = len(bow)
    height = rng.normal(size=(n, len(_WAVES))) / _WAVES.T ** rng.uniform(1, 3, (n, 1))
    sines = np.sin(np.pi * _WAVES * SHARES)
    along = 0.3 * rng.normal(size=(n, 1)) * sines[0]
    return SHARES + bow * (along + 1j * (height @ sines))


def _pursuit(
    rng: np.random.Generator,
    duration_ms: Float[np.ndarray, "n"],
    end_ms: Float[np.ndarray, "n"],
) -> Complex[np.ndarray, "n K"]:
    """A damped spring pulls to the goal, a random force pushes (60%), speed is limited.

        z'' = ω² (1 − z) − 2 ζ ω z' + 0.12 ω² f,   ω = 4…9 per duration, ζ = 0.6…1.3

    f is an Ornstein–Uhlenbeck process with a time constant of 20 to 200 ms, weaker near the goal.
    """
    n = len(duration_ms)
    step = end_ms / duration_ms / (len(SHARES) - 1)
    omega, zeta = rng.uniform(4, 9, n), rng.uniform(0.6, 1.3, n)
    push = rng.uniform(0, 1, n) * (rng.random(n) < 0.6) * 0.12 * omega**2
    kept = np.exp(-step * duration_ms / rng.uniform(20, 200, n))
    fastest = rng.uniform(2, 8, n)
    force = np.zeros(n, complex)
    velocity = 0.09 * omega * normal_plane(rng, n)
    path = np.zeros((n, len(SHARES)), complex)
    for now in range(1, len(SHARES)):
        left = 1 - path[:, now - 1]
        force = kept * force + np.sqrt(1 - kept**2) * normal_plane(rng, n)
        pushed = push * force * np.minimum(1, np.abs(left) / _FINISH_SHARE)
        velocity += (omega**2 * left - 2 * zeta * omega * velocity + pushed) * step
        velocity *= np.minimum(1, fastest / np.maximum(np.abs(velocity), 1e-9))
        path[:, now] = path[:, now - 1] + velocity * step
    return path


_SHAPES: dict[str, Shape] = {"bezier": _bezier, "spline": _spline, "arc": _arc, "series": _series}
