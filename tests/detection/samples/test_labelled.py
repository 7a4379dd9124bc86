"""Labelled movements through a file and back, and what is refused."""

import numpy as np
import pytest
import torch

from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.errors import InputError
from humouse.features import feature_table
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
    seen = [one.with_views({"features": feature_table(one.movements)}) for one in parts]
    return concatenate_labelled(seen)


def test_it_comes_back_from_its_folder(both, tmp_path):
    both.save(tmp_path / "kept")
    again = LabelledMovements.load(tmp_path / "kept")
    assert torch.equal(again.movements.deltas, both.movements.deltas)
    assert (again.family == both.family).all()
    assert (again.variant == both.variant).all()
    assert torch.equal(again.views["features"].values, both.views["features"].values)
    assert again.is_bot.tolist() == [False] * 3 + [True] * 2


def test_rows_keep_movement_kind_and_views_together(both):
    some = both.rows(np.array([4, 0]))
    assert some.family.tolist() == ["pid", "human"]
    expected = feature_table(both.movements[[4, 0]]).values
    assert torch.equal(some.views["features"].values, expected)


def test_concatenating_keeps_shared_views_only(both):
    plain = label_movements(movements(1, 4), "wind", "wind_usual")
    whole = concatenate_labelled([both, plain])
    assert len(whole) == 6
    assert not whole.views
    assert whole.movements.user is None


def test_parts_of_other_sizes_are_refused(both):
    with pytest.raises(ValueError, match="5 families"):
        LabelledMovements(both.movements, both.family[:4], both.variant)
    with pytest.raises(ValueError, match="no view 'smell'"):
        both.with_views({"smell": both.views["features"]})
    with pytest.raises(ValueError, match="rows of features"):
        label_movements(movements(1, 4), "wind", "wind_usual").with_views(both.views)


@pytest.mark.parametrize("name", ["kinds", "movements", "features"])
def test_a_damaged_file_is_named(both, tmp_path, name):
    both.save(tmp_path)
    (tmp_path / f"{name}.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match=str(tmp_path)) as caught:
        LabelledMovements.load(tmp_path)
    assert "\n" not in str(caught.value)
