import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.training.batches import _shuffled


def order(sizes, balance, seed=0):
    """The rows of an epoch, and the set-up of each row."""
    setup = np.repeat([f"s{i}" for i in range(len(sizes))], sizes)
    return _shuffled(setup, balance, torch.Generator().manual_seed(seed)).numpy(), setup


def test_one_set_up_is_seen_once_each():
    rows, _ = order([50], 0.5)
    assert sorted(rows) == list(range(50))


def test_a_balance_of_one_sees_every_gesture_once():
    rows, _ = order([50, 3], 1)
    assert sorted(rows) == list(range(53))


@pytest.mark.parametrize(("balance", "shares"), [(0, (0.5, 0.5)), (0.5, (0.75, 0.25))])
def test_shares_are_sizes_to_the_power(balance, shares):
    rows, setup = order([900, 100], balance)
    found = [(setup[rows] == name).mean() for name in ("s0", "s1")]
    assert found == pytest.approx(shares)


@settings(deadline=None)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4), st.floats(0, 1), st.integers(0, 99))
def test_an_epoch_is_as_long_as_the_split_and_nobody_comes_much_more_often(sizes, balance, seed):
    rows, setup = order(sizes, balance, seed)
    assert len(rows) == sum(sizes)
    for name in np.unique(setup):
        times = np.bincount(rows, minlength=len(setup))[setup == name]
        assert times.max() - times.min() <= 1
    again, _ = order(sizes, balance, seed)
    assert (rows == again).all()
