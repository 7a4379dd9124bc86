"""Reasons for a decision: the features that move the log-odds most, beside people's values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from humouse.detection.names import BOT, UNFAMILIAR
from humouse.detection.onnx.runtime import OnnxDetector
from humouse.detection.samples.views import Views
from humouse.detection.setups.setup import SetUp
from humouse.features import FeatureTable
from humouse.features.names import readable

if TYPE_CHECKING:
    from humouse.detection.estimators.tabular import TableDetector

    Explained = TableDetector | OnnxDetector

_ROWS_AT_A_TIME = 4096


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

    @property
    def words(self) -> str:
        """In words: `number of speed peaks 1 (people 2…5)`."""
        value, people = _with_unit(self.value, self.unit), _span(self.human_low, self.human_high)
        return f"{readable(self.feature)} {value} (people {people})"

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
    values = detector.rows(X)
    n, F = values.shape
    median = detector.human_quantiles_[1]
    before = detector.decision_function(values)
    answer = np.empty((n, F))
    at_a_time = max(1, _ROWS_AT_A_TIME // F)
    for first in range(0, n, at_a_time):
        part = values[first : first + at_a_time]
        changed = np.repeat(part[:, None], F, axis=1)  # [rows, F, F]
        changed[:, np.arange(F), np.arange(F)] = median
        after = detector.decision_function(changed.reshape(-1, F)).reshape(len(part), F)
        answer[first : first + at_a_time] = before[first : first + at_a_time, None] - after
    return answer


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


def reasons_for(
    explaining: OnnxDetector | None,
    setups: Sequence[SetUp],
    views: Views,
    verdicts: np.ndarray,
    most: int,
) -> list[str]:
    """Return a line for each movement: what speaks for the verdict on it.

    Args:
        explaining: The member that looks at features, if there is one.
        setups: Those that the detector knows.
        views: Of B movements.
        verdicts: [B] the verdict on each.
        most: Largest number of reasons of one movement.
    """
    lines = [_UNNAMED] * len(verdicts)
    strange = verdicts == UNFAMILIAR
    for row in np.flatnonzero(strange):
        lines[row] = _strange(setups, views.setup, int(row), most)
    judged = np.flatnonzero(~strange)
    if explaining is None or not len(judged):
        return lines
    table = views.features.rows(judged)
    values, added = explaining.rows(table), contributions(explaining, table)
    for row, own, adds in zip(judged, values, added, strict=True):
        sign = 1 if verdicts[row] == BOT else -1
        order = np.argsort(-sign * adds)[:most].tolist()
        places = [place for place in order if sign * adds[place] > 0]
        found = [
            _reason(explaining, place, float(own[place]), float(adds[place])) for place in places
        ]
        lines[row] = "; ".join(one.words for one in found) or _UNNAMED
    return lines


def _strange(setups: Sequence[SetUp], traits: FeatureTable, row: int, most: int) -> str:
    """Return in what a movement lies outside the nearest set-up."""
    values = traits.values[row].astype(np.float64)
    distances = [distance for one in setups for distance in one.distances]
    nearest = max(distances, key=lambda one: float(one.p_value(values[None])[0]))
    found = []
    for place, (name, unit) in enumerate(zip(traits.names, traits.units, strict=True)):
        low, high = nearest.range_of(place)
        if not low <= values[place] <= high:
            found.append(
                f"{readable(name)} {_with_unit(values[place], unit)} (known {_span(low, high)})"
            )
    return "; ".join(found[:most]) or _TOGETHER


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


def _span(low: float, high: float) -> str:
    return f"{_number(low)}…{_number(high)}"
