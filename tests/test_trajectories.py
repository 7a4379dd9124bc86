"""`Trajectories`: what holds for every batch, and files that come back as they were."""

import pickle
from contextlib import suppress
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from jaxtyping import TypeCheckError

from humouse.data.movement_file import read_movements
from humouse.errors import InputError
from humouse.trajectories import Trajectories, concatenate

_FEW = settings(max_examples=40, deadline=None)


@st.composite
def batches(draw: st.DrawFn, fewest: int = 0) -> Trajectories:
    B, T = draw(st.integers(fewest, 6)), draw(st.integers(0, 9))
    wide = st.floats(-1e6, 1e6, width=32)
    deltas = torch.from_numpy(draw(arrays(np.float32, (B, T, 3), elements=wide)))
    deltas[..., 2] = deltas[..., 2].abs()
    lengths = torch.tensor(draw(st.lists(st.integers(0, T), min_size=B, max_size=B)), dtype=int)
    start = torch.from_numpy(draw(arrays(np.float32, (B, 2), elements=wide)))
    names = st.lists(st.text("aé 雪,\"'", max_size=5), min_size=B, max_size=B)
    user = draw(st.none() | names.map(lambda names: np.array(names, dtype=str)))
    return Trajectories(deltas, lengths, start, user, draw(st.text("ab é", max_size=4)))


def equal(a: Trajectories, b: Trajectories) -> bool:
    users = (a.user is None) == (b.user is None) and (
        a.user is None or list(a.user) == list(b.user)
    )
    a, b = a.trimmed(), b.trimmed()
    tensors = ("deltas", "lengths", "start")
    return users and all(torch.equal(getattr(a, name), getattr(b, name)) for name in tensors)


def one(steps: list[list[float]], **changes: object) -> Trajectories:
    parts = {
        "deltas": torch.tensor([steps]),
        "lengths": torch.tensor([len(steps)]),
        "start": torch.zeros(1, 2),
        "user": None,
        "origin": "test",
    }
    return Trajectories(**{**parts, **changes})


@_FEW
@given(batches())
def test_a_saved_batch_comes_back(tmp_path_factory: pytest.TempPathFactory, batch: Trajectories):
    path = tmp_path_factory.mktemp("saved") / "batch.parquet"
    batch.save(path)
    loaded = Trajectories.load(path)
    assert loaded.origin == batch.origin
    if len(batch) == 0:  # nobody to name, so no telling whether they had names
        assert len(loaded) == 0
    else:
        assert equal(loaded, batch)


@given(batches())
def test_another_process_gets_the_same_batch_and_its_padding(batch: Trajectories):
    sent = pickle.loads(pickle.dumps(batch))
    assert equal(sent, batch)
    assert sent.deltas.shape == batch.deltas.shape
    assert sent.origin == batch.origin


def test_files_have_the_documented_columns(tmp_path: Path):
    batch = one([[1.0, 2.0, 8.0], [3.0, 4.0, 9.0]], start=torch.tensor([[5.0, 6.0]]))
    batch.save(tmp_path / "one.parquet")
    assert pl.read_parquet(tmp_path / "one.parquet").rows() == [
        (None, 5.0, 6.0, [1.0, 3.0], [2.0, 4.0], [8.0, 9.0])
    ]


def test_a_path_with_brackets_is_a_path(tmp_path: Path):
    path = tmp_path / "run [1]*" / "a[b].parquet"
    one([[1.0, 2.0, 8.0]]).save(path)
    assert len(Trajectories.load(path)) == 1


@_FEW
@given(batches())
def test_mask_counts_lengths_and_padding_is_zero(batch: Trajectories):
    assert torch.equal(batch.mask.sum(1), batch.lengths)
    # True steps come first: no holes.
    assert not (batch.mask[:, 1:] & ~batch.mask[:, :-1]).any()
    assert (batch.deltas[~batch.mask] == 0).all()


