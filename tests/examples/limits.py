"""Limits within which whatever a stranger's file holds must be answered."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from humouse.errors import InputError

_WITHIN_S = 10
_MOST_SIGNS = 1200


@contextmanager
def at_once() -> Iterator[None]:
    """Raise an error where the block takes too long, by this process's own time."""

    def late(*_: object) -> None:
        raise AssertionError(f"not done in {_WITHIN_S} s")

    before = signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, _WITHIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def check_refusal(error: InputError, name: str) -> None:
    """Check that an error is a line for people, and names what it is about."""
    said = str(error)
    assert said.isprintable(), said
    assert len(said) < _MOST_SIGNS, said
    assert name in said, said
