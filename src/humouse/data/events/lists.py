"""Tables with a trial a row, whose points stand as lists in three cells."""

import polars as pl

from humouse.data.reading.damage import Damage
from humouse.errors import InputError

_LISTS = ("t", "x", "y")
_OF_LISTS = (pl.List, pl.String)
_BRACKETED = r"^\s*\[([^\[\]]*)\]\s*$"


def long(frame: pl.DataFrame, damage: Damage) -> tuple[pl.DataFrame, Damage]:
    """Return a table with a row a point, and what of it is damaged: where a row is a trial, of the trials.

    A table with a point a row stays as it is. Where cells hold lists, each row of the table becomes as
    many as its lists are long, with the number of the trial in `row`. A trial is damaged where its lists
    are empty, differ in length or hold something that is no number, or where its person is not named.

    Raises:
        InputError: Some of the columns hold lists, others single values.
    """
    if not has_lists(frame):
        return frame, damage
    if kinds := [name for name in _LISTS if not isinstance(frame[name].dtype, _OF_LISTS)]:
        raise InputError(f"column {kinds[0]} holds single values, and another one lists")
    lists = pl.col(_LISTS)
    text = [name for name in _LISTS if frame[name].dtype == pl.String]
    frame = frame.with_columns(pl.col(text).replace("", None))
    number = pl.element().str.strip_chars().cast(pl.Float64, strict=False)
    bracketed = [name for name in text if frame[name].str.contains(r"^\s*\[").any()]
    inside = frame.with_columns(pl.col(bracketed).str.extract(_BRACKETED))
    split = inside.with_columns(pl.col(text).str.split(",").list.eval(number))
    split = split.with_columns(lists.cast(pl.List(pl.Float64)))
    finite = pl.element().is_finite().fill_null(False)
    whole = pl.all_horizontal(
        pl.all_horizontal(lists.list.eval(finite).list.all()),
        pl.all_horizontal(lists.list.len() > 0),
        pl.col("x").list.len() == pl.col("t").list.len(),
        pl.col("y").list.len() == pl.col("t").list.len(),
    )
    if "user" in frame:
        whole &= pl.col("user").cast(pl.String).str.strip_chars().str.len_chars() > 0
    # A row without any list is of another kind: instructions, a question.
    given = frame.select(pl.any_horizontal(pl.col(_LISTS).is_not_null())).to_series()
    trials = split.with_row_index("row").filter(given)
    whole = whole.fill_null(False)
    kept, lost = trials.filter(whole), trials.filter(~whole)["row"]
    first = (
        "" if lost.is_empty() else f"trial {lost[0] + 1}: its lists are no numbers of one length"
    )
    records = len(lost) + damage.rows
    return kept.explode(_LISTS), Damage(0, records, kept.height + records, "trial", first)


def has_lists(frame: pl.DataFrame) -> bool:
    """Return whether the cells of the times and positions hold lists rather than numbers."""
    if any(isinstance(frame[name].dtype, pl.List) for name in _LISTS):
        return True
    if any(frame[name].dtype != pl.String for name in _LISTS):
        return False
    several = r"^\s*\[|^[^,]*[\d.][^,]*,[^,]*,"
    cells = frame.select(pl.concat([pl.col(name) for name in _LISTS])).to_series().drop_nulls()
    share = cells.filter(cells != "").str.contains(several).mean()
    return isinstance(share, float) and share > _MOST_CELLS


_MOST_CELLS = 0.5
