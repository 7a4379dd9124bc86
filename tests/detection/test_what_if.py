"""What a forest would answer with another value of one feature: against asking it."""

import numpy as np
import pytest

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.onnx.export import to_onnx
from humouse.detection.onnx.stored_trees import stored_trees
from humouse.detection.what_if import WhatIf


@pytest.fixture(scope="module")
def detector() -> BoostingDetector:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 7)).round(1)  # rounded: many values are a cut
    return BoostingDetector(trees=12).fit(X, X[:, 0] * X[:, 1] + X[:, 2] > 0.2)


def asked(detector: BoostingDetector, rows: np.ndarray, instead: np.ndarray) -> np.ndarray:
    """Return by how much the answer falls, from two answers for each row and feature."""
    answers = np.empty(rows.shape)
    for column in range(rows.shape[1]):
        changed = rows.copy()
        changed[:, column] = instead[column]
        answers[:, column] = detector.decision_function(rows) - detector.decision_function(changed)
    return answers


@pytest.mark.parametrize("n", [1, 300])
def test_it_says_what_the_detector_would_answer(detector, n):
    rng = np.random.default_rng(n)
    rows, instead = rng.normal(size=(n, 7)).round(1), rng.normal(size=7).round(1)
    rows, instead = (one.astype(np.float32).astype(np.float64) for one in (rows, instead))
    forest = detector.forest
    rows[0, 0] = forest.cut[forest.feature == 0][0]  # exactly at a cut
    added = WhatIf.of(forest, instead).contributions(rows)
    np.testing.assert_allclose(added, asked(detector, rows, instead), atol=1e-12)
    assert (added != 0).any()


def test_a_row_is_explained_alone_as_among_others(detector):
    rows = np.random.default_rng(1).normal(size=(300, 7))
    what_if = detector.what_if
    together = what_if.contributions(rows)
    np.testing.assert_array_equal(what_if.contributions(rows[[170]]), together[[170]])


def test_the_trees_of_a_file_are_those_that_were_written(detector):
    read, written = stored_trees(to_onnx(detector).SerializeToString()), detector.forest
    inner = written.feature >= 0
    for name in ("tree", "node", "feature"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    for name in ("cut", "left", "right"):
        np.testing.assert_array_equal(getattr(read, name)[inner], getattr(written, name)[inner])
    np.testing.assert_array_equal(read.value[~inner], written.value[~inner])


@pytest.mark.parametrize("content", [b"", b"\x3a\x00"])
def test_a_file_without_trees_is_an_error(content):
    with pytest.raises(ValueError, match="without trees"):
        stored_trees(content)
