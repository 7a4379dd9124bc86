import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.data.splits import SPLITS, divide, split_users
from humouse.errors import InputError

people = st.lists(st.text(min_size=1, max_size=6), min_size=3, max_size=40, unique=True)


@given(people, st.integers(0, 2**32), st.floats(0.01, 0.33), st.floats(0.01, 0.33))
@settings(deadline=None, max_examples=50)
def test_splits_are_disjoint_cover_everybody_and_none_is_empty(users, seed, val, test):
    parts = split_users(users, val=val, test=test, seed=seed)
    assert tuple(parts) == SPLITS
    assert sorted(name for names in parts.values() for name in names) == sorted(
        users
    )  # each person exactly once
    assert all(parts.values())


@given(people, st.integers(0, 99))
@settings(deadline=None, max_examples=20)
def test_the_order_and_repetition_of_users_do_not_matter(users, seed):
    shuffled = random.Random(seed).sample(users, len(users))
    assert split_users(users, seed=seed) == split_users(shuffled + users, seed=seed)


def test_the_seed_decides_and_the_shares_hold():
    users = [f"user{i}" for i in range(98)]
    parts = split_users(users, seed=1)
    assert {name: len(names) for name, names in parts.items()} == {
        "train": 58,
        "val": 20,
        "test": 20,
    }
    assert parts != split_users(users, seed=2)


@pytest.mark.parametrize(
    ("users", "shares", "named"),
    [
        ([], {}, "0 people"),
        (["a", "b"], {}, "2 people"),
        (["a", "b", "c", "d"], {"val": 0.5, "test": 0.5}, "nobody"),
        (["a", "b", "c"], {"val": 0.0}, "val_fraction=0.0"),
        (["a", "b", "c"], {"test": 1.0}, "test_fraction=1.0"),
    ],
)
def test_too_few_people_or_a_wrong_share_is_named(users, shares, named):
    with pytest.raises(InputError, match=named):
        split_users(users, seed=0, **shares)


def test_the_same_people_are_divided_by_session_and_by_time():
    sources = [(user, f"s{k}") for user in "ab" for k in range(5)] + [("c", "only")]
    source_of = np.repeat(np.arange(11), 10)
    shares = {"val": 0.2, "test": 0.2, "seed": 1}
    by_session = divide(sources, source_of, by="sessions", **shares)
    for k in range(11):  # no session is on two sides
        assert len(set(by_session[source_of == k])) == 1
    assert np.bincount(by_session).tolist() == [70, 20, 20]
    by_time = divide(sources, source_of, by="time", **shares)
    assert by_time[:50].tolist() == [0] * 30 + [1] * 10 + [2] * 10
    assert by_time[-10:].tolist() == [0] * 6 + [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("people", "split.by=sessions or split.by=time"),
        ("sessions", "split.by=time"),
        ("day", "day"),
    ],
)
def test_too_little_to_divide_names_what_divides_it(by, message):
    with pytest.raises(InputError, match=message):
        divide([("me", "s1")], np.zeros(9, int), by=by, val=0.2, test=0.2, seed=1)
