"""Files of recordings with something wrong in them, drawn by chance."""

import gzip
import io
import json
import random
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import polars as pl

from examples.mutation import mutated, scrambled

_CELLS = (
    *("", " ", "NaN", "inf", "-1e400", "1e308", "-1", "0x1", "1,5", "1.2.3", "1e-400", "9" * 400),
    *(
        '"',
        "'",
        "[1,2",
        "[1,2]",
        "[]",
        "{}",
        "null",
        "true",
        "\\ud800",
        "\x00",
        "\u2028",
        "ü",
        "\ufeff",
    ),
    *("2024-13-45", "2024-05-01T10:00:00Z", "9999999999999999999999", "a\nb", "=1+1", "x" * 5000),
    *('{"a":' * 500 + "1" + "}" * 500, "[" * 3000, '{"x":1,"y":2,"t":3}', "Infinity", "move"),
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_ENCODINGS = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "utf-7")
_KINDS = (pl.String, pl.Int8, pl.Float32, pl.Boolean, pl.Date, pl.Categorical, pl.Binary, pl.Null)


def mutated_text(text: str, draw: random.Random) -> bytes:
    """Return a text with something wrong in it, in any encoding, packed or not."""
    for _ in range(draw.choice((0, 1, 1, 1, 2, 5))):
        text = draw.choice(_CHANGES)(text, draw)
    encoding = draw.choice(_ENCODINGS) if draw.random() < 0.1 else "utf-8"
    content = text.encode(encoding, "replace")
    return mutated_bytes(content, draw)


def mutated_bytes(content: bytes, draw: random.Random) -> bytes:
    """Return bytes that may be scrambled, and packed, and scrambled again."""
    if draw.random() < 0.2:
        content = scrambled(content, draw)
    if draw.random() < 0.1:
        content = draw.choice((gzip.compress, zstd))(content)
        content = scrambled(content, draw) if draw.random() < 0.5 else content
    return content


def zstd(content: bytes) -> bytes:
    """Return bytes in one frame of zstd, as they are: a block holds up to 128 kB."""
    blocks = [content[at : at + 2**16] for at in range(0, len(content), 2**16)] or [b""]
    heads = [(at == len(blocks) - 1) | len(block) << 3 for at, block in enumerate(blocks)]
    parts = [n.to_bytes(3, "little") + block for n, block in zip(heads, blocks, strict=True)]
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(parts)


def _lines(text: str, draw: random.Random) -> str:
    """Remove, double, move, cut or add a line."""
    lines = text.split("\n")
    at, to = draw.randrange(len(lines)), draw.randrange(len(lines))
    change = draw.randrange(5)
    if change == 0:
        del lines[at]
    elif change == 1:
        lines.insert(to, lines[at])
    elif change == 2:
        lines[at], lines[to] = lines[to], lines[at]
    elif change == 3:
        lines[at] = lines[at][: draw.randrange(len(lines[at]) + 1)]
    else:
        lines.insert(at, draw.choice(_CELLS))
    return "\n".join(lines)


def _cells(text: str, draw: random.Random) -> str:
    """Put something else in the place of a number, or of many."""
    found = list(_NUMBER.finditer(text))
    for match in sorted(draw.sample(found, min(len(found), draw.choice((1, 1, 3, 40)))), key=_end):
        cell = draw.choice(_CELLS)
        text = text[: match.start()] + cell + text[match.end() :]
    return text


def _end(match: re.Match[str]) -> int:
    return -match.end()


def _signs(text: str, draw: random.Random) -> str:
    """Put one sign in the place of another everywhere, as another separator."""
    old = draw.choice(',;\t|". :[]{}()\nxyt')
    return text.replace(old, draw.choice((",", ";", "\t", '"', "", " ", ".", "\r\n", "x")))


def _json(text: str, draw: random.Random) -> str:
    """Change the value of a JSON text, or of its lines; of what is none, a number."""
    with suppress(ValueError, RecursionError):
        return json.dumps(mutated(json.loads(text), draw))
    with suppress(ValueError, RecursionError):
        changed = mutated([json.loads(line) for line in text.split("\n") if line.strip()], draw)
        if isinstance(changed, list):
            return "\n".join(map(json.dumps, changed))
    return _cells(text, draw)


_CHANGES: Sequence[Callable[[str, random.Random], str]] = (_lines, _cells, _cells, _signs, _json)


def mutated_parquet(frame: pl.DataFrame, draw: random.Random) -> bytes:
    """Return a table with something wrong in it as Parquet."""
    for _ in range(draw.choice((0, 1, 1, 2, 4))):
        # What the writer refuses is in no file.
        with suppress(pl.exceptions.PolarsError):
            frame = _other_columns(frame, draw)
    file = io.BytesIO()
    frame.write_parquet(file)
    return mutated_bytes(file.getvalue(), draw)


def _other_columns(frame: pl.DataFrame, draw: random.Random) -> pl.DataFrame:
    """Change a column of a table, or its rows."""
    if not frame.columns:
        return frame
    name = draw.choice(frame.columns)
    column, change = frame[name], draw.randrange(8)
    if change == 0:
        return frame.drop(name)
    if change == 1:
        return frame.rename(
            {name: draw.choice(("", "a", "x ", "T", "dx_px", "data.x"))}, strict=False
        )
    if change == 2:
        return frame.sample(fraction=draw.choice((0, 0.1, 2)), with_replacement=True, seed=0)
    if change == 3:
        return frame.with_columns(column.cast(draw.choice(_KINDS), strict=False))
    if change == 4:
        return frame.with_columns(pl.struct(name).alias(name))
    if change == 5:
        return frame.with_columns(pl.concat_list(name, name).alias(name))
    odd: Any = draw.choice((None, float("nan"), float("inf"), -1e308, 1e30, 2**53 + 1, -(2**62)))
    rows = [draw.random() < draw.choice((0.05, 0.5, 1)) for _ in range(len(frame))]
    value = pl.lit(odd) if not isinstance(column.dtype, pl.List) else pl.lit([odd, odd])
    return frame.with_columns(
        pl.when(pl.Series(rows)).then(value).otherwise(pl.col(name)).alias(name)
    )
