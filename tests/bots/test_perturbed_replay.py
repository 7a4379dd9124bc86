"""Changed recordings: how they are changed, and that without change they are replay."""

import math

import numpy as np
import pytest
import torch

from humouse.bots import PerturbedReplay, Replay
from humouse.bots.perturbed_replay import warp

NOTHING = {"turn_deg": 0.0, "scale": 0.0, "stretch": 0.0, "warp": 0.0, "jitter_px": 0.0}
N = 300


def test_without_change_it_is_replay(people):
    made, replayed = (
        bot.sample(N, seed=5) for bot in (PerturbedReplay(people, **NOTHING), Replay(people))
    )
    assert torch.equal(made.deltas, replayed.deltas)
    assert torch.equal(made.lengths, replayed.lengths)
    assert torch.equal(made.start, replayed.start)
    assert made.user is None


def test_turns_and_sizes_have_the_deviations_of_the_settings(people):
    replayed = Replay(people).sample(N, seed=5)
    made = PerturbedReplay(people, **{**NOTHING, "turn_deg": 20.0, "scale": 0.2}).sample(N, seed=5)
    far = replayed.net_px.norm(dim=-1) > 100
    before, after = (torch.view_as_complex(one.net_px)[far] for one in (replayed, made))
    change = after / before
    assert change.angle().std() == pytest.approx(math.radians(20), rel=0.12)
    assert change.abs().log().std() == pytest.approx(0.2, rel=0.12)
    assert torch.equal(made.deltas[..., 2], replayed.deltas[..., 2])
    # The whole gesture turns with its net displacement, to the rounding of its points.
    place = [
        torch.view_as_complex((one.positions_px() - one.start[:, None])[far])
        for one in (replayed, made)
    ]
    assert (place[0] * change[:, None] - place[1]).abs().max() < 3


def test_time_is_warped_and_stretched_and_never_runs_backwards(people):
    replayed = Replay(people).sample(N, seed=5)
    settings = {**NOTHING, "stretch": 0.3, "warp": 0.9}
    made = PerturbedReplay(people, **settings).sample(N, seed=5)
    assert torch.equal(made.deltas[..., :2], replayed.deltas[..., :2])
    assert (made.deltas[..., 2] >= 0).all()
    timed = replayed.duration_ms > 100
    factor = (made.duration_ms / replayed.duration_ms)[timed].log()
    assert factor.std() == pytest.approx(0.3, rel=0.12)
    warped = PerturbedReplay(people, **{**NOTHING, "warp": 0.9}).sample(N, seed=5)
    assert torch.equal(warped.duration_ms, replayed.duration_ms)
    late = (warped.times_ms() - replayed.times_ms()).abs().amax(1) / replayed.duration_ms
    assert 0.05 < late[timed].quantile(0.9) < 0.9 / math.pi + 0.02


def test_a_warp_keeps_its_ends_and_bounds():
    share = torch.linspace(0, 1, 1001, dtype=torch.float64).expand(50, -1)
    phase = torch.rand(50, 1, dtype=torch.float64, generator=torch.manual_seed(0))
    made = warp(share, torch.full_like(phase, 0.6), phase)
    np.testing.assert_allclose(made[:, [0, -1]], [[0, 1]] * 50, atol=1e-12)
    slope = made.diff(dim=1) * 1000
    assert slope.min() == pytest.approx(0.4, abs=1e-3)
    assert slope.max() == pytest.approx(1.6, abs=1e-3)


def test_jitter_spares_the_ends(people):
    replayed = Replay(people).sample(N, seed=5)
    made = PerturbedReplay(people, **{**NOTHING, "jitter_px": 2.0}).sample(N, seed=5)
    shift = made.positions_px() - replayed.positions_px()
    assert torch.equal(made.net_px, replayed.net_px)
    assert (shift[:, 0] == 0).all()
    inner = torch.arange(shift.shape[1]) < replayed.lengths[:, None]
    inner[:, 0] = False
    assert shift[inner].std() == pytest.approx((4 + 1 / 12) ** 0.5, rel=0.05)
