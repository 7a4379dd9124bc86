"""`humouse sample`: an interrupted run goes on, and ends as if nothing had happened."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from humouse.trained_model import TrainedModel
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

_FEW = ("n=7", "batch_size=2", "steps=1", "device=cpu")


@pytest.fixture
def sample(
    tiny_checkpoint: Path, humouse: Callable[..., tuple[int, str, str]]
) -> Callable[..., tuple[int, str, str]]:
    """Run the verb here; return its exit status and what it printed."""

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
    names = ("samples.parquet", "samples.png", "deltas.pt")
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
    resumed = result(tmp_path / "gen")
    assert not list((tmp_path / "gen").glob(".*"))
    assert sample("save_deltas=true", f"out_dir={tmp_path / 'whole'}")[0] == 0
    assert result(tmp_path / "whole") == resumed


@pytest.mark.slow
@pytest.mark.parametrize("changed", ["seed=1", "n=8", "steps=2", "batch_size=3"])
def test_other_settings_do_not_reuse_what_was_kept(
    sample: Callable, drawn: list[list[int]], tmp_path: Path, changed: str
):
    assert sample(f"out_dir={tmp_path}")[0] == 130
    status, out, _ = sample(f"out_dir={tmp_path}", changed)
    assert status == 0
    assert "going on" not in out
    assert len(list(tmp_path.glob(".partial-*"))) == 1  # what the first run kept


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


@pytest.mark.slow  # starts humouse twice
@pytest.mark.parametrize("killed", [False, True])
def test_a_real_run_goes_on_after_ctrl_c_and_after_a_kill(
    tiny_checkpoint: Path, tmp_path: Path, call: Callable, killed: bool
):
    words = ["sample", f"ckpt={tiny_checkpoint}", "n=400", "batch_size=8", "steps=2", "device=cpu"]

    def sampling(pid: int) -> bool:
        begun = len(list(tmp_path.glob("gen/.partial-*/*.pt"))) > 2
        if begun and killed:
            os.kill(pid, signal.SIGKILL)
        return begun

    status, _, err = interrupted(words, sampling, tmp_path)
    if not killed:
        assert status == 130
        assert "of 400 movements are kept; the same command goes on)\n" in err
        assert "Traceback" not in err
    done = call("-m", "humouse", *words, cwd=tmp_path)
    assert done.returncode == 0
    assert "going on after " in done.stdout


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
