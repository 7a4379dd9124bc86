"""Content with something wrong in it, drawn by chance: JSON values, texts, bytes."""

import copy
import random
from collections.abc import Iterator
from typing import Any

_ODD = (
    *(None, True, -1, 0, 1, 7.5, 1e308, -1e308, 2**63, 10**400, float("nan"), float("inf")),
    *("", "a", "../../etc/passwd", "\x00", "\ud800", "ü" * 100, "x" * 5000, "1", "NaN", "move"),
    *([], {}, [[]], {"a": 1}, [None] * 5, [1] * 5000, {"$ref": "#"}, [0, -0.0, 5e-324]),
)


def places(content: Any, here: tuple = ()) -> Iterator[tuple]:
    """Yield the place of everything in a JSON value but itself."""
    if isinstance(content, dict | list):
        keys = content if isinstance(content, dict) else range(len(content))
        for key in keys:
            yield (*here, key)
            yield from places(content[key], (*here, key))


def mutated(content: Any, draw: random.Random) -> Any:
    """Return a JSON value with something replaced, removed, doubled or added."""
    content = copy.deepcopy(content)
    for _ in range(draw.choice((1, 1, 1, 2, 5))):
        found = list(places(content))
        if not found:
            return copy.deepcopy(draw.choice(_ODD))
        *way, last = draw.choice(found)
        inside = content
        for key in way:
            inside = inside[key]
        change = draw.randrange(5)
        if change == 0:
            del inside[last]
        elif change == 1 and isinstance(inside, list):
            inside.insert(last, inside[last])
        elif change == 2 and isinstance(inside, dict):
            inside[str(draw.choice(_ODD))] = inside[last]
        elif change == 3:
            inside[last] = [inside[last]]
        else:
            inside[last] = copy.deepcopy(draw.choice(_ODD))
    return content


def flipped(content: bytes, draw: random.Random) -> bytes:
    """Return bytes of which one bit differs."""
    changed = bytearray(content)
    changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def scrambled(body: bytes, draw: random.Random) -> bytes:
    """Return bytes with some changed, cut off, or doubled."""
    at = draw.randrange(len(body) + 1)
    change = draw.randrange(4)
    if change == 0:
        return body[:at]
    if change == 1:
        return body[:at] + bytes(draw.randrange(256) for _ in range(4)) + body[at:]
    if change == 2:
        return body + body
    return body[:at] + draw.choice((b"[" * 3000, b'"', b"\\u", b"}", b"1e999", b"\x00")) + body[at:]
