"""One clock: what it keeps, what it cuts, and numpy's interpolation as the oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicHermiteSpline

from humouse.data.resampling import Paths
from humouse.detection.samples.one_clock import OneClock, phases, steady
from humouse.errors import InputError
from humouse.steps import Steps


def made(*movements):
    """Movements from lists of (dx, dy, dt)."""
    steps = np.concatenate([np.array(one, np.float32).reshape(-1, 3) for one in movements])
    lengths = np.array([len(one) for one in movements])
    return Steps.padded(steps, lengths, np.zeros((len(lengths), 2), np.float32))


def drawn(n, seed, most=40):
    rng = np.random.default_rng(seed)
    return made(
        *(
            np.column_stack([rng.integers(-9, 10, (k, 2)), rng.integers(1, 60, k)])
            for k in rng.integers(1, most, n)
        )
    )


def laid_by_numpy(movement, clock, phase):
    """The same by a loop over one movement without pauses."""
    points = np.concatenate([np.zeros((1, 3)), movement.cumsum(0, np.float64)])
    period = float(np.float32(clock.period_ms))
    ticks = max(1, int(np.ceil(points[-1, 2] / period + phase)))
    at = (np.arange(ticks + 1) - phase) * period
    at[-1] = max(at[-1], points[-1, 2])
    place = np.stack([np.interp(at, points[:, 2], points[:, axis]) for axis in (0, 1)], 1)
    place = np.round(place) if clock.whole_px else place
    steps = np.diff(place, axis=0)
    moves = np.flatnonzero((steps != 0).any(1))
    return steps[moves[0] : moves[-1] + 1]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), phase=st.floats(0, 0.99), whole=st.booleans())
def test_it_lays_movements_as_interpolation_does(seed, phase, whole):
    movements = drawn(5, seed)
    clock = OneClock(whole_px=whole)
    found = clock(movements, np.full(5, phase))
    for row in range(5):
        own = movements.rows(np.array([row])).trimmed().deltas[0]
        if not (own[:, :2] != 0).any():
            continue
        merged = steady(movements.rows(np.array([row])), clock.pause_ms)
        expected = laid_by_numpy(merged.deltas[0, : merged.lengths[0]], clock, phase)
        got = found.deltas[row, : found.lengths[row], :2]
        np.testing.assert_allclose(got, expected, atol=1 if whole else 1e-3)
        assert (found.deltas[row, : found.lengths[row], 2] == np.float32(clock.period_ms)).all()


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 999))
def test_the_displacement_stays_exact(seed):
    movements = drawn(6, seed)
    cut = steady(movements)
    found = OneClock()(movements, phases(6, seed))
    net_px = [one.deltas[..., :2].sum(1) for one in (found, cut)]
    np.testing.assert_array_equal(*net_px)


def test_a_movement_on_the_clock_comes_back_unchanged():
    period = 1000 / 60
    own = made([[3, 1, period], [5, -2, period], [1, 0, period]])
    found = OneClock()(own, np.zeros(1))
    np.testing.assert_array_equal(found.deltas, own.deltas)


def test_pauses_cut_and_the_longest_stretch_stays():
    own = made([[1, 0, 10], [2, 0, 300], [3, 0, 10], [4, 0, 10], [5, 0, 900], [6, 0, 10]])
    found = steady(own, 200.0)
    assert found.deltas[0, : found.lengths[0], 0].tolist() == [3, 4]
    assert found.start[0].tolist() == [3, 0]


def test_a_device_that_reports_while_it_rests_is_cut_alike():
    polled = made([[5, 0, 10], *[[0, 0, 10]] * 30, [7, 0, 10], [8, 0, 10]])
    silent = made([[5, 0, 10], [7, 0, 310], [8, 0, 10]])
    one, other = steady(polled), steady(silent)
    np.testing.assert_array_equal(one.deltas, other.deltas)


@pytest.mark.parametrize(
    ("movement", "steps"),
    [([[4, 0, 5]], 1), ([[0, 0, 50]], 0), ([[1, 0, 0], [2, 0, 0]], 1), ([[2, 0, 900]], 0)],
)
def test_short_still_and_torn_movements(movement, steps):
    assert int(OneClock()(made(movement), phases(1)).lengths[0]) == steps


def test_an_hour_does_not_fill_memory():
    long = made(np.column_stack([np.ones(4000), np.zeros(4000), np.full(4000, 199.0)]))
    found = OneClock()(Steps.stacked([long, drawn(3, 1)]), phases(4))
    assert 1 <= int(found.lengths.max()) <= 4096


def test_neighbours_do_not_matter():
    movements = drawn(30, 3)
    together = OneClock()(movements, phases(30, 1))
    for row in (0, 7, 29):
        alone = OneClock()(movements.rows(np.array([row])), phases(30, 1)[[row]])
        np.testing.assert_array_equal(
            together.rows(np.array([row])).trimmed().deltas, alone.trimmed().deltas
        )


@pytest.mark.parametrize("among", [1, 6])
def test_a_smooth_curve_is_a_hermite_spline_whoever_stands_beside(among):
    movements = drawn(among, 5, most=12)
    paths = Paths.of(movements)
    asked = np.linspace(-5, paths.t_ms.max() + 5, 101)
    found = paths.smooth_at(np.broadcast_to(asked, (among, 101)))
    for row, last in enumerate(movements.lengths):
        t, x = paths.t_ms[row, : last + 1], paths.position_px[row, : last + 1]
        gap = np.diff(t)[:, None]
        slope = np.diff(x, axis=0) / gap
        inner = (slope[:-1] * gap[1:] + slope[1:] * gap[:-1]) / (gap[:-1] + gap[1:])
        spline = CubicHermiteSpline(t, x, np.concatenate([slope[:1], inner, slope[-1:]]))
        np.testing.assert_allclose(found[row], spline(np.clip(asked, t[0], t[-1])), atol=1e-9)


@pytest.mark.parametrize("setting", [{"period_ms": 0.5}, {"pause_ms": 0.0}, {"pause_ms": 1e308}])
def test_bad_settings_are_named(setting):
    with pytest.raises(InputError, match=next(iter(setting))):
        OneClock(**setting)
