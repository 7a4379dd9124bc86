"""Reasons for a decision: the features that move the log-odds most, beside people's values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.estimators.tabular import TableDetector
from humouse.detection.onnx.runtime import OnnxDetector

Explained = TableDetector | CalibratedDetector | OnnxDetector
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

    def __str__(self) -> str:
        """Return one line: `dt_on_tick_share 1.00, people 0.31…0.98: +2.4`."""
        value, low, high = map(_number, (self.value, self.human_low, self.human_high))
        return f"{self.feature} {value}, people {low}…{high}: {self.contribution:+.1f}"


def contributions(detector: Explained, X: Any) -> Float[np.ndarray, "n F"]:
    """Return [n, F] by how much the log-odds fall if each feature alone is put to people's median.

    They do not add up to the log-odds: features interact.

    Args:
        detector: A detector of tables, fitted or served; calibrated, its log-odds are the calibrated ones.
        X: [n, F] array or `FeatureTable`, as it takes them.

    Raises:
        InputError: As the detector's `decision_function`.
    """
    table = _of(detector)
    values = table.rows(X)
    n, F = values.shape
    median = table.human_quantiles_[1]
    before = _log_odds(detector, values)
    answer = np.empty((n, F))
    at_a_time = max(1, _ROWS_AT_A_TIME // F)
    for first in range(0, n, at_a_time):
        part = values[first : first + at_a_time]
        changed = np.repeat(part[:, None], F, axis=1)  # [rows, F, F]
        changed[:, np.arange(F), np.arange(F)] = median
        after = _log_odds(detector, changed.reshape(-1, F)).reshape(len(part), F)
        answer[first : first + at_a_time] = before[first : first + at_a_time, None] - after
    return answer


def explain(detector: Explained, X: Any, most: int = 5) -> list[list[Reason]]:
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
    table = _of(detector)
    values, added = table.rows(X), contributions(detector, X)
    strongest = np.argsort(-np.abs(added), axis=1, kind="stable")[:, :most]
    return [
        [_reason(table, place, row[place], adds[place]) for place in places if adds[place]]
        for row, adds, places in zip(
            values.tolist(), added.tolist(), strongest.tolist(), strict=True
        )
    ]


def _of(detector: Explained) -> TableDetector | OnnxDetector:
    return detector.estimator_ if isinstance(detector, CalibratedDetector) else detector


def _log_odds(detector: Explained, values: np.ndarray) -> np.ndarray:
    scores = detector.decision_function(values)
    if isinstance(detector, CalibratedDetector):
        return detector.calibration_.log_odds(scores)
    return scores


def _reason(
    table: TableDetector | OnnxDetector, place: int, value: float, contribution: float
) -> Reason:
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
