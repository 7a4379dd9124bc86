"""How movements are shown in training: as recorded first, then through devices."""

from pathlib import Path

import numpy as np
import pytest
import torch

from humouse.codec import merge_zero_moves
from humouse.data.devices import DeviceRules, through_devices
from humouse.detection.names import HUMAN
from humouse.detection.samples.labelled import LabelledMovements, label_movements
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.views import look
from humouse.features import FeatureTable
from humouse.trajectories import Trajectories

SHOWING = Showing(OneClock(), DeviceRules(), 4)


@pytest.fixture(scope="module")
def people(tiny_data: Path) -> LabelledMovements:
    movements = merge_zero_moves(Trajectories.load(tiny_data / "train.parquet"))
    return label_movements(movements[:40], HUMAN, HUMAN)


def features(labelled: LabelledMovements) -> np.ndarray:
    return labelled.looked_at.features.values


def of_device(setup: FeatureTable) -> np.ndarray:
    """The traits that the phase of the clock, which is random here, has no part in."""
    names = [name for name in setup.names if name != "zero_move_share"]
    return setup.select(names).values


def test_the_first_look_is_as_recorded_and_the_others_are_through_devices(people):
    first, *others = SHOWING.every_look(people, 3, seed=1)
    recorded = look(people.movements.as_steps(), SHOWING.clock)[0].setup
    assert np.array_equal(of_device(first.looked_at.setup), of_device(recorded))
    assert len(others) == 2
    for one in others:
        assert (one.looked_at.setup["dt_median_ms"] != recorded["dt_median_ms"]).mean() > 0.5
    assert not np.array_equal(features(others[0]), features(others[1]))


def test_a_look_is_what_devices_and_the_clock_make(people):
    found = SHOWING.one_look(people, 5, device=True)
    seen = through_devices(people.movements.as_steps(), SHOWING.devices, 5)
    views, rows = look(seen, SHOWING.clock, 5)
    assert np.array_equal(features(found), views.features.values)
    assert np.array_equal(found.movements.deltas, views.steps.deltas)
    assert len(found) == len(rows)


def test_a_person_can_keep_one_device(people):
    rules = DeviceRules(clocked=1.0, jittered=0.0, late=0.0, lossy=0.0, smooth=0.0, slow=0.0)
    showing = Showing(OneClock(), rules, 2)
    number = np.arange(len(people)) % 2
    found = showing.one_look(people, 3, device=True, number=number)
    median_ms = found.looked_at.setup["dt_median_ms"]
    for device in (0, 1):
        assert np.ptp(median_ms[number == device]) <= 1.01


def test_each_movement_is_shown_once(people):
    parts = list(SHOWING.each_once(people, 7))
    assert [len(part) for part in parts] == [10, 30]
    recorded = look(people.rows(np.arange(0, 40, 4)).movements.as_steps(), SHOWING.clock)[0].setup
    assert np.array_equal(of_device(parts[0].looked_at.setup), of_device(recorded))
    alone = list(Showing(OneClock(), DeviceRules(), 1).each_once(people, 7))
    assert [len(part) for part in alone] == [40]


def test_what_does_not_move_is_left_out_with_its_label():
    deltas = torch.full((3, 6, 3), 8.0)
    deltas[1, :, :2] = 0
    movements = Trajectories(deltas, torch.full((3,), 6), torch.zeros(3, 2), None, "some")
    labelled = LabelledMovements(movements, np.array(["a", "b", "c"]), np.array(["x", "y", "z"]))
    found = SHOWING.one_look(labelled, 1, device=False)
    assert found.family.tolist() == ["a", "c"]
    assert found.variant.tolist() == ["x", "z"]


@pytest.mark.parametrize(
    ("count", "wanted", "looks"),
    [(100, 100, 4), (50, 100, 8), (400, 100, 4), (1, 100, 20), (0, 9, 20)],
)
def test_few_movements_are_shown_more_often(count, wanted, looks):
    assert SHOWING.looks_at(count, wanted) == looks
