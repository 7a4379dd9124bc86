"""What goes wrong in long work, verb by verb: a line, nothing lost, nothing left behind."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import psutil
import pytest

from examples.quick_runs import RECIPES, contents, run_verb, words_of
from humouse.errors import InputError
from humouse.files import alone_in, alone_with

FILES = {
    "detect score": "said.csv",
    "features": "said.parquet",
    "train": "checkpoints/tiny.pt",
}
"""The file of which there is one writer at a time; of the other verbs it is the folder."""

LONG = (
    *("sample", "features", "detect score", "detect negatives", "detect benchmark", "detect train"),
    *("eval", "train", "data prepare", "data combine"),
)
SLOW = {name: [pytest.mark.slow] if RECIPES[name].slow else [] for name in LONG}

every_long_verb = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=marks) for name, marks in SLOW.items()]
)


def hidden(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob(".*")]


@every_long_verb
def test_a_second_run_is_refused(name: str, request: pytest.FixtureRequest, tmp_path: Path):
    out = tmp_path / "out"
    words = words_of(name, out, request)
    with ExitStack() as stack:
        if name in FILES:
            stack.enter_context(alone_with(out / FILES[name]))
        else:
            stack.enter_context(alone_in(out))
        with pytest.raises(InputError, match=r"another run is writing .* choose another") as caught:
            run_verb(name, words)
    assert "\n" not in str(caught.value)
    assert not contents(out)
    assert not hidden(tmp_path)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Let nothing be made below a folder, as where its disk is mounted read-only."""

    def forbid(folder: Path) -> None:
        def guarded(real: Callable, writes: Callable[..., bool]) -> Callable:
            def checked(path: os.PathLike | str, *rest: int, **more: int):
                below = folder in Path(os.fsdecode(path)).parents
                if below and not os.path.isdir(path) and writes(*rest):
                    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
                return real(path, *rest, **more)

            return checked

        always, flagged = (lambda *_: True), (lambda flags=0, *_: bool(flags & os.O_CREAT))
        monkeypatch.setattr(os, "mkdir", guarded(os.mkdir, always))
        monkeypatch.setattr(os, "open", guarded(os.open, flagged))

    return forbid


@every_long_verb
def test_a_read_only_folder_is_said_before_the_work(
    name: str, request: pytest.FixtureRequest, tmp_path: Path, read_only: Callable
):
    out = tmp_path / "out"
    out.mkdir()
    words = words_of(name, out, request)
    read_only(out)
    began = time.process_time()
    with pytest.raises(InputError, match=r"cannot be written \(Read-only file system\)") as caught:
        run_verb(name, words)
    assert "\n" not in str(caught.value)
    assert time.process_time() - began < 20
    assert not list(out.iterdir())


@every_long_verb
def test_a_full_disk_leaves_what_was_there(
    name: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    small_disk: Callable,
    capsys: pytest.CaptureFixture,  # what is printed takes no file
):
    out = tmp_path / "out"
    words = words_of(name, out, request)
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with small_disk(20), pytest.raises(InputError, match="cannot be written") as caught:
        run_verb(name, words)
    assert "\n" not in str(caught.value)
    assert (out / "mine.txt").read_text() == "mine"
    assert not [one for one in hidden(tmp_path) if one.endswith(".tmp") or ".parts" in one]


def started(name: str, words: str, cwd: Path) -> subprocess.Popen[str]:
    """Start humouse in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "humouse", *name.split(), *words.split(" ")],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_what_a_killed_run_left_is_gone_after_the_next(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
):
    """Killed once it has begun to write; the dead one holds no lock."""
    out = tmp_path / "out"
    words = words_of(name, out, request)
    with started(name, words, tmp_path) as process:
        while not (out.is_dir() and hidden(out)):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.001)
        process.kill()
    assert hidden(out)
    run_verb(name, words)
    assert not hidden(tmp_path)
    assert contents(out)


MANY_WORKERS = {
    "sample": "n=600 batch_size=8 workers=2",
    "features": "workers=2",
    "detect negatives": "n=20000 workers=2",
    "detect benchmark": "workers=2",
    "eval": "workers=2",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MANY_WORKERS)
def test_a_killed_worker_is_said_in_a_line(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
):
    out = tmp_path / "out"
    words = f"{words_of(name, out, request)} {MANY_WORKERS[name]}"
    if name == "features":  # as many as make several parts
        tiny = tmp_path / "tiny"
        run_verb("detect negatives", f"people={tiny_of(words)} n=20000 out_dir={tiny}")
        words = words.replace(f"{tiny_of(words)}.parquet", str(tiny))
    with started(name, words, tmp_path) as process:
        while not (workers := workers_of(process.pid)):
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.01)
        workers[0].send_signal(signal.SIGKILL)
        _, err = process.communicate(timeout=300)
    assert process.returncode == 2, err
    assert "humouse: workers: a process ended before its job did" in err
    assert "Traceback" not in err
    assert not psutil.wait_procs(workers, timeout=60)[1]
    assert not [one for one in hidden(out) if one.endswith(".tmp") or one.endswith(".lock")]


def tiny_of(words: str) -> str:
    return words.partition("movements=")[2].partition(".parquet")[0]


def workers_of(pid: int) -> list[psutil.Process]:
    children = psutil.Process(pid).children()
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


@pytest.mark.parametrize(
    "name", ["sample", "features", "detect negatives", "train", "data prepare"]
)
@pytest.mark.parametrize("step_s", [-86_400.0, 86_400.0])
def test_a_clock_that_jumps_changes_nothing(
    name: str,
    step_s: float,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """By a day each time that somebody looks at it."""
    run_verb(name, words_of(name, tmp_path / "steady", request))
    real, looks = time.time, count(1)
    monkeypatch.setattr(time, "time", lambda: real() + step_s * next(looks))
    run_verb(name, words_of(name, tmp_path / "jumping", request))
    steady, jumping = contents(tmp_path / "steady"), contents(tmp_path / "jumping")
    tables = [path for path in steady if path.endswith(".parquet")]
    assert [steady[path] for path in tables] == [jumping[path] for path in tables]
    assert len(steady) == len(jumping)
