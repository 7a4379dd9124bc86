"""What the net sees of steps, computed by hand, and what it must not see."""

import numpy as np
import pytest
import torch

from humouse.detection.estimators.step_net import StepNet, seen_steps


def seen(moves, lengths=None):
    moves_px = torch.tensor(moves, dtype=torch.float64)
    lengths = torch.tensor(lengths or [moves_px.shape[1]] * len(moves_px))
    valid = torch.arange(moves_px.shape[1]) < lengths[:, None]
    return seen_steps(torch.where(valid[..., None], moves_px, 0.0), valid, lengths)


def test_channels_are_those_computed_by_hand():
    moves = np.array([[3.0, 4.0], [0.0, 5.0], [6.0, 0.0]])
    channels, size = seen([moves.tolist()])
    length, net = np.hypot(*moves.T), moves.sum(0)
    ahead = net / np.hypot(*net)
    along = moves @ ahead / length.mean()
    across = (moves[:, 0] * ahead[1] - moves[:, 1] * ahead[0]) / length.mean()
    change = np.diff(moves, axis=0, prepend=moves[:1])
    expected = [
        *np.arcsinh(2 * moves.T),
        np.arcsinh(2 * along),
        np.arcsinh(4 * across),
        np.log1p(length),
        *np.arcsinh(change.T),
    ]
    np.testing.assert_allclose(channels[0], np.stack(expected), atol=1e-6)
    straight = np.hypot(*net) / length.sum()
    np.testing.assert_allclose(size[0], [np.log(3) - 3.3, np.log(16) - 6, straight], atol=1e-6)


def test_padding_is_zero_and_changes_nothing():
    moves = [[[3.0, 4.0], [0.0, 5.0], [7.0, 7.0], [8.0, 8.0]]]
    channels, size = seen(moves, [2])
    alone, own = seen([moves[0][:2]])
    assert (channels[..., 2:] == 0).all()
    torch.testing.assert_close(channels[..., :2], alone)
    torch.testing.assert_close(size, own)


def test_along_and_across_do_not_turn_with_the_movement():
    moves = torch.tensor([[[5.0, 1.0], [4.0, -2.0], [9.0, 3.0]]], dtype=torch.float64)
    angle = torch.tensor(0.7, dtype=torch.float64)
    turn = torch.stack(
        [torch.stack([angle.cos(), angle.sin()]), torch.stack([-angle.sin(), angle.cos()])]
    )
    first, turned = (seen(one.tolist())[0] for one in (moves, moves @ turn))
    torch.testing.assert_close(first[:, 2:5], turned[:, 2:5])
    assert not torch.allclose(first[:, :2], turned[:, :2])


def test_a_still_or_wild_movement_has_finite_answers():
    net = StepNet(8, torch.Generator().manual_seed(0))
    moves = torch.zeros(3, 5, 2)
    moves[1] = 1e30
    moves[2, 0] = torch.tensor([4.0, -4.0])
    moves[2, 1] = torch.tensor([-4.0, 4.0])  # back to where it began
    assert torch.isfinite(net(moves, torch.tensor([5, 5, 2]))).all()


@pytest.mark.parametrize("T", [1, 2, 3, 5, 64])
def test_any_length_is_answered_alone_as_among_longer_ones(T):
    net = StepNet(8, torch.Generator().manual_seed(0)).eval()
    moves = torch.randn(4, 64, 2, generator=torch.Generator().manual_seed(1)) * 5
    lengths = torch.tensor([T, 64, 9, 30])
    together = net(moves, lengths)
    torch.testing.assert_close(net(moves[:1, :T], lengths[:1]), together[:1], rtol=1e-4, atol=1e-5)
