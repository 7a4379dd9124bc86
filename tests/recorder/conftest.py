"""A recorder that runs in a thread, and can be ended and begun again on the same port."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from humouse.recorder.serve import address_of, listen, server_of
from humouse.recorder.store import Store


class Recorder:
    """A recorder's server on a port of its own."""

    def __init__(self, folder: Path):
        self.folder, self._port = folder, 0
        self.begin()

    def begin(self) -> None:
        listening = listen(self._port)
        self.address = address_of(listening)
        self._port = listening.getsockname()[1]
        self._server = server_of(Store(self.folder, "ann"))
        self._thread = threading.Thread(target=self._server.run, args=([listening],))
        self._thread.start()
        until(lambda: self._server.started)

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def batches(self) -> list[dict[str, Any]]:
        """Return all that is stored."""
        files = sorted(self.folder.glob("*.ndjson"))
        return [json.loads(line) for file in files for line in file.read_text().splitlines()]

    def events(self) -> int:
        """Return how many events are stored."""
        return sum(len(batch["events"]["t_ms"]) for batch in self.batches())


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.05)


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """Return a recorder."""
    running = Recorder(tmp_path / "theirs")
    yield running
    running.end()
