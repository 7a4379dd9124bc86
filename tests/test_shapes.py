"""The check of shapes itself: the first calls in a test are checked, and no later ones."""

import random

import numpy as np
import pytest
from jaxtyping import TypeCheckError

from humouse.errors import nearest
from humouse.eval.statistics.auc import weighted_auc
from shapes import CALLS_CHECKED, check_anew


def _auc(rows: int) -> np.ndarray:
    """Return the area for weights of so many positive rows, where two have a score."""
    return weighted_auc(np.arange(2.0), np.arange(3.0), np.ones((1, rows)), np.ones((1, 3)))


def test_a_wrong_shape_is_refused_in_a_tests_first_calls():
    with pytest.raises(TypeCheckError):
        _auc(4)
    for _ in range(CALLS_CHECKED):
        assert _auc(2).shape == (1,)
    _auc(4)  # trusted by now
    check_anew()
    with pytest.raises(TypeCheckError):
        _auc(4)


def test_a_check_of_a_list_draws_nothing_from_pythons_own_generator():
    before = random.getstate()
    with pytest.raises(TypeCheckError):
        nearest("mouse", [1, 2, 3])
    nearest("mouse", ["house", "moose"])
    assert random.getstate() == before
