"""A set-up of one's own people: what is learnt from them, what is kept from those known."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from humouse.detection.detector import Detector
from humouse.detection.own_setup import calibrate_setup, promised
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.setups.setup import STRANGERS, Calibrating, SetUp, nearness
from humouse.errors import InputError
from humouse.trajectories import Trajectories

COLUMNS = ("tick_ms", "path_px")


def traits(n, seed, tick=16.0):
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.normal(tick, 0.5, n), rng.uniform(100, 900, n)])


def known(seed=0, shift=0.0) -> SetUp:
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(20), 60)
    score = shift + rng.normal(0, 0.3, 20)[person] + rng.normal(0, 1, 1200)
    calibrating = Calibrating(
        np.r_[score, shift + rng.normal(5, 1, 300)],
        np.arange(1500) >= 1200,
        np.r_[person.astype(str), np.full(300, "bot")].astype(object),
        traits(1200, seed),
        COLUMNS,
    )
    return SetUp.fit("known", calibrating, 20, 1200, 0)


@dataclass(frozen=True, eq=False)
class Scored(Detector):
    """A detector whose scores and traits are given: no net is needed to calibrate."""

    given: tuple[np.ndarray, np.ndarray] = field(default=(np.empty(0), np.empty((0, 2))))

    def scored(self, movements):
        return (*self.given, np.arange(len(self.given[0])))


def detector(score, tick=16.0, setups=None) -> Detector:
    setups = setups or (known(),)
    return Scored(Path(), {}, setups, OneClock(), {}, (score, traits(len(score), 3, tick)))


def people(n, users) -> Trajectories:
    names = np.array([f"u{k % users}" for k in range(n)])
    return Trajectories(torch.ones(n, 2, 3), torch.full((n,), 2), torch.zeros(n, 2), names, "ours")


def scores(n, seed, shift):
    return np.random.default_rng(seed).normal(shift, 1, n)


def test_thresholds_follow_one_s_own_people():
    setup, suspicious = calibrate_setup(detector(scores(2000, 1, 1.5)), people(2000, 10), "ours")
    assert (setup.name, setup.people, setup.gestures) == ("ours", 10, 2000)
    further = scores(20_000, 2, 1.5)
    assert (setup.p_value(further) <= 0.01).mean() == pytest.approx(0.01, abs=0.005)
    assert (known().p_value(further) <= 0.01).mean() > 0.1
    assert suspicious == pytest.approx(
        (known().p_value(scores(2000, 1, 1.5)) <= 0.001).mean(), abs=0.05
    )


def test_alone_what_was_near_stays_near_and_one_s_own_is_near_too():
    own = traits(500, 9, tick=40.0)
    assert (nearness([known()], own)[0] < 0.01).all()
    alone, _ = calibrate_setup(detector(scores(400, 1, 0), tick=40.0), people(400, 8), "ours")
    beside, _ = calibrate_setup(
        detector(scores(400, 1, 0), tick=40.0), people(400, 8), "ours", alone=False
    )
    for setup in (alone, beside):
        assert (nearness([setup], own)[0] >= 0.01).mean() > 0.95
    assert (nearness([alone], traits(500, 9))[0] >= 0.01).mean() > 0.95
    assert (nearness([beside], traits(500, 9))[0] < 0.01).all()
    assert (alone.margin, beside.margin) == (1.0, STRANGERS)


def test_bots_are_taken_from_the_set_up_that_explains_one_s_people():
    low, high = known(0), known(1, shift=6.0)
    setup, _ = calibrate_setup(
        detector(scores(400, 1, 6.0), setups=(low, high)), people(400, 8), "ours"
    )
    assert setup.session.bots == high.session.bots
    assert setup.calibration.slope_high == high.calibration.slope_high


def test_few_people_do_not_say_how_people_differ():
    few, _ = calibrate_setup(detector(scores(400, 1, 0)), people(400, 3), "ours")
    many, _ = calibrate_setup(detector(scores(400, 1, 0)), people(400, 8), "ours")
    assert few.session.people.between == known().session.people.between
    assert many.session.people.between < few.session.people.between


def test_too_few_gestures_are_refused():
    with pytest.raises(InputError, match=r"people \(ours\): 199 movements that can be used; 200"):
        calibrate_setup(detector(scores(199, 1, 0)), people(199, 8), "ours")


@pytest.mark.parametrize(("rate", "n"), [(0.01, 999), (0.05, 399)])
def test_what_is_promised_is_what_further_people_see(rate, n):
    """Simulated: the threshold at the k-th of n uniform scores, and the rate beyond it."""
    k = round(rate * (n + 1))
    drawn = np.random.default_rng(0).random((4000, n))
    seen = np.sort(drawn, axis=1)[:, k - 1]
    np.testing.assert_allclose(promised(rate, n), np.quantile(seen, [0.025, 0.975]), rtol=0.06)


def test_more_gestures_promise_more():
    spans = [np.diff(promised(0.01, n))[0] for n in (200, 1000, 5000)]
    assert spans == sorted(spans, reverse=True)
    low, high = promised(0.001, 200)  # fewer than such a rate takes
    assert 0 <= low < 0.001 < high
