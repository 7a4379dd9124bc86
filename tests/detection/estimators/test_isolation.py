"""The isolation forest, fitted on people alone."""

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score

from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.onnx.forest import Forest


def people(n, seed=0):
    """Two heavy-tailed features that go together, a third apart."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=n)
    columns = [
        np.exp(2 * shared),
        np.exp(2 * (shared + 0.2 * rng.normal(size=n))),
        rng.normal(size=n),
    ]
    return np.stack(columns, 1).astype(np.float32)


def fitted(**settings):
    X = people(1500)
    return IsolationDetector(**settings).fit(X, np.zeros(len(X)))


def test_it_detects_unusual_correlations_of_features():
    detector, fresh = fitted(), people(1000, 1)
    bots = fresh.copy()
    bots[:, 1] = np.random.default_rng(2).permutation(bots[:, 1])  # each feature as people have it
    score = detector.decision_function(np.concatenate([fresh, bots]))
    assert roc_auc_score(np.repeat([0, 1], 1000), score) > 0.8


def test_the_false_positive_rate_at_zero_is_about_one_in_a_hundred():
    assert 0.002 < (fitted().decision_function(people(4000, 1)) > 0).mean() < 0.03


def test_rows_of_bots_take_no_part_in_the_fit():
    X = people(500)
    y = np.zeros(500, int)
    more = np.concatenate([X, X + 100]), np.concatenate([y, y + 1])
    fresh = people(100, 1)
    np.testing.assert_array_equal(
        IsolationDetector(trees=20).fit(X, y).decision_function(fresh),
        IsolationDetector(trees=20).fit(*more).decision_function(fresh),
    )


def test_the_flat_forest_answers_as_the_isolation_forest():
    X = people(300)
    forest = IsolationForest(n_estimators=5, max_samples=64, random_state=0).fit(X)
    flat = Forest.of_isolation(forest)
    answers = np.zeros(len(X))
    for tree in np.unique(flat.tree):
        part = flat.tree == tree
        for row, values in enumerate(X):
            node = 0
            while flat.feature[part][node] >= 0:
                left = values[flat.feature[part][node]] <= flat.cut[part][node]
                node = (flat.left if left else flat.right)[part][node]
            answers[row] += flat.value[part][node]
    np.testing.assert_allclose(answers, np.log2(-forest.score_samples(X)), rtol=1e-9)
