"""Normal scores: people's quantiles become the Gaussian's, and the map extends one deviation further."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from humouse.detection.estimators.normal_scores import NormalScores


def test_any_distribution_becomes_gaussian():
    normal = np.random.default_rng(0).normal(size=(20_000, 1))
    people = np.concatenate([np.exp(3 * normal), 1e6 + normal**3, -normal], 1)
    scores = NormalScores.fit(people)(people)
    for share in (0.02, 0.1, 0.3, 0.5, 0.9, 0.98):
        np.testing.assert_allclose(np.quantile(scores, share, axis=0), norm.ppf(share), atol=0.02)


def test_the_map_extends_one_deviation_beyond_people():
    people = np.linspace(-1, 1, 1001)[:, None]
    normal = NormalScores.fit(people)
    outermost = norm.ppf(0.999)
    step = (0.998 - 0.99) / (outermost - norm.ppf(0.995))  # a deviation at the last piece's slope
    found = normal(0.998 + step * np.array([[0.0], [0.5], [1.0], [100.0]]))[:, 0]
    np.testing.assert_allclose(found, outermost + np.array([0, 0.5, 1, 1]), atol=0.01)


def test_a_constant_feature_of_people_keeps_the_sign_of_differences():
    scores = NormalScores.fit(np.full((50, 2), [0.0, 8.0]))(
        np.array([[0.0, 8.0], [1.0, 7.9], [-1.0, 8.1]])
    )
    np.testing.assert_allclose(scores, [[0, 0], [1, -1], [-1, 1]], atol=1e-9)


def test_ties_get_the_mean_of_their_scores():
    people = np.repeat([0.0, 1.0, 2.0], [610, 300, 90])[:, None]
    scores = NormalScores.fit(people)(np.array([[0.0], [1.0], [2.0]]))[:, 0]
    below = [0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    assert scores[0] == pytest.approx(np.mean(norm.ppf(below)))
    assert (np.diff(scores) > 0).all()


values = st.floats(-(2.0**100), 2.0**100, width=32)


@given(arrays(np.float64, st.tuples(st.integers(1, 40), st.just(1)), elements=values), st.data())
@settings(deadline=None, max_examples=50)
def test_scores_rise_and_are_bounded_whatever_people_are(people, data):
    normal = NormalScores.fit(people)
    ordered = np.sort(data.draw(st.lists(values, min_size=2, max_size=20)))
    scores = normal(ordered[:, None])[:, 0]
    assert np.isfinite(scores).all()
    assert (np.diff(scores) >= -1e-6).all()
    assert np.abs(scores).max() <= norm.ppf(0.999) + 1 + 1e-6
