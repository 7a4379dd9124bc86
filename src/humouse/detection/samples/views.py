"""Views: what detectors look at. The hand's motion on one clock, and apart from it the set-up's traits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Int

from humouse.detection.names import FEATURES, MOST_STEPS, SETUP, STEPS, VIEWS
from humouse.detection.samples.one_clock import OneClock, phases, steady
from humouse.features import FeatureTable, feature_table
from humouse.steps import Steps


@dataclass(frozen=True, eq=False)
class Views:
    """What detectors look at: B movements.

    Args:
        steps: On one clock.
        features: Of these.
        setup: Traits of the set-up that recorded them: no evidence of a bot.
    """

    steps: Steps
    features: FeatureTable
    setup: FeatureTable

    def __len__(self) -> int:
        return len(self.steps)

    def rows(self, index: Int[np.ndarray, "b"]) -> "Views":
        """Return the views of the movements of those numbers, in that order."""
        return Views(self.steps.rows(index), self.features.rows(index), self.setup.rows(index))

    def save(self, folder: Path) -> None:
        """Write a Parquet file for each view into a folder.

        Raises:
            InputError: A file cannot be written.
        """
        for name in VIEWS:
            getattr(self, name).save(folder / f"{name}.parquet")

    @classmethod
    def load(cls, folder: Path) -> "Views":
        """Read what `save` wrote.

        Raises:
            InputError: A file is missing or damaged.
        """
        steps = Steps.load(folder / f"{STEPS}.parquet")
        tables = (FeatureTable.load(folder / f"{name}.parquet") for name in (FEATURES, SETUP))
        return cls(steps, *tables)

    @classmethod
    def stacked(cls, parts: "Sequence[Views]") -> "Views":
        """Return the views of all movements of `parts`."""
        return cls(
            Steps.stacked([part.steps for part in parts]),
            _stacked([part.features for part in parts]),
            _stacked([part.setup for part in parts]),
        )


_GROUPS = ("kinematics", "spectra", "path_coupling")
# What one clock makes constant, what tells where a movement goes, and what repeats another column.
_LEFT_OUT = {
    *("power_32_64_hz_db", "power_32_64_hz_share", "duration_ms"),
    *("direction_cos", "direction_sin"),
}


def look(
    movements: Steps, clock: OneClock, seed: int | None = None
) -> tuple[Views, Int[np.ndarray, "b"]]:
    """Return the views of the movements that move, and their numbers.

    Args:
        movements: B movements (px, ms), as recorded.
        clock: The one that the hand's motion is looked at by.
        seed: Of the phase of each movement's clock, in training; None for one phase, so that a
            movement always looks the same.
    """
    cut = steady(movements, clock.pause_ms)
    (rows,) = cut.lengths.nonzero()
    if len(rows) < len(cut):
        cut = cut.rows(rows)
    on_clock = _beginning(clock.laid(cut, phases(len(movements), seed)[rows]))
    features = feature_table(on_clock, _GROUPS, without=_LEFT_OUT)
    return Views(on_clock, features, _setup_table(cut, on_clock)), rows


def _beginning(movements: Steps) -> Steps:
    """Return the first `MOST_STEPS` steps of each movement."""
    if movements.deltas.shape[1] <= MOST_STEPS:
        return movements
    lengths = np.minimum(movements.lengths, MOST_STEPS)
    return replace(movements, deltas=movements.deltas[:, :MOST_STEPS], lengths=lengths)


def _setup_table(recorded: Steps, on_clock: Steps) -> FeatureTable:
    """Return traits of device and task, of which none is evidence of a bot."""
    dt_ms = np.where(recorded.mask, recorded.deltas[..., 2], np.inf)
    dt_ms.sort(1)
    row, last = np.arange(len(recorded)), (recorded.lengths - 1).astype(np.float32)
    p10_ms, median_ms, p90_ms = (
        dt_ms[row, (last * np.float32(share)).round().astype(np.int64)] for share in (0.1, 0.5, 0.9)
    )
    still = ~on_clock.deltas[..., :2].any(2) & on_clock.mask
    # float64 sums: padding, which numpy's order of adding depends on, must not show.
    moves_px = recorded.deltas[..., :2].astype(np.float64)
    traits = {
        ("dt_p10_ms", "ms"): p10_ms,
        ("dt_median_ms", "ms"): median_ms,
        ("dt_p90_ms", "ms"): p90_ms,
        ("duration_ms", "ms"): recorded.deltas[..., 2].sum(1, np.float64),
        ("path_px", "px"): np.sqrt((moves_px * moves_px).sum(2)).sum(1),
        ("steps", "count"): recorded.lengths,
        ("zero_move_share", "1"): still.sum(1) / on_clock.lengths,
    }
    names, units = zip(*traits, strict=True)
    values = np.array([one.astype(np.float32) for one in traits.values()]).T.copy()
    return FeatureTable(values, names, units, recorded.user)


def _stacked(tables: Sequence[FeatureTable]) -> FeatureTable:
    first = tables[0]
    values = np.concatenate([table.select(first.names).values for table in tables])
    named = [table.user for table in tables if table.user is not None]
    user = np.concatenate(named) if len(named) == len(tables) else None
    return FeatureTable(values, first.names, first.units, user)
