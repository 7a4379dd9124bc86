"""Numbers that a detector's files may hold, and what is refused."""

import numpy as np
import pytest

from humouse.detection.stored_numbers import above_zero, number, numbers, rising


def test_numbers_are_read_as_they_are():
    np.testing.assert_array_equal(numbers([[1, 2.5], [3, -4]], 2), [[1, 2.5], [3, -4]])
    assert numbers([]).shape == (0,)
    assert (number(7), above_zero(0.25)) == (7.0, 0.25)
    assert rising([1, 1, 2], ties=True).tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    "content",
    [
        None,
        1,
        "1",
        ["1"],
        [True],
        [[1]],
        [1, [2]],
        [float("nan")],
        [float("inf")],
        [1e300],
        [10**400],
    ],
    ids=repr,
)
def test_what_is_no_list_of_numbers_is_refused(content):
    with pytest.raises(ValueError, match=r"number|inhomogeneous"):
        numbers(content)


def test_what_cannot_be_divided_by_or_does_not_rise_is_refused():
    for content in (0, -1, 1e-300, True):
        with pytest.raises(ValueError, match="number"):
            above_zero(content)
    for some in ([], [2, 1], [1, 1]):
        with pytest.raises(ValueError, match="rise"):
            rising(some)
