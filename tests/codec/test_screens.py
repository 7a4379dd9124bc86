"""Positions between px, as pixels of the screens that they were recorded on."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec.screens import on_grid, ratios_of
from humouse.errors import OutOfRangeWarning
from humouse.trajectories import Trajectories


def recorded(ratios, users=None, seed=0):
    """Thirty movements of each screen, in px, and the same in the screens' own pixels."""
    g = np.random.default_rng(seed)
    px, own = [], []
    for ratio in ratios:
        for _ in range(30):
            n = int(g.integers(3, 12))
            points = np.column_stack(
                [g.integers(0, 1500, (n + 1, 2)), np.r_[0, g.integers(1, 30, n).cumsum()]]
            )
            own.append(points.astype(float))
            px.append(points / [ratio, ratio, 1])
    names = None if users is None else np.repeat(users, 30)
    return tuple(_movements(points, names) for points in (px, own))


def _movements(points, names):
    steps = np.concatenate([np.diff(each, axis=0) for each in points]).astype(np.float32)
    lengths = np.array([len(each) - 1 for each in points])
    start = np.array([each[0, :2] for each in points], np.float32)
    return Trajectories.from_steps(steps, lengths, start, names, "t")


def test_each_person_has_a_screen():
    ratios = [1.0, 1.25, 1.5, 1.0, 2.0]
    px, own = recorded(ratios, ["a", "b", "c", "d", "e"])
    found = ratios_of(px)
    assert found.tolist() == np.repeat(ratios, 30).tolist()
    seen = on_grid(px, found)
    assert torch.equal(seen.deltas, own.deltas)
    assert torch.equal(seen.start, own.start)


def test_people_of_no_screen_are_warned_of():
    px, _ = recorded([1.0, 0.7371], ["a", "b"])
    with pytest.warns(OutOfRangeWarning, match="1 of 2 people lie between px"):
        assert ratios_of(px).tolist() == [1.0] * 60


def test_movements_without_names_are_of_one_screen():
    assert set(ratios_of(recorded([1.25])[0])) == {1.25}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.0, 1.25, 1.5]))
def test_rounding_never_drifts(seed, ratio):
    g = np.random.default_rng(seed)
    n = int(g.integers(1, 40))
    px = _movements(
        [np.column_stack([g.uniform(0, 999, (n + 1, 2)), g.uniform(1, 30, n + 1).cumsum()])], None
    )
    seen = on_grid(px, np.array([ratio]))
    assert torch.equal(seen.deltas, seen.deltas.round())
    assert float((seen.positions_px() - px.positions_px() * ratio).abs().max()) <= 0.5 + 1e-3
    assert float((seen.times_ms() - px.times_ms()).abs().max()) <= 0.5 + 1e-3
