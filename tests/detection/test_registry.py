"""The members of the blend."""

import numpy as np
import pytest

from humouse.detection.names import FEATURES, STEPS
from humouse.detection.registry import REGISTRY, blend, select_detectors
from humouse.errors import InputError


def test_every_view_of_the_motion_has_one_member_and_the_set_up_none():
    assert {spec.view for spec in REGISTRY.values()} == {STEPS, FEATURES}
    assert all(name == spec.name for name, spec in REGISTRY.items())


def test_seeds_reach_the_estimators():
    assert all(spec.make(7).get_params()["seed"] == 7 for spec in REGISTRY.values())


def test_the_blend_is_the_weighted_sum():
    logits = np.array([[1.0, 2.0], [-3.0, 0.5]])
    weights = [REGISTRY[name].weight for name in ("boosting", "sequence")]
    expected = logits[:, 0] * weights[0] + logits[:, 1] * weights[1]
    np.testing.assert_allclose(blend(["boosting", "sequence"], logits), expected)
    np.testing.assert_allclose(blend(["sequence", "boosting"], logits[:, ::-1]), expected)
    np.testing.assert_allclose(blend(["sequence"], logits[:, 1:]), logits[:, 1])


def test_detectors_are_chosen_by_name():
    assert [spec.name for spec in select_detectors(None)] == list(REGISTRY)
    assert [spec.name for spec in select_detectors(["boosting"])] == ["boosting"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], "detectors: none; choose from sequence, boosting"),
        (["bosting"], "did you mean boosting"),
    ],
)
def test_a_bad_choice_is_named(names, words):
    with pytest.raises(InputError, match=words):
        select_detectors(names)
