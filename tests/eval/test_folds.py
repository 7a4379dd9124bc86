"""Copies stay together; labels change sides with their people."""

import numpy as np

from humouse.eval.folds import permuted_labels, twins_together


def test_a_copy_stands_in_its_originals_fold():
    real = np.arange(6.0).reshape(3, 2)
    fake = np.stack([real[2], [9.0, 9.0], real[0]])
    rows, is_real = np.concatenate([real, fake]), np.arange(6) < 3
    fold = twins_together(rows, is_real, np.array([0, 1, 2, 0, 1, 1]))
    assert fold.tolist() == [0, 1, 2, 2, 1, 0]


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
