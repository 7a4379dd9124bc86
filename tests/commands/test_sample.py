"""`humouse sample`: the same bytes however it is done, interrupted or not, and what is in its way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import psutil
import pytest
import torch

from humouse.errors import InputError
from humouse.files import alone_in, sha256
from humouse.trained_model import TrainedModel
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

_FEW = ("n=7", "batch_size=2", "steps=1", "device=cpu")


@pytest.fixture
def sample(
    tiny_checkpoint: Path,
    humouse: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[int, str, str]]:
    """Run the verb here, in parts of two movements, without a picture; return its status and output."""
    monkeypatch.setattr(TrainedModel, "part_size", 2)
    monkeypatch.setattr("humouse.commands.sample.without", lambda *extra: True)

    def run(*words: str) -> tuple[int, str, str]:
        return humouse("sample", f"ckpt={tiny_checkpoint}", *_FEW, *words)

    return run


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The rows of each batch that a model draws; Ctrl-C comes in the third while it is told to."""
    batches: list[list[int]] = []
    draw = {}

    def spied(self: TrainedModel, rows, *given):
        batches.append(rows.tolist())
        if len(batches) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return draw[type(self)](self, rows, *given)

    for model in TrainedModel.__subclasses__():
        draw[model] = model._sample_batch
        monkeypatch.setattr(model, "_sample_batch", spied)
    return batches


def result(folder: Path) -> dict[str, bytes]:
    names = ("samples.parquet", "deltas.pt")
    return {name: (folder / name).read_bytes() for name in names}


def test_the_same_command_goes_on_and_ends_with_the_same_bytes(
    sample: Callable, drawn: list[list[int]], tmp_path: Path
):
    words = ("save_deltas=true", f"out_dir={tmp_path / 'gen'}")
    status, _, err = sample(*words)
    assert status == 130
    kept = "(4 of 7 movements are kept; the same command goes on)"
    assert err.splitlines()[-1] == f"humouse: interrupted {kept}"
    assert [path.name[:9] for path in (tmp_path / "gen").iterdir()] == [".partial-"]
    status, out, _ = sample(*words)
    assert status == 0
    assert "going on after 4 of 7 movements" in out
    assert len(drawn) == 3 + 2  # two were kept, the third was interrupted
    assert sorted(chain.from_iterable(drawn[:2] + drawn[3:])) == list(range(7))
    resumed = result(tmp_path / "gen")
    assert not list((tmp_path / "gen").glob(".*"))
    assert sample("save_deltas=true", f"out_dir={tmp_path / 'whole'}")[0] == 0
    assert result(tmp_path / "whole") == resumed


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


def changed_in_one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[content.index(b"NUMPY") + 150] ^= 4  # of the first array's numbers
    path.write_bytes(content)


@pytest.mark.parametrize("damage", [cut_short, changed_in_one_bit])
def test_a_damaged_part_is_made_again(
    sample: Callable, drawn: list[list[int]], tmp_path: Path, damage: Callable[[Path], None]
):
    words = ("save_deltas=true", f"out_dir={tmp_path / 'gen'}")
    assert sample(*words)[0] == 130
    damage(*tmp_path.glob("gen/.partial-*/000001.part"))
    status, out, _ = sample(*words)
    assert status == 0
    assert "going on after 2 of 7 movements" in out
    assert sorted(chain.from_iterable(drawn[3:])) == [2, 3, 4, 5, 6]
    assert sample("save_deltas=true", f"out_dir={tmp_path / 'whole'}")[0] == 0
    assert result(tmp_path / "gen") == result(tmp_path / "whole")


