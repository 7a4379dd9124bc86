"""Replay gives recordings back, and nothing else."""

import pytest
import torch

from humouse.bots import Replay
from humouse.errors import InputError


def rows(movements):
    """Each movement as something to compare: its user, start and steps."""
    user = movements.user if movements.user is not None else [None] * len(movements)
    return [
        (
            user[i],
            tuple(movements.start[i].tolist()),
            tuple(movements.deltas[i, :length].flatten().tolist()),
        )
        for i, length in enumerate(movements.lengths.tolist())
    ]


def test_as_many_as_there_are_is_a_permutation(people):
    made = Replay(people).sample(len(people), seed=0)
    assert sorted(rows(made)) == sorted(rows(people))
    assert rows(made) != rows(people)


def test_few_are_all_different_and_many_come_in_turns(people):
    made = rows(Replay(people).sample(2 * len(people) + 7, seed=0))
    first = made[: len(people)]
    assert len(set(made[:150])) == 150
    assert made[len(people) :] == (first + first)[: len(people) + 7]


def test_people_without_names_stay_so(people):
    nameless = people.__class__(people.deltas, people.lengths, people.start, None, "nameless")
    assert Replay(nameless).sample(5, seed=0).user is None


@pytest.mark.parametrize("name", ["seq_len", "cond"])
def test_it_obeys_no_condition(people, name):
    value = 20 if name == "seq_len" else torch.ones(2)
    with pytest.raises(InputError, match=f"{name}: replay keeps"):
        Replay(people).sample(5, **{name: value}, seed=0)
