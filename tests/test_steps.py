"""`Steps`: the same movements as `Trajectories`, blocks that change nothing, and still steps merged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from humouse import codec, steps
from humouse.errors import InputError
from humouse.steps import Steps, in_blocks, merge_zero_moves
from humouse.trajectories import Trajectories


def drawn(n: int, seed: int, most: int = 20) -> Steps:
    """Movements of which many a step stands still."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, most, n)
    total = lengths.sum()
    moves = rng.integers(-2, 3, (total, 2)) * rng.integers(0, 2, (total, 1))
    each = np.column_stack([moves, rng.integers(0, 60, total)]).astype(np.float32)
    return Steps.padded(each, lengths, rng.normal(size=(n, 2)).astype(np.float32))


def test_they_are_those_of_trajectories(tiny_data: Path):
    people = Trajectories.load(tiny_data / "train.parquet")
    found = people.as_steps()
    np.testing.assert_array_equal(found.deltas, people.deltas)
    np.testing.assert_array_equal(found.mask, people.mask)
    again = Trajectories.from_padded(found, people.origin)
    np.testing.assert_array_equal(again.start, people.start)
    assert (again.user == people.user).all()
    assert found.as_steps() is found


def test_blocks_change_nothing_but_what_they_are_told(monkeypatch: pytest.MonkeyPatch):
    movements = drawn(50, 3)
    seen = []

    def doubled(block: Steps, rows: np.ndarray) -> Steps:
        seen.append(len(rows))
        moved = (block.start + rows[:, None]).astype(np.float32)
        return replace(block, deltas=2 * block.deltas, start=moved)

    monkeypatch.setattr(steps, "_STEPS_AT_A_TIME", 60)
    found = in_blocks(movements, movements.lengths, doubled)
    assert len(seen) > 5
    assert sum(seen) == 50
    np.testing.assert_array_equal(found.lengths, movements.lengths)
    np.testing.assert_array_equal(found.deltas, 2 * movements.trimmed().deltas)
    expected = movements.start + np.arange(50, dtype=np.float32)[:, None]
    np.testing.assert_array_equal(found.start, expected)
    none = movements.rows(slice(0, 0))
    assert len(in_blocks(none, none.lengths, doubled)) == 0


@pytest.mark.parametrize("seed", range(5))
def test_still_steps_are_merged_as_the_codec_does(seed: int):
    movements = drawn(40, seed)
    found = merge_zero_moves(movements)
    expected = codec.merge_zero_moves(Trajectories.from_padded(movements, "drawn"))
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    np.testing.assert_array_equal(found.deltas, expected.deltas)


def test_they_stack_and_come_back_from_a_file(tmp_path: Path):
    one, other = drawn(6, 1), drawn(3, 2, most=40)
    both = Steps.stacked([one, other])
    both.save(tmp_path / "steps.parquet")
    again = Steps.load(tmp_path / "steps.parquet")
    np.testing.assert_array_equal(again.deltas, both.trimmed().deltas)
    np.testing.assert_array_equal(again.rows(slice(6, 9)).lengths, other.lengths)
    (tmp_path / "steps.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match=r"steps\.parquet"):
        Steps.load(tmp_path / "steps.parquet")