def test_shards_hold_the_same_movements(sample: Callable, tmp_path: Path):
    """Three a file, over the bounds of parts of two."""
    status, out, _ = sample("shard=3", f"out_dir={tmp_path / 'shards'}")
    assert status == 0
    assert f"7 movements: {tmp_path / 'shards' / 'samples'}, 3 files\n" in out
    folder = tmp_path / "shards" / "samples"
    names = ["00000.parquet", "00001.parquet", "00002.parquet"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert [len(Trajectories.load(folder / name)) for name in names] == [3, 3, 1]
    files = json.loads((tmp_path / "shards" / "manifest.json").read_text())["files"]
    assert [one["file"] for one in files] == [f"samples/{name}" for name in names]
    assert [one["movements"] for one in files] == [3, 3, 1]
    assert [one["sha256"] for one in files] == [sha256(folder / name) for name in names]
    assert sample(f"out_dir={tmp_path}")[0] == 0
    one, shards = Trajectories.load(tmp_path / "samples.parquet"), Trajectories.load(folder)
    assert torch.equal(one.deltas, shards.deltas)
    assert torch.equal(one.start, shards.start)
    assert one.origin == shards.origin == Trajectories.load(folder / names[1]).origin


def test_shards_that_are_exchanged_or_missing_are_said(
    sample: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert sample("shard=3", f"out_dir={tmp_path / 'shards'}")[0] == 0
    folder = tmp_path / "shards" / "samples"
    first, second = sorted(folder.iterdir())[:2]
    kept = first.read_bytes()
    shutil.copy(second, first)
    with pytest.raises(
        InputError, match=rf"samples.{first.name}: was changed since it was written"
    ):
        Trajectories.load(folder)
    first.unlink()
    monkeypatch.chdir(folder.parent)
    with pytest.raises(
        InputError, match=rf"^samples.{first.name}: is missing, as manifest.json above"
    ):
        Trajectories.load("samples")
    assert len(Trajectories.load(second)) == 3
    first.write_bytes(kept)
    assert len(Trajectories.load(folder)) == 7


def test_one_file_after_shards_sets_them_aside(sample: Callable, tmp_path: Path):
    assert sample("shard=4", f"out_dir={tmp_path}")[0] == 0
    assert sample(f"out_dir={tmp_path}")[0] == 0
    aside = ["manifest.json", "samples"]
    assert sorted(path.name for path in (tmp_path / "previous-1").iterdir()) == aside
    assert len(list((tmp_path / "previous-1" / "samples").iterdir())) == 2
    assert not (tmp_path / "samples").exists()


def test_one_run_at_a_time_writes_to_a_folder(
    sample: Callable, drawn: list[list[int]], tmp_path: Path
):
    with alone_in(tmp_path):
        status, _, err = sample(f"out_dir={tmp_path}")
    assert status == 2
    assert f"{tmp_path}: another run is writing there; wait for its end, or choose" in err
    assert not drawn
    assert list(tmp_path.iterdir()) == []


def test_a_new_run_sweeps_what_killed_ones_left(sample: Callable, tmp_path: Path):
    (tmp_path / ".partial-0123456789abcdef").mkdir()
    (tmp_path / ".partial-0123456789abcdef" / "000000.part").write_bytes(b"a part")
    for name in (".samples.png.4711.tmp", ".manifest.json.4711.tmp", ".scores.json.4711.tmp"):
        (tmp_path / name).write_bytes(b"half")
    status, out, _ = sample(f"out_dir={tmp_path}")
    assert status == 0
    assert f"{tmp_path}: removed what an interrupted run with other settings had kept" in out
    # The last is another command's.
    assert [path.name for path in tmp_path.glob(".*")] == [".scores.json.4711.tmp"]


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("workers=0", "workers=0: must be at least 1"),
        ("shard=0", "shard=0: must be at least 1 movement"),
        (
            "n=90000000",
            "save_deltas=true: the deltas of n=90,000,000 movements would be held at once",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_begins(
    sample: Callable, drawn: list[list[int]], tmp_path: Path, word: str, said: str
):
    status, _, err = sample("save_deltas=true", word, f"out_dir={tmp_path}")
    assert status == 2
    assert said in err
    assert not drawn
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["seed=1", "n=8", "steps=2", "batch_size=3", "recorded=true"])
def test_other_settings_do_not_reuse_what_was_kept(
    sample: Callable, drawn: list[list[int]], tmp_path: Path, changed: str
):
    assert sample(f"out_dir={tmp_path}")[0] == 130
    status, out, _ = sample(f"out_dir={tmp_path}", changed)
    assert status == 0
    assert "going on" not in out


@pytest.mark.slow  # starts two processes
def test_the_bytes_do_not_depend_on_how_many_processes_there_are(sample: Callable, tmp_path: Path):
    threads = torch.get_num_threads()
    for workers in (1, 2):
        torch.set_num_threads(workers)  # as on a machine of so many cores
        words = ("save_deltas=true", f"workers={workers}", f"out_dir={tmp_path / str(workers)}")
        assert sample(*words)[0] == 0
        assert torch.get_num_threads() == workers
    torch.set_num_threads(threads)
    assert result(tmp_path / "1") == result(tmp_path / "2")


def interrupted(words: list[str], moment: Callable[[int], bool], cwd: Path) -> tuple[int, str, str]:
    """Start humouse, press Ctrl-C when the moment has come; return the exit status and the output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "humouse", *words],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not moment(process.pid) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.parametrize(
    "library",
    [
        "libtorch_cpu",
        *(pytest.param(one, marks=pytest.mark.slow) for one in ("multiarray", "polars")),
    ],
)
def test_ctrl_c_while_modules_load_is_one_line(tmp_path: Path, library: str):
    def loading(pid: int) -> bool:
        return library in Path(f"/proc/{pid}/maps").read_text()

    answer = interrupted(["sample", "n=3"], loading, tmp_path)
    assert answer == (130, "", "humouse: interrupted\n")
    assert list(tmp_path.iterdir()) == []


IN_SMALL_PARTS = """
from humouse.cli import main
from humouse.trained_model import TrainedModel
TrainedModel.part_size = 16
main()
"""


def started(words: list[str], cwd: Path) -> subprocess.Popen[str]:
    """Start humouse, which makes parts of 16 movements, on one thread."""
    return subprocess.Popen(
        [sys.executable, "-c", IN_SMALL_PARTS, *words],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def words(tiny_checkpoint: Path) -> list[str]:
    return ["sample", f"ckpt={tiny_checkpoint}", "n=600", "batch_size=8", "steps=2", "device=cpu"]


@pytest.fixture
def killed(words: list[str], tmp_path: Path) -> Iterator[Callable[..., tuple[str, str]]]:
    """Start two processes, send one a signal once parts are kept; return what the first printed."""

    def kill(which: int, number: signal.Signals) -> tuple[str, str]:
        process = started([*words, "workers=2"], tmp_path)
        while len(list(tmp_path.glob("gen/.partial-*/*.part"))) < 3:
            assert process.poll() is None
            time.sleep(0.01)
        family = [
            one
            for one in psutil.Process(process.pid).children()
            if "spawn_main" in " ".join(one.cmdline())
        ]
        assert len(family) == 2
        [psutil.Process(process.pid), *family][which].send_signal(number)
        out, err = process.communicate(timeout=120)
        # Whoever was killed, nobody goes on.
        assert not psutil.wait_procs(family, timeout=60)[1]
        return out, err

    yield kill
    with suppress(FileNotFoundError):
        assert not list((tmp_path / "gen").glob(".*"))


def assert_it_goes_on(words: list[str], tmp_path: Path) -> None:
    """The same command makes what is not kept, and ends with the same bytes as one that nobody stops."""
    kept = len(list(tmp_path.glob("gen/.partial-*/[0-9]*.part"))) * 16
    for folder in ("gen", "whole"):
        process = started([*words, "workers=1", f"out_dir={folder}"], tmp_path)
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        assert (f"going on after {kept} of 600 movements\n" in out) == (folder == "gen")
    one, other = ((tmp_path / name / "samples.parquet").read_bytes() for name in ("gen", "whole"))
    assert one == other


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_killed_goes_on(
    killed: Callable, words: list[str], tmp_path: Path, number: signal.Signals
):
    _, err = killed(0, number)
    assert "Traceback" not in err
    if number != signal.SIGKILL:
        assert "of 600 movements are kept; the same command goes on)\n" in err
    assert_it_goes_on(words, tmp_path)


@pytest.mark.slow
def test_a_killed_process_is_said_and_the_same_command_goes_on(
    killed: Callable, words: list[str], tmp_path: Path
):
    _, err = killed(1, signal.SIGKILL)
    assert "humouse: workers: a process ended before its job did (exit code -9)" in err
    assert "Traceback" not in err
    assert_it_goes_on(words, tmp_path)


def test_movements_of_the_frame_are_written_as_recorded(sample: Callable, tmp_path: Path):
    assert sample("recorded=true", f"out_dir={tmp_path}")[0] == 0
    movements = Trajectories.load(tmp_path / "samples.parquet")
    assert len(movements) == 7
    steps = movements.deltas[movements.mask]
    assert torch.equal(steps, steps.round())
    assert (steps[:, 2] >= 1).all()
    assert (steps[:, :2] != 0).any(1).all()


def test_a_model_without_clocks_says_so_before_it_draws(
    sample: Callable, tiny_checkpoint: Path, drawn: list[list[int]], tmp_path: Path
):
    old = Checkpoint.load(tiny_checkpoint)
    old.codec["clocks"] = None  # as a version without them wrote it
    old.save(tmp_path / "old.pt")
    status, _, err = sample("recorded=true", f"ckpt={tmp_path / 'old.pt'}", f"out_dir={tmp_path}")
    assert status == 2
    assert "did not learn its devices' clocks; train it anew" in err
    assert not drawn
