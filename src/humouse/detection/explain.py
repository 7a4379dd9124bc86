"""Reasons for a decision: the features that move the log-odds most, beside people's values."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int, Int16

from humouse.detection.names import BOT, UNFAMILIAR
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.setups.distance import p_values
from humouse.detection.setups.setup import SetUp
from humouse.features import FeatureTable
from humouse.features.names import readable

if TYPE_CHECKING:
    from humouse.detection.estimators.boosting import BoostingDetector

    Explained = BoostingDetector | OnnxDetector


@dataclass(frozen=True)
class Reason:
    """What one feature adds to a decision.

    Args:
        feature: Its name.
        unit: "px/s", "ms" …; "1" for a share or ratio.
        value: What the movement has.
        human_low: The 5th percentile of people.
        human_median: Their median.
        human_high: Their 95th percentile.
        contribution: By how much the log-odds of a bot fall when the median takes the value's place;
            below 0 where the feature is evidence for a person.
    """

    feature: str
    unit: str
    value: float
    human_low: float
    human_median: float
    human_high: float
    contribution: float

    def __str__(self) -> str:
        """Return one line: `dt_on_tick_share 1.00, people 0.31…0.98: +2.4`."""
        value, low, high = map(_number, (self.value, self.human_low, self.human_high))
        return f"{self.feature} {value}, people {low}…{high}: {self.contribution:+.1f}"


def contributions(detector: "Explained", X: Any) -> Float[np.ndarray, "n F"]:
    """Return [n, F] by how much the log-odds fall if each feature alone is put to people's median.

    They do not add up to the log-odds: features interact.

    Args:
        detector: A detector of tables, fitted or served.
        X: [n, F] array or `FeatureTable`, as it takes them.

    Raises:
        InputError: As the detector's `decision_function`.
    """
    return detector.what_if.contributions(detector.rows(X))


def explain(detector: "Explained", X: Any, most: int = 5) -> list[list[Reason]]:
    """Return for each row the features that move its log-odds most, the strongest first.

    Args:
        detector: A detector of tables, fitted or served.
        X: [n, F] array or `FeatureTable`, as it takes them.
        most: Largest number of reasons per row; features that change nothing are left out.

    Raises:
        InputError: As the detector's `decision_function`.
        ValueError: `most` is below 1.
    """
    if most < 1:
        raise ValueError(f"most={most}: must be at least 1")
    values, added = detector.rows(X), contributions(detector, X)
    strongest = np.argsort(-np.abs(added), axis=1, kind="stable")[:, :most]
    return [
        [_reason(detector, place, row[place], adds[place]) for place in places if adds[place]]
        for row, adds, places in zip(
            values.tolist(), added.tolist(), strongest.tolist(), strict=True
        )
    ]


_UNNAMED = "the order of its steps, which no single feature shows"
_TOGETHER = "its time steps, size and duration together, though none of them alone"
_NONE = -1


class Speaking(NamedTuple):
    """The features that speak most for a person, and those that speak most for a bot, of B movements.

    Args:
        feature: [B, 2, R] places of the features, the strongest first; −1 where there are fewer.
        value: [B, 2, R] their values.
    """

    feature: Int16[np.ndarray, "B 2 R"]
    value: Float32[np.ndarray, "B 2 R"]

    def rows(self, index: Int[np.ndarray, "b"]) -> "Speaking":
        """Return those of the movements of those numbers, in that order."""
        return Speaking(self.feature[index], self.value[index])


def speaking(explaining: OnnxDetector | None, features: FeatureTable, most: int) -> Speaking:
    """Return the features that speak for either verdict, so that the verdict may be known later.

    Args:
        explaining: The member that looks at features, if there is one.
        features: Of B movements.
        most: Largest number of features for each verdict.
    """
    shape = (len(features), 2, 0 if explaining is None else min(most, len(features.names)))
    found = Speaking(np.full(shape, _NONE, np.int16), np.zeros(shape, np.float32))
    if explaining is None or not found.feature.size:
        return found
    values = explaining.rows(features)
    added = explaining.what_if.contributions(values)
    row = np.arange(len(values))[:, None]  # half the time of np.take_along_axis
    for verdict, sign in enumerate((-1, 1)):
        strongest = np.argsort(-sign * added, kind="stable")[:, : shape[2]]
        speaks = sign * added[row, strongest] > 0
        found.feature[:, verdict] = np.where(speaks, strongest, _NONE)
        found.value[:, verdict] = values[row, strongest]
    return found


def reasons_for(
    explaining: OnnxDetector | None,
    setups: Sequence[SetUp],
    found: Speaking,
    traits: FeatureTable,
    verdicts: np.ndarray,
    most: int,
) -> list[str]:
    """Return a line for each movement: what speaks for the verdict on it.

    Args:
        explaining: The member that looks at features, if there is one.
        setups: Those that the detector knows.
        found: The features that speak for either verdict on B movements.
        traits: Of their set-ups.
        verdicts: [B] the verdict on each.
        most: Largest number of reasons of one movement.
    """
    words = cache(partial(_in_words, explaining))
    sides = (verdicts == BOT).astype(int)
    row = np.arange(len(verdicts))
    lines = [
        "; ".join(
            words(place)[0] + _with_unit(value, words(place)[1]) + words(place)[2]
            for place, value in zip(places, values, strict=True)
            if place != _NONE
        )
        or _UNNAMED
        for places, values in zip(
            found.feature[row, sides].tolist(), found.value[row, sides].tolist(), strict=True
        )
    ]
    (strange,) = (verdicts == UNFAMILIAR).nonzero()
    if not len(strange):
        return lines
    for number, line in zip(strange.tolist(), _strange(setups, traits, strange, most), strict=True):
        lines[number] = line
    return lines


def _in_words(explaining: OnnxDetector | None, place: int) -> tuple[str, str, str]:
    """Return of a feature its name, its unit, and what people have."""
    assert explaining is not None
    low, _, high = explaining.human_quantiles_[:, place].tolist()
    people = f" (people {_span(low, high)})"
    return f"{readable(explaining.columns_[place])} ", explaining.units_[place], people


def _strange(
    setups: Sequence[SetUp], traits: FeatureTable, rows: Int[np.ndarray, "k"], most: int
) -> list[str]:
    """Return in what each of some movements lies outside the set-up that is nearest to it."""
    values = traits.values[rows].astype(np.float64)
    distances = [distance for one in setups for distance in one.distances]
    nearest = p_values(distances, values).argmax(0).tolist()
    ranges = cache(lambda near: list(map(distances[near].range_of, range(values.shape[1]))))
    names = [readable(name) for name in traits.names]
    lines = []
    for own, near in zip(values.tolist(), nearest, strict=True):
        found = [
            f"{name} {_outside(value, unit, low, high)} (known {_span(low, high)})"
            for name, unit, value, (low, high) in zip(
                names, traits.units, own, ranges(near), strict=True
            )
            if not low <= value <= high
        ]
        lines.append("; ".join(found[:most]) or _TOGETHER)
    return lines


def _reason(table: "Explained", place: int, value: float, contribution: float) -> Reason:
    low, median, high = table.human_quantiles_[:, place].tolist()
    return Reason(
        table.columns_[place],
        table.units_[place],
        value,
        low,
        median,
        high,
        contribution,
    )


def _number(value: float) -> str:
    if value == 0 or 0.01 <= abs(value) < 100:
        return f"{value:.2f}"
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.1e}"


def _with_unit(value: float, unit: str) -> str:
    return _number(value) if unit in ("1", "count", "") else f"{_number(value)} {unit}"


def _outside(value: float, unit: str, low: float, high: float) -> str:
    """Return a value that lies outside a range, though it may look like its end when it is rounded."""
    side, end = ("below", low) if value < low else ("above", high)
    shown = _with_unit(value, unit)
    return f"just {side} {shown}" if _number(value) == _number(end) else shown


def _span(low: float, high: float) -> str:
    return f"{_number(low)}…{_number(high)}"
