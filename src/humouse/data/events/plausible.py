"""Whether what a file holds can be right: stops with the likely cause, or says what to look at."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from humouse.data.events.clean import IN_RANGE, NO_FAULT, OVERFLOW_PX
from humouse.data.events.clock import check_clock
from humouse.data.events.definition import Definition
from humouse.data.events.event import MOVED, Events, Reading
from humouse.data.events.hand import usual_step_ms
from humouse.data.reading.damage import Damage
from humouse.errors import InputError
from humouse.pixel_ratio import pixel_ratio, share_between_px

_FEW = 20
_NO_TIME = 1e30
"""Beyond what any clock says in any unit; sums of such numbers overflow."""
_WARN, _STOP = 0.1, 0.5
_SLOW_MS = 34


def check(rows: pl.DataFrame, definition: Definition, unit: str) -> None:
    """Raise InputError if the times or positions of a recording cannot be what they are taken for.

    Args:
        rows: t (ms), x, y (px), state, and where the file says them user and session, as they were read.
        definition: What they were taken for.
        unit: What the times were in.
    """
    points = rows.filter(
        # Times read in a wrong unit may be out of range, and are what is looked for.
        pl.all_horizontal(pl.col("x", "y").abs() < OVERFLOW_PX, pl.col("t").abs() < _NO_TIME),
        pl.col("state").is_in(MOVED),
    )
    if points.height < _FEW:
        return
    same = np.ones(points.height - 1, bool)
    if parts := [name for name in ("user", "session") if name in points]:
        points = points.sort(parts, maintain_order=True)
        run = points.select(pl.struct(parts).rle_id()).to_series().to_numpy()
        same = run[1:] == run[:-1]
    x, y = points["x"].to_numpy(), points["y"].to_numpy()
    way_px = np.hypot(np.diff(x), np.diff(y))
    check_clock(points["t"].to_numpy(), way_px, same, unit)
    _check_span(x, y)
    if not definition.relative:
        _check_absolute(x, y, same)


def _check_span(x: np.ndarray, y: np.ndarray) -> None:
    """Raise InputError if positions are most likely shares of a screen."""
    if share_between_px(np.stack([x, y], 1)) <= _STOP:
        return
    spans = [float(np.ptp(np.quantile(v, (0.01, 0.99)))) for v in (x, y)]
    if max(spans) < _SMALL_PX:
        raise InputError(
            f"its positions span {spans[0]:.2g} × {spans[1]:.2g} px, in fractions: they are most likely "
            "shares of a screen or window; give the px that one unit takes, as in source.scale_px=1080, and "
            "source.scale_y_px where it is another"
        )


def _check_absolute(x: np.ndarray, y: np.ndarray, same: np.ndarray) -> None:
    """Raise InputError if the columns most likely hold moves rather than positions."""
    if not all((v < 0).any() and (v > 0).any() for v in (x, y)):
        return
    sizes = [float(np.median(np.abs(v))) for v in (x, y)]
    wander = [
        float(np.abs(np.diff(v)[same]).mean()) / max(float(np.abs(v).mean()), 1e-9) for v in (x, y)
    ]
    if max(sizes) < _USUAL_MOVE_PX and min(wander) > _MOVES_WANDER:
        raise InputError(
            f"its positions lie within a few px of 0 and jump about (medians {sizes[0]:.3g} and "
            f"{sizes[1]:.3g}): x and y are most likely moves since the row above; give source.relative=true"
        )


_SMALL_PX = 10
_USUAL_MOVE_PX = 25
_MOVES_WANDER = 0.04


@dataclass
class Remarks:
    """Gathers what there is to look at in a recording, part by part.

    What the rows are is told by the first part, how many of them were dropped by all.

    Args:
        definition: What the rows were taken for.
    """

    definition: Definition
    usual_step_ms: float | None = None
    _rows: int = 0
    _dropped: Counter[str] = field(default_factory=Counter)
    _unknown: Counter[str] = field(default_factory=Counter)
    _damage: Damage = field(default_factory=Damage)
    _unreadable: str = ""
    _of_columns: tuple[str, ...] | None = None
    _of_points: Sequence[str] | None = None

    def add(self, events: Events, reading: Reading, damage: Damage) -> None:
        """Take note of a part.

        Args:
            events: What became of the rows.
            reading: The rows as they were read.
            damage: What could not be told into rows.
        """
        self._rows += reading.rows.height
        self._dropped.update(events.dropped)
        self._unknown.update(reading.unknown)
        self._damage += damage
        self._unreadable = self._unreadable or reading.unreadable
        if self._of_columns is None:
            self._of_columns = reading.warnings
        if self._of_points is None:
            self._of_points = self._looked_at(events, reading)

    def warnings(self) -> tuple[str, ...]:
        """Return a sentence on each thing to look at.

        Raises:
            InputError: More than half of the recording was dropped as faulty.
        """
        warnings = [
            *(self._of_columns or ()),
            *self._of_dropped(),
            *(self._of_points or ()),
        ]
        if thinned := self._dropped.get("thinned"):
            warnings.append(
                f"recorded at a high rate, and thinned to {self.definition.thin_to_hz:g} points a second "
                f"({thinned:,} rows); source.thin_to_hz=null leaves them"
            )
        return tuple(warnings)

    def _of_dropped(self) -> list[str]:
        remedy = ""
        total = sum(n for why, n in self._dropped.items() if why not in NO_FAULT)
        unknown = dict(self._unknown.most_common())
        if self._dropped.get("unknown state", 0) > (total - self._damage.records) / 2:
            remedy = f"; {_unknown(unknown)}"
        elif self._dropped.get("unreadable", 0) > total / 2 and self._unreadable:
            remedy = f"; the first that is no number: {self._unreadable}"
        elif self._dropped.get("jump", 0) > total / 2:
            remedy = (
                "; jumps are most likely two mice or two recordings in one file, or times in another "
                "unit (source.time_unit)"
            )
        return _dropped(self._dropped, self._rows, unknown, self._damage, remedy)

    def _looked_at(self, events: Events, reading: Reading) -> list[str] | None:
        """Return what there is to say of a part's points, and keep their usual step; None of too few."""
        table = events.table.filter(pl.col("state").is_in(MOVED))
        points = reading.rows.filter(IN_RANGE)
        if table.height < _FEW or points.height < _FEW:
            return None
        warnings = _positions(points["x"].to_numpy(), points["y"].to_numpy(), self.definition)
        columns = (table[name].to_numpy() for name in ("t_ms", "x_px", "y_px", "run"))
        usual = self.usual_step_ms = usual_step_ms(*columns)
        if usual is not None and usual > _SLOW_MS:
            warnings.append(
                f"about {1000 / usual:.0f} points a second while the mouse moves: too few for most of what "
                "tells people and bots apart (60 or more are usual); gestures.min_events may have to be "
                "lower"
            )
        return warnings


