"""Forms of JSON whose points no list of column names can say: each becomes records of t, x, y, state."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from humouse.errors import InputError, nearest

Record = Mapping[str, Any]
_INCREMENT, _MOVES, _INTERACTION, _DRAGS = 3, 1, 2, 12
_INTERACTIONS = {0: "release", 1: "press"}


def _rrweb(records: Sequence[Record]) -> Iterator[Record]:
    """rrweb: moves come in batches, each with its time before the batch's; presses come alone."""
    for event in records:
        data = event.get("data")
        if event.get("type") != _INCREMENT or not isinstance(data, Mapping):
            continue
        t, source = event.get("timestamp"), data.get("source")
        if source in (_MOVES, _DRAGS):
            for point in data.get("positions") or ():
                offset = point.get("timeOffset", 0)
                time = None if t is None or offset is None else t + offset
                yield {"t": time, "x": point.get("x"), "y": point.get("y"), "state": "move"}
        elif source == _INTERACTION and data.get("type") in _INTERACTIONS:
            state = _INTERACTIONS[data["type"]]
            yield {"t": t, "x": data.get("x"), "y": data.get("y"), "state": state}


_TOKEN = re.compile(
    r"\[(?:m\((-?[\d.]+),(-?[\d.]+)\)|(-?[\d.]+),(-?[\d.]+)|([a-z])(?:\([^)]*\))?)\]"
)


def _iliou(records: Sequence[Record]) -> Iterator[Record]:
    """Iliou's web bots: positions and clicks in one text, the times of the moves in another."""
    for record in records:
        stamps = [float(t) for t in str(record.get("mousemove_times", "")).split(",") if t.strip()]
        tokens = _TOKEN.findall(str(record.get("total_behaviour", "")))
        moves = iter(stamps)
        last: Record = {"t": None, "x": None, "y": None}
        for x, y, x2, y2, _ in tokens:
            if x or x2:
                last = {"t": next(moves, None), "x": float(x or x2), "y": float(y or y2)}
            state = "move" if x or x2 else "press"
            yield {**last, "state": state, "session": record.get("session_id")}


_BATCH = ("t_ms", "kind", "x_px", "y_px", "buttons", "pointer")


def _humouse(records: Sequence[Record]) -> Iterator[Record]:
    """humouse.js: batches, column by column, by the clock of their page; any may come late, or twice."""
    batches = {(record.get("session"), record["batch"]): record for record in records}
    for record in sorted(
        batches.values(), key=lambda one: (one["page"]["time_origin_ms"], one["number"])
    ):
        session, columns = record.get("session"), [record["events"][name] for name in _BATCH]
        whose = {"session": session, "user": record.get("person", session)}
        for t, kind, x, y, buttons, pointer in zip(*columns, strict=True):
            state = "drag" if kind == "move" and buttons else kind
            time = record["page"]["time_origin_ms"] + t
            state = state if pointer == "mouse" else pointer
            yield {"t": time, "x": x, "y": y, "state": state, **whose}


SHAPES: dict[str, Callable[[Sequence[Record]], Iterator[Record]]] = {
    "rrweb": _rrweb,
    "iliou": _iliou,
    "humouse": _humouse,
}


def shaped(path: Path, records: Sequence[Record], shape: str) -> list[Record]:
    """Return the points of records in a named form.

    Raises:
        InputError: There is no such form, or no record is of it.
    """
    if shape not in SHAPES:
        raise InputError(f"shape={shape}: no such form; {nearest(shape, list(SHAPES))}")
    try:
        points = list(SHAPES[shape](records))
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise InputError(f"{path}: not written as {shape} writes it ({error})") from error
    if not points:
        raise InputError(f"{path}: no point in it of the form {shape}")
    return points
