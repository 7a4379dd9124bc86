"""Ctrl-C while modules load."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

STATUS = 130
"""The exit status of a run that Ctrl-C ended: 128 and the number of SIGINT."""


@contextmanager
def leave_at_once() -> Iterator[None]:
    """Let Ctrl-C end the process in the block, with one line and status 130.

    A `KeyboardInterrupt` in the middle of an import may be swallowed, or printed as a traceback and
    then forgotten, by whatever Python code or C code was running; and there is nothing to finish yet.
    """

    def leave(number: int, frame: Any) -> None:
        os.write(2, b"humouse: interrupted\n")
        os._exit(STATUS)

    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
