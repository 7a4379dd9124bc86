"""Files that are whole or absent, on a full disk too."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from matplotlib.figure import Figure

from humouse.errors import InputError
from humouse.figures import save_figure
from humouse.files import (
    alone_in,
    alone_with,
    atomic_write,
    has_shape,
    move,
    read_json,
    set_aside,
    set_aside_in,
    sha256,
    working_folder,
    write_json,
)
from humouse.training.checkpoint import Checkpoint, save_tensors
from humouse.trajectories import Trajectories


def test_the_new_file_replaces_the_old_one(tmp_path: Path):
    path = tmp_path / "sub" / "file.txt"
    for text in ("old", "new"):
        with atomic_write(path) as temporary:
            temporary.write_text(text)
        assert path.read_text() == text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_old_file_outlives_a_failure(tmp_path: Path, error: type[BaseException]):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def fail() -> None:
        with atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["a_file/file.json", "/proc/nowhere/file.json"])
def test_a_place_that_cannot_be_written(tmp_path: Path, place: str):
    (tmp_path / "a_file").write_text("")
    with pytest.raises(InputError, match=r"file\.json: cannot be written"):
        write_json(tmp_path / place, {})


def test_json_round_trip(tmp_path: Path):
    content = {"n": 1, "name": "é", "list": [1.5, None]}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == content


@pytest.mark.parametrize("text", ["", '{"n": ', "[1]", "[" * 10_000, b"\xff\xfe"])
def test_other_json_is_refused(tmp_path: Path, text: str | bytes):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InputError, match=r"a\.json: "):
        read_json(path)


def test_missing_json(tmp_path: Path):
    with pytest.raises(InputError, match=r"a\.json: cannot be read"):
        read_json(tmp_path / "a.json")


def test_sha256_of_the_standard(tmp_path: Path):
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected


def _write_movements(path: Path) -> None:
    deltas = torch.rand(400, 50, 3, generator=torch.Generator().manual_seed(0))
    Trajectories(deltas, torch.full((400,), 50), torch.zeros(400, 2), None, "test").save(path)


def _write_checkpoint(path: Path) -> None:
    names = ("config", "versions", "data", "codec", "ema", "optimizer", "scaler", "history")
    parts: dict[str, dict] = {name: {} for name in names}
    Checkpoint(**parts, kind="diffusion", step=1, model={"w": torch.rand(10_000)}).save(path)


@pytest.mark.parametrize(
    "write",
    [
        _write_movements,
        _write_checkpoint,
        lambda path: write_json(path, {"text": "x" * 100_000}),
        lambda path: save_tensors(path, {"deltas": torch.rand(10_000)}),
        lambda path: save_figure(Figure(figsize=(20, 20)), path.with_suffix(".png")),
    ],
    ids=["movements", "checkpoint", "json", "tensors", "picture"],
)
def test_a_full_disk(tmp_path: Path, small_disk: Callable, write: Callable):
    path = tmp_path / "file.png"
    path.write_text("old")
    with small_disk(5_000), pytest.raises(InputError, match=r"file\.png: cannot be wri") as caught:
        write(path)
    assert "\n" not in str(caught.value)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"file.png": "old"}
    write(path)  # with room, it would have been written
    assert path.stat().st_size > 5_000


def test_setting_aside_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture):
    path = tmp_path / "model.pt"
    set_aside(path)
    assert capsys.readouterr().out == ""
    for content in ("first", "second"):
        path.write_text(content)
        set_aside(path)
    assert not path.exists()
    assert (tmp_path / "model.previous-1.pt").read_text() == "first"
    assert (tmp_path / "model.previous-2.pt").read_text() == "second"
    kept = f"{path} exists: kept as {tmp_path / 'model.previous-2.pt'}"
    assert capsys.readouterr().out.splitlines()[-1] == kept


def test_what_belongs_together_is_set_aside_together(tmp_path: Path):
    names = ("a.json", "data/b.parquet")
    for content in ("first", "second"):
        for name in (*names, "data/mine.txt"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(content)
        set_aside_in(tmp_path, ["a.json", "data/*.parquet", "absent.png"])
    for place, content in (("previous-1", "first"), ("previous-2", "second")):
        assert [(tmp_path / place / name).read_text() for name in names] == [content, content]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "previous-1", "previous-2"}
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mine.txt"]
    set_aside_in(tmp_path / "nowhere", names)


def test_sha256_of_a_folder_is_that_of_its_files_and_their_names(tmp_path: Path):
    def with_files(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, content in files.items():
            (folder / name).write_text(content)
        return sha256(folder)

    assert with_files(a="1", b="2") == with_files(b="2", a="1")
    assert len({with_files(a="1", b="2"), with_files(a="2", b="1"), with_files(a="1")}) == 3


def test_one_process_at_a_time_is_alone_in_a_folder(tmp_path: Path):
    """Until it ends, however it does."""
    folder = tmp_path / "made" / "for it"
    code = "import sys, time; from humouse.files import alone_in\n"
    code += "with alone_in(sys.argv[1]): print('alone', flush=True); time.sleep(60)"
    words = [sys.executable, "-c", code, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"alone\n"
        with pytest.raises(InputError, match="another run is writing there"), alone_in(folder):
            pass
        other.kill()
        other.wait()
        with alone_in(folder):
            pass
    assert list(folder.iterdir()) == []
    (tmp_path / "a file").touch()
    with pytest.raises(InputError, match="cannot be written"), alone_in(tmp_path / "a file"):
        pass


_WRITES = """
import sys, time
from humouse.files import atomic_write
with atomic_write(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("writing", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_writer_left_is_swept_and_what_a_live_one_writes_is_not(tmp_path: Path):
    path = tmp_path / "file [1].txt"
    words = [sys.executable, "-c", _WRITES, str(path)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"writing\n"
        (theirs,) = tmp_path.iterdir()
        for text in ("one", "two"):
            write_json(path, {"text": text})
            set_aside(path)
            set_aside_in(tmp_path, ["*.txt"])
        assert theirs.read_text() == "half"
        other.kill()
    for begin in (
        lambda: write_json(path, {}),
        lambda: set_aside(path),
        lambda: set_aside_in(tmp_path, ["*.txt"]),
    ):
        theirs.write_text("half")
        begin()
        assert not list(tmp_path.glob(".*"))
    for name in (".file.txt.swp", ".another.txt.4711.tmp", "file [1].txt.4711.tmp"):
        (tmp_path / name).touch()
    write_json(path, {})
    assert len(list(tmp_path.glob("*4711.tmp"))) + len(list(tmp_path.glob("*.swp"))) == 3


def test_two_writers_of_one_process_do_not_meet(tmp_path: Path):
    path = tmp_path / "file.txt"
    with atomic_write(path) as first, atomic_write(path) as second:
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_slow_rename_shows_the_old_file_or_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, rename, seen = tmp_path / "file.json", os.replace, []

    def slow(source: Path, target: Path) -> None:
        for number in range(20):
            if number == 10:
                rename(source, target)
            seen.append(read_json(path)["n"])
            time.sleep(0.005)

    write_json(path, {"n": 0})
    monkeypatch.setattr(os, "replace", slow)
    write_json(path, {"n": 1})
    assert seen == [0] * 10 + [1] * 10
    assert list(tmp_path.iterdir()) == [path]


def test_a_rename_whose_answer_was_lost_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server that is asked again finds nothing to rename; where nothing was renamed, it is an error."""
    path, rename = tmp_path / "file.json", os.replace

    def asked_again(source: Path, target: Path) -> None:
        rename(source, target)
        rename(source, target)

    monkeypatch.setattr(os, "replace", asked_again)
    write_json(path, {"n": 1})
    move({path: tmp_path / "there" / "file.json"})
    assert read_json(tmp_path / "there" / "file.json") == {"n": 1}

    def lost(source: Path, target: Path) -> None:
        os.unlink(source)
        rename(source, target)

    write_json(path, {"n": 2})
    monkeypatch.setattr(os, "replace", lost)
    with pytest.raises(InputError, match=r"file\.json: cannot be written \(No such file"):
        write_json(path, {"n": 3})
    assert read_json(path) == {"n": 2}


def test_who_waits_comes_after_the_other(tmp_path: Path):
    order: list[str] = []

    def second() -> None:
        with alone_in(tmp_path, wait=True):
            order.append("second")

    with alone_in(tmp_path):
        other = threading.Thread(target=second)
        other.start()
        time.sleep(0.3)
        order.append("first")
    other.join(30)
    assert order == ["first", "second"]
    assert not list(tmp_path.iterdir())


def test_one_process_at_a_time_writes_a_file(tmp_path: Path):
    path = tmp_path / "new" / "table.csv"
    with alone_with(path) as parts:
        (parts / "0").touch()
        with (
            pytest.raises(InputError, match=r"table\.csv: another run is writing it; wait"),
            alone_with(path),
        ):
            pass
    assert list(parts.iterdir()) == [parts / "0"]  # what is kept there outlasts the run
    with alone_with(path):
        (parts / "0").unlink()
    assert not list(path.parent.iterdir())


def test_the_working_folders_of_dead_runs_are_swept(tmp_path: Path):
    for name in (".parts-dead", ".partners"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "000000.parquet").touch()
    with working_folder(tmp_path) as folder:
        assert {path.name for path in tmp_path.iterdir()} == {".partners", folder.name}
    assert [path.name for path in tmp_path.iterdir()] == [".partners"]


@pytest.mark.parametrize(
    ("content", "fits"),
    [
        ({"a": 1, "b": [{"c": "x"}], "d": {"any": 2.0}, "more": None}, True),
        ({"a": True, "b": [], "d": {}}, False),
        ({"a": 1, "b": {}, "d": {}}, False),
        ({"a": 1, "b": [{"c": 1}], "d": {}}, False),
        ({"a": 1, "b": [], "d": {"any": "2"}}, False),
        ({"a": 1, "b": []}, False),
        ([], False),
    ],
)
def test_has_shape(content: Any, fits: bool):
    assert has_shape(content, {"a": int, "b": [{"c": str}], "d": {str: (int, float)}}) == fits


def test_a_file_far_too_large_is_not_read(tmp_path: Path):
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(2**28 + 1)
    with pytest.raises(InputError, match=r"large\.json: more than 256 MiB, which no such file has"):
        read_json(path)


def test_a_very_long_message_loses_its_middle():
    said = str(InputError(f"file.json: {'x' * 5000}; make it again"))
    assert said.startswith("file.json: ")
    assert said.endswith("; make it again")
    assert len(said) <= 1000


def test_half_of_a_pair_of_signs_is_written_as_it_came(tmp_path: Path):
    path = tmp_path / "odd.json"
    path.write_text('{"name": "\\ud800 ü"}', encoding="utf-8")
    content = read_json(path)
    write_json(path, content)
    assert read_json(path) == content
