"""Forms of JSON whose points no list of column names can say: each becomes records of t, x, y, state."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from humouse.data.reading.damage import Damage
from humouse.data.reading.parsed import Record, Records
from humouse.errors import InputError, nearest

_INCREMENT, _MOVES, _INTERACTION, _DRAGS = 3, 1, 2, 12
_INTERACTIONS = {0: "release", 1: "press"}


class Part(NamedTuple):
    """The points of one record.

    Args:
        points: In their order; none where the record is of another kind.
        name: Records of one name are one, sent twice; None for those without.
        place: Where it belongs among the others; those of one place stay as they stand.
    """

    points: Sequence[Record]
    name: tuple[str, str] | None = None
    place: tuple[float, ...] = ()


def _rrweb(event: Record) -> Part:
    """rrweb: moves come in batches, each with its time before the batch's; presses come alone."""
    data = event.get("data")
    if event.get("type") != _INCREMENT or not isinstance(data, dict):
        return Part([])
    t, source, kind = event.get("timestamp"), data.get("source"), data.get("type")
    points: list[Record] = []
    if source in (_MOVES, _DRAGS):
        for point in data.get("positions") or ():
            offset = point.get("timeOffset", 0)
            time = None if t is None or offset is None else t + offset
            points.append({"t": time, "x": point.get("x"), "y": point.get("y"), "state": "move"})
    elif source == _INTERACTION and kind in _INTERACTIONS:
        state = _INTERACTIONS[kind]
        points.append({"t": t, "x": data.get("x"), "y": data.get("y"), "state": state})
    return Part(points)


_TOKEN = re.compile(
    r"\[(?:m\(([^,()\[\]]*),([^,()\[\]]*)\)|([^,()\[\]]*),([^,()\[\]]*)|[a-z](?:\([^)]*\))?)\]"
)


def _iliou(record: Record) -> Part:
    """Iliou's web bots: positions and clicks in one text, the times of the moves in another."""
    if not ("total_behaviour" in record or "mousemove_times" in record):
        return Part([])
    stamps = str(record["mousemove_times"] or "").split(",")
    moves = (_plain(stamp) for stamp in stamps if stamp.strip())
    session, points = record.get("session_id"), []
    last: Record = {"t": None, "x": None, "y": None}
    for x, y, x2, y2 in _TOKEN.findall(str(record["total_behaviour"] or "")):
        moved = bool(x or y or x2 or y2)
        if moved:
            last = {"t": next(moves, None), "x": _plain(x or x2), "y": _plain(y or y2)}
        points.append({**last, "state": "move" if moved else "press", "session": session})
    return Part(points)


def _plain(text: str) -> float | None:
    """Return the number that a text says, None where it says none."""
    try:
        return float(text)
    except ValueError:
        return None


_BATCH = ("t_ms", "kind", "x_px", "y_px", "buttons", "pointer")


def _humouse(batch: Record) -> Part:
    """humouse.js: batches, column by column, by the clock of their page; any may come late, or twice."""
    origin = batch["page"]["time_origin_ms"]
    place = (float(origin), float(batch["number"]))
    columns = [batch["events"][name] for name in _BATCH]
    if not all(map(math.isfinite, place)) or not all(isinstance(one, list) for one in columns):
        raise TypeError
    session = batch.get("session")
    whose = {"session": session, "user": batch.get("person", session)}
    points: list[Record] = []
    for t, kind, x, y, buttons, pointer in zip(*columns, strict=True):
        state = "drag" if kind == "move" and buttons else kind
        state = state if pointer == "mouse" else pointer
        points.append({"t": origin + t, "x": x, "y": y, "state": state, **whose})
    return Part(points, (str(session), str(batch["batch"])), place)


SHAPES: dict[str, Callable[[Record], Part]] = {
    "rrweb": _rrweb,
    "iliou": _iliou,
    "humouse": _humouse,
}


def shaped(path: Path, records: Records, shape: str) -> tuple[list[Record], Damage]:
    """Return the points of records in a named form, and what of the records is not written so.

    A record that is not costs itself, not those around it.

    Raises:
        InputError: There is no such form, or no record is of it.
    """
    if shape not in SHAPES:
        raise InputError(f"shape={shape}: no such form; {nearest(shape, list(SHAPES))}")
    parts, faults = _parts(records, shape)
    first = min(faults, default=None)
    said = "" if first is None else f"{records.unit} {first}: {faults[first]}"
    if not parts:
        raise InputError(f"{path}: no point in it of the form {shape}" + (said and f" ({said})"))
    named = {part.name or number: part for number, part in enumerate(parts)}
    ordered = sorted(named.values(), key=lambda part: part.place)
    damage = Damage(records=len(faults), of_records=len(parts) + len(faults), first=said)
    return [point for part in ordered for point in part.points], damage


def _parts(records: Records, shape: str) -> tuple[list[Part], dict[int, str]]:
    """Return the parts that hold points, and number → fault of the records that are damaged."""
    parts, faults = [], dict.fromkeys(records.damaged, "no JSON object")
    for number, record in zip(records.numbers, records.whole, strict=True):
        try:
            part = SHAPES[shape](record)
        except (AttributeError, TypeError, ValueError, KeyError, ArithmeticError) as error:
            faults[number] = _fault(error, shape)
            continue
        if part.points:
            parts.append(part)
    return parts, faults


def _fault(error: Exception, shape: str) -> str:
    """Return in plain words what is wrong with a record."""
    if isinstance(error, KeyError):
        return f"it has no {error}, which {shape} writes"
    return f"something in it is not of the kind or length that {shape} writes"
