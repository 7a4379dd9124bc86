"""Columns of any type → numbers, texts, dates, and lists of numbers or texts."""

import polars as pl

DEEPEST = 16
"""Levels of records within records that become columns; no recording has more."""


def unnested(frame: pl.DataFrame) -> pl.DataFrame:
    """Return what is in records within a table as columns with dots in their names: data.x.

    Raises:
        pl.exceptions.DuplicateError: Two columns then have one name.
    """
    for _ in range(DEEPEST):
        for name in [name for name, kind in frame.schema.items() if isinstance(kind, pl.Struct)]:
            inner = frame[name].struct.unnest()
            dotted = {key: f"{name}.{key}" for key in inner.columns}
            frame = frame.drop(name).hstack(inner.rename(dotted))
    return frame


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table whose columns are all of a type that can be read; cells of others are null.

    Raises:
        pl.exceptions.DuplicateError: A column within a record has the name of another.
    """
    flat = unnested(frame)
    return flat.with_columns(*map(_plain, flat.get_columns()))


def _plain(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if isinstance(kind, pl.Array):
        column = column.arr.to_list()
        kind = column.dtype
    if isinstance(kind, pl.List):
        readable = kind.inner.is_numeric() or kind.inner == pl.String
    else:
        readable = kind.is_numeric() or kind in (pl.String, pl.Date, pl.Datetime)
    if readable:
        return column
    if kind in (pl.Boolean, pl.Categorical, pl.Enum, pl.Null):
        return column.cast(pl.String)
    if kind in (pl.Duration, pl.Time):  # as a moment after some midnight
        return column.cast(pl.Duration("us")).cast(pl.Int64).cast(pl.Datetime("us"))
    return pl.Series(column.name, [None] * len(column), dtype=pl.String)
