"""Curves and calibration as they are drawn: against counts by hand, and through a file."""

import numpy as np
import pytest

from humouse.detection.benchmark.curves import RATES, reliability, roc_curve
from humouse.detection.benchmark.metrics import ScoredGestures


def scored(values, people=10):
    values = np.asarray(values, float)
    user = np.array([f"p{k % people}" for k in range(len(values))])
    return ScoredGestures(values, user, np.clip(values, 0, 1))


def test_a_curve_counts_bots_above_the_allowed_false_alarms():
    human, bot = scored(np.arange(200) / 200), scored([0.9975, 0.9925, 0.5, 0.0])
    curve = roc_curve("blend", "wind", "all", [(human, bot)], replicates=20, seed=0)
    assert curve.rates == tuple(rate for rate in RATES if rate >= 1 / 200)
    caught = dict(zip(curve.rates, (one.value for one in curve.caught), strict=True))
    assert caught[0.01] == 0.5  # above 0.99 lie two of the bots, and one of 200 people between
    assert caught[1.0] == 1.0
    assert (curve.human_gestures, curve.bot_gestures) == (200, 4)
    assert all(one.low <= one.value <= one.high for one in curve.caught)
    twice = roc_curve("blend", "wind", "all", [(human, bot)] * 2, replicates=0, seed=0)
    assert [one.value for one in twice.caught] == [one.value for one in curve.caught]
    assert twice.caught[0].low is None


def test_people_and_bots_weigh_the_same_in_a_bin():
    several = [(scored([0.05, 0.05, 0.05, 0.95]), scored([0.95, 1.0]))]
    low, high = reliability(several)
    assert (low.people, low.bots, low.bot_share) == (3, 0, 0.0)
    assert low.probability == pytest.approx(0.05)
    assert (high.people, high.bots) == (1, 2)
    assert high.bot_share == pytest.approx(0.5 / (0.5 + 0.125))
    assert (high.low, high.high) == (0.9, 1.0)
    again = reliability(several * 3)
    assert [one.bot_share for one in again] == [0.0, high.bot_share]
    assert again[1].bots == 6