def _dropped(
    dropped: Mapping[str, int],
    rows: int,
    unknown: Mapping[str, int],
    damage: Damage,
    remedy: str,
) -> list[str]:
    """Return a warning for each reason for which much was dropped, with what to do about it.

    A damaged record holds rows that nobody can count: its share is that of the records.
    """
    faults = {why: n for why, n in dropped.items() if why not in NO_FAULT}
    total = sum(faults.values()) - damage.records
    counted = ", ".join(f"{n:,} {why}" for why, n in faults.items())
    if damage.first:
        counted += f": {damage.first}"
    everything = rows + damage.rows
    of_rows = total / max(everything, 1) if total > _FEW / 2 else 0.0
    share = 1 - (1 - of_rows) * (1 - damage.share_of_records)
    if share > _STOP:
        what = "its content" if damage.records else f"its {everything:,} rows"
        raise InputError(f"{share:.0%} of {what} cannot be used ({counted}){remedy}")
    if share > _WARN:
        what = "its content was" if damage.records else "its rows were"
        return [f"{share:.0%} of {what} dropped ({counted}){remedy}"]
    if sum(unknown.values()) >= _FEW / 4:
        return [f"some of its rows were dropped, as {_unknown(unknown)}"]
    return []


def _unknown(words: Mapping[str, int]) -> str:
    """Return what to do about unknown words of the state column."""
    shown = ", ".join(repr(word) for word in list(words)[:5])
    if {word.lower() for word in words} <= _FLAGS:
        return (
            f"the state column says {shown}: if it says whether a button is down, give source.held=true, "
            "and if what happened, what each means, as in source.states.move=[0]"
        )
    first = next(iter(words), "")
    return (
        f"it is not known what {shown} mean in the state column: say it, as in "
        f"source.states.move=[{first}]"
    )


_FLAGS = {"", "0", "1", "2", "0.0", "1.0", "true", "false"}


def _positions(x: np.ndarray, y: np.ndarray, definition: Definition) -> list[str]:
    """Return a warning of positions between pixels, and one of positions around a centre."""
    warnings = []
    positions = np.stack([x, y], 1)
    share = share_between_px(positions)
    if definition.scale_px == 1 and share > _WARN:
        ratio = pixel_ratio(positions)
        likely = (
            f"they are whole at a device pixel ratio of {ratio:.4g}: give source.scale_px={ratio:.4g}"
            if ratio is not None
            else "give source.scale_px=RATIO where a screen's pixels are finer, so that small steps stay"
        )
        warnings.append(
            f"{share:.0%} of its positions lie between pixels and are rounded; {likely}"
        )
    below = [(v < 0).mean() for v in (x, y)]
    if definition.y_up is None and not definition.relative and below[1] > 0.99 > 2 * below[0]:
        warnings.append(
            "its y are all negative, above the screen, as where y grows upwards; give source.y_up=true, or "
            "source.y_up=false for a screen that lies above the main one"
        )
    if (
        definition.y_up is None
        and not definition.relative
        and all(0.2 < share < 0.8 for share in below)
    ):
        warnings.append(
            "its positions lie around (0, 0), as from a screen's centre, where y often grows upwards; give "
            "source.y_up=true or source.y_up=false, and source.origin_px=[960,540] for where the centre is"
        )
    return warnings
