"""What the files of a dataset hold, declared: columns, units, frame, words, terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from humouse.data.events.clock import MS_PER_UNIT
from humouse.data.events.event import STATES
from humouse.data.reading.layout import Layout, separator_of
from humouse.errors import InputError, nearest

COLUMNS = ("t", "x", "y", "state", "button", "user", "session")
AUTO = "auto"


@dataclass(frozen=True)
class Definition:
    """How the recordings of a dataset are written. `humouse/configs/source` has one file for each.

    Args:
        name: What the dataset is called.
        columns: Setting → the files' own name of that column, its number from 1, or in JSON the path
            to it with dots: `t`, `x`, `y`, and where the files have them `state` (what happened),
            `button` (which button), `user` and `session`. None for those that there are none of.
        about: What the files are, in a line.
        page: Address that describes them.
        licence: On what terms they are published.
        citation: What to cite.
        downloaded: Where `humouse data download` puts them.
        pattern: Which files of the folder, as globs with blanks between.
        user_from: What names the person where no column does; see `humouse.data.sources.people`.
        user_prefix: What stands before the names in the column of the person.
        points: Column or path of the list of points within each record.
        line: Regular expression of a line of text, its groups named like the columns.
        shape: Name of a form that columns alone cannot say; see `humouse.data.reading.shapes`.
        marks: Further columns by which a file of this form is recognised.
        separator: Character between the fields; None finds it.
        time_unit: "s", "ms", "us" or "ns"; "auto" takes each file's likely one.
        intervals: Whether the time column holds the time since the row above.
        relative: Whether x and y are moves since the row above.
        scale_px: px in one unit of x and y.
        scale_y_px: px in one unit of y, where it is another.
        origin_px: Where x = y = 0 lies (px from the top left).
        y_up: Whether y grows upwards; None where nobody said so.
        states: State → further words for it in the state column; the key "ignore" has those of rows that
            say nothing of the mouse.
        held: Whether the state column says if a button is down, rather than what happened.
        polled: Whether the position was noted at a fixed rate, moved or not.
        thin_to_hz: Rate that recordings of more than twice it are thinned to; None leaves them.

    Raises:
        InputError: A setting is none of those.
    """

    name: str
    columns: Mapping[str, str | None]
    about: str | None = None
    page: str | None = None
    licence: str | None = None
    citation: str | None = None
    downloaded: str | None = None
    pattern: str = "**/*.csv"
    user_from: str = "file"
    user_prefix: str = ""
    points: str | None = None
    line: str | None = None
    shape: str | None = None
    marks: tuple[str, ...] = ()
    separator: str | None = None
    time_unit: str = "ms"
    intervals: bool = False
    relative: bool = False
    scale_px: float = 1.0
    scale_y_px: float | None = None
    origin_px: tuple[float, ...] = (0.0, 0.0)
    y_up: bool | None = None
    states: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    held: bool = False
    polled: bool = False
    thin_to_hz: float | None = None

    def __post_init__(self) -> None:
        for key in self.columns:
            if key not in COLUMNS:
                raise InputError(
                    f"source.columns.{key}: no such column; choose from {', '.join(COLUMNS)}"
                )
        for key in ("t", "x", "y"):
            if not self.columns.get(key):
                raise InputError(f"source.columns.{key}: name the column that holds it")
        if self.time_unit not in (*MS_PER_UNIT, AUTO):
            raise InputError(
                f"source.time_unit={self.time_unit}: choose {', '.join(MS_PER_UNIT)} or {AUTO}"
            )
        for key in self.states:
            if key not in (*STATES, "ignore"):
                known = [*STATES, "ignore"]
                raise InputError(f"states.{key}: no such state; {nearest(key, known)}")
        if len(self.origin_px) != 2:
            raise InputError(
                f"source.origin_px={list(self.origin_px)}: give two numbers, as in [960,540]"
            )
        if not self.scale_px > 0 or not (self.scale_y_px is None or self.scale_y_px > 0):
            raise InputError(f"source.scale_px={self.scale_px}: must be above 0")
        if self.thin_to_hz is not None and not self.thin_to_hz > 0:
            raise InputError(f"source.thin_to_hz={self.thin_to_hz}: must be above 0")
        separator_of(self.separator)

    @property
    def layout(self) -> Layout:
        """Return what the reader of files needs to know."""
        named = {key: name for key, name in self.columns.items() if name}
        return Layout(named, separator_of(self.separator), self.points, self.line, self.shape)

    @property
    def by_person(self) -> bool:
        """Whether a column says whose a row is, or of which session."""
        return bool(self.columns.get("user") or self.columns.get("session"))

    @property
    def rows_alone(self) -> bool:
        """Whether a row says the same whatever stands above it."""
        return not (self.by_person or self.held or self.intervals or self.relative)

    def settings(self) -> dict[str, Any]:
        """Return all that determines the events, as plain JSON values."""
        return {
            "columns": {key: name for key, name in sorted(self.columns.items()) if name},
            "states": {key: list(words) for key, words in sorted(self.states.items()) if words},
            "origin_px": list(self.origin_px),
            **{one.name: getattr(self, one.name) for one in fields(self) if one.name in _PLAIN},
        }


_PLAIN = {
    *(
        "pattern",
        "user_from",
        "user_prefix",
        "points",
        "line",
        "shape",
        "separator",
        "time_unit",
        "intervals",
    ),
    *("relative", "scale_px", "scale_y_px", "y_up", "held", "polled", "thin_to_hz"),
}
