"""The batched features against a plain loop, and what they must not depend on."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.features import GROUPS, feature_table
from humouse.trajectories import Trajectories
from oracles.features import movements, reference

SCALE_FREE = (
    "steps", "path_efficiency", "log_dimensionless_jerk", "heading_change_mean_rad",
    "heading_change_max_rad", "peak_speed_time_ratio", "submovements",
    "power_0_4_hz_share", "spectral_entropy", "velocity_autocorrelation_1",
)  # fmt: skip
GRID_BOUND = ("zero_move_share", "axis_move_share", "one_pixel_share", "off_grid_share")
AXIS_BOUND = ("dx_flips", "dy_flips", "direction_cos", "direction_sin")


def batch(*paths, origin="test"):
    """Return movements of lists of (dx, dy, dt)."""
    T = max(1, *(len(path) for path in paths))
    deltas = torch.zeros(len(paths), T, 3)
    for row, path in zip(deltas, paths, strict=True):
        row[: len(path)] = torch.tensor(path, dtype=torch.float32).reshape(-1, 3)
    lengths = torch.tensor([len(path) for path in paths])
    return Trajectories(deltas, lengths, torch.zeros(len(paths), 2), None, origin)


def smooth(n, T, seed):
    """Return movements off the grid, at uneven steps well over the clock's floor."""
    rng = torch.Generator().manual_seed(seed)
    xy = torch.randn(n, T, 2, generator=rng, dtype=torch.float64).cumsum(1)
    dt = 8 + 9 * torch.rand(n, T, 1, generator=rng, dtype=torch.float64)
    lengths = torch.randint(5, T + 1, (n,), generator=rng)
    return Trajectories(torch.cat([xy, dt], 2).float(), lengths, torch.zeros(n, 2), None, "smooth")


def changed(trajectories, deltas):
    return Trajectories(deltas, trajectories.lengths, trajectories.start, None, "changed")


def assert_same(a, b, names, rtol=1e-4, atol=1e-4):
    for name in names:
        torch.testing.assert_close(
            a[name], b[name], rtol=rtol, atol=atol, msg=lambda text, name=name: f"{name}: {text}"
        )


@pytest.mark.parametrize(("shortest", "seed"), [(1, 0), (12, 1)])
def test_equals_a_plain_loop(shortest, seed):
    several = movements(150, seed, shortest=shortest)
    table = feature_table(several)
    for row, (steps, length) in enumerate(
        zip(several.deltas.double().numpy(), several.lengths.tolist(), strict=True)
    ):
        expected = reference(*steps[:length].T)
        assert set(expected) == set(table.names)
        for name, value in expected.items():
            got = float(table[name][row])
            assert got == pytest.approx(value, rel=1e-5, abs=1e-5), f"{name} of row {row}"


def test_equals_a_plain_loop_off_the_grid():
    several = smooth(60, 40, seed=2)
    table = feature_table(several)
    for row in range(len(several)):
        steps = several.deltas[row, : int(several.lengths[row])].double().numpy()
        for name, value in reference(*steps.T).items():
            assert float(table[name][row]) == pytest.approx(value, rel=1e-5, abs=1e-5), name


def test_every_column_is_described_once():
    table = feature_table(smooth(3, 8, 0))
    groups = ("kinematics", "timing", "spectra")
    features = [feature for group in groups for feature in GROUPS[group]]
    assert table.names == tuple(feature.name for feature in features)
    assert table.units == tuple(feature.unit for feature in features)
    assert all(feature.definition and feature.unit for feature in features)
    assert table.values.dtype == np.float32


def test_groups_select_the_columns():
    several = smooth(4, 9, 1)
    whole, part = feature_table(several), feature_table(several, ("timing",))
    assert part.names == tuple(feature.name for feature in GROUPS["timing"])
    torch.testing.assert_close(part.values, whole.select(part.names).values)
    with pytest.raises(ValueError, match="no feature group 'kinematic'"):
        feature_table(several, ("kinematic",))


@pytest.mark.parametrize(
    "path",
    [
        [],
        [(3, 4, 8)],
        [(0, 0, 0)],
        [(0, 0, 100), (0, 0, 0)],
        [(5, 0, 8), (5, 0, 8)],
        [(5, 0, 8), (-5, 0, 8)],
        [(5, 2, 0), (5, 2, 0), (1, 1, 0)],
        [(1, 0, 8), (0, 1, 8), (-1, 0, 8), (0, -1, 8)],
        [(1e38, -1e38, 0), (-1e38, 1e38, 0), (1e38, 1e38, 1e30), (3e38, 0, 3e38)],
        [(1e-38, 0, 1e-38), (-1e-38, 1e-38, 1e-38), (1e-45, 0, 0)],
    ],
)
def test_degenerate_movements_have_finite_features(path):
    table = feature_table(batch(path, [(3, 1, 8)] * 7))  # the table itself refuses NaN
    alone = feature_table(batch(path))
    torch.testing.assert_close(table.values[:1], alone.values, rtol=1e-5, atol=1e-5)


