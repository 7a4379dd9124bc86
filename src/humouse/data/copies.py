"""Gestures that stand in the recordings twice: a file copied, or one person under two names."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np

from humouse.gestures import Gestures

COPY = "copy"


@dataclass
class Copies:
    """Finds gestures whose points, to the px and ms, have been seen before.

    A movement of a dozen points or more does not happen twice; the first to hold it keeps it.
    """

    _seen: dict[bytes, tuple[str, str]] = field(default_factory=dict)
    _pairs: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def without(self, gestures: Gestures, file: str) -> Gestures:
        """Return the gestures that are new.

        Args:
            gestures: Of one file.
            file: Its name.
        """
        ends = gestures.lengths.cumsum()
        new = np.ones(len(ends), bool)
        for number, end in enumerate(ends.tolist()):
            steps = gestures.steps[end - int(gestures.lengths[number]) : end]
            content = steps.tobytes() + gestures.start[number].tobytes()
            key = hashlib.blake2b(content, digest_size=16).digest()
            here = (str(gestures.user[number]), file)
            there = self._seen.setdefault(key, here)
            if there is not here:
                new[number] = False
                self._pairs[(*there, *here)] += 1
        if new.all():
            return gestures
        return replace(
            gestures,
            steps=gestures.steps[np.repeat(new, gestures.lengths)],
            lengths=gestures.lengths[new],
            start=gestures.start[new],
            user=gestures.user[new],
            first=gestures.first[new],
            dropped={**gestures.dropped, COPY: int((~new).sum())},
        )

    def warnings(self) -> dict[str, str]:
        """Return file → what it holds again."""
        found: dict[str, str] = {}
        for (user, file, other, again), count in self._pairs.most_common():
            whose = (
                ""
                if user == other
                else f", as {other!r} and as {user!r}: one person under two names?"
            )
            what = "within itself" if file == again else f"that {file} holds, too"
            found.setdefault(again, f"{count:,} of its gestures are copies of those {what}{whose}")
        return found
