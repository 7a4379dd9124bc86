"""Synthetic anomalies: valid movements, changed in the way that each perturbation names."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import merge_zero_moves
from humouse.detection.estimators.anomalies import (
    PERTURBATIONS,
    jitter,
    pace,
    perturbed,
    retime,
    reverse,
    shuffle,
    smooth,
    synthetic_anomalies,
    turn,
    warp,
)
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
    made = synthetic_anomalies(recorded, generator(seed))
    assert (made.lengths <= recorded.lengths).all()
    assert torch.equal(made.lengths > 0, recorded.lengths > 0)  # nobody is brought to a standstill
    assert (made.deltas[..., :2].any(-1) == made.mask).all()  # zero moves are merged
    assert torch.equal(made.deltas, made.deltas.round())
    assert made.origin == "synthetic anomalies"


def test_most_are_changed_and_the_seed_says_how():
    recorded = people(400, 0, (12, 30))
    made = synthetic_anomalies(recorded, generator(1))
    assert ((made.deltas != recorded.deltas).flatten(1).any(1)).float().mean() > 0.95
    assert torch.equal(made.deltas, synthetic_anomalies(recorded, generator(1)).deltas)
    assert not torch.equal(made.deltas, synthetic_anomalies(recorded, generator(2)).deltas)


def test_what_was_given_stays_as_it_was():
    recorded = people(50, 0)
    before = recorded.deltas.clone()
    state = torch.get_rng_state()
    synthetic_anomalies(recorded, generator(1))
    assert torch.equal(recorded.deltas, before)
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("perturb", PERTURBATIONS, ids=lambda perturb: perturb.__name__)
def test_each_perturbation_changes_what_it_names(perturb):
    recorded = people(200, 3, (12, 30))
    made = perturbed(recorded, generator(0), (perturb,), second_share=0.0)
    moves = (made.deltas[..., :2] != recorded.deltas[..., :2]).flatten(1).any(1).float().mean()
    times = (made.deltas[..., 2] != recorded.deltas[..., 2]).any(1).float().mean()
    assert (times, moves)[perturb is not retime] > 0.75
    assert (moves, times)[perturb is not retime] == 0
    if perturb in (smooth, jitter, pace, warp, retime, reverse, shuffle):
        torch.testing.assert_close(made.net_px, recorded.net_px, atol=1.0, rtol=0)


def test_turning_keeps_the_directness():
    recorded = people(100, 3, (20, 30))
    made = perturbed(recorded, generator(0), (turn,), second_share=0.4)
    directness = [one.net_px.norm(dim=1) / one.path_px for one in (recorded, made)]
    torch.testing.assert_close(*directness, atol=0.1, rtol=0)
