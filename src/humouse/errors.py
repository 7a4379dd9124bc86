"""The exception and the warning for users, and the hint for a misspelt word."""

import difflib
from collections.abc import Sequence

_MOST_SIGNS = 1000


class InputError(Exception):
    """Something the user provided cannot be used: a file, a setting, a checkpoint, a full disk.

    The message is one line that names the file or setting, says what is wrong with it and what to
    do. The command line prints it without a traceback and exits with status 2; a library caller
    catches it as any other exception. Signs that cannot be shown, as of a file's own names, are "?", and
    the middle of a very long one is left out.
    """

    def __init__(self, message: str) -> None:
        if len(message) > _MOST_SIGNS:
            message = f"{message[: _MOST_SIGNS // 2]}…{message[-_MOST_SIGNS // 2 + 1 :]}"
        super().__init__("".join(sign if sign.isprintable() else "?" for sign in message))


class OutOfRangeWarning(UserWarning):
    """A request lies outside the range that a model was trained on; the result is finite all the same."""


def closest(word: str, known: Sequence[str]) -> list[str]:
    """Return the most similar known word, in a list; an empty one where none is similar.

    Words longer than any name, as a damaged file may have, are not compared: it takes the square of their
    length.
    """
    names = [name for name in known if len(name) <= _LONGEST][:_MOST]
    return difflib.get_close_matches(word[:_LONGEST], names, 1, cutoff=0.5)


_LONGEST, _MOST = 200, 1000


def in_short(names: Sequence[str], most: int = 120) -> str:
    """Return names with commas between, cut off where they are too many for a message."""
    shown = ", ".join(names)
    return shown if len(shown) <= most else f"{shown[:most]}…"


def nearest(word: str, known: Sequence[str], otherwise: str | None = None) -> str:
    """Return a hint that names the most similar known word.

    Args:
        word: The unknown word.
        known: The known words.
        otherwise: The hint where none is similar; by default it lists them all.
    """
    close = closest(word, known)
    if not close:  # perhaps the right name under a wrong section
        last = word.rsplit(".", 1)[-1]
        # The first of several sections that have it: optim before decoder.optim.
        leaves = {name.rsplit(".", 1)[-1]: name for name in reversed(known)}
        close = [leaves[leaf] for leaf in difflib.get_close_matches(last, list(leaves), 1)]
    if close:
        return f"did you mean {close[0]}?"
    return otherwise or f"choose from {', '.join(known)}"
