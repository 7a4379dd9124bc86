"""`humouse data download`, as a user calls it, from a server on this machine."""

import hashlib
import io
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from humouse import cli
from range_server import range_server

_MOVES = [(10 * i, 20 * i, 5 * i) for i in range(40)]


def sapimouse() -> bytes:
    """Five synthetic people in the layout of SapiMouse's archive."""
    head = "client timestamp,button,state,x,y\n"
    return zipped(
        {
            f"sapimouse/user{n}/session_2020-05-14_1min.csv": head
            + "".join(f"{t},NoButton,Move,{x * n},{y}\n" for t, x, y in _MOVES)
            for n in range(1, 6)
        }
    )


def balabit() -> bytes:
    """Five synthetic people in the layout of GitHub's archive of the Balabit challenge."""
    head = "record timestamp,client timestamp,button,state,x,y\n"
    top = "Mouse-Dynamics-Challenge-d00d6f7"
    files = {
        f"{top}/training_files/user{n}/session_{n}0": head
        + "".join(f"{t / 1000},{t / 1000},NoButton,Move,{x * n},{y}\n" for t, x, y in _MOVES)
        for n in range(1, 6)
    }
    challenge = {f"{top}/test_files/user1/session_7": head}
    return zipped({**files, f"{top}/README.md": "", **challenge})


def zipped(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in files.items():
            file.writestr(name, text)
    return content.getvalue()


def run_in_place(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["humouse", "data", *words])
    try:
        cli.main()
    except SystemExit as exit:
        return int(exit.code or 0)
    return 0


@pytest.mark.parametrize(("name", "make"), [("sapimouse", sapimouse), ("balabit", balabit)])
def test_download_then_prepare(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    name: str,
    make: Callable[[], bytes],
):
    monkeypatch.chdir(tmp_path)
    pages = []
    with range_server() as server:
        server.files["/set.zip"] = content = make()
        for _ in range(2):
            assert (
                run_in_place(monkeypatch, "download", name, f"address={server.address}/set.zip")
                == 0
            )
            pages.append(capsys.readouterr())
        assert len(server.asked) == 1
    page, again = (page.out for page in pages)
    assert [page.err for page in pages] == ["", ""]
    order = ("page", "address", "licence", "citation", "size", hashlib.sha256(content).hexdigest())
    assert sorted(order, key=page.index) == list(order)
    assert "No hash of this archive is known" in page
    assert "It is there already" in again
    following = f"next: humouse data prepare source={name}"
    assert page.splitlines()[-1] == again.splitlines()[-1] == following
    assert run_in_place(monkeypatch, *following.split()[3:]) == 0
    assert (tmp_path / "data" / name / "train.parquet").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "recordings"]


def test_a_process_that_is_killed_leaves_what_arrived_to_the_next(tmp_path: Path, call: Callable):
    with range_server() as server:
        server.files["/set.zip"] = content = sapimouse()
        server.stall_after = len(content) // 2
        words = (
            "-m",
            "humouse",
            "data",
            "download",
            "sapimouse",
            f"address={server.address}/set.zip",
        )
        part = tmp_path / "recordings/.sapimouse.part"
        command = [sys.executable, *words]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) as killed:
            assert killed.stderr is not None
            while not part.is_file() or part.stat().st_size < len(content) // 2:
                assert killed.poll() is None
                time.sleep(0.01)
            killed.send_signal(signal.SIGINT)
            server.stall_after = None
            assert b"the same command resumes" in killed.stderr.read()
        assert killed.returncode == 130
        done = call(*words, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
        assert server.asked == ["", f"bytes={len(content) // 2}-"]
    assert [path.name for path in (tmp_path / "recordings").iterdir()] == ["sapimouse"]


def test_a_folder_and_a_hash_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    content = sapimouse()
    (tmp_path / "set.zip").write_bytes(content)
    words = ("sapimouse", f"address={(tmp_path / 'set.zip').as_uri()}", f"out_dir={tmp_path / 'r'}")
    assert run_in_place(monkeypatch, "download", *words, f"sha256={'0' * 64}") == 2
    error = capsys.readouterr().err
    found = hashlib.sha256(content).hexdigest()
    assert error.startswith("humouse: file:///")
    assert error.endswith(f"give sha256={found}\n")
    assert error.count("\n") == 1
    assert run_in_place(monkeypatch, "download", *words, f"--sha256={found}") == 0
    page = capsys.readouterr().out
    assert f"{found}, as expected" in page
    assert page.endswith(f"next: humouse data prepare source=sapimouse root={tmp_path / 'r'}\n")


def test_what_stands_in_the_way_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.chdir(tmp_path)
    with range_server() as server:
        address = f"address={server.address}/gone.zip"
        assert run_in_place(monkeypatch, "download", "balabit", address) == 2
    assert run_in_place(monkeypatch, "download", "balabit", address) == 2
    gone, silent = capsys.readouterr().err.splitlines()
    assert "answers 404 Not Found" in gone
    assert "cannot be reached" in silent
    (tmp_path / "recordings/balabit").mkdir()
    (tmp_path / "recordings/balabit/mine.txt").touch()
    assert run_in_place(monkeypatch, "download", "balabit") == 2
    assert "humouse data download did not make it" in capsys.readouterr().err
