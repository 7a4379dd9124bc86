"""`humouse train` of a diffusion model and its decoder: one job, whatever interrupts it."""

import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from humouse import cli
from humouse.commands.train import run as train
from humouse.commands.train_decoder import run as train_decoder
from humouse.diffusion import train_model
from humouse.diffusion.model import DECODER, load_model
from humouse.diffusion.training.decoder.learner import DecoderLearner
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import TrainDecoderSettings, TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.training.checkpoint import Checkpoint
from humouse.training.journal import read_metrics
from humouse.training.trainer import Trainer

_TINY = (
    "experiment_name=tiny",
    "device=cpu",
    "model.base_channels=16",
    "model.channel_mults=[1,1]",
    "data.batch_size=8",
    "data.num_workers=0",
    "data.feature_mode=kinematic",
    "optim.max_steps=4",
    "logging.num_eval_samples=20",
    "logging.log_interval=1",
    "logging.checkpoint_interval=2",
    "logging.eval_interval=1",
)
_TINY_DECODER = ("hidden=16", "dropout=0.1")
_TINY_TRAINING = (
    "batch_size=8",
    "amp=false",
    "optim.max_steps=5",
    "logging.num_eval_samples=20",
    "logging.log_interval=1",
    "logging.checkpoint_interval=2",
    "logging.eval_interval=1",
)
Words = Callable[..., list[str]]


@pytest.fixture(scope="module")
def words(tiny_data: Path) -> Words:
    """Return what to put on the command line for a tiny job that writes below a folder."""

    def overrides(folder: Path, *more: str) -> list[str]:
        places = (
            f"data.dir={tiny_data}",
            f"checkpoint_dir={folder / 'checkpoints'}",
            f"logging.dir={folder / 'runs'}",
        )
        own = [f"decoder.{word}" for word in (*_TINY_DECODER, *_TINY_TRAINING)]
        return [*_TINY, *own, *places, *more]

    return overrides


def settings(words: list[str]) -> TrainModelSettings:
    return settings_from("diffusion/train", TrainModelSettings, words)


@pytest.fixture(autouse=True)
def _few_timed_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("humouse.training.rehearsal._STEPS", 2)


