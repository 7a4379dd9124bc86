"""Draws that follow from a key, and indices drawn by their weights."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.randomness import derive_seed, draw_categorical, generator, seeded


def test_a_key_has_one_seed_and_other_keys_have_others():
    keys = [(0,), (1,), (0, 0), (0, "train"), (0, "train", 1), (0, "train", 11), ("0",)]
    seeds = [derive_seed(*key) for key in keys]
    assert seeds == [derive_seed(*key) for key in keys]
    assert len(set(seeds)) == len(keys)
    assert all(0 <= seed < 2**63 for seed in seeds)
    first, again = (torch.rand(3, generator=generator(5, "noise")) for _ in range(2))
    assert torch.equal(first, again)


def test_a_seeded_block_leaves_the_global_generator_as_it_was():
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    with seeded(torch.device("cpu"), 7):
        inside = torch.rand(2)
    assert torch.equal(torch.rand(2), expected)
    with seeded(torch.device("cpu"), 7):
        assert torch.equal(torch.rand(2), inside)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_indices_invert_the_distribution(seed, K):
    rng = np.random.default_rng(seed)
    weight = rng.gamma(0.3, size=K) + 1e-9
    uniform = np.append(rng.random(50), [0, 1 - 2**-24]).astype(np.float32)
    log_weight = torch.tensor(np.log(weight / weight.sum()))
    upto = np.cumsum(np.exp(log_weight.numpy()))
    expected = np.searchsorted(upto, uniform.astype(float) * upto[-1], side="right")
    found = draw_categorical(log_weight.float().double().expand(52, -1), torch.tensor(uniform))
    assert (np.abs(found.numpy() - expected) <= 1).all()
    assert (found.numpy() == expected).mean() > 0.95


def test_what_has_no_weight_is_never_drawn():
    log_weight = torch.tensor([[-1e9, 0.0, -1e9]]).expand(3, -1)
    assert draw_categorical(log_weight, torch.tensor([0.0, 0.5, 1 - 2**-24])).tolist() == [1, 1, 1]


def test_indices_follow_their_weights_and_broadcast():
    uniform = torch.from_numpy(np.random.default_rng(0).random((2, 20_000)))
    log_weight = torch.tensor([[[0.2, 0.5, 0.3]], [[0.6, 0.3, 0.1]]]).double().log()
    index = draw_categorical(log_weight, uniform)
    for row, expected in zip(index, log_weight.exp()[:, 0], strict=True):
        share = torch.bincount(row) / 20_000
        assert share.numpy() == pytest.approx(expected.numpy(), abs=0.02)
