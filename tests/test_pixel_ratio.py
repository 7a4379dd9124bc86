"""Device pixel ratios, found from positions alone."""

import numpy as np
import pytest

from humouse.pixel_ratio import RATIOS, pixel_ratio, share_between_px


def whole(n: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1600, (n, 2)).astype(float)


@pytest.mark.parametrize("decimals", [2, 12])
@pytest.mark.parametrize("ratio", [1.0, *RATIOS])
def test_positions_of_a_screen_give_its_ratio(ratio: float, decimals: int) -> None:
    assert pixel_ratio((whole() / ratio).round(decimals)) == ratio


def test_a_stray_position_between_px_is_no_screens() -> None:
    positions = whole()
    positions[7] += 0.4
    assert pixel_ratio(positions) == 1


def test_positions_of_no_screen_have_none() -> None:
    assert pixel_ratio(np.random.default_rng(0).uniform(0, 900, (400, 2))) is None


def test_a_position_lies_between_px_on_either_axis() -> None:
    assert share_between_px(np.array([[1.0, 2.0], [1.5, 2.0], [3.0, 2.25], [4.0, 5.0]])) == 0.5
