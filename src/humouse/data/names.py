"""The order of names for people."""

import re


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return a sort key that orders the numbers in names by their value: user2 before user10."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
