"""Views: what detectors look at. The hand's motion on one clock, and apart from it the set-up's traits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int

from humouse.detection.names import FEATURES, MOST_STEPS, SETUP, STEPS, VIEWS
from humouse.detection.samples.one_clock import OneClock, phases, steady
from humouse.features import FeatureTable, feature_table
from humouse.trajectories import Trajectories, concatenate


@dataclass(frozen=True, eq=False)
class Views:
    """What detectors look at: B movements.

    Args:
        steps: On one clock.
        features: Of these.
        setup: Traits of the set-up that recorded them: no evidence of a bot.
    """

    steps: Trajectories
    features: FeatureTable
    setup: FeatureTable

    def __len__(self) -> int:
        return len(self.steps)

    def rows(self, index: Int[np.ndarray, "b"]) -> "Views":
        """Return the views of the movements of those numbers, in that order."""
        return Views(self.steps[index], self.features.rows(index), self.setup.rows(index))

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
        steps = Trajectories.load(folder / f"{STEPS}.parquet")
        tables = (FeatureTable.load(folder / f"{name}.parquet") for name in (FEATURES, SETUP))
        return cls(steps, *tables)

    @classmethod
    def stacked(cls, parts: "Sequence[Views]") -> "Views":
        """Return the views of all movements of `parts`."""
        return cls(
            concatenate([part.steps for part in parts], "mixed"),
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
    movements: Trajectories, clock: OneClock, seed: int | None = None
) -> tuple[Views, Int[np.ndarray, "b"]]:
    """Return the views of the movements that move, and their numbers.

    Args:
        movements: B movements (px, ms), as recorded.
        clock: The one that the hand's motion is looked at by.
        seed: Of the phase of each movement's clock, in training; None for one phase, so that a
            movement always looks the same.
    """
    cut = steady(movements, clock.pause_ms)
    rows = (cut.lengths >= 1).nonzero()[:, 0]
    if len(rows) < len(cut):
        cut = cut[rows]
    on_clock = _beginning(clock.laid(cut, phases(len(movements), seed)[rows]))
    features = feature_table(on_clock, _GROUPS)
    kept = [name for name in features.names if name not in _LEFT_OUT]
    views = Views(on_clock, features.select(kept), _setup_table(cut, on_clock))
    return views, rows.numpy()


def _beginning(movements: Trajectories) -> Trajectories:
    """Return the first `MOST_STEPS` steps of each movement."""
    if movements.deltas.shape[1] <= MOST_STEPS:
        return movements
    deltas = movements.deltas[:, :MOST_STEPS].contiguous()
    return replace(movements, deltas=deltas, lengths=movements.lengths.clamp(max=MOST_STEPS))


def _setup_table(recorded: Trajectories, on_clock: Trajectories) -> FeatureTable:
    """Return traits of device and task, of which none is evidence of a bot."""
    dt_ms = recorded.deltas[..., 2].masked_fill(~recorded.mask, torch.inf).sort(1).values
    last = recorded.lengths - 1
    quantiles_ms = [
        dt_ms.gather(1, (last * share).round().long()[:, None])[:, 0] for share in (0.1, 0.5, 0.9)
    ]
    still = ((on_clock.deltas[..., :2] == 0).all(2) & on_clock.mask).sum(1) / on_clock.lengths
    traits = {
        ("dt_p10_ms", "ms"): quantiles_ms[0],
        ("dt_median_ms", "ms"): quantiles_ms[1],
        ("dt_p90_ms", "ms"): quantiles_ms[2],
        ("duration_ms", "ms"): recorded.duration_ms,
        ("path_px", "px"): recorded.path_px,
        ("steps", "count"): recorded.lengths,
        ("zero_move_share", "1"): still,
    }
    names, units = zip(*traits, strict=True)
    values = torch.stack([one.float() for one in traits.values()], 1)
    return FeatureTable(values, names, units, recorded.user)


def _stacked(tables: Sequence[FeatureTable]) -> FeatureTable:
    first = tables[0]
    values = torch.cat([table.select(first.names).values for table in tables])
    named = [table.user for table in tables if table.user is not None]
    user = np.concatenate(named) if len(named) == len(tables) else None
    return FeatureTable(values, first.names, first.units, user)
