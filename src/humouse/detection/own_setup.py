"""A set-up of one's own people, for a detector that was fitted on others: no bots are needed."""

from dataclasses import replace

import numpy as np
from scipy.stats import beta

from humouse.detection.calibration.calibration import Calibration
from humouse.detection.calibration.score_cdf import ScoreCDF
from humouse.detection.detector import Detector
from humouse.detection.setups.distance import SetUpDistance
from humouse.detection.setups.session import SessionRule, Source, normal_scores
from humouse.detection.setups.setup import STRANGERS, SetUp
from humouse.errors import InputError
from humouse.trajectories import Trajectories

FEWEST_GESTURES = 200
"""Gestures of one's own people that calibration takes."""

_SURE = 0.001
# Excesses that the tail of the set-up calibrated from counts for.
_PRIOR_EXCESSES = 10.0
_TAIL = 0.05
_FEWEST_SOURCES = 5


def calibrate_setup(
    detector: Detector, people: Trajectories, name: str, *, alone: bool = True
) -> tuple[SetUp, float]:
    """Return the set-up of these people, and the share of their movements that looked like bots' before.

    The tail of few scores is uncertain: its slope is drawn towards that of the set-ups that the detector
    knows. What bots score relative to people is taken from these, too.

    Args:
        detector: As it was.
        people: Movements of one's own people.
        name: What to call the set-up.
        alone: Whether the detector shall know this set-up alone, for people of one's own. What is near a
            set-up that it knew stays near then: one's people have devices that are not seen yet.

    Raises:
        InputError: There are too few movements.
    """
    score, traits, rows = detector.scored(people)
    if len(rows) < FEWEST_GESTURES:
        raise InputError(
            f"people ({people.origin}): {len(rows):,} movements that can be used; {FEWEST_GESTURES} are "
            "needed to calibrate on: record more"
        )
    usable = people[rows]
    before = np.stack([one.calibration.p_value(score) for one in detector.setups])
    known = detector.setups[int(np.median(before, 1).argmax())]
    cdf = _with_known_tail(ScoreCDF.fit(score), len(score), known.calibration.human_cdf)
    falling = tuple(np.sort(score)[::-1].tolist())
    calibration: Calibration = replace(known.calibration, human_cdf=cdf, human_scores=falling)
    users = usable.person
    normal = normal_scores(calibration.p_value(score))
    own = Source.fit(normal, users)
    if len(np.unique(users)) < _FEWEST_SOURCES:  # too few to know how sources differ
        own = replace(own, between=known.session.people.between)
    others = [distance for one in detector.setups for distance in one.distances]
    own_distance = SetUpDistance.fit(others[0].columns, traits)
    return SetUp(
        name,
        len(np.unique(users)),
        len(usable),
        (own_distance, *others) if alone else (own_distance,),
        calibration,
        SessionRule.fit(own, known.session.bots, 0),
        margin=1.0 if alone else STRANGERS,
    ), float((before.max(0) <= _SURE).mean())


def promised(rate: float, gestures: int) -> tuple[float, float]:
    """Return the 95% interval of the rate that a threshold on so many gestures has on further ones.

    The rate of a conformal threshold at rank k of n has the distribution Beta(k, n + 1 − k).
    """
    k = max(rate * (gestures + 1), 0.5)
    low, high = beta.ppf([0.025, 0.975], k, gestures + 1 - k)
    return float(low), float(high)


def _with_known_tail(own: ScoreCDF, gestures: int, known: ScoreCDF) -> ScoreCDF:
    excesses = _TAIL * gestures
    mean = (excesses / own.slope_above + _PRIOR_EXCESSES / known.slope_above) / (
        excesses + _PRIOR_EXCESSES
    )
    return replace(own, slope_above=1 / mean)