def test_padding_may_hold_anything():
    steps = torch.tensor([[[1.0, 1.0, 1.0], [torch.nan, torch.inf, -5.0]]])
    batch = one([], deltas=steps, lengths=torch.tensor([1]))
    assert batch.deltas[0, 1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("step", [[torch.nan, 0, 1], [0, torch.inf, 1], [0, 0, torch.nan]])
def test_steps_must_be_finite(step: list[float]):
    with pytest.raises(ValueError, match="NaN or infinite"):
        one([[1.0, 1.0, 1.0], step])


def test_a_start_must_be_finite():
    with pytest.raises(ValueError, match="a start is NaN"):
        one([[1.0, 1.0, 1.0]], start=torch.tensor([[torch.nan, 0]]))


def test_time_must_not_run_backwards():
    with pytest.raises(ValueError, match="backwards"):
        one([[1.0, 1.0, -1.0]])


@pytest.mark.parametrize(
    "changes",
    [
        {"lengths": torch.tensor([1, 1])},
        {"start": torch.zeros(2, 2)},
        {"user": np.array(["a", "b"])},
        {"lengths": torch.tensor([3])},
        {"lengths": torch.tensor([-1])},
    ],
)
def test_parts_must_agree(changes: dict[str, object]):
    with pytest.raises((ValueError, TypeCheckError)):
        one([[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], **changes)


@_FEW
@given(batches(fewest=1), st.data())
def test_choosing_rows(batch: Trajectories, data: st.DataObject):
    rows = data.draw(st.lists(st.integers(0, len(batch) - 1), max_size=8))
    expected = [batch.deltas[row, : int(batch.lengths[row])].tolist() for row in rows]
    for index in (rows, np.array(rows, dtype=int), torch.tensor(rows, dtype=int)):
        chosen = batch[index]
        assert [
            d[:n].tolist() for d, n in zip(chosen.deltas, chosen.lengths, strict=True)
        ] == expected
        if batch.user is not None:
            assert list(chosen.user) == [batch.user[row] for row in rows]
    keep = torch.arange(len(batch)) % 2 == 0
    assert equal(batch[keep], batch[::2])
    assert equal(batch[keep.numpy()], batch[::2])


@_FEW
@given(st.lists(batches(), min_size=1, max_size=4))
def test_concatenation_keeps_every_movement(parts: list[Trajectories]):
    whole = concatenate(parts, origin="all")
    assert (len(whole), whole.origin) == (sum(map(len, parts)), "all")
    assert (whole.user is None) == any(part.user is None for part in parts)
    row = 0
    for part in parts:
        chosen = whole[row : row + len(part)]
        assert torch.equal(chosen.trimmed().deltas, part.trimmed().deltas)
        assert torch.equal(chosen.start, part.start)
        if whole.user is not None:
            assert list(chosen.user) == list(part.user)
        row += len(part)


@_FEW
@given(batches(fewest=1))
def test_positions_and_times_are_running_totals(batch: Trajectories):
    positions, times = batch.positions_px(), batch.times_ms()
    for row, n in enumerate(batch.lengths.tolist()):
        at, ms = batch.start[row].double().numpy(), 0.0
        for step in range(positions.shape[1]):
            assert np.allclose(positions[row, step], at, rtol=1e-5, atol=1e-2)
            assert np.isclose(times[row, step], ms, rtol=1e-5)
            if step < n:
                at = at + batch.deltas[row, step, :2].double().numpy()
                ms += float(batch.deltas[row, step, 2])


def test_summaries_in_px_and_ms():
    batch = one([[3.0, 4.0, 10.0], [0.0, -4.0, 20.0]], start=torch.tensor([[7.0, 8.0]]))
    assert batch.duration_ms.tolist() == [30]
    assert batch.net_px.tolist() == [[3, 0]]
    assert batch.path_px.tolist() == [9]


def test_people_and_set_ups_of_movements_with_and_without_names():
    steps, lengths, start = torch.ones(2, 1, 3), torch.ones(2, dtype=torch.long), torch.zeros(2, 2)
    nobody = Trajectories(steps, lengths, start, None, "t")
    assert nobody.person.tolist() == nobody.setup.tolist() == ["", ""]
    named = Trajectories(steps, lengths, start, np.array(["lab/ann", "bo"], object), "t")
    assert named.person.tolist() == ["lab/ann", "bo"]
    assert named.setup.tolist() == ["lab", ""]


def test_a_missing_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"gone\.parquet: no such file"):
        Trajectories.load(tmp_path / "gone.parquet")


def test_a_folders_files_are_read_in_the_order_of_their_names(tmp_path: Path):
    with pytest.raises(InputError, match=r"a folder without \*\.parquet files"):
        Trajectories.load(tmp_path)
    for name, dx in (("b", 3.0), ("a", 5.0), ("c", 7.0)):
        moves = one([[dx, 2.0, 8.0]] * int(dx), user=np.array([name]))
        moves.save(tmp_path / f"{name}.parquet")
    read = Trajectories.load(tmp_path)
    assert read.user is not None
    assert read.user.tolist() == ["a", "b", "c"]
    assert read.lengths.tolist() == [5, 3, 7]
    assert read.deltas[:, 0, 0].tolist() == [5.0, 3.0, 7.0]
    assert torch.equal(read_movements(tmp_path).deltas, read.deltas)
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"b\.parquet: not a readable file"):
        Trajectories.load(tmp_path)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_damaged_files_are_refused_or_read_never_crash(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.mktemp("damaged") / "batch.parquet"
    one([[1.0, 2.0, 8.0]] * 40, user=np.array(["ann"])).save(path)
    whole = path.read_bytes()
    if data.draw(st.booleans()):
        path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
        with pytest.raises(InputError, match=r"batch\.parquet"):
            Trajectories.load(path)
        return
    place = data.draw(st.integers(0, len(whole) - 1))
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
    with suppress(InputError):
        Trajectories.load(path)


_STEPS = {"dx_px": [[1.0]], "dy_px": [[1.0]], "dt_ms": [[1.0]]}
_WHOLE = {"user": ["a"], "start_x_px": [0.0], "start_y_px": [0.0], **_STEPS}


@pytest.mark.parametrize(
    "change",
    [
        {"dx_px": None},
        {"dx_px": [1.0]},
        {"dy_px": [["one"]]},
        {"dt_ms": [[1.0, 2.0]]},
        {"dt_ms": [[-1.0]]},
        {"dx_px": [[None]]},
        {"dx_px": pl.Series([None], dtype=pl.List(pl.Float32))},
        {"dx_px": [[float("nan")]]},
        {"start_x_px": ["left"]},
        {"start_x_px": [None]},
        {"start_y_px": [float("inf")]},
    ],
    ids=str,
)
def test_other_tables_are_refused(tmp_path: Path, change: dict[str, object]):
    table = {name: v for name, v in {**_WHOLE, **change}.items() if v is not None}
    pl.DataFrame(table).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(InputError, match=r"other\.parquet: ") as caught:
        Trajectories.load(tmp_path / "other.parquet")
    assert "\n" not in str(caught.value)
