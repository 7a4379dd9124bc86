"""Requests to the scoring service, and the service itself in a thread of the test."""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import numpy as np


def finished(work: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine does, in a thread of its own: this one's loop may be a browser's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


PAGE = {
    "time_origin_ms": 1.7e12,
    "device_pixel_ratio": 1.25,
    "width_px": 800,
    "height_px": 600,
}


def path(seed: int, points: int = 40) -> dict[str, list[float]]:
    """Return a movement that slows down and trembles: t_ms, x_px, y_px."""
    rng = np.random.default_rng(seed)
    speed = np.sin(np.linspace(0.1, 3, points))[:, None] * rng.uniform(3, 12, 2)
    x, y = (speed + rng.normal(0, 0.7, (points, 2))).cumsum(0).round().T.tolist()
    return {"t_ms": (16.0 * np.arange(points)).tolist(), "x_px": x, "y_px": y}


def movement(name: str, session: str | None = None, seed: int = 0, points: int = 40) -> dict:
    """Return a movement as the service takes it."""
    given = {} if session is None else {"session": session}
    return {"id": name, **given, **path(seed, points)}


def batch(
    number: int, *, begins_ms: float, seed: int = 0, click: bool = True, **changes: Any
) -> dict:
    """Return a batch of one movement, which a click ends."""
    events: dict[str, list] = {"kind": ["move"] * 40, **path(seed)}
    events["t_ms"] = [t + begins_ms for t in events["t_ms"]]
    if click:
        last = {name: values[-1] for name, values in events.items()}
        events = {name: [*values, last[name]] for name, values in events.items()}
        events["kind"][-1] = "down"
    n = len(events["kind"])
    events |= {"buttons": [0] * n, "pointer": ["mouse"] * n}
    name = f"b-{number}"
    return {"version": 1, "batch": name, "number": number, "page": PAGE, "events": events} | changes


def change(session: str, version: int, *names: str) -> Any:
    """Return a change of a session that brings batches of these names."""
    from humouse.service.store import Change

    state = {
        "session": session,
        "version": version,
        "began_at": 1.0,
        "changed_at": 2.0,
        "verdict": "human",
        "score": None,
        "movements": 1,
        "events": version,
    }
    batches = [
        {
            "name": name,
            "digest": name,
            "began_ms": 0.0,
            "number": 0,
            "events": b"",
            "count": 1,
            "answer": {},
        }
        for name in names
    ]
    decision = {"began_ms": 0.0, "points": version, "detector": "d", "decision": {}}
    return Change(state, batches, [decision | {"name": "m"}], [])


def settings(*words: str) -> Any:
    """Return the service's settings with these words."""
    from humouse.settings import ServeSettings
    from humouse.settings.compose import settings_from

    return settings_from("serve", ServeSettings, list(words))


@contextmanager
def serving(words: Sequence[str], **client: Any) -> Iterator[httpx.Client]:
    """Serve with these settings, and yield a client."""
    from humouse.service.server import listening, server_of

    server = server_of(settings(*words))
    with listening("127.0.0.1", 0) as opened:
        thread = threading.Thread(target=server.run, args=([opened],))
        thread.start()
        try:
            url = f"http://127.0.0.1:{opened.getsockname()[1]}"
            while not server.started and thread.is_alive():
                time.sleep(0.01)
            with httpx.Client(base_url=url, timeout=60, **client) as asking:
                yield asking
        finally:
            server.should_exit = True
            thread.join()
