"""Views: what a detector looks at does not tell the device, what the set-up is does."""

from pathlib import Path

import numpy as np
import pytest
import torch

from humouse.codec import merge_zero_moves
from humouse.detection.names import FEATURES, MOST_STEPS, SETUP
from humouse.detection.samples import views as views_module
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import Views
from humouse.errors import InputError
from humouse.trajectories import Trajectories, concatenate

CLOCK = OneClock()
STILL = Trajectories(
    torch.zeros(2, 5, 3) + torch.tensor([0.0, 0, 8]),
    torch.tensor([5, 3]),
    torch.zeros(2, 2),
    np.array(["s", "s"]),
    "still",
)


def look(movements, clock, seed=None):
    return views_module.look(movements.as_steps(), clock, seed)


@pytest.fixture(scope="module")
def people(tiny_data: Path) -> Trajectories:
    return merge_zero_moves(Trajectories.load(tiny_data / "train.parquet"))


def test_what_goes_nowhere_is_left_out(people):
    views, rows = look(concatenate([people[:3], STILL, people[3:5]]), CLOCK)
    assert rows.tolist() == [0, 1, 2, 5, 6]
    assert len(views) == 5
    assert views.features.user.tolist() == people.user[:5].tolist()
    views, rows = look(STILL, CLOCK)
    assert (len(views), len(rows)) == (0, 0)


def test_the_set_up_is_what_was_recorded(people):
    one = people[:20]
    setup = look(one, OneClock(pause_ms=1e6))[0].setup
    for row in range(20):
        own = one.deltas[row, : one.lengths[row]].double().numpy()
        expected = {
            "duration_ms": own[:, 2].sum(),
            "path_px": np.hypot(own[:, 0], own[:, 1]).sum(),
            "steps": len(own),
            "dt_median_ms": np.quantile(own[:, 2], 0.5, method="nearest"),
        }
        for name in ("duration_ms", "path_px", "steps"):
            assert float(setup[name][row]) == pytest.approx(expected[name], rel=1e-5)
        if len(own) % 2:  # of an even number, either middle one
            assert float(setup["dt_median_ms"][row]) == pytest.approx(expected["dt_median_ms"])


def test_a_movement_that_was_split_finer_looks_the_same(people):
    """A device of twice the rate on the same straight pieces: another set-up, the same hand."""
    one = people[:30]
    halves = one.deltas.repeat_interleave(2, 1) / 2
    finer = Trajectories(halves, 2 * one.lengths, one.start, one.user, "finer")
    coarse, fine = (look(each, OneClock(pause_ms=1e6))[0] for each in (one, finer))
    np.testing.assert_allclose(coarse.steps.deltas, fine.steps.deltas, atol=1)
    same = (coarse.steps.deltas == fine.steps.deltas).mean()
    assert same > 0.99  # half a pixel may round the other way
    ratio = coarse.setup["dt_median_ms"] / fine.setup["dt_median_ms"]
    assert np.median(ratio) == pytest.approx(2, abs=0.2)


def test_one_clock_s_own_time_is_no_feature(people):
    views, _ = look(people, CLOCK)
    assert not [name for name in views.features.names if name.startswith("dt_")]
    assert set(views.features.names).isdisjoint({"duration_ms", "direction_cos", "direction_sin"})
    assert np.isfinite(views.features.values).all()
    assert np.isfinite(views.setup.values).all()


def test_a_movement_looks_the_same_whatever_is_beside_it(people):
    together, rows = look(people, CLOCK)
    for place in (0, 7, len(rows) - 1):
        alone = look(people[[int(rows[place])]], CLOCK)[0]
        both = together.rows(np.array([place]))
        assert np.array_equal(alone.steps.trimmed().deltas, both.steps.trimmed().deltas)
        np.testing.assert_allclose(
            alone.features.values, both.features.values, rtol=1e-4, atol=1e-4
        )
        assert np.array_equal(alone.setup.values, both.setup.values)


def test_phases_vary_in_training_only(people):
    first, again = look(people, CLOCK)[0], look(people, CLOCK)[0]
    assert np.array_equal(first.features.values, again.features.values)
    shown, other, same = (look(people, CLOCK, seed)[0] for seed in (1, 2, 1))
    assert np.array_equal(shown.features.values, same.features.values)
    assert not np.array_equal(shown.features.values, other.features.values)
    np.testing.assert_allclose(shown.setup["path_px"], other.setup["path_px"])


def test_long_movements_are_looked_at_from_their_start():
    steps = torch.tensor([3.0, 1, 1000 / 60]).repeat(1, 400, 1)
    long = Trajectories(steps, torch.tensor([400]), torch.zeros(1, 2), None, "long")
    views, _ = look(long, CLOCK)
    assert views.steps.lengths.tolist() == [MOST_STEPS]
    assert views.steps.deltas.shape[1] == MOST_STEPS
    assert float(views.setup["steps"][0]) == 400


def test_views_come_back_from_their_folder_and_stack(people, tmp_path):
    views, _ = look(people[:9], CLOCK)
    views.save(tmp_path)
    again = Views.load(tmp_path)
    both = Views.stacked([views.rows(np.arange(4)), again.rows(np.arange(4, 9))])
    for name in (FEATURES, SETUP):
        assert np.array_equal(getattr(both, name).values, getattr(views, name).values)
    assert np.array_equal(both.steps.deltas[both.steps.mask], views.steps.deltas[views.steps.mask])
    (tmp_path / "setup.parquet").unlink()
    with pytest.raises(InputError, match=r"setup\.parquet"):
        Views.load(tmp_path)
