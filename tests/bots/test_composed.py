"""Composed bots: whole, repeatable, and every part has its effect."""

import numpy as np
import pytest
import torch

from humouse.bots.composed import PARTS, compose
from humouse.errors import InputError
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module")
def people(tiny_data) -> Trajectories:
    return Trajectories.load(tiny_data / "train.parquet")


def bend_px(movements: Trajectories) -> np.ndarray:
    """The largest distance of each movement from its chord."""
    place = movements.positions_px() - movements.positions_px()[:, :1]
    chord = movements.net_px / movements.net_px.norm(dim=1, keepdim=True)
    across = place[..., 0] * chord[:, None, 1] - place[..., 1] * chord[:, None, 0]
    return across.abs().amax(1).numpy()


def test_they_are_whole_and_end_at_the_goal(people):
    made = compose(people, 300, seed=1)
    steps = made.deltas[made.mask]
    assert (steps == steps.round()).all()
    assert (steps[:, 2] > 0).all()
    assert (steps[:, :2] != 0).any(1).all()
    assert (made.lengths >= 1).all()
    goals = {tuple(one) for one in people.net_px.round().tolist()}
    assert {tuple(one) for one in made.net_px.tolist()} <= goals
    assert set(made.user.tolist()) <= set(people.user.tolist())


def test_the_first_do_not_depend_on_how_many(people):
    few, many = compose(people, 7, seed=3), compose(people, 400, seed=3)
    for one, other in zip(few, many[np.arange(7)], strict=True):
        np.testing.assert_array_equal(one.trimmed().deltas, other.trimmed().deltas)
    assert not np.array_equal(compose(people, 7, seed=4).lengths, few.lengths)


def test_without_paths_corrections_and_noise_they_are_straight(people):
    plain = ("paths", "corrections", "noise")
    assert bend_px(compose(people, 200, seed=1, without=plain)).max() < 2
    assert np.median(bend_px(compose(people, 200, seed=1))) > 5


def test_without_durations_they_take_a_person_s(people):
    plain = ("paths", "durations", "corrections", "pauses", "emission", "delivery")
    made = compose(people, 200, seed=1, without=plain)
    theirs = {round(float(one)) for one in people.duration_ms.clamp(50, 2500)}
    near = [min(abs(float(one) - other) for other in theirs) for one in made.duration_ms]
    assert np.median(near) <= 4


def test_without_delivery_nothing_comes_in_frames(people):
    def framed(movements):
        median = [np.median(one.trimmed().deltas[0, :, 2]) for one in movements]
        return np.mean(np.abs(np.array(median) - 1000 / 60) < 1)

    assert framed(compose(people, 300, seed=2)) > framed(
        compose(people, 300, seed=2, without=["delivery", "emission"])
    )


@pytest.mark.parametrize("part", PARTS)
def test_every_part_changes_something(people, part):
    made, without = (compose(people, 40, seed=5, without=some) for some in ((), (part,)))
    assert made.deltas.shape != without.deltas.shape or not torch.equal(made.deltas, without.deltas)


def test_bad_arguments_are_named(people):
    with pytest.raises(InputError, match="no such part"):
        compose(people, 3, seed=0, without=["path"])
    still = people[np.arange(2)]
    still = Trajectories(
        torch.zeros_like(still.deltas), still.lengths, still.start, still.user, "still"
    )
    with pytest.raises(InputError, match="none of 2 movements"):
        compose(still, 3, seed=0)
