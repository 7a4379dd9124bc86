"""Signals that stop a run at the end of a step instead of in the middle of one."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Stopped:
    """Whether a signal asked the run to stop."""

    now = False


@contextmanager
def stop_signals() -> Iterator[Stopped]:
    """Let SIGINT and SIGTERM finish the current step first, so that a checkpoint can be written.

    A second signal has its usual effect at once.
    """
    stopped = Stopped()

    def stop(number: int, frame: Any) -> None:
        stopped.now = True
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
