import math

import numpy as np
import pytest
import torch

from humouse.codec import CONDITIONS, check_condition_values, condition_vector
from humouse.codec.frame import CONDITION_GROUPS, Frame, conditions_of
from humouse.errors import InputError
from humouse.trajectories import Trajectories


def some(rng, lengths=(1, 4, 7, 12)):
    deltas = torch.from_numpy(
        np.concatenate(
            [rng.integers(-4, 5, (len(lengths), 12, 2)), rng.integers(6, 9, (len(lengths), 12, 1))],
            2,
        )
    ).float()
    return Trajectories(deltas, torch.tensor(lengths), torch.zeros(len(lengths), 2), None, "test")


def by_hand(rows):
    """Return the conditions of one movement's steps [n, 3], as their definitions say."""
    dx, dy, dt = rows.T
    net = rows[:, :2].sum(0)
    path = np.hypot(dx, dy).sum()
    tick = np.sort(dt)[(len(dt) - 1) // 2]
    return [
        *net,
        dt.sum(),
        path,
        path / max(1.0, np.hypot(*net)),
        tick,
        np.mean(abs(dt - tick) <= 1),
        np.mean((dx == 0) | (dy == 0)),
        np.mean((abs(dx) <= 1) & (abs(dy) <= 1)),
    ]


def test_conditions_are_what_their_names_say():
    batch = some(np.random.default_rng(0))
    expected = [
        by_hand(row[:n].double().numpy())
        for row, n in zip(batch.deltas, batch.lengths.tolist(), strict=True)
    ]
    torch.testing.assert_close(
        conditions_of(batch).double(), torch.tensor(expected), rtol=1e-5, atol=1e-5
    )
    assert len(CONDITIONS) == len(CONDITION_GROUPS) == len(expected[0])


def test_a_movement_without_steps_has_finite_conditions():
    batch = some(np.random.default_rng(0), lengths=(0, 3))
    assert conditions_of(batch).isfinite().all()
    empty = Trajectories(torch.zeros(1, 0, 3), torch.tensor([0]), torch.zeros(1, 2), None, "test")
    assert conditions_of(empty).isfinite().all()


def test_a_frame_follows_from_its_conditions():
    batch = some(np.random.default_rng(1))
    frame = Frame.of(batch)
    torch.testing.assert_close(frame.path_px, batch.path_px)
    torch.testing.assert_close(frame.duration_ms, batch.duration_ms)
    torch.testing.assert_close(frame.angle, torch.atan2(batch.net_px[:, 1], batch.net_px[:, 0]))
    assert frame.goal_px.isnan().all()


def test_conditions_by_name():
    vector = condition_vector(duration_ms=500, goal_dx_px=30, goal_dy_px=-4)
    assert vector.tolist() == [30, -4, 500]
    assert condition_vector(complexity=1.5)[4] == 1.5
    assert condition_vector(complexity=1.5)[:4].isnan().all()


@pytest.mark.parametrize("asked", [{}, {"goal": 3.0}])
def test_unknown_names_are_errors_that_list_the_known_ones(asked):
    with pytest.raises(InputError, match="goal_dx_px, goal_dy_px"):
        condition_vector(**asked)


@pytest.mark.parametrize(
    "asked",
    [
        {"on_tick_share": 1.2},
        {"axis_move_share": -0.1},
        {"tick_ms": 0.0},
        {"complexity": -1.0},
        {"goal_dx_px": 3.0},
        {"path_px": math.inf},
    ],
)
def test_impossible_values_are_refused(asked):
    vector = condition_vector(**asked)
    if len(vector) == 1:
        vector = torch.nn.functional.pad(vector, (0, 1), value=math.nan)
    with pytest.raises(InputError, match="cond"):
        check_condition_values(vector, 1)
