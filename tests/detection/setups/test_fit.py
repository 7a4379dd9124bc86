"""A set-up fitted on people, and a detector of several members: what each is fitted on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humouse.codec import merge_zero_moves
from humouse.data.devices import DeviceRules
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.names import HUMAN
from humouse.detection.registry import select_detectors
from humouse.detection.samples.negatives import make_family
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.shown import Showing
from humouse.detection.samples.sources import negative_sources
from humouse.detection.samples.views import look
from humouse.detection.setups.fit import fit_setup
from humouse.detection.setups.setup import nearness
from humouse.detection.training import (
    FittedDetector,
    Recipe,
    fit_detector,
    make_mixture,
    training_movements,
)
from humouse.errors import InputError
from humouse.trajectories import Trajectories

SHOWING = Showing(OneClock(), DeviceRules(), 2)
SOURCES = negative_sources(["function"])


@pytest.fixture(scope="module")
def people(many_gestures: Path) -> Trajectories:
    return merge_zero_moves(Trajectories.load(many_gestures / "train.parquet"))


def recipe(**changed) -> Recipe:
    (spec,) = select_detectors(["boosting"])
    few = replace(spec, make=lambda seed: BoostingDetector(trees=20, seed=seed))
    usual = Recipe([few], SHOWING, {"composed": 3, "function": 1}, 60, 1)
    return replace(usual, **changed)


def test_a_set_up_s_p_values_are_shares_of_its_people(people):
    bots = make_family("function", SOURCES, people, 80, seed=1)

    def straight(views):
        return views.features["path_efficiency"].astype(np.float64)

    setup = fit_setup("mine", people, bots, straight, SHOWING, seed=1)
    assert (setup.name, setup.gestures) == ("mine", len(people))
    assert setup.people == len(np.unique(people.user))
    score = straight(look(people.as_steps(), SHOWING.clock)[0])
    for share in (0.5, 0.1, 0.05):
        found = (setup.calibration.p_value(score) <= share).mean()
        assert found == pytest.approx(share, abs=0.05)
    assert setup.session.bots.mean > setup.session.people.mean
    traits = look(people.as_steps(), SHOWING.clock)[0].setup.values.astype(np.float64)
    assert (nearness([setup], traits)[0] >= 0.01).mean() > 0.95


def test_too_few_people_are_refused(people):
    bots = make_family("function", SOURCES, people, 20, seed=1)
    with pytest.raises(InputError, match="99 gestures of people to calibrate on; at least 100"):
        fit_setup("mine", people[:99], bots, lambda views: np.zeros(len(views)), SHOWING, seed=1)


@pytest.mark.slow
def test_as_many_negatives_as_people_are_shown_by_weight(people):
    few = people[:60]
    shown = training_movements({"a": few}, SOURCES, recipe())
    human = int((~shown.is_bot).sum())
    assert human == pytest.approx(2 * 60, abs=6)
    assert shown.is_bot.sum() == pytest.approx(human, abs=6)
    assert (shown.family == "function").sum() == pytest.approx(human / 4, abs=4)
    again = training_movements({"a": few}, SOURCES, recipe())
    assert (again.looked_at.features.values == shown.looked_at.features.values).all()


@pytest.mark.slow
def test_a_small_set_up_is_shown_as_often_as_a_large_one(people):
    named = {"large": people[:60], "small": replace(people[60:80], user=np.full(20, "small"))}
    shown = training_movements(named, SOURCES, recipe())
    human = shown.rows(np.flatnonzero(~shown.is_bot))
    small = human.movements.user == "small"
    assert small.sum() == pytest.approx((~small).sum(), rel=0.1)


def test_a_detector_is_fitted_on_some_people_and_calibrated_on_others(people):
    told: list[str] = []
    names = np.unique(people.user)
    apart = np.isin(people.user, names[: len(names) // 2])
    fit_on, calibrate_on = (people[np.flatnonzero(rows)] for rows in (~apart, apart))
    detector = fit_detector(
        {"site": fit_on}, {"site": calibrate_on}, SOURCES, recipe(n=100), told.append
    )
    assert told == ["movements to fit on", "boosting", "movements to calibrate on", "site"]
    (setup,) = detector.setups
    assert setup.people == len(names) // 2
    assert set(detector.onnx_files()) == {"boosting.onnx"}
    bots = make_family("function", SOURCES, calibrate_on, 60, seed=9).movements
    human, bot = (detector.score(one, SHOWING) for one in (calibrate_on, bots))
    assert (bot > np.quantile(human, 0.95)).mean() > 0.5
    assert (setup.p_value(human) <= 0.05).mean() < 0.15


def test_the_score_is_the_blend_of_the_members(people):
    class Constant:
        def __init__(self, logit: float) -> None:
            self.logit = logit

        def decision_function(self, view) -> np.ndarray:
            return np.full(len(view), self.logit)

    specs = select_detectors(None)
    detector = FittedDetector(specs, {"sequence": Constant(2.0), "boosting": Constant(-1.0)}, ())
    weight = {spec.name: spec.weight for spec in specs}
    expected = 2.0 * weight["sequence"] - weight["boosting"]
    np.testing.assert_allclose(detector.score(people[:5], SHOWING), np.full(5, expected))


def test_a_mixture_has_its_shares(people):
    mixed = make_mixture({"composed": 1.0, "function": 1.0}, SOURCES, people, 30, 4, "calibrate")
    assert len(mixed) == 30
    assert (mixed.family == "function").sum() == 15
    assert HUMAN not in mixed.family
    with pytest.raises(InputError, match=r"mixture\.wind: no such family here"):
        make_mixture({"wind": 1.0}, SOURCES, people, 30, 4, "calibrate")
