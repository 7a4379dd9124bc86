"""What recordings hold, told before anything is made of them."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.names import natural_key
from humouse.data.prepared import by_reason
from humouse.data.sources import Events, Source
from humouse.errors import InputError
from humouse.gestures import GestureRules
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
    for file in files:
        try:
            read.append(source.events(file))
        except InputError as error:
            faults.append(str(error))
    if not read:
        raise InputError(faults[0])
    parts = [cut_gestures(events.table, rules) for events in read]
    gestures = to_trajectories(parts, source.origin)
    dropped = sum((Counter(part.dropped) for part in parts), Counter[str]())
    lines = [
        *([source.note] if source.note else []),
        *_people(read, len(files)),
        *_events(read),
        *_gestures(gestures, dropped),
        *(f"cannot be used: {fault}" for fault in faults),
        *dict.fromkeys(f"careful: {warning}" for events in read for warning in events.warnings),
    ]
    return Inspection(lines, gestures)


def _people(read: list[Events], files: int) -> list[str]:
    users = sorted(
        {user for events in read for user in events.table["user"].unique()}, key=natural_key
    )
    shown = ", ".join(users[:8]) + (f" and {len(users) - 8} more" if len(users) > 8 else "")
    runs = sum(events.table["run"].n_unique() for events in read)
    return [f"people: {len(users)} ({shown}); files: {files}; uninterrupted recordings: {runs:,}"]


def _events(read: list[Events]) -> list[str]:
    """Return lines on the rows: how many of what, over which time and place, at which rate."""
    table = pl.concat(events.table for events in read)
    spans = [
        events.table.group_by("run").agg(pl.col("t_ms").max() - pl.col("t_ms").min())
        for events in read
    ]
    minutes = sum(int(span["t_ms"].sum()) for span in spans) / 60_000
    states = ", ".join(
        f"{count:,} {state}" for state, count in table["state"].value_counts(sort=True).iter_rows()
    )
    points = table.filter(pl.col("state").is_in(["move", "drag"]))
    steps = [events.usual_step_ms for events in read if events.usual_step_ms is not None]
    lines = [f"events: {table.height:,} ({states}) over {minutes:,.1f} minutes"]
    if points.height:
        (left, top), (right, bottom) = (
            points.select("x_px", "y_px").to_numpy().astype(int).min(0).tolist(),
            points.select("x_px", "y_px").to_numpy().astype(int).max(0).tolist(),
        )
        lines.append(f"positions: x from {left:,} to {right:,} px, y from {top:,} to {bottom:,} px")
    if steps:
        usual = float(np.median(steps))
        lines.append(
            f"while the mouse moves: {1000 / usual:,.0f} points a second, {usual:,.0f} ms apart"
        )
    for what, counts in (
        ("dropped", sum((Counter(events.dropped) for events in read), Counter[str]())),
        ("put in order", sum((Counter(events.repaired) for events in read), Counter[str]())),
    ):
        if counts:
            lines.append(f"rows {what}: {by_reason(counts)}")
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