def test_an_empty_batch_has_an_empty_table():
    table = feature_table(batch([]))
    decibels = [name for name in table.names if name.endswith("_db")]
    assert (table.select(decibels).values == -60).all()
    others = [name for name in table.names if name not in decibels]
    assert (table.select(others).values == 0).all()
    assert feature_table(batch([(1, 1, 1)])[:0]).values.shape == (0, len(table.names))


_step = st.tuples(
    st.floats(-1e4, 1e4, width=32), st.floats(-1e4, 1e4, width=32), st.floats(0, 1e4, width=32)
)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(_step, max_size=12), min_size=1, max_size=4))
def test_any_movement_has_finite_features_within_their_range(paths):
    table = feature_table(batch(*paths))
    shares = [n for n, unit in zip(table.names, table.units, strict=True) if n.endswith("_share")]
    assert (table.select(shares).values >= -1e-6).all()
    assert (table.select(shares).values <= 1 + 1e-6).all()
    for name in ("path_efficiency", "peak_speed_time_ratio", "spectral_entropy"):
        assert (table[name] >= -1e-6).all()
        assert (table[name] <= 1 + 1e-6).all()
    assert (table["lateral_rms_px"] <= table["lateral_max_px"] * (1 + 1e-5) + 1e-6).all()
    assert (table["speed_mean_px_s"] <= table["speed_max_px_s"] * (1 + 1e-5)).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.integers(0, 20))
def test_padding_and_other_rows_have_no_influence(seed, extra):
    several = smooth(5, 14, seed)
    padded = torch.nn.functional.pad(several.deltas, (0, 0, 0, extra))
    table = feature_table(changed(several, padded))
    for row in range(len(several)):
        alone = feature_table(several[row : row + 1].trimmed())
        assert_same(table, feature_table(several), table.names, rtol=1e-6, atol=1e-6)
        torch.testing.assert_close(table.values[row], alone.values[0], rtol=1e-6, atol=1e-6)


def test_the_order_of_rows_is_kept():
    several = smooth(50, 30, 5)
    shuffled = torch.randperm(50, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        feature_table(several[shuffled]).values,
        feature_table(several).values[shuffled],
        rtol=1e-6,
        atol=1e-6,
    )


@pytest.mark.parametrize("angle", [0.3, 2.0, -1.1])
def test_rotation_changes_only_what_is_bound_to_the_axes(angle):
    several = smooth(20, 30, 3)
    turn = torch.tensor(
        [[np.cos(angle), np.sin(angle), 0], [-np.sin(angle), np.cos(angle), 0], [0, 0, 1]],
        dtype=torch.float64,
    )
    rotated = changed(several, (several.deltas.double() @ turn).float())
    table = feature_table(several)
    free = [name for name in table.names if name not in (*GRID_BOUND, *AXIS_BOUND)]
    assert_same(table, feature_table(rotated), free, rtol=1e-3, atol=1e-3)


def test_a_mirrored_movement_turns_as_much():
    several = smooth(20, 30, 4)
    mirrored = changed(several, several.deltas * torch.tensor([1.0, -1.0, 1.0]))
    table = feature_table(several)
    kept = [name for name in table.names if name != "direction_sin"]
    assert_same(table, feature_table(mirrored), kept)
    torch.testing.assert_close(table["direction_sin"], -feature_table(mirrored)["direction_sin"])


def test_where_on_the_screen_it_is_does_not_matter():
    several = smooth(10, 20, 6)
    moved = Trajectories(several.deltas, several.lengths, several.start + 700, None, "moved")
    assert np.array_equal(feature_table(several).values, feature_table(moved).values)


def test_time_scale():
    several = smooth(20, 30, 7)
    slower = changed(several, several.deltas * torch.tensor([1.0, 1.0, 2.0]))
    once, twice = feature_table(several), feature_table(slower)
    kept = [name for name in SCALE_FREE if not name.startswith(("power", "spectral"))]
    kept += ["path_px", "net_px", "lateral_rms_px", "overshoot_px", "curvature_mean_rad_px"]
    assert_same(once, twice, kept, rtol=1e-3, atol=1e-3)
    for power, name in ((1, "speed"), (2, "acceleration"), (3, "jerk")):
        for column in (column for column in once.names if column.startswith(f"{name}_")):
            torch.testing.assert_close(once[column] / 2**power, twice[column], rtol=1e-4, atol=0)


def test_size():
    several = smooth(20, 30, 8)
    larger = changed(several, several.deltas * torch.tensor([3.0, 3.0, 1.0]))
    once, thrice = feature_table(several), feature_table(larger)
    assert_same(once, thrice, SCALE_FREE, rtol=1e-3, atol=1e-3)
    for name in ("path_px", "lateral_max_px", "overshoot_px", "speed_max_px_s", "jerk_std_px_s3"):
        torch.testing.assert_close(once[name] * 3, thrice[name], rtol=1e-4, atol=1e-4)


def test_threads_change_no_value():
    made = movements(3000, seed=1)
    assert feature_table(made, workers=3).values.tobytes() == feature_table(made).values.tobytes()
