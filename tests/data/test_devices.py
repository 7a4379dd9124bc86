"""Random devices: what they change and what they keep."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from humouse.codec import merge_zero_moves
from humouse.data import devices
from humouse.data.devices import DeviceRules
from humouse.errors import InputError
from humouse.trajectories import Trajectories

OFF = DeviceRules(
    paced=0.0,
    scaled=0.0,
    clocked=0.0,
    lossy=0.0,
    coarse=0.0,
    whole_ms=0.0,
    rounded=0.0,
    floored=0.0,
)


def through_devices(people, rules, seed, device=None):
    seen = devices.through_devices(people.as_steps(), rules, seed, device)
    return Trajectories.from_padded(seen, "seen")


@pytest.fixture(scope="module")
def people(tiny_data) -> Trajectories:
    return merge_zero_moves(Trajectories.load(tiny_data / "train.parquet"))


def test_a_device_without_faults_keeps_everything(people):
    seen = through_devices(people, OFF, 1)
    np.testing.assert_allclose(seen.net_px, people.net_px, atol=1e-3)
    np.testing.assert_allclose(seen.duration_ms, people.duration_ms, rtol=1e-5)


def test_movements_depend_on_their_number_alone(people):
    all_seen = through_devices(people, DeviceRules(), 3)
    few = through_devices(people[np.arange(5)], DeviceRules(), 3)
    for one, other in zip(few, all_seen[np.arange(5)], strict=True):
        np.testing.assert_array_equal(one.trimmed().deltas, other.trimmed().deltas)
    again = through_devices(people, DeviceRules(), 4)
    assert not np.array_equal(again.lengths, all_seen.lengths)


def test_one_number_is_one_device(people):
    rules = replace(OFF, scaled=1.0, paced=1.0)
    seen = through_devices(people, rules, 3, np.zeros(len(people), int))
    moves = people.net_px.norm(dim=1) > 20
    scale = (seen.net_px.norm(dim=1) / people.net_px.norm(dim=1))[moves]
    pace = seen.duration_ms / people.duration_ms
    np.testing.assert_allclose(scale, scale[0], rtol=1e-3)
    np.testing.assert_allclose(pace, pace[0], rtol=1e-3)


def test_a_clock_ticks_in_its_period(people):
    rules = replace(
        OFF, clocked=1.0, fast=0.0, slow=0.0, jittered=0.0, late=0.0, clock_ms=(20.0, 20.0)
    )
    seen = through_devices(people, rules, 1)
    inner = seen.deltas[:, 1:, 2][seen.mask[:, 1:]]
    multiples = inner / 20
    assert (multiples - multiples.round()).abs().quantile(0.9) < 1e-3


@pytest.mark.parametrize("rules", [DeviceRules(), DeviceRules(clocked=1.0, held=1.0, smooth=1.0)])
def test_what_is_seen_are_movements(people, rules):
    seen = through_devices(people, rules, 9)
    assert len(seen) == len(people)
    assert (seen.lengths >= 1).all()
    assert (seen.deltas[..., 2] >= 0).all()
    assert torch.isfinite(seen.deltas).all()
    np.testing.assert_array_equal(seen.start, people.start)


def test_positions_lie_on_the_grid(people):
    rules = replace(OFF, coarse=1.0, grid_px=(3.0, 3.0), rounded=1.0)
    seen = through_devices(people, rules, 2)
    far = seen.positions_px()[:, :1] - seen.positions_px()
    assert (far % 3 == 0).all()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"held": 1.5}, "held=1.5"),
        ({"clock_ms": (40.0, 7.0)}, "clock_ms"),
        ({"late_ms": -1.0}, "late_ms"),
        ({"rounded": 0.9, "floored": 0.2}, "floored"),
    ],
)
def test_bad_rules_are_named(setting, words):
    with pytest.raises(InputError, match=words):
        DeviceRules(**setting)
