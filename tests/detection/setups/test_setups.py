"""Set-ups: distances, sessions, and what a verdict rests on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis

from humouse.detection.decisions import decide
from humouse.detection.names import BOT, HUMAN, UNDECIDED, UNFAMILIAR
from humouse.detection.setups.distance import SetUpDistance, clock_log_likelihoods, p_values
from humouse.detection.setups.session import SessionRule, Source, normal_scores
from humouse.detection.setups.setup import Calibrating, SetUp, can_be_of, nearness

COLUMNS = ("dt_median_ms", "path_px", "steps")


def traits(n, seed, tick=16.0):
    rng = np.random.default_rng(seed)
    path = rng.lognormal(6, 0.7, n)
    return np.column_stack([rng.normal(tick, 0.5, n), path, path / 15 + rng.normal(0, 3, n)])


def setup(seed=0, people=20, each=60, between=0.3):
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), each)
    shift = rng.normal(0, between, people)
    human = shift[person] + rng.normal(0, 1, len(person))
    bots = rng.normal(5, 1, 400)
    known = Calibrating(
        np.r_[human, bots],
        np.r_[np.zeros(len(human)), np.ones(400)].astype(bool),
        np.r_[person.astype(str), np.repeat("bot", 400)].astype(object),
        traits(len(person), seed),
        COLUMNS,
    )
    return SetUp.fit("made", known, people, len(person), 0)


def test_people_of_the_set_up_are_near_and_another_clock_is_far():
    distance = SetUpDistance.fit(COLUMNS, traits(4000, 0))
    assert (p_values([distance], traits(4000, 1))[0] < 0.05).mean() == pytest.approx(0.05, abs=0.02)
    assert (p_values([distance], traits(300, 2, tick=40.0))[0] < 0.001).all()


def test_the_distance_is_scipy_s_mahalanobis_of_the_normal_scores():
    rng = np.random.default_rng(0)
    mixed = rng.normal(size=(20_000, 3)) @ np.array([[1, 0.5, 0], [0, 1, 0.3], [0, 0, 1]])
    distance = SetUpDistance.fit(COLUMNS, np.exp(mixed))  # any rising map of traits is the same
    some = mixed[(np.abs(mixed / mixed.std(0)) < 1.8).all(1)][:200]
    precision = np.linalg.inv(np.corrcoef(mixed.T) + 0.02 * np.eye(3))
    exact = [mahalanobis(one, np.zeros(3), precision) ** 2 for one in some / mixed.std(0)]
    np.testing.assert_allclose(distance.distance(np.exp(some)), exact, rtol=0.1, atol=0.15)


def test_a_value_that_all_people_share_is_their_middle_and_another_is_far():
    same = traits(500, 0)
    same[:, 0] = 16.0
    distance = SetUpDistance.fit(COLUMNS, same)
    assert (p_values([distance], same)[0] >= 0.01).mean() > 0.97
    other = same.copy()
    other[:, 0] = 16.1
    assert (p_values([distance], other)[0] < 0.001).all()


def test_a_range_is_what_nearly_all_people_have():
    people = traits(4000, 0)
    low, high = SetUpDistance.fit(COLUMNS, people).range_of(0)
    assert ((people[:, 0] >= low) & (people[:, 0] <= high)).mean() == pytest.approx(0.98, abs=0.002)


def test_far_movements_of_a_source_count_from_ten_on_and_above_a_quarter():
    one = setup()
    near, far = traits(200, 7), traits(200, 8, tick=60.0)
    near = near[nearness([one], near)[0] >= 0.01]
    for n, strange, known in ((9, 5, 4), (10, 2, 8), (12, 3, 9), (10, 3, 0), (12, 4, 0)):
        some = np.concatenate([near[: n - strange], far[:strange]])
        assert can_be_of([one], some, [np.arange(n)]).sum() == known


def test_it_survives_json():
    one = setup()
    again = SetUp.from_json(one.to_json())
    score, some = np.linspace(-3, 9, 50), traits(50, 3)
    np.testing.assert_allclose(again.p_value(score), one.p_value(score))
    np.testing.assert_allclose(nearness([again], some), nearness([one], some))
    normal = np.random.default_rng(0).normal(size=30)
    np.testing.assert_array_equal(
        again.session.verdicts(normal, 0.01), one.session.verdicts(normal, 0.01)
    )


@pytest.mark.parametrize("between", [0.1, 0.5])
def test_a_session_s_error_rate_holds_whenever_it_is_read(between):
    people = Source(0.0, between, 1.0)
    rule = SessionRule.fit(people, Source(3.0, 0.3, 1.0), 1)
    rng = np.random.default_rng(5)
    flagged = [
        (rule.verdicts(rng.normal(0, between) + rng.normal(0, 1, 30), 0.01) == BOT).any()
        for _ in range(2000)
    ]
    assert np.mean(flagged) == pytest.approx(0.01, abs=0.008)


def test_a_shift_that_all_movements_share_does_not_add_up():
    rule = SessionRule.fit(Source(0.0, 0.5, 1.0), Source(4.0, 0.3, 1.0), 1)
    shifted = rule.score(np.full(100, 0.9))
    assert shifted.max() < rule.critical[0.01]
    assert (rule.verdicts(np.full(100, 0.9), 0.01) != BOT).all()
    assert rule.verdicts(np.full(6, 3.5), 0.01)[-1] == BOT
    assert rule.verdicts(np.full(6, -0.5), 0.01)[-1] == HUMAN
    assert rule.verdicts(np.array([2.2]), 0.01)[-1] == UNDECIDED


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 999), n=st.integers(1, 130))
def test_the_session_s_mean_is_of_what_came_before(seed, n):
    normal = np.random.default_rng(seed).normal(size=n)
    rule = SessionRule(Source(0.2, 0.3, 1.1), Source(3, 0.2, 1), {0.01: 2.5})
    last = normal[max(0, n - 100) :]
    expected = (last.mean() - 0.2) / np.sqrt(0.3**2 + 1.1**2 / len(last))
    assert rule.score(normal)[-1] == pytest.approx(expected)


def test_sources_are_told_by_moments():
    rng = np.random.default_rng(0)
    shift = rng.normal(0, 0.5, 300)
    found = Source.fit(
        np.repeat(shift, 20) + rng.normal(0, 1, 6000) + 1, np.repeat(np.arange(300), 20)
    )
    assert (found.mean, found.between, found.within) == pytest.approx((1, 0.5, 1), abs=0.1)


def test_normal_scores_are_those_of_p_values():
    np.testing.assert_allclose(normal_scores(np.array([0.5, 0.01])), [0, 2.3263], atol=1e-3)
    assert np.isfinite(normal_scores(np.array([0.0, 1.0]))).all()


def test_verdicts():
    one = setup()
    people, far = traits(400, 7), traits(400, 8, tick=60.0)
    score = np.random.default_rng(1).normal(0, 1, 400)
    whole = [np.arange(400)]
    rate = (decide([one], score, people, whole, 0.01).verdict == BOT).mean()
    assert rate <= 0.02
    bots = decide([one], score + 5, people, whole, 0.01)
    assert (bots.verdict == BOT).mean() > 0.9
    assert bots.session_verdict[-1] == BOT
    strange = decide([one], score + 2, far, whole, 0.01)
    assert (strange.verdict == UNFAMILIAR).mean() > 0.95
    assert strange.session_verdict[-1] == UNFAMILIAR
    assert (decide([one], score + 40, far, whole, 0.01).verdict == BOT).all()


def test_a_source_of_which_many_are_far_is_unfamiliar_as_a_whole():
    one = setup()
    mixed = np.concatenate([traits(60, 7), traits(40, 8, tick=60.0)])
    verdict = decide([one], np.zeros(100), mixed, [np.arange(100)], 0.01).verdict
    assert (verdict == UNFAMILIAR).all()
    alone = decide([one], np.zeros(100), mixed, [np.array([k]) for k in range(100)], 0.01).verdict
    assert (alone[:60] == HUMAN).mean() > 0.9


def test_what_one_set_up_explains_is_no_bot():
    """Two set-ups with the same traits, of which one scores higher."""
    low, high = setup(1), setup(2)
    lifted = SetUp.from_json(
        {
            **high.to_json(),
            "calibration": {
                **high.to_json()["calibration"],
                "human_cdf": {
                    **high.to_json()["calibration"]["human_cdf"],
                    "knots": [k + 6 for k in high.to_json()["calibration"]["human_cdf"]["knots"]],
                },
            },
        }
    )
    score, whole = np.full(200, 5.0), [np.arange(200)]
    alone, both = (
        decide(some, score, traits(200, 3), whole, 0.01) for some in ([low], [low, lifted])
    )
    assert (alone.verdict == BOT).mean() > 0.95
    assert (both.verdict == HUMAN).mean() > 0.95


def test_few_movements_lie_as_far_as_among_many():
    """Few are compared with each knot, many are looked up."""
    fitted = [SetUpDistance.fit(COLUMNS, traits(400, seed).round()) for seed in (0, 1)]
    some = traits(60, 2).round()  # with ties
    for answer in (p_values, clock_log_likelihoods):
        alone = [answer(fitted, row[None])[:, 0] for row in some]
        np.testing.assert_allclose(np.array(alone).T, answer(fitted, some), rtol=1e-12)
