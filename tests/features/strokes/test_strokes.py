"""Strokes of known parameters come back; the curves and the solver against plain references."""

import math
import resource
import time

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.features.motion import Motion
from humouse.features.strokes import measure
from humouse.features.strokes.columns import NEUROMOTOR
from humouse.features.strokes.curve import FitTarget, as_strokes, displacements, slopes
from humouse.features.strokes.fit import MAX_STROKES, fit_strokes
from humouse.features.strokes.model import Strokes, path, velocity
from humouse.features.strokes.refine import refine
from humouse.trajectories import Trajectories
from oracles.strokes import on_pixels, superposed

PARAMETERS = (
    "amplitude_px", "onset_s", "log_delay", "log_response", "angle_start_rad", "angle_end_rad",
)  # fmt: skip


def neuromotor(motion):
    """Return the features as tensors."""
    return {name: torch.from_numpy(values) for name, values in measure.neuromotor(motion).items()}


def as_motion(deltas, lengths):
    return Motion.of(np.asarray(deltas), np.asarray(lengths))


def of(trajectories):
    return as_motion(trajectories.deltas, trajectories.lengths)


def motion(*paths):
    """Return the motion of lists of (dx, dy, dt)."""
    T = max(1, *(len(path) for path in paths))
    deltas = torch.zeros(len(paths), T, 3)
    for row, steps in zip(deltas, paths, strict=True):
        row[: len(steps)] = torch.tensor(steps, dtype=torch.float32).reshape(-1, 3)
    return as_motion(deltas, [len(path) for path in paths])


def turned(trajectories, angle):
    cos, sin = math.cos(angle), math.sin(angle)
    turn = torch.tensor([[cos, sin, 0], [-sin, cos, 0], [0, 0, 1]])
    deltas = trajectories.deltas.double() @ turn.double()
    return as_motion(deltas, trajectories.lengths)


def angle_between(a, b):
    return torch.atan2((a - b).sin(), (a - b).cos()).abs()


def some_parameters(B, K, seed):
    """Return parameters [B, 6, K] as the solver holds them, for movements of about half a second."""
    rng = torch.Generator().manual_seed(seed)
    share = torch.rand(6, B, K, generator=rng, dtype=torch.float64)
    low = torch.tensor([-3.0, 0.0, -4.0, 0.12, -3.0, -3.0])[:, None, None].double()
    high = torch.tensor([0.0, 0.5, -2.0, 0.9, 3.0, 3.0])[:, None, None].double()
    return (low + share * (high - low)).permute(1, 0, 2).contiguous()


# The model


