"""Cleaning: what stands still is merged or left out, the path and its times stay."""

import torch

from humouse.data.preprocess import preprocess
from humouse.trajectories import Trajectories


def test_zero_moves_are_merged_and_what_never_moves_is_left_out():
    steps = torch.tensor(
        [
            [[2.0, 1, 8], [0, 0, 8], [3, 0, 8], [0, 0, 8]],
            [[0, 0, 8], [0, 0, 8], [0, 0, 8], [0, 0, 8]],
            [[1, 0, 8], [0, 0, 0], [0, 0, 0], [0, 0, 0]],
        ]
    )
    raw = Trajectories(steps, torch.tensor([4, 4, 1]), torch.zeros(3, 2), None, "raw")
    cleaned = preprocess(raw)
    assert cleaned.lengths.tolist() == [2, 1]
    assert cleaned.deltas[0].tolist() == [[2, 1, 8], [3, 0, 16]]
    assert torch.equal(cleaned.net_px, raw.net_px[[0, 2]])
    assert cleaned.deltas.shape[1] == 2
