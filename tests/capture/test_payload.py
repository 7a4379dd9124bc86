"""The payload of `humouse.js`: what is taken, and what is refused with its reason."""

import pytest
from pydantic import ValidationError

from humouse.capture.payload import MOST_EVENTS, Batch


def batch(**changes: object) -> dict:
    events = {
        "t_ms": [0.0, 8.1],
        "kind": ["move", "down"],
        "x_px": [1.5, 2.0],
        "y_px": [3.0, 4.0],
        "buttons": [0, 1],
        "pointer": ["mouse", "mouse"],
    }
    page = {
        "time_origin_ms": 1.7e12,
        "device_pixel_ratio": 1.25,
        "width_px": 800,
        "height_px": 600,
    }
    return {"version": 1, "batch": "b-0", "number": 0, "page": page, "events": events} | changes


def test_a_batch_is_read():
    read = Batch.model_validate(batch())
    assert len(read.events) == 2
    assert read.events.x_px == [1.5, 2.0]
    assert read.task is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version"),
        ({"batch": "../up"}, "batch"),
        ({"number": -1}, "number"),
        ({"task": "What is your name?"}, "task"),
        ({"text": "secret"}, "text"),
        (
            {"events": batch()["events"] | {"t_ms": [0.0]}},
            "columns of different lengths: t_ms 1, kind 2",
        ),
        ({"events": batch()["events"] | {"t_ms": [0.0, float("nan")]}}, "finite"),
        (
            {"events": batch()["events"] | {"kind": ["move", "key"]}},
            "'move', 'down', 'up' or 'wheel'",
        ),
        ({"events": {k: v * MOST_EVENTS for k, v in batch()["events"].items()}}, "at most 10000"),
    ],
)
def test_what_is_refused(changes: dict, said: str):
    with pytest.raises(ValidationError, match=said):
        Batch.model_validate(batch(**changes))
