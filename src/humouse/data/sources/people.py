"""Who moved, by the path of a recording.

`file` is the file's name without its endings, `folder` the name of its folder. A pattern takes any part
of the path, from the right: USER and SESSION stand for those, * for anything between two slashes, as in
USER_SESSION or USER/*/SESSION. A word is checked against names that look like sessions; a pattern is not.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

from humouse.data.reading.packed import PACKED
from humouse.errors import InputError

WORDS = {"file": "USER", "folder": "USER/*"}
_ENDINGS = (
    *(".csv", ".tsv", ".txt", ".log", ".dat", ".json", ".jsonl", ".ndjson", ".parquet", ".pq"),
    *PACKED,
)
_SESSION_END = re.compile(r"(.+?)[ _.-]+([a-z]*[ _.-]?\d+)$", re.IGNORECASE)


def people_of(names: Sequence[str], user_from: str) -> list[tuple[str, str]]:
    """Return the person and session of each recording.

    Args:
        names: Paths of the recordings with forward slashes, below the folder of all.
        user_from: "file", "folder", or a pattern.

    Raises:
        InputError: The pattern has no USER or a path does not fit it; or a word would most likely take
            sessions for people.
    """
    pattern = WORDS.get(user_from, user_from)
    expression = _expression(pattern)
    found = [_found(name, pattern, expression) for name in names]
    if user_from in WORDS:
        _check(names, [user for user, _ in found], user_from)
    return found


def stem(name: str) -> str:
    """Return a path without the endings of its kind and packing: u1 of u1.csv.gz."""
    while PurePosixPath(name).suffix.lower() in _ENDINGS:
        name = name[: -len(PurePosixPath(name).suffix)]
    return name


def _expression(pattern: str) -> re.Pattern[str]:
    if "USER" not in pattern or pattern.count("USER") > 1 or pattern.count("SESSION") > 1:
        raise InputError(
            f"source.user_from={pattern}: give file, folder, or a pattern with USER (and SESSION) in it, "
            "such as USER/*/* or USER_SESSION"
        )
    text = re.escape(pattern).replace(r"\*", "[^/]*")
    text = text.replace("USER", "(?P<user>[^/]+?)").replace("SESSION", "(?P<session>[^/]+)")
    return re.compile(rf"(?:.*/)?{text}")


def _found(name: str, pattern: str, expression: re.Pattern[str]) -> tuple[str, str]:
    match = expression.fullmatch(stem(name))
    if match is None:
        raise InputError(
            f"{name}: its path does not fit source.user_from={pattern}; USER, SESSION and * each stand for "
            "one name or a part of it"
        )
    groups = match.groupdict()
    return groups["user"], groups.get("session") or PurePosixPath(stem(name)).name


def _check(names: Sequence[str], users: Sequence[str], word: str) -> None:
    """Raise InputError where the parts of paths taken for people are most likely sessions."""
    above: dict[str, set[str]] = defaultdict(set)
    for name, user in zip(names, users, strict=True):
        path = PurePosixPath(name)
        above[user].add(str(path.parent if word == "file" else path.parent.parent))
    shared = [user for user, folders in above.items() if len(folders) > 1]
    if shared:
        first, second = sorted(above[shared[0]])[:2]
        deeper = "USER/*" if word == "file" else "USER/*/*"
        raise InputError(
            f"{shared[0]!r} stands in {first}/ and in {second}/: are these one person? If the folder above "
            f"names the person, give source.user_from={deeper}; if they are one, "
            f"source.user_from={WORDS[word]}"
        )
    parts = {user: match for user in above if (match := _SESSION_END.fullmatch(user))}
    of: dict[str, list[str]] = defaultdict(list)
    for user, match in parts.items():
        of[match[1]].append(user)
    several = [alike for alike in of.values() if len(alike) > 1]
    if len(of) > 1 and several and len(parts) == len(above):
        one, two = several[0][:2]
        raise InputError(
            f"{one!r} and {two!r} look like two sessions of one person; if they are, give "
            "source.user_from=USER_SESSION (or whatever stands between); if they are people, "
            f"source.user_from={WORDS[word]}"
        )