def test_a_straight_stroke_is_a_lognormal():
    one = torch.ones(1, 1, dtype=torch.float64)
    stroke = Strokes(
        300 * one, 0.07 * one, -1.6 * one, 0.3 * one, 0.5 * one, 0.5 * one,
        torch.tensor([1]), torch.zeros(1, dtype=torch.float64),
    )  # fmt: skip
    time_s = torch.linspace(0, 1, 50, dtype=torch.float64)[None]
    scipys = scipy.stats.lognorm(s=0.3, loc=0.07, scale=math.exp(-1.6))
    speed = 300 * scipys.pdf(time_s[0].numpy())
    done = 300 * scipys.cdf(time_s[0].numpy())
    for got, expected in ((velocity(stroke, time_s), speed), (path(stroke, time_s), done)):
        np.testing.assert_allclose(got[0, :, 0], math.cos(0.5) * expected, rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(got[0, :, 1], math.sin(0.5) * expected, rtol=1e-4, atol=1e-7)
    fastest = scipy.optimize.minimize_scalar(lambda t: -scipys.pdf(t), bounds=(0.1, 0.5)).x
    assert float(stroke.peak_s) == pytest.approx(fastest, abs=1e-4)


@pytest.mark.parametrize("bend", [0.0, 1e-7, 0.4, -2.0])
def test_the_path_is_the_integral_of_the_velocity(bend):
    strokes, _ = superposed(5, 3, seed=0)
    bent = Strokes(
        *(getattr(strokes, name) for name in PARAMETERS[:5]),
        strokes.angle_start_rad + bend, strokes.count, strokes.snr_db,
    )  # fmt: skip
    fine = torch.linspace(-0.1, 1.5, 20_001, dtype=torch.float64).expand(5, -1)
    speed = velocity(bent, fine)
    summed = torch.cumulative_trapezoid(speed, fine[..., None], dim=1)
    whole = path(bent, fine)
    error = (whole[:, 1:] - whole[:, :1] - summed).abs().max()
    assert error < 2e-5 * float(bent.amplitude_px.max())


def test_a_stroke_bends_from_its_first_angle_to_its_last():
    strokes, _ = superposed(4, 1, seed=1)
    ends = velocity(
        strokes, torch.stack([strokes.onset_s[:, 0] + 0.01, strokes.peak_s[:, 0] * 9], 1)
    )
    heading = torch.atan2(ends[..., 1], ends[..., 0])
    assert angle_between(heading[:, 0], strokes.angle_start_rad[:, 0]).max() < 1e-3
    assert angle_between(heading[:, 1], strokes.angle_end_rad[:, 0]).max() < 1e-3


# The solver


def test_displacements_are_those_of_the_strokes():
    _, movements = superposed(6, 2, seed=2)
    recorded = of(movements)
    target = FitTarget.of(recorded)
    parameters = some_parameters(6, 3, seed=0)
    whole = as_strokes(parameters, torch.full((6,), 3), target.scale, torch.zeros(6).double())
    steps = path(whole, target.time_s).diff(dim=1) * target.weight[..., None]
    expected = (steps / target.scale[:, None, None]).transpose(1, 2)
    torch.testing.assert_close(displacements(parameters, target), expected, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("bend", [None, 1e-5, -1e-5])
def test_slopes_equal_automatic_differentiation(bend):
    _, movements = superposed(3, 2, seed=3)
    target = FitTarget.of(of(movements))
    parameters = some_parameters(3, 2, seed=1)
    if bend is not None:
        parameters[:, 5] = bend
    exact = torch.autograd.functional.jacobian(lambda p: displacements(p, target), parameters)
    got = slopes(parameters, target)
    assert (got[..., -1] == 0).all()
    for row in range(3):
        expected = exact[row, :, :, row].permute(2, 3, 0, 1)
        tolerance = 1e-9 if bend is None else 1e-4  # of a division by a bend of nearly nothing
        torch.testing.assert_close(got[row, ..., :-1], expected, rtol=tolerance, atol=tolerance)


def near(made, target, seed):
    """Return parameters for the solver that lie near those of the strokes."""
    median = made.onset_s + made.log_delay.exp()
    columns = (
        made.amplitude_px.log() - target.scale.log()[:, None],
        median,
        made.log_delay + made.log_response.log(),
        made.log_response,
        made.angle_start_rad,
        made.angle_end_rad - made.angle_start_rad,
    )
    exact = torch.stack(columns, 1)
    rng = torch.Generator().manual_seed(seed)
    spread = torch.tensor([0.1, 0.01, 0.1, 0.05, 0.1, 0.1]).double()[:, None]
    return target.clamp(
        exact + spread * torch.randn(exact.shape, generator=rng, dtype=torch.float64)
    )


def test_refining_gets_as_far_as_scipy():
    made, movements = superposed(12, 2, seed=4)
    target = FitTarget.of(of(on_pixels(movements)))
    start = near(made, target, seed=2)
    refined, loss = refine(start, target, iterations=200, least_gain=1e-9)
    ratios = []
    for row in range(12):
        one = target[torch.tensor([row])]

        def rest(flat, one=one):
            there = torch.from_numpy(flat).reshape(1, 6, 2)
            return (one.steps - displacements(there, one)).flatten().numpy()

        bounds = [b[0, :, None].expand(6, 2).flatten().numpy() for b in (one.low, one.high)]
        inside = np.clip(start[row].flatten().numpy(), bounds[0] + 1e-9, bounds[1] - 1e-9)
        scipys = scipy.optimize.least_squares(rest, inside, bounds=bounds, x_scale="jac")
        ratios.append(float(loss[row]) / (2 * scipys.cost))
        assert float(loss[row]) == pytest.approx((rest(refined[row].flatten().numpy()) ** 2).sum())
    assert max(ratios) < 1.001


def test_refining_never_makes_it_worse_and_stays_within_bounds():
    _, movements = superposed(40, 2, seed=5)
    target = FitTarget.of(of(movements))
    start = target.clamp(some_parameters(40, 3, seed=3))
    before = (target.steps - displacements(start, target)).square().sum((1, 2))
    refined, loss = refine(start, target, iterations=8, least_gain=1e-3)
    assert (loss <= before * (1 + 1e-12)).all()
    assert (loss < 0.5 * before).double().mean() > 0.9
    wild, _ = refine(target.clamp(10 * start), target, iterations=8, least_gain=1e-3)
    refined = torch.cat([refined, wild])
    target = target[torch.arange(40).repeat(2)]
    assert (refined >= target.low[..., None]).all()
    assert (refined <= target.high[..., None]).all()


# Recovery


@pytest.mark.parametrize("clock_ms", [8.0, 16.0])
@pytest.mark.parametrize("number", [1, 2, 3, pytest.param(4, marks=pytest.mark.slow)])
def test_superposed_strokes_are_explained(number, clock_ms):
    _, movements = superposed(60, number, seed=number, clock_ms=clock_ms)
    got = fit_strokes(of(movements))
    assert got.snr_db.min() >= 25
    assert (got.count == number).double().mean() > 0.5
    # What the strokes are said to explain, they do.
    recorded = of(movements)
    time_s = torch.nn.functional.pad(torch.from_numpy(recorded.end_s), (1, 0))
    steps = torch.from_numpy(recorded.moves_px).permute(1, 2, 0)
    weight = torch.from_numpy(recorded.mask / recorded.seconds)[..., None]
    rest = ((steps - path(got, time_s).diff(dim=1)) ** 2 * weight).sum((1, 2))
    snr_db = 10 * ((steps**2 * weight).sum((1, 2)) / rest).log10()
    torch.testing.assert_close(snr_db.clamp(max=90), got.snr_db.clamp(max=90), rtol=1e-3, atol=0.01)


@pytest.mark.parametrize(
    ("rounded", "tolerance"),
    [(False, (0.01, 1e-4, 1e-3, 1e-3, 1e-3, 1e-3)), (True, (2.0, 0.03, 0.15, 0.04, 0.03, 0.03))],
)
def test_the_parameters_of_single_strokes_come_back(rounded, tolerance):
    made, movements = superposed(60, 1, seed=6)
    got = fit_strokes(of(on_pixels(movements) if rounded else movements))
    assert (got.count == 1).all()
    for name, most in zip(PARAMETERS, tolerance, strict=True):
        a, b = getattr(got, name)[:, :1], getattr(made, name)
        error = angle_between(a, b) if "angle" in name else (a - b).abs()
        assert error.max() < most, name


def test_the_parameters_of_separate_strokes_come_back():
    made, movements = superposed(60, 3, seed=7, gap_s=(0.7, 0.9))
    got = fit_strokes(of(movements), good_enough_db=60.0)
    right = got.count == 3
    assert right.double().mean() > 0.95
    assert got.snr_db[right].min() > 60
    for name, most in zip(PARAMETERS, (0.5, 2e-3, 0.01, 0.01, 0.01, 0.01), strict=True):
        a, b = getattr(got, name)[right, :3], getattr(made, name)[right]
        error = angle_between(a, b) if "angle" in name else (a - b).abs()
        assert error.max() < most, name


@pytest.mark.slow
def test_strokes_come_in_the_order_of_their_peaks():
    got = fit_strokes(of(on_pixels(superposed(40, 4, seed=8)[1])))
    for row in range(40):
        peaks = got.peak_s[row, : int(got.count[row])]
        assert (peaks.diff() >= 0).all()
    for name in PARAMETERS:
        assert (getattr(got, name)[~got.mask] == 0).all()


def test_the_number_of_strokes_is_limited():
    movements = of(superposed(20, 4, seed=9)[1])
    assert fit_strokes(movements, max_strokes=2).count.max() == 2
    assert fit_strokes(movements, good_enough_db=-1.0).count.max() == 1
    with pytest.raises(ValueError, match="max_strokes=0"):
        fit_strokes(movements, max_strokes=0)


@pytest.mark.parametrize("fails", [False, True])
def test_torch_gets_its_threads_back(fails, monkeypatch):
    movements = of(superposed(3, 1, seed=15)[1])
    before, within = torch.get_num_threads(), []

    def observed(*arguments):
        within.append(torch.get_num_threads())
        if fails:
            raise MemoryError
        return refine(*arguments)

    monkeypatch.setattr("humouse.features.strokes.fit.refine", observed)
    torch.set_num_threads(2)
    try:
        if fails:
            with pytest.raises(MemoryError):
                fit_strokes(movements)
        else:
            fit_strokes(movements)
        assert set(within) == {1}
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


# What it must not depend on


@pytest.mark.slow
def test_other_rows_padding_and_order_have_no_influence():
    parts = [on_pixels(superposed(15, k, seed=k)[1]) for k in (1, 2, 3)]
    several = [part[row : row + 1] for part in parts for row in range(15)]
    T = max(part.deltas.shape[1] for part in several) + 5
    deltas = torch.cat(
        [torch.nn.functional.pad(p.deltas, (0, 0, 0, T - p.deltas.shape[1])) for p in several]
    )
    lengths = torch.cat([part.lengths for part in several])
    order = torch.randperm(45, generator=torch.Generator().manual_seed(0))
    together = neuromotor(as_motion(deltas, lengths))
    shuffled = neuromotor(as_motion(deltas[order], lengths[order]))
    for name, values in together.items():
        torch.testing.assert_close(shuffled[name], values[order], rtol=1e-5, atol=1e-6)
    for row in range(0, 45, 4):
        alone = neuromotor(of(several[row].trimmed()))
        for name, values in together.items():
            torch.testing.assert_close(alone[name][0], values[row], rtol=1e-5, atol=1e-6)


@pytest.mark.slow
def test_the_same_twice():
    movements = of(on_pixels(superposed(20, 3, seed=10)[1]))
    once, twice = neuromotor(movements), neuromotor(movements)
    assert all(torch.equal(once[name], twice[name]) for name in once)


@pytest.mark.parametrize("angle", [0.7, pytest.param(-2.5, marks=pytest.mark.slow)])
def test_a_turned_movement_has_the_same_features(angle):
    _, movements = superposed(40, 2, seed=11)
    before, after = neuromotor(turned(movements, 0.0)), neuromotor(turned(movements, angle))
    same = (before["strokes"] == after["strokes"]) & (before["stroke_snr_db"] < 80)
    exact = before["stroke_snr_db"] >= 80
    assert (same | exact).double().mean() > 0.95
    for name in (n for n in before if "stroke_" in n and "snr" not in n):
        difference = (before[name] - after[name]).abs()
        if name.endswith("_rad"):  # an angle at ±π may stand on either side
            difference = torch.minimum(difference, (2 * math.pi - difference).abs())
        assert (difference < 1e-2 * (1 + before[name].abs())).double().mean() > 0.9, name


def test_size_scales_only_amplitudes():
    _, movements = superposed(30, 2, seed=12)
    larger = as_motion(movements.deltas * torch.tensor([4.0, 4.0, 1.0]), movements.lengths)
    once, more = neuromotor(of(movements)), neuromotor(larger)
    for name, values in once.items():
        factor = 4 if name.endswith("_px") else 1
        torch.testing.assert_close(values * factor, more[name], rtol=1e-4, atol=1e-4)


# The features


def plain(strokes, row, duration_s, direction):
    """Return the features of one movement from its strokes, one by one."""
    halves = {"first": [], "second": []}
    for k in range(int(strokes.count[row])):
        values = [float(getattr(strokes, name)[row, k]) for name in PARAMETERS]
        values[4:] = [math.remainder(angle - direction, 2 * math.pi) for angle in values[4:]]
        peak = values[1] + math.exp(values[2] - values[3] ** 2)
        halves["first" if peak <= duration_s / 2 else "second"].append(values)
    numbers = {"strokes": int(strokes.count[row])}
    names = ("amplitude", "onset", "log_delay", "log_response", "angle_start", "angle_end")
    for half, inside in halves.items():
        for place, name in enumerate(names):
            column = [values[place] for values in inside] or [0.0]
            unit = ("_px", "_s", "", "", "_rad", "_rad")[place]
            numbers[f"stroke_{name}_{half}_half_max{unit}"] = max(column)
            numbers[f"stroke_{name}_{half}_half_min{unit}"] = min(column)
            numbers[f"stroke_{name}_{half}_half_mean{unit}"] = sum(column) / len(column)
    return numbers


def test_equals_a_plain_loop():
    recorded = of(on_pixels(superposed(30, 3, seed=13, clock_ms=16)[1]))
    strokes, got = fit_strokes(recorded), neuromotor(recorded)
    for row in range(30):
        direction = math.atan2(recorded.dy_px[row].sum(), recorded.dx_px[row].sum())
        expected = plain(strokes, row, float(recorded.duration_s[row]), direction)
        assert set(got) == {*expected, "stroke_snr_db"}
        for name, value in expected.items():
            assert float(got[name][row]) == pytest.approx(value, rel=1e-9, abs=1e-9), name
    torch.testing.assert_close(got["stroke_snr_db"], strokes.snr_db.clamp(max=100))


def test_every_feature_is_described_once():
    got = neuromotor(of(superposed(2, 1, seed=14)[1]))
    names = [feature.name for feature in NEUROMOTOR]
    assert len(names) == len(set(names)) == 38
    assert set(names) == set(got)
    assert all(feature.definition and feature.source for feature in NEUROMOTOR)
    suffixes = {"px": "_px", "s": "_s", "rad": "_rad", "dB": "_db"}
    for feature in NEUROMOTOR:
        assert feature.name.endswith(suffixes.get(feature.unit, "")), feature.name


@pytest.mark.slow
def test_a_very_long_recording_fits_in_memory():
    rng = torch.Generator().manual_seed(0)
    steps = (
        torch.randn(2, 5_000, 2, generator=rng).cumsum(1) * torch.linspace(0, 1, 2)[:, None, None]
    )
    deltas = torch.cat([steps.round(), torch.full((2, 5_000, 1), 8.0)], 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    got = neuromotor(as_motion(deltas, [5_000, 5_000]))
    assert got["strokes"].tolist() == [0, MAX_STROKES]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000  # kB


DEGENERATE = [
    [],
    [(3, 4, 8)],
    [(0, 0, 0)],
    [(0, 0, 100), (0, 0, 0)],
    [(5, 0, 8), (5, 0, 8)],
    [(5, 0, 8), (-5, 0, 8)],
    [(5, 2, 0), (5, 2, 0), (1, 1, 0)],
    [(1, 0, 8), (0, 1, 8), (-1, 0, 8), (0, -1, 8)],
    [(7, 1, 0)] * 40,
    [(3, 1, 3e38)] * 40,
    [(1e38, -1e38, 0), (-1e38, 1e38, 0), (1e38, 1e38, 1e30), (3e38, 0, 3e38)],
    [(1e-38, 0, 1e-38), (-1e-38, 1e-38, 1e-38), (1e-45, 0, 0)],
]


@pytest.mark.parametrize("steps", DEGENERATE)
def test_degenerate_movements_have_finite_features(steps):
    together = neuromotor(motion(steps, [(3, 1, 8)] * 7))
    alone = neuromotor(motion(steps))
    for name, values in together.items():
        assert values.isfinite().all(), name
        torch.testing.assert_close(values[:1], alone[name], rtol=1e-5, atol=1e-6)
    moves = any(dx or dy for dx, dy, _ in steps)
    assert (float(alone["strokes"]) >= 1) == moves


def test_without_motion_all_features_are_zero():
    for still in (motion([]), motion([(0, 0, 8)] * 20), motion([], [(0, 0, 3)])):
        assert all((values == 0).all() for values in neuromotor(still).values())
    none = as_motion(torch.zeros(0, 5, 3), torch.zeros(0, dtype=torch.long))
    assert all(values.shape == (0,) for values in neuromotor(none).values())
    stepless = as_motion(torch.zeros(3, 0, 3), torch.zeros(3, dtype=torch.long))
    assert all(values.tolist() == [0, 0, 0] for values in neuromotor(stepless).values())


_step = st.tuples(
    st.floats(-1e4, 1e4, width=32), st.floats(-1e4, 1e4, width=32), st.floats(0, 1e4, width=32)
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.lists(_step, max_size=14), min_size=1, max_size=3))
def test_any_movement_has_features_within_their_range(paths):
    got = neuromotor(motion(*paths))
    for name, values in got.items():
        assert values.isfinite().all(), name
        if name.endswith("_rad"):
            assert (values.abs() <= math.pi + 1e-9).all(), name
        if "_mean" in name:
            low, high = (got[name.replace("_mean", other)] for other in ("_min", "_max"))
            slack = 1e-9 * (1 + values.abs())
            assert (low <= values + slack).all()
            assert (values <= high + slack).all()
    assert (got["strokes"] <= MAX_STROKES).all()
    assert (got["stroke_snr_db"] >= -1e-9).all()


@pytest.mark.slow
@pytest.mark.realdata
def test_recorded_gestures_are_explained_fast_enough(recordings):
    from humouse.data.gestures import cut_gestures, to_trajectories
    from humouse.data.sources import make_source
    from humouse.gestures import GestureRules

    source = make_source("sapimouse", root=str(recordings / "sapimouse"))
    events = [source.events(file).table for file in source.files()[:20:5]]
    people: Trajectories = to_trajectories([cut_gestures(e, GestureRules()) for e in events], "x")
    recorded = of(people[people.lengths.argsort()[-400:]])
    assert len(recorded.count) > 300
    started = time.process_time()
    got = neuromotor(recorded)
    rate = len(recorded.count) / (time.process_time() - started)
    assert got["stroke_snr_db"].median() >= 15
    assert (got["stroke_snr_db"] >= 8).double().mean() > 0.9
    assert got["strokes"].mean() < 8
    assert rate > 60  # shapes are checked here, and others compute beside it
