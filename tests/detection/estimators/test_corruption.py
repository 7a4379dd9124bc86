"""Spoilt gestures: still movements, yet no longer the people's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import merge_zero_moves
from humouse.detection.estimators import corruption
from humouse.detection.estimators.corruption import corrupted
from humouse.randomness import generator
from humouse.trajectories import Trajectories


def people(n, seed, steps=(1, 30)):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(steps[0], steps[1] + 1, n)
    deltas = np.zeros((n, steps[1], 3), np.float32)
    deltas[..., :2] = (rng.normal(0, 4, (n, steps[1], 2)) + rng.normal(0, 8, (n, 1, 2))).round()
    deltas[..., 2] = rng.integers(0, 20, (n, steps[1]))
    return Trajectories(
        torch.from_numpy(deltas), torch.from_numpy(lengths), torch.zeros(n, 2), None, "people"
    )


@settings(deadline=None, max_examples=30)
@given(n=st.integers(1, 60), longest=st.integers(1, 30), seed=st.integers(0, 99))
def test_whole_pixels_and_milliseconds_and_no_step_more(n, longest, seed):
    recorded = merge_zero_moves(people(n, seed, (1, longest)))
    made = corrupted(recorded, generator(seed))
    assert (made.lengths <= recorded.lengths).all()
    assert torch.equal(made.lengths > 0, recorded.lengths > 0)  # nobody is brought to a standstill
    assert (made.deltas[..., :2].any(-1) == made.mask).all()  # zero moves are merged
    assert torch.equal(made.deltas, made.deltas.round())
    assert made.origin == "corrupted"


def test_most_are_changed_and_the_seed_says_how():
    recorded = people(400, 0, (12, 30))
    made = corrupted(recorded, generator(1))
    assert ((made.deltas != recorded.deltas).flatten(1).any(1)).float().mean() > 0.95
    assert torch.equal(made.deltas, corrupted(recorded, generator(1)).deltas)
    assert not torch.equal(made.deltas, corrupted(recorded, generator(2)).deltas)


def test_what_was_given_stays_as_it_was():
    recorded = people(50, 0)
    before = recorded.deltas.clone()
    state = torch.get_rng_state()
    corrupted(recorded, generator(1))
    assert torch.equal(recorded.deltas, before)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("way", corruption._WAYS, ids=lambda way: way.__name__)
def test_every_way_changes_what_it_is_for(way, monkeypatch):
    monkeypatch.setattr(corruption, "_WAYS", (way,))
    monkeypatch.setattr(corruption, "_TWICE", 0.0)
    monkeypatch.setattr(corruption, "merge_zero_moves", lambda spoilt: spoilt)
    recorded = people(200, 3, (12, 30))
    made = corrupted(recorded, generator(0))
    moves = (made.deltas[..., :2] != recorded.deltas[..., :2]).flatten(1).any(1).float().mean()
    times = (made.deltas[..., 2] != recorded.deltas[..., 2]).any(1).float().mean()
    assert (times, moves)[way is not corruption._retimed] > 0.75
    assert (moves, times)[way is not corruption._retimed] == 0
    keeps_goal = way in (
        corruption._smoothed,
        corruption._jittered,
        corruption._paced,
        corruption._warped,
        corruption._retimed,
        corruption._reversed,
        corruption._shuffled,
    )
    if keeps_goal:
        torch.testing.assert_close(made.net_px, recorded.net_px, atol=1.0, rtol=0)


def test_turning_keeps_the_course(monkeypatch):
    monkeypatch.setattr(corruption, "_WAYS", (corruption._turned,))
    recorded = people(100, 3, (20, 30))
    made = corrupted(recorded, generator(0))
    directness = [one.net_px.norm(dim=1) / one.path_px for one in (recorded, made)]
    torch.testing.assert_close(*directness, atol=0.1, rtol=0)
