"""The boosting detector: what it learns, and the input that it refuses."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.tabular import TableError
from humouse.detection.forest import Forest
from humouse.errors import InputError
from humouse.features import FeatureTable


def rows(n=600, F=6, seed=0):
    """People around 0; bots of two families, each betrayed by another pair of features."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, F)).astype(np.float32)
    kind = rng.integers(0, 4, n)  # half are people
    X[kind == 2, :2] += 2.0
    X[kind == 3, 2:4] *= 0.1
    return X, (kind >= 2).astype(int), kind


def table(X, names=None):
    names = names or tuple(f"f{k}" for k in range(X.shape[1]))
    return FeatureTable(X, names, ("px",) * len(names))


def test_it_separates_both_families_of_bots():
    X, y, _ = rows(2000)
    fresh, truth, kinds = rows(2000, seed=1)
    score = BoostingDetector(trees=40).fit(X, y).decision_function(fresh)
    for family in (2, 3):
        chosen = (kinds == family) | (truth == 0)
        assert roc_auc_score(truth[chosen], score[chosen]) > 0.9


def test_the_flat_forest_answers_as_the_boosting():
    X, y, _ = rows()
    detector = BoostingDetector(trees=10).fit(X, y)
    forest = Forest.of_boosting(detector.boosting_)
    answers = np.full(len(X), forest.base)
    for tree in np.unique(forest.tree):
        part = forest.tree == tree
        for row, values in enumerate(X.astype(np.float64)):
            node = 0
            while forest.feature[part][node] >= 0:
                left = values[forest.feature[part][node]] <= forest.cut[part][node]
                node = (forest.left if left else forest.right)[part][node]
            answers[row] += forest.value[part][node]
    np.testing.assert_allclose(answers, detector.boosting_.decision_function(X), rtol=1e-9)


def test_seeds_repeat():
    X, y, _ = rows()
    first, again, other = (
        BoostingDetector(trees=10, seed=seed).fit(X, y).decision_function(X) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shuffled_labels_give_no_information():
    X, y, _ = rows(2000)
    y = np.random.default_rng(3).permutation(y)
    fresh, truth, _ = rows(2000, seed=1)
    score = BoostingDetector(trees=20).fit(X, y).decision_function(fresh)
    assert roc_auc_score(truth, score) == pytest.approx(0.5, abs=0.1)


def test_a_table_keeps_its_columns():
    X, y, _ = rows()
    detector = BoostingDetector(trees=5).fit(table(X), y)
    assert detector.columns_ == ("f0", "f1", "f2", "f3", "f4", "f5")
    assert detector.units_ == ("px",) * 6
    np.testing.assert_allclose(detector.human_quantiles_[1], np.median(X[y == 0], 0), rtol=1e-6)
    turned = table(np.ascontiguousarray(X[:, ::-1]), detector.columns_[::-1])
    np.testing.assert_array_equal(detector.decision_function(turned), detector.decision_function(X))
    with pytest.raises(InputError, match="lacks f5"):
        detector.predict_proba(table(X[:, :5]))
    more = np.concatenate([X, X[:, :1]], 1)
    with pytest.raises(InputError, match="has f6 besides; give the 6 columns"):
        detector.predict(table(more))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_feature_that_is_no_number_is_named(value):
    X, y, _ = rows()
    detector = BoostingDetector(trees=5).fit(table(X), y)
    X[3, 2] = value
    with pytest.raises(TableError, match="f2 is NaN or infinite"):
        detector.decision_function(X)
    with pytest.raises(InputError, match="feature 2 is NaN or infinite"):
        BoostingDetector().fit(X, y)