@pytest.fixture(scope="module")
def whole(words: Words, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a job that nothing interrupted."""
    return train(settings(words(tmp_path_factory.mktemp("whole"))))


def assert_same_weights(a: Path, b: Path) -> None:
    """Of the finished model and of the diffusion model, which lies beside it."""
    for name in ("tiny.pt", "tiny_diffusion.pt"):
        one, other = (Checkpoint.load(path.with_name(name)) for path in (a, b))
        assert (one.step, one.history) == (other.step, other.history)
        for part in ("model", "ema", "best"):
            theirs = getattr(other, part)
            ours = getattr(one, part)
            assert ours.keys() == theirs.keys()
            assert [key for key in ours if not torch.equal(ours[key], theirs[key])] == []


@pytest.mark.slow
def test_it_is_what_the_two_commands_make(whole: Path, words: Words, tmp_path: Path):
    alone = ("decoder=none", "experiment_name=tiny_diffusion")
    shared = [
        word
        for word in words(tmp_path, *alone)
        if not word.startswith("decoder.") and word != "experiment_name=tiny"
    ]
    diffusion = train(settings(shared))
    places = [word for word in shared if word.startswith(("checkpoint_dir=", "logging.dir="))]
    network = [f"decoder.{word}" for word in _TINY_DECODER]
    own = [f"ckpt={diffusion}", "experiment_name=tiny", "device=cpu"]
    overrides = [*own, *network, *_TINY_TRAINING, *places]
    decoded = train_decoder(settings_from("diffusion/decoder", TrainDecoderSettings, overrides))
    assert_same_weights(whole, decoded)


def test_the_finished_model_has_the_name_that_was_given(whole: Path):
    assert whole.name == "tiny.pt"
    model = load_model(whole)
    before = whole.with_name("tiny_diffusion.pt")
    assert model.decoder_settings is not None
    assert model.decoder_settings.model_sha256 == sha256(before)
    assert load_model(before).decoder_settings is None
    runs = whole.parents[1] / "runs"
    for name, steps in (("tiny", 5), ("tiny_diffusion", 4)):
        rows = read_metrics(runs / name)
        assert [row["step"] for row in rows if "loss" in row] == list(range(1, steps + 1))


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the job catches it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param(3, id="diffusion"),
        # Ctrl-C in this stage is tried below, in less time.
        pytest.param(8, id="decoder", marks=pytest.mark.slow),
    ],
)
def test_killed_in_a_stage_it_ends_with_the_same_weights(
    whole: Path, words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds: int
):
    """Although an older model of the same name lay there: that one is kept, not gone on from."""
    old = tmp_path / "checkpoints" / "tiny.pt"
    old.parent.mkdir()
    old.write_bytes(b"an older model")
    one_round, seen = Trainer._round, 0

    def dies(self: Trainer, *args: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == rounds:
            raise Killed
        one_round(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_round", dies)
        with pytest.raises(Killed):
            train(settings(words(tmp_path)))
    assert (old.parent / "tiny.previous-1.pt").read_bytes() == b"an older model"
    assert train(settings(words(tmp_path, "resume=true"))) == old
    assert_same_weights(whole, old)


@pytest.mark.slow
def test_killed_between_the_stages_it_trains_the_decoder_alone(
    whole: Path,
    words: Words,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    def dies(path: Path) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(train_model, "load_model", dies)
        with pytest.raises(Killed):
            train(settings(words(tmp_path)))
    diffusion = tmp_path / "checkpoints" / "tiny_diffusion.pt"
    before = diffusion.read_bytes()
    capsys.readouterr()
    path = train(settings(words(tmp_path, "resume=true")))
    assert diffusion.read_bytes() == before
    assert " on this machine (decoder " in capsys.readouterr().out
    assert_same_weights(whole, path)


_KILLS_ITSELF = """
import os, signal, sys, torch
save, calls = torch.save, []

def dies(content, path):
    calls.append(path)
    save(content, path)
    if len(calls) == 4:  # half of the decoder's second checkpoint is on the disk
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

torch.save = dies
from humouse.commands.verbs import run_verb
run_verb("train")
"""


@pytest.mark.slow  # what writes the file is the same in both stages, and tried in the first
def test_a_kill_while_the_decoders_checkpoint_is_written(
    whole: Path, words: Words, tmp_path: Path, call: Callable
):
    done = call("-c", _KILLS_ITSELF, *words(tmp_path))
    assert done.returncode == -signal.SIGKILL, done.stderr
    path = tmp_path / "checkpoints" / "tiny.pt"
    assert Checkpoint.load(path).step == 2
    assert train(settings(words(tmp_path, "resume=true"))) == path
    assert_same_weights(whole, path)


@pytest.mark.slow
def test_on_the_command_line_interrupted_and_gone_on_with(
    whole: Path,
    words: Words,
    tiny_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    """With prepared data by their folder's name."""
    (tmp_path / "data").mkdir()
    shutil.copytree(tiny_data, tmp_path / "data" / "my people")
    monkeypatch.chdir(tmp_path)
    given = [word for word in words(tmp_path) if not word.startswith("data.dir=")]
    monkeypatch.setattr(sys, "argv", ["humouse", "train", "data=my people", *given])
    step, begun = DecoderLearner.step, 0

    def interrupted(self: DecoderLearner, *args: Any) -> dict[str, float]:
        nonlocal begun
        begun += 1
        if begun == 2 + 3:  # those that are timed first are thrown away
            os.kill(os.getpid(), signal.SIGINT)  # amid the step: it is finished first
        return step(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(DecoderLearner, "step", interrupted)
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 130
    told = capsys.readouterr()
    assert told.out.startswith("This takes about ")
    assert "Traceback" not in told.err
    *display, last = told.err.splitlines()
    assert last.startswith("humouse: interrupted")
    assert "tiny.pt holds step 3; resume=true goes on" in last
    assert any(line.startswith("1 of 2: diffusion ") and " 4/4" in line for line in display)
    assert any(line.startswith("2 of 2: decoder ") and " 3/5" in line for line in display)
    assert any(" of about " in line and line.endswith(" left") for line in display)

    words_again = ["humouse", "train", "data=my people", *given, "resume=true"]
    monkeypatch.setattr(sys, "argv", words_again)
    cli.main()
    path = tmp_path / "checkpoints" / "tiny.pt"
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"The model is {path}. Sample from it: humouse sample ckpt={path}"
    assert_same_weights(whole, path)


@pytest.mark.slow
def test_a_finished_job_is_left_as_it_is(whole: Path, words: Words):
    before = whole.read_bytes()
    assert train(settings(words(whole.parents[1], "resume=true"))) == whole
    assert whole.read_bytes() == before


def test_a_decoder_without_its_diffusion_model_is_not_gone_on_with(
    whole: Path, words: Words, tmp_path: Path
):
    path = tmp_path / "checkpoints" / "tiny.pt"
    path.parent.mkdir()
    shutil.copy(whole, path)
    with pytest.raises(InputError, match=r"tiny_diffusion\.pt, is not there; give another"):
        train(settings(words(tmp_path, "resume=true")))
    assert path.read_bytes() == whole.read_bytes()


def test_the_specifications_run_has_no_decoder(tiny_checkpoint: Path):
    assert [path.name for path in tiny_checkpoint.parent.iterdir()] == ["tiny.pt"]
    assert "decoder" not in Checkpoint.load(tiny_checkpoint).config


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optim.lr=-1", r"^optim\.lr=-1"),
        ("decoder.optim.lr=-1", r"^decoder\.optim\.lr=-1"),
        ("decoder.optim.max_steps=0", r"^decoder\.optim\.max_steps=0"),
        ("decoder.batch_size=0", r"^decoder\.batch_size=0"),
        ("decoder.t_switch=0.05", r"^decoder\.t_switch=0\.05: must lie between"),
        ("decoder.early_stopping.score=mdm", r"^decoder\.early_stopping\.score=mdm"),
        ("data.codec=canonical", "a decoder writes events.* give decoder=none"),
        ("data.autoencoder=x.pt", "a decoder writes events.* give decoder=none"),
        ("data.merge_zero_moves=false", r"data\.merge_zero_moves=false: .* or decoder=none"),
    ],
)
def test_bad_settings_of_either_stage_are_named(
    words: Words, tmp_path: Path, override: str, message: str
):
    with pytest.raises(InputError, match=message):
        train(settings(words(tmp_path, override)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_expected_duration_is_measured(
    words: Words, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    clock = {"now": 0.0}
    step = DecoderLearner.step

    def slow(self: DecoderLearner, *args: Any) -> dict[str, float]:
        clock["now"] += 360.0
        return step(self, *args)

    class AnnouncedError(Exception):
        pass

    def stop(*args: Any) -> None:
        raise AnnouncedError

    monkeypatch.setattr(DecoderLearner, "step", slow)
    monkeypatch.setattr("humouse.training.rehearsal.perf_counter", lambda: clock["now"])
    monkeypatch.setattr(train_model, "set_aside", stop)
    with pytest.raises(AnnouncedError):
        train(settings(words(tmp_path)))
    expected = (
        "This takes about 30 minutes on this machine (diffusion 0 seconds, decoder 30 minutes)."
    )
    assert capsys.readouterr().out.splitlines()[0] == expected


@pytest.mark.slow
def test_fine_tuning_starts_from_a_models_weights(
    whole: Path, tiny_checkpoint: Path, words: Words, tmp_path: Path
):
    still = ("optim.max_steps=1", "optim.lr=1e-12", "logging.eval_interval=0")
    both = (*still, *(f"decoder.{word}" for word in still))
    start = Checkpoint.load(whole)
    for ckpt, same in ((whole, True), (None, False)):
        folder = tmp_path / str(same)
        tuned = Checkpoint.load(
            train(settings(words(folder, f"start_from={ckpt or 'null'}", "seed=7", *both)))
        )
        assert tuned.config["start_from"] == (str(whole) if same else None)
        for prefix in ("", DECODER):
            names = [name for name in start.ema if name.startswith(DECODER) == bool(prefix)]
            near = [torch.allclose(tuned.ema[n], (start.best or start.ema)[n]) for n in names]
            assert all(near) == same
    with pytest.raises(InputError, match=r"start_from=.*tiny\.pt: its network is another one"):
        train(settings(words(tmp_path / "other", f"start_from={tiny_checkpoint}")))
    with pytest.raises(InputError, match=r"gone\.pt: no such checkpoint"):
        train(settings(words(tmp_path / "gone", "start_from=gone.pt")))
