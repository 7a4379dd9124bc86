"""`SetUp`: one recording set-up that a detector knows, and what its scores mean there."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from humouse.detection.calibration.calibration import Calibration
from humouse.detection.setups.distance import SetUpDistance, clock_log_likelihoods, p_values
from humouse.detection.setups.session import STRANGERS as STRANGE_SESSIONS
from humouse.detection.setups.session import SessionRule, Source, normal_scores
from humouse.detection.stored_numbers import above_zero
from humouse.files import has_shape

FAR = 0.01
"""A movement farther from a set-up than all but this share of its people's is far from it."""

FAR_SHARE = 0.25
"""A source of which more than this share of movements is far does not belong to the set-up..."""

FEWEST = 10
"""...if it has so many movements at least."""

INDEPENDENT = 5
"""A source's movements have one clock: together they say as much as so many that are independent."""

LESS_LIKELY = 3.0
"""A set-up whose clock makes a source e³ times less likely than another's does not explain it."""

STRANGERS = 0.5
"""The margin for people other than those calibrated on."""

_SHAPE = {
    "name": str,
    "people": int,
    "gestures": int,
    "distances": [dict],
    "calibration": dict,
    "session": dict,
}


@dataclass(frozen=True, eq=False)
class Calibrating:
    """Movements that no detector was fitted on, scored, of one set-up.

    Args:
        score: [n] the blend's.
        is_bot: [n] which are bots'.
        source: [n] whose movement it is: a person on one device, or a bot's variant.
        traits: [p, F] traits of the people's movements, of all that are known of the set-up.
        columns: F names of the traits.
    """

    score: Float[np.ndarray, "n"]
    is_bot: Bool[np.ndarray, "n"]
    source: np.ndarray
    traits: Float[np.ndarray, "p F"]
    columns: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class SetUp:
    """A set-up, and what scores mean there.

    Args:
        name: The dataset's.
        people: How many people it was calibrated on.
        gestures: How many gestures of theirs.
        distances: How far a movement lies from it; near by one of them is near.
        calibration: From scores to p-values, thresholds and probabilities.
        session: The rule for sessions.
        margin: What the rate asked for is multiplied by: thresholds slip by up to twice between people.
    """

    name: str
    people: int
    gestures: int
    distances: tuple[SetUpDistance, ...]
    calibration: Calibration
    session: SessionRule
    margin: float = STRANGERS

    @classmethod
    def fit(cls, name: str, known: Calibrating, people: int, gestures: int, seed: int) -> "SetUp":
        """Return the set-up of movements that no detector was fitted on."""
        calibration = Calibration.fit(known.score, known.is_bot)
        normal = normal_scores(calibration.p_value(known.score))
        human, bots = (
            Source.fit(normal[rows], known.source[rows]) for rows in (~known.is_bot, known.is_bot)
        )
        human = replace(human, between=STRANGE_SESSIONS * human.between)
        distances = (SetUpDistance.fit(known.columns, known.traits),)
        return cls(
            name, people, gestures, distances, calibration, SessionRule.fit(human, bots, seed)
        )

    def p_value(self, score: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the share of people with higher scores, the margin included; at most 1."""
        return self.with_margin(self.calibration.p_value(score))

    def with_margin(self, p_value: Float[np.ndarray, "n"]) -> Float[np.ndarray, "n"]:
        """Return [n] the calibration's p-values with the margin included; at most 1."""
        return np.minimum(p_value / self.margin, 1.0)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain numbers."""
        return {
            "name": self.name,
            "people": self.people,
            "gestures": self.gestures,
            "distances": [one.to_json() for one in self.distances],
            "calibration": {**asdict(self.calibration), "human_scores": ()},
            "session": self.session.to_json(),
            "margin": self.margin,
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "SetUp":
        """Return what `to_json` wrote.

        Raises:
            LookupError, TypeError, AttributeError, ValueError: It is something else.
        """
        if not has_shape(content, _SHAPE):
            raise ValueError("no set-up")
        return cls(
            content["name"],
            content["people"],
            content["gestures"],
            tuple(map(SetUpDistance.from_json, content["distances"])),
            Calibration.from_json(content["calibration"]),
            SessionRule.from_json(content["session"]),
            above_zero(content["margin"]),
        )


def nearness(setups: Sequence[SetUp], traits: Float[np.ndarray, "n F"]) -> Float[np.ndarray, "S n"]:
    """Return [S, n] the share of each set-up's people who lie farther."""
    return _of_each(setups, p_values(_distances(setups), traits))


def can_be_of(
    setups: Sequence[SetUp], traits: Float[np.ndarray, "n F"], groups: Sequence[np.ndarray]
) -> Bool[np.ndarray, "S n"]:
    """Return [S, n] whether movements can come from each set-up.

    Args:
        setups: S set-ups.
        traits: [n, F] traits of movements.
        groups: Rows of each source. Its movements stand and fall together where many are far.
    """
    near = nearness(setups, traits) >= FAR
    found = near.copy()
    for rows in groups:
        if len(rows) >= FEWEST:
            strange = (~near[:, rows]).mean(1) > FAR_SHARE
            found[np.ix_(strange, rows)] = False
    return found


def clock_log_likelihood(
    setups: Sequence[SetUp], traits: Float[np.ndarray, "n F"], groups: Sequence[np.ndarray]
) -> Float[np.ndarray, "S n"]:
    """Return [S, n] how likely the clock of each movement's source is in each set-up.

    Args:
        setups: S set-ups.
        traits: [n, F] traits of movements.
        groups: Rows of each source.
    """
    own = _of_each(setups, clock_log_likelihoods(_distances(setups), traits))
    for rows in groups:
        if len(rows) > 1:
            own[:, rows] = own[:, rows].mean(1, keepdims=True) * min(len(rows), INDEPENDENT)
    return own


def _distances(setups: Sequence[SetUp]) -> list[SetUpDistance]:
    return [distance for one in setups for distance in one.distances]


def _of_each(setups: Sequence[SetUp], values: Float[np.ndarray, "D n"]) -> Float[np.ndarray, "S n"]:
    """Return the largest value of the distances of each set-up."""
    counts = [len(one.distances) for one in setups]
    return np.maximum.reduceat(values, np.cumsum([0, *counts[:-1]]))
