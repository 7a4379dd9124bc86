"""Batches as `humouse.js` sends them."""

from collections.abc import Iterable
from typing import Any

_COLUMNS = ("t_ms", "x_px", "y_px", "kind", "buttons", "pointer")
_PAGE = {"time_origin_ms": 1.7e12, "device_pixel_ratio": 1, "width_px": 800, "height_px": 600}


def batch(
    name: str, events: Iterable[tuple] = ((1.5, 2, 3, "move", 0, "mouse"),), number: int = 0
) -> dict[str, Any]:
    """Return a batch of events, each t, x, y, kind, buttons, pointer."""
    columns = dict(zip(_COLUMNS, map(list, zip(*events, strict=True)), strict=True))
    head = {"version": 1, "batch": name, "number": number, "page": _PAGE, "task": "targets"}
    return {**head, "events": columns}
