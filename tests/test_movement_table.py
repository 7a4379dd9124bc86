"""Files of movements: read in parts, and cut anew without padding."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from humouse.errors import InputError
from humouse.movement_table import StoredMovements, in_pieces, usable_parts, write_table
from humouse.points import Places


def movements(lengths: list[int], first: int = 0) -> StoredMovements:
    """Return movements whose every number tells where it belongs."""
    n, S = len(lengths), sum(lengths)
    number = np.arange(first, first + n)
    steps = np.arange(3 * S, dtype=np.float32).reshape(S, 3) + 1000 * first
    places = Places(number.astype(str), number, number.astype(float))
    start = np.stack([number, -number], 1).astype(np.float32)
    user = (number % 3).astype(str)
    return StoredMovements(steps, np.array(lengths, np.int64), start, user, "x", places)


def listed(one: StoredMovements) -> list[tuple]:
    """Return each movement as plain values."""
    assert one.places is not None
    assert one.user is not None
    steps = np.split(one.steps, one.lengths.cumsum()[:-1])
    return [
        (own.tolist(), start.tolist(), user, name, row)
        for own, start, user, name, row in zip(
            steps, one.start, one.user, one.places.movement, one.places.row, strict=True
        )
    ]


LENGTHS = st.lists(st.integers(0, 5), min_size=1, max_size=12)


@given(
    st.lists(st.lists(st.integers(0, 5), max_size=12), min_size=1, max_size=5), st.integers(1, 9)
)
def test_pieces_are_the_same_however_the_movements_came(sizes, size):
    firsts = np.cumsum([0, *map(len, sizes)])
    parts = [movements(one, int(first)) for one, first in zip(sizes, firsts, strict=False)]
    pieces = list(in_pieces(iter(parts), size))
    count = int(firsts[-1])
    full = [size] * (count // size) + ([count % size] if count % size else [])
    assert [len(piece.lengths) for piece in pieces] == (full or [0])
    if count:
        expected = [row for part in parts if len(part.lengths) for row in listed(part)]
        assert [row for piece in pieces for row in listed(piece)] == expected


@given(LENGTHS, st.data())
def test_rows_are_taken_in_any_order(lengths, data):
    index = data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1))
    whole = movements(lengths)
    expected = [listed(whole)[k] for k in index]
    assert listed(whole.rows(np.array(index))) == expected


def test_files_are_read_as_one_and_numbered_through(tmp_path):
    whole = movements([3, 0, 2, 4, 1])
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, rows in zip(paths, (slice(0, 2), slice(2, 5)), strict=True):
        write_table(path, whole.rows(rows))
    count, parts = usable_parts(paths, 4096)
    found = list(parts)
    assert count == 5
    assert [number for number, _, _ in found] == [0, 1]
    assert [row for _, part, _ in found for row in listed(part)] == listed(whole)
    # Without names of their own, and with one user who has no name.
    for path in paths:
        pl.read_parquet(path).drop("movement", "start_t", "start_row").write_parquet(path)
    pl.read_parquet(paths[1]).with_columns(user=pl.lit(None, pl.String)).write_parquet(paths[1])
    assert [(part.places, part.user) for _, part, _ in usable_parts(paths, 4096).parts] == [
        (None, None)
    ] * 2


def test_a_fault_is_told_by_its_row_in_the_part(tmp_path):
    path = tmp_path / "long.parquet"
    write_table(path, movements([2, 9, 2]))
    ((_, part, faults),) = usable_parts([path], 8).parts
    assert faults == {1: "more than 8 steps; cut it into single movements"}
    assert part.lengths.tolist() == [2, 0, 2]


@pytest.mark.parametrize("content", [b"", b"PAR1 and nothing else", b"movement,t\n"])
def test_a_file_of_something_else_is_named(tmp_path: Path, content):
    path = tmp_path / "other.parquet"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"other\.parquet: not a readable file of trajectories"):
        usable_parts([path], 4096)
