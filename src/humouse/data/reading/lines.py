"""Lines of text such as "Pointer moved to (3, 4). Time: 0.03", read by a regular expression."""

import re
from pathlib import Path

import polars as pl

from humouse.errors import InputError


def read_lines(path: Path, raw: bytes, pattern: str) -> tuple[pl.DataFrame, int]:
    """Return a column for each named group of the pattern, and the number of lines that do not fit.

    Raises:
        InputError: The pattern is none, or no line fits it.
    """
    lines = pl.DataFrame({"line": raw.decode("utf-8", "replace").split("\n")})
    lines = lines.filter(pl.col("line").str.strip_chars() != "")
    # Named groups are written (?P<t>…), which both Python and polars read.
    try:
        groups = list(re.compile(pattern).groupindex)
    except re.error as error:
        raise InputError(f"source.line={pattern}: not a regular expression ({error})") from error
    frame = lines.select(pl.col("line").str.extract_groups(pattern)).unnest("line").select(groups)
    fits = frame.select(pl.any_horizontal(pl.all().is_not_null())).to_series()
    if not fits.any():
        raise InputError(
            f"{path}: no line fits source.line={pattern}; its first is {lines['line'][0][:80]!r}"
        )
    return frame.filter(fits), int((~fits).sum())
