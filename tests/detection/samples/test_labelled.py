"""Labelled movements through a file and back, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.views import look
from humouse.errors import InputError
from humouse.trajectories import Trajectories


def movements(n, T, user=None, seed=0):
    rng = torch.Generator().manual_seed(seed)
    deltas = torch.randint(1, 9, (n, T, 3), generator=rng).float()
    names = None if user is None else np.array([user] * n)
    return Trajectories(deltas, torch.full((n,), T), torch.zeros(n, 2), names, "test")


@pytest.fixture
def both():
    people, bots = movements(3, 5, "anna"), movements(2, 7, "anna", seed=1)
    parts = [label_movements(people, "human", "human"), label_movements(bots, "pid", "pid_goal")]
    seen = [replace(one, views=look(one.movements.as_steps(), OneClock())[0]) for one in parts]
    return concatenate_labelled(seen)


def test_it_comes_back_from_its_folder(both, tmp_path):
    both.save(tmp_path / "kept")
    again = LabelledMovements.load(tmp_path / "kept")
    assert torch.equal(again.movements.deltas, both.movements.deltas)
    assert (again.family == both.family).all()
    assert (again.variant == both.variant).all()
    assert np.array_equal(again.looked_at.features.values, both.looked_at.features.values)
    assert again.is_bot.tolist() == [False] * 3 + [True] * 2


def test_rows_keep_movement_kind_and_views_together(both):
    some = both.rows(np.array([4, 0]))
    assert some.family.tolist() == ["pid", "human"]
    expected = look(both.movements[[4, 0]].as_steps(), OneClock())[0]
    assert np.allclose(some.looked_at.features.values, expected.features.values)
    assert some.looked_at.steps.lengths.tolist() == expected.steps.lengths.tolist()


def test_concatenating_keeps_views_that_all_have(both):
    plain = label_movements(movements(1, 4), "wind", "wind_usual")
    whole = concatenate_labelled([both, plain])
    assert len(whole) == 6
    assert whole.views is None
    with pytest.raises(ValueError, match="not looked at"):
        _ = whole.looked_at
    assert whole.movements.user is None


def test_parts_of_other_sizes_are_refused(both):
    with pytest.raises(ValueError, match="5 families"):
        LabelledMovements(both.movements, both.family[:4], both.variant)
    with pytest.raises(ValueError, match="rows of views"):
        replace(label_movements(movements(1, 4), "wind", "wind_usual"), views=both.views)


@pytest.mark.parametrize("name", ["kinds", "movements", "features", "steps"])
def test_a_damaged_file_is_named(both, tmp_path, name):
    both.save(tmp_path)
    (tmp_path / f"{name}.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match=str(tmp_path)) as caught:
        LabelledMovements.load(tmp_path)
    assert "\n" not in str(caught.value)
