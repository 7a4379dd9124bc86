"""What recordings hold, told before anything is made of them."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from humouse.data.events.event import MOVED
from humouse.data.gestures import cut_parts, to_trajectories
from humouse.data.names import natural_key
from humouse.data.prepared import alike, by_reason, in_number, with_files
from humouse.data.sources import Events, Source
from humouse.errors import InputError
from humouse.gestures import GestureRules, Gestures
from humouse.time_unit import UNIT_NAMES
from humouse.trajectories import Trajectories

_QUARTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, eq=False)
class Inspection:
    """What is in recordings.

    Args:
        lines: In words.
        gestures: What would be kept of them.
    """

    lines: list[str]
    gestures: Trajectories


def inspect(source: Source, rules: GestureRules) -> Inspection:
    """Return what the recordings of a source hold, and what would become of them.

    A recording that cannot be used is a line; the others are read all the same.

    Args:
        source: Where the recordings are.
        rules: What counts as a gesture.

    Raises:
        InputError: No recording can be used.
    """
    files = source.files()
    read, faults = [], []
    warnings: dict[str, list[str]] = {}
    for file in files:
        held = _Held()
        try:
            for events, found in cut_parts(source.parts(file), rules):
                held.add(events, found)
        except InputError as error:
            faults.append(str(error))
        else:
            read.append(held)
            for warning in dict.fromkeys(held.warnings):
                warnings.setdefault(warning, []).append(file.name)
    if not any(held.rows for held in read):
        raise InputError(faults[0] if faults else f"{files[0].name}: it holds no rows")
    parts = [part for held in read for part in held.parts]
    gestures = to_trajectories(parts, source.origin)
    dropped = sum((Counter(part.dropped) for part in parts), Counter[str]())
    lines = [
        *([source.note] if source.note else []),
        *_people(read, len(files)),
        *_events(read),
        *_gestures(gestures, dropped),
        *(f"cannot be used: {fault}" for fault in faults),
        *(f"careful: {with_files(one)}" for one in alike(warnings)),
    ]
    return Inspection(lines, gestures)


@dataclass
class _Held:
    """What one recording holds, gathered part by part.

    Args:
        parts: Its gestures.
        span_ms: Total time of its uninterrupted recordings, the last of which may go on.
    """

    parts: list[Gestures] = field(default_factory=list)
    users: set[str] = field(default_factory=set)
    runs: int = 0
    span_ms: int = 0
    states: Counter[str] = field(default_factory=Counter)
    corners_px: list[tuple[int, int]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    repaired: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)
    steps_ms: list[float] = field(default_factory=list)
    unit: str | None = None
    _open: tuple[int, int, int] | None = None

    @property
    def rows(self) -> int:
        """Rows that were found, kept or dropped."""
        return self.states.total() + self.dropped.total()

    def add(self, events: Events, gestures: Gestures) -> None:
        """Take note of a part."""
        self.parts.append(gestures)
        self.dropped.update(events.dropped)
        self.repaired.update(events.repaired)
        self.warnings += events.warnings
        self.unit = events.unit or self.unit
        if events.usual_step_ms is not None:
            self.steps_ms.append(events.usual_step_ms)
        table = events.table
        self.users.update(table["user"].unique())
        self.states.update(dict(table["state"].value_counts().iter_rows()))
        points = table.filter(pl.col("state").is_in(MOVED)).select("x_px", "y_px")
        if points.height:
            self.corners_px += [*points.min().iter_rows(), *points.max().iter_rows()]
        ends = pl.col("t_ms").min().alias("first"), pl.col("t_ms").max().alias("last")
        for run, first, last in table.group_by("run", maintain_order=True).agg(*ends).iter_rows():
            if self._open is not None and self._open[0] == run:
                self.runs -= 1
                self.span_ms -= self._open[2] - self._open[1]
                first, last = min(first, self._open[1]), max(last, self._open[2])
            self._open = run, first, last
            self.runs += 1
            self.span_ms += last - first


def _people(read: list[_Held], files: int) -> list[str]:
    users = sorted(set[str]().union(*(held.users for held in read)), key=natural_key)
    shown = ", ".join(users[:8]) + (f" and {len(users) - 8} more" if len(users) > 8 else "")
    runs = sum(held.runs for held in read)
    return [f"people: {len(users)} ({shown}); files: {files}; uninterrupted recordings: {runs:,}"]


def _events(read: list[_Held]) -> list[str]:
    """Return lines on the rows: how many of what, over which time and place, at which rate."""
    counts = sum((held.states for held in read), Counter[str]())
    minutes = sum(held.span_ms for held in read) / 60_000
    lines = [f"events: {counts.total():,} ({by_reason(counts)}) over {minutes:,.1f} minutes"]
    units = Counter(UNIT_NAMES.get(held.unit, "dates") for held in read if held.unit)
    if units:
        shown = [
            f"{unit} ({in_number(n, 'file')})" if len(units) > 1 else unit
            for unit, n in units.items()
        ]
        lines.append(f"times: read as {', '.join(shown)}")
    if corners := [corner for held in read for corner in held.corners_px]:
        (left, right), (top, bottom) = (
            (min(side), max(side)) for side in zip(*corners, strict=True)
        )
        lines.append(f"positions: x from {left:,} to {right:,} px, y from {top:,} to {bottom:,} px")
    if steps := [step for held in read for step in held.steps_ms]:
        usual = float(np.median(steps))
        lines.append(
            f"while the mouse moves: {1000 / usual:,.0f} points a second, {usual:,.0f} ms apart"
        )
    for what, rows in (
        ("dropped", sum((held.dropped for held in read), Counter[str]())),
        ("put in order", sum((held.repaired for held in read), Counter[str]())),
    ):
        if rows:
            lines.append(f"rows {what}: {by_reason(rows)}")
    return lines


def _gestures(gestures: Trajectories, dropped: Counter[str]) -> list[str]:
    lines = [f"gestures: {len(gestures):,}; dropped: {by_reason(dropped)}"]
    if len(gestures):
        for what, values in (
            ("points", gestures.lengths.numpy() + 1),
            ("path (px)", gestures.path_px.numpy()),
            ("duration (ms)", gestures.duration_ms.numpy()),
        ):
            low, first, middle, third, high = np.quantile(values, _QUARTILES)
            lines.append(
                f"  {what}: {low:,.0f} to {high:,.0f}, half of them {first:,.0f} to {third:,.0f}, median "
                f"{middle:,.0f}"
            )
    return lines
