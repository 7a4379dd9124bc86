"""Movements without padding: the same batches and statistics as of padded ones, in less memory."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse import ragged as module
from humouse.codec import CanonicalCodec, Codec, EventCodec
from humouse.errors import InputError
from humouse.movement_table import StoredMovements, write_table
from humouse.ragged import Ragged
from humouse.trajectories import Trajectories

MB = 2**20
_FEW = settings(max_examples=20, deadline=None)
_CODECS = {
    "event": lambda: EventCodec(sequence_length=30),
    "event, unmerged": lambda: EventCodec(
        sequence_length=30, clock="log", merge_zero_moves=False, normalize=False
    ),
    "canonical": lambda: CanonicalCodec(sequence_length=40),
    "canonical, native steps": lambda: CanonicalCodec(
        sequence_length=30, canonicalize_duration=False
    ),
}


def movements(lengths: list[int], seed: int = 0) -> Trajectories:
    """Return movements of whole px and ms of two people, some of whose steps have no motion."""
    g = np.random.default_rng(seed)
    steps = g.integers(-3, 4, (sum(lengths), 3)).astype(np.float32)
    steps[:, 2] = g.integers(1, 40, len(steps))
    start = g.integers(0, 999, (len(lengths), 2)).astype(np.float32)
    user = np.array([f"s/{k % 2}" for k in range(len(lengths))])
    return Trajectories.from_steps(steps, np.array(lengths, np.int64), start, user, "made")


def same(one: Trajectories, other: Trajectories) -> bool:
    assert (one.user == other.user).all()
    assert one.origin == other.origin
    parts = ("deltas", "lengths", "start")
    return all(torch.equal(getattr(one, name), getattr(other, name)) for name in parts)


LENGTHS = st.lists(st.integers(0, 9), min_size=1, max_size=12)


@_FEW
@given(LENGTHS, st.data())
def test_any_rows_are_those_of_the_padded_form(lengths: list[int], data: st.DataObject):
    whole = movements(lengths)
    found = Ragged.of(whole)
    assert (found.setup == whole.setup).all()
    assert (found.person == whole.person).all()
    rows = st.lists(st.integers(0, len(lengths) - 1), max_size=9)
    first = torch.tensor(data.draw(rows), dtype=torch.long)
    assert same(found[first], whole[first])
    some = found.only(first)
    assert len(some) == len(first)
    if len(first):
        again = torch.tensor(data.draw(st.lists(st.integers(0, len(first) - 1))), dtype=torch.long)
        assert same(some[again], whole[first[again]])
        assert same(some.only(again)[torch.arange(len(again))], whole[first[again]])
    both = Ragged.joined([some, found])
    assert same(both[torch.arange(len(both))], whole[torch.cat([first, torch.arange(len(whole))])])


def test_blocks_are_all_movements_in_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_ROWS_AT_A_TIME", 4)
    whole = movements([3, 0, 5, 1, 2, 7, 4, 1, 9, 2])
    blocks = list(Ragged.of(whole).blocks())
    assert [len(block) for block in blocks] == [4, 4, 2]
    assert same(blocks[1], whole[4:8])
    assert [len(block) for block in Ragged.of(whole[:0]).blocks()] == [0]


@pytest.mark.parametrize("name", _CODECS)
@_FEW
@given(lengths=st.lists(st.integers(0, 40), min_size=20, max_size=40), seed=st.integers(0, 99))
def test_codecs_learn_and_encode_as_from_all_movements_at_once(
    name: str, lengths: list[int], seed: int
):
    """To the last bit, however many movements are looked at together."""
    whole = movements([12, *lengths], seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROWS_AT_A_TIME", 7)
        codec: Codec = _CODECS[name]().fit(Ragged.of(whole))
        rows = codec.fitting(Ragged.of(whole))
    fitting = whole[codec.fits(whole)]
    assert torch.equal(rows, codec.fits(whole).nonzero()[:, 0])
    x, frame = codec._to_channels(fitting)
    valid = x[torch.arange(x.shape[1]) < codec.steps(frame.lengths)[:, None]].double()
    if codec.normalize:
        assert torch.equal(codec.mean, valid.mean(0).float())
        assert torch.equal(codec.std, valid.std(0, correction=0).clamp_min(1e-8).float())
    raw = codec._raw_condition(frame.conditions)
    assert torch.equal(codec.condition_mean, raw.mean(0))
    assert codec.trained_lengths == (int(frame.lengths.min()), int(frame.lengths.max()))
    x0, frame = codec.encode(fitting)
    for part in torch.arange(len(rows)).split(5):
        some, framed = codec.encode(Ragged.of(whole)[rows[part]])
        assert torch.equal(some, x0[part])
        assert torch.equal(framed.conditions, frame.conditions[part])


def test_a_file_is_read_as_trajectories_are(tmp_path: Path):
    whole = movements([3, 0, 5, 1])
    whole.save(tmp_path / "a.parquet")
    found = Ragged.load(tmp_path / "a.parquet")
    assert same(found[torch.arange(4)], whole)


@pytest.mark.parametrize("damage", ["missing", "no Parquet", "a step that is NaN"])
def test_a_file_is_refused_as_for_trajectories(tmp_path: Path, damage: str):
    path = tmp_path / "a.parquet"
    if damage == "no Parquet":
        path.write_bytes(b"PAR1 and nothing more")
    elif damage != "missing":
        steps = np.full((2, 3), np.nan, np.float32)
        where = np.zeros((1, 2), np.float32)
        write_table(path, StoredMovements(steps, np.array([2]), where, None, "x"))
    said = []
    for read in (Trajectories.load, Ragged.load):
        with pytest.raises(InputError) as caught:
            read(path)
        said.append(str(caught.value))
    assert said[0] == said[1]


# Not `ru_maxrss`, which begins at the most that the parent has taken.
_CHILD = """
import sys
from pathlib import Path
import torch
from humouse.codec import EventCodec
from humouse.ragged import Ragged
def most_kb():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
def learn(path):
    train = Ragged.load(path)
    codec = EventCodec(sequence_length=400).fit(train)
    codec.encode(train.only(codec.fitting(train))[torch.arange(64)])
learn(sys.argv[1])
before = most_kb()
learn(sys.argv[2])
print(most_kb() - before)
"""


@pytest.mark.slow
def test_one_long_movement_does_not_pad_the_others(tmp_path: Path):
    """Padded to the longest, the steps alone of 40,000 more would take 192 MB."""
    for n in (3_000, 43_000):
        lengths = np.full(n, 4)
        lengths[7] = 400
        steps = np.random.default_rng(0).integers(1, 9, (lengths.sum(), 3)).astype(np.float32)
        start = np.zeros((n, 2), np.float32)
        user = np.full(n, "somebody")
        write_table(tmp_path / f"{n}.parquet", StoredMovements(steps, lengths, start, user, "x"))
    command = [
        sys.executable,
        "-c",
        _CHILD,
        *(f"{tmp_path / str(n)}.parquet" for n in (3000, 43000)),
    ]
    child = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(child.stdout) * 1024 < 170 * MB
