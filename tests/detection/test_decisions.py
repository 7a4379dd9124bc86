"""Verdicts on movements and sessions, from set-ups whose answers are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from humouse.detection.decisions import decide
from humouse.detection.names import BOT, HUMAN, UNDECIDED, UNFAMILIAR
from humouse.detection.setups.distance import SetUpDistance, clock_log_likelihoods
from humouse.detection.setups.setup import STRANGERS, Calibrating, SetUp, can_be_of, nearness

COLUMNS = ("dt_median_ms", "path_px")


def traits(n, tick, seed=3):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.uniform(tick - 1, tick + 1, n), rng.uniform(100, 900, n)])


def setup(tick, shift=0.0) -> SetUp:
    """People's scores are normal about a shift, on a clock of so many ms."""
    people, bots = norm.ppf((np.arange(2000) + 0.5) / 2000) + shift, np.linspace(3, 7, 200) + shift
    person = np.random.default_rng(0).integers(0, 20, 2000).astype(str)
    known = Calibrating(
        np.r_[people, bots],
        np.arange(2200) >= 2000,
        np.r_[person, np.full(200, "bot")].astype(object),
        traits(2000, tick, 0),
        COLUMNS,
    )
    return SetUp.fit(f"{tick} ms", known, 20, 2000, 0)


@pytest.fixture(scope="module")
def fast() -> SetUp:
    return setup(8.0)


@pytest.fixture(scope="module")
def slow() -> SetUp:
    return setup(16.0, shift=2.0)


def alone(n):
    return [np.array([row]) for row in range(n)]


def near(setup, n, tick):
    some = traits(4 * n, tick)
    return some[nearness([setup], some)[0] > 0.05][:n]


@pytest.mark.parametrize("rate", [0.01, 0.001])
def test_a_bot_is_what_fewer_people_than_the_rate_score_above(fast, rate):
    score = np.linspace(-3, 6, 200)
    made = decide([fast], score, near(fast, 200, 8.0), alone(200), rate)
    assert ((made.verdict == BOT) == (fast.p_value(score) <= rate)).all()
    assert set(made.verdict) == {BOT, HUMAN}
    assert (np.diff(made.p_value) <= 0).all()
    assert (np.diff(made.log_odds) >= 0).all()
    first = score[made.verdict == BOT][0]
    assert first == pytest.approx(norm.isf(STRANGERS * rate), abs=0.35)


def test_each_movement_is_judged_by_the_set_up_that_it_can_come_from(fast, slow):
    score = np.full(100, 3.2)
    on_fast, on_slow = (
        decide([fast, slow], score, near(one, 100, tick), alone(100), 0.01)
        for one, tick in ((fast, 8.0), (slow, 16.0))
    )
    assert (on_fast.verdict == BOT).all()
    assert (on_slow.verdict == HUMAN).all()
    assert on_slow.p_value[0] == pytest.approx(slow.p_value(score)[0])
    assert on_slow.log_odds[0] == pytest.approx(slow.calibration.log_odds(score)[0])


def test_the_unfamiliar_takes_a_twentieth_of_the_rate_in_every_set_up(fast, slow):
    far = traits(200, 90.0)
    score = np.linspace(0, 12, 200)
    made = decide([fast, slow], score, far, alone(200), 0.01)
    everywhere = np.maximum(fast.p_value(score), slow.p_value(score))
    assert ((made.verdict == BOT) == (everywhere <= 0.01 / 20)).all()
    assert set(made.verdict) == {BOT, UNFAMILIAR}


def wide() -> SetUp:
    """A set-up of many clocks: a remote desktop's."""
    known = setup(8.0, shift=4.0)
    own = SetUpDistance.fit(
        COLUMNS, np.concatenate([traits(400, tick) for tick in (8.0, 40.0, 90.0)])
    )
    return replace(known, name="wide", distances=(own,))


def test_a_source_is_judged_where_its_clock_is_likeliest(fast):
    other, some, score = wide(), near(fast, 40, 8.0), np.full(40, 4.0)
    assert can_be_of([other], some, alone(40)).all()  # all its movements could be of either
    assert fast.p_value(score)[0] < 0.01 < other.p_value(score)[0]
    together = decide([fast, other], score, some, [np.arange(40)], 0.01)
    assert (together.verdict == BOT).all()
    apart = decide([fast, other], score, some, alone(40), 0.01)
    assert (apart.verdict == HUMAN).all()  # one movement does not tell: the stricter one decides
    assert apart.log_odds == pytest.approx(fast.calibration.log_odds(score))
    remote = decide([fast, other], score, near(other, 40, 40.0), [np.arange(40)], 0.01)
    assert (remote.verdict == HUMAN).all()


def test_the_clock_is_as_likely_as_the_share_of_people_who_have_it():
    people = np.column_stack([np.repeat([8.0, 16.0], [250, 750]), np.linspace(1, 9, 1000)])
    one = SetUpDistance.fit(COLUMNS, people)
    clocks = np.array([[8.0, 0.0], [16.0, 1e9], [15.0, 0.0], [16.0 * 1.3, 0.0]])
    shares = np.exp(clock_log_likelihoods([one], clocks)[0])
    assert shares == pytest.approx([0.25, 0.75, 0.75, 0.003], abs=0.011)


def test_the_order_of_set_ups_does_not_matter(fast, slow):
    score = np.random.default_rng(1).normal(2, 2, 60)
    some = np.concatenate([near(fast, 30, 8.0), near(slow, 30, 16.0)])
    sources = [np.arange(0, 30), np.arange(30, 60)]
    one, other = (decide(each, score, some, sources, 0.01) for each in ([fast, slow], [slow, fast]))
    for name in ("verdict", "p_value", "log_odds", "session_verdict", "session_score"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_session_is_not_touched_by_another_nor_by_what_comes_later(fast):
    score = np.random.default_rng(1).normal(1, 1, 40)
    some = near(fast, 40, 8.0)
    mixed = [np.arange(0, 40, 2), np.arange(1, 40, 2)]
    both = decide([fast], score, some, mixed, 0.01)
    for rows in mixed:
        own = decide([fast], score[rows], some[rows], [np.arange(20)], 0.01)
        np.testing.assert_array_equal(both.session_score[rows], own.session_score)
        begun = decide([fast], score[rows[:7]], some[rows[:7]], [np.arange(7)], 0.01)
        np.testing.assert_array_equal(both.session_verdict[rows[:7]], begun.session_verdict)


def test_a_session_grows_sure_with_its_movements(fast):
    bots = decide([fast], np.full(30, 2.0), near(fast, 30, 8.0), [np.arange(30)], 0.01)
    assert (bots.verdict == HUMAN).all()  # no single movement gives it away
    assert bots.session_verdict[0] in (HUMAN, UNDECIDED)
    assert bots.session_verdict[-1] == BOT
    people = decide([fast], np.full(30, -0.2), near(fast, 30, 8.0), [np.arange(30)], 0.01)
    assert people.session_verdict[-1] == HUMAN


def test_a_strange_session_is_a_bot_s_only_if_most_of_its_movements_are(fast):
    far = traits(12, 90.0)
    for bots, verdict in ((4, UNFAMILIAR), (10, BOT)):
        score = np.where(np.arange(12) < bots, 40.0, 0.0)
        made = decide([fast], score, far, [np.arange(12)], 0.01)
        assert made.session_verdict[-1] == verdict
