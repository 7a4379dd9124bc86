"""Copies stay together; labels change sides with their people."""

import numpy as np
import pytest

from humouse.eval.probes.folds import fold_numbers, folds_for, group_duplicates, permuted_labels
from humouse.eval.statistics.resampling import people_change_sides


@pytest.mark.parametrize(
    ("rows", "folds"),
    [(10, 5), (16_000, 5), (20_000, 5), (21_000, 5), (22_000, 4), (24_000, 3), (10**6, 3)],
)
def test_as_few_folds_as_leave_enough_to_fit_on(rows, folds):
    assert folds_for(rows) == folds
    assert folds == 5 or rows - rows / folds >= 16_000


def test_a_copy_stands_in_its_originals_fold():
    real = np.arange(6.0).reshape(3, 2)
    fake = np.stack([real[2], [9.0, 9.0], real[0]])
    rows, is_real = np.concatenate([real, fake]), np.arange(6) < 3
    fold = group_duplicates(rows, is_real, np.array([0, 1, 2, 0, 1, 1]))
    assert fold.tolist() == [0, 1, 2, 2, 1, 0]


def test_a_person_under_two_names_stands_in_one_fold():
    real = np.tile(np.arange(12.0).reshape(6, 2), (2, 1))
    rows, is_real = np.concatenate([real, real + 0.5]), np.arange(24) < 12
    fold = np.repeat([0, 1, 2, 3], 6)
    moved = group_duplicates(rows, is_real, fold)
    assert moved[6:12].tolist() == moved[:6].tolist()
    assert moved[12:].tolist() == fold[12:].tolist()


def test_many_copies_of_one_gesture_stay_in_their_folds():
    """A generator that repeats one recorded gesture has collapsed: a probe must be able to learn that."""
    real = np.arange(20.0).reshape(10, 2)
    rows, is_real = np.concatenate([real, np.tile(real[3], (10, 1))]), np.arange(20) < 10
    fold = np.arange(20) % 5
    moved = group_duplicates(rows, is_real, fold)
    assert (moved != fold).sum() <= 1
    assert moved[10] == fold[3]


def test_one_name_does_not_count_as_several_people():
    assert not people_change_sides(["a", "b"], ["bot", "bot"])
    assert not people_change_sides(["a", "b"], ["b", "c"])
    assert not people_change_sides(["a", "b"], None)
    assert people_change_sides(["a", "b"], ["c", "d"])
    first, second = fold_numbers(
        np.repeat(["a"], 40), np.repeat(["a", "b"], 20), 40, 5, np.random.default_rng(0)
    )
    assert len(np.unique(first)) > 1
    assert len(np.unique(second)) > 1


def test_rows_change_sides():
    is_real = np.arange(20) < 10
    labels = permuted_labels(is_real, None, None, 5, np.random.default_rng(0))
    assert labels.shape == (5, 20)
    assert (labels.sum(1) == 10).all()
    assert (labels != is_real).any(1).all()


def test_people_change_sides_whole():
    real, fake = np.repeat(["a", "b", "c"], 4), np.repeat(["d", "e"], 6)
    is_real = np.arange(24) < 12
    labels = permuted_labels(is_real, real, fake, 30, np.random.default_rng(0))
    users = np.concatenate([real, fake])
    for name in "abcde":
        assert (labels[:, users == name].std(1) == 0).all()
    assert ({len(set(users[one])) for one in labels}) == {3}
    # Somebody on both sides cannot change sides: rows do.
    mixed = permuted_labels(is_real, real, real, 5, np.random.default_rng(0))
    assert any(0 < one[:4].sum() < 4 for one in mixed)
