"""Training: the same weights whatever interrupts it, spread or cut it; and what it refuses."""

import json
import os
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from humouse import cli
from humouse.codec.from_settings import make_codec
from humouse.commands.dataset import training_data
from humouse.commands.train import run as train
from humouse.data.prepared import Prepared
from humouse.diffusion.model import DIFFUSION, DiffusionModel, load_model
from humouse.diffusion.training.batches import NoisyBatches, NoisyShard
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.diffusion.training.validation import Validation
from humouse.errors import InputError
from humouse.ragged import Ragged
from humouse.settings import TrainModelSettings
from humouse.settings.choices import SAMPLE_SCORES
from humouse.training.checkpoint import Checkpoint
from humouse.training.context import TrainingContext
from humouse.training.journal import read_metrics
from humouse.training.trainer import Trainer
from humouse.trajectories import Trajectories

pytestmark = pytest.mark.usefixtures("forgets_accelerator")
Make = Callable[..., TrainModelSettings]
_VARIED = ("data.codec=event", "data.sequence_length=200", "data.batch_size=4", "model.cond_dim=2")


def made(settings: TrainModelSettings) -> Trainer:
    data = training_data(settings.data)
    codec = make_codec(settings.data).fit(data.train)
    context = TrainingContext.of(settings, data, codec, Accelerator(cpu=True))
    return Trainer(settings, context, DiffusionLearner(settings, context), DIFFUSION)


def tensors(content: Any, name: str = "") -> dict[str, torch.Tensor]:
    """Return all tensors in nested dictionaries and lists by their place."""
    if isinstance(content, torch.Tensor):
        return {name: content}
    if isinstance(content, dict):
        items = content.items()
    else:
        items = enumerate(content) if isinstance(content, list | tuple) else ()
    return {k: v for key, part in items for k, v in tensors(part, f"{name}.{key}").items()}


def state(path: Path) -> dict[str, torch.Tensor]:
    saved = Checkpoint.load(path)
    return tensors(
        {"model": saved.model, "ema": saved.ema, "optimizer": saved.optimizer, "best": saved.best}
    )


def assert_same_run(a: Path, b: Path) -> None:
    one, other = state(a), state(b)
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert Checkpoint.load(a).history == Checkpoint.load(b).history


def losses(folder: Path) -> list[float]:
    return [row["loss"] for row in read_metrics(folder / "runs" / "tiny") if "loss" in row]


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the run catches it."""


def test_resuming_after_a_kill_ends_with_the_same_weights(
    tmp_path: Path,
    tiny_settings: Make,
    uninterrupted: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
):
    """Killed after its third step was logged, of which no checkpoint knows."""
    more = (*_VARIED, *_LONG)
    whole, rounds = Trainer._round, 0

    def dies(self: Trainer, *args: Any) -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 3:
            raise Killed
        whole(self, *args)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_round", dies)
        with pytest.raises(Killed):
            train(tiny_settings(tmp_path, *more))
    assert len(losses(tmp_path)) == 3
    path = tmp_path / "checkpoints" / "tiny.pt"
    assert Checkpoint.load(path).step == 2
    assert train(tiny_settings(tmp_path, *more, "resume=true")) == path
    assert_same_run(path, uninterrupted["event"])


_LONG = (
    "optim.max_steps=5",
    "logging.checkpoint_interval=2",
    "logging.eval_interval=1",
    "data.augment.crop=0.5",
    "optim.lr_warmup_steps=3",
    "optim.lr_decay=cosine",
)


@pytest.fixture(scope="module")
def uninterrupted(tiny_settings: Make, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    def run(*more: str) -> Path:
        return train(tiny_settings(tmp_path_factory.mktemp("whole"), *more, *_LONG))

    return {"canonical": run(), "event": run(*_VARIED)}


_KILLS_ITSELF = """
import os, signal, sys, torch
save, calls = torch.save, []

def dies(content, path):
    calls.append(path)
    save(content, path)
    if len(calls) == 2:  # half of the second checkpoint is on the disk
        os.truncate(path, os.path.getsize(path) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

torch.save = dies
from humouse.commands.verbs import run_verb
run_verb("train")
"""


@pytest.mark.slow  # the kill between two checkpoints is quicker
def test_a_kill_while_a_checkpoint_is_written(
    tmp_path: Path,
    call: Callable,
    tiny_overrides: Callable,
    tiny_settings: Make,
    uninterrupted: dict[str, Path],
):
    done = call("-c", _KILLS_ITSELF, *tiny_overrides(tmp_path, *_LONG))
    assert done.returncode == -signal.SIGKILL, done.stderr
    path = tmp_path / "checkpoints" / "tiny.pt"
    assert Checkpoint.load(path).step == 2
    assert train(tiny_settings(tmp_path, *_LONG, "resume=true")) == path
    assert_same_run(path, uninterrupted["canonical"])


def test_an_interrupt_writes_a_checkpoint_and_exits_with_130(
    tmp_path: Path,
    tiny_overrides: Callable,
    tiny_settings: Make,
    uninterrupted: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    more = (*_LONG, "logging.checkpoint_interval=0")
    one_step, begun = Trainer._one_step, 0

    def interrupted(self: Trainer, shard: Any) -> dict[str, float]:
        nonlocal begun
        begun += 1
        if begun == 3:
            os.kill(os.getpid(), signal.SIGINT)  # amid the step: it is finished first
        return one_step(self, shard)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_one_step", interrupted)
        patch.setattr(sys, "argv", ["humouse", "train", *tiny_overrides(tmp_path, *more)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    assert ended.value.code == 130
    errors = capsys.readouterr().err
    assert "Traceback" not in errors
    assert errors.splitlines()[-1].startswith("humouse: interrupted")
    path = tmp_path / "checkpoints" / "tiny.pt"
    assert Checkpoint.load(path).step == 3
    train(tiny_settings(tmp_path, *more, "resume=true"))
    assert_same_run(path, uninterrupted["canonical"])


def test_the_data_are_read_and_hashed_once(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    calls: Counter[str] = Counter()
    load, is_whole = Ragged.load, Prepared.is_whole

    def counted_load(path: Path) -> Ragged:
        calls[path.stem] += 1
        return load(path)

    def counted_check(self: Prepared) -> bool:
        calls["hashes"] += 1
        return is_whole(self)

    monkeypatch.setattr(Ragged, "load", counted_load)
    monkeypatch.setattr(Prepared, "is_whole", counted_check)
    train(tiny_settings(tmp_path, "optim.max_steps=1"))
    assert calls == {"hashes": 1, "train": 1, "val": 1}


def test_a_bad_batch_is_named_by_its_rows_in_the_file(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    """Also where gestures are held out of the split."""
    seen: list[torch.Tensor] = []
    whole = NoisyBatches.encoded

    def noted(self: NoisyBatches, rows: torch.Tensor, *more: Any) -> Any:
        seen.append(self.train[rows].deltas)
        encoded = whole(self, rows, *more)
        encoded.x0[:] = torch.nan
        return encoded

    monkeypatch.setattr(NoisyBatches, "encoded", noted)
    settings = tiny_settings(tmp_path, "data.held_out_share=0.5")
    with pytest.raises(InputError) as caught:
        train(settings)
    listed = re.search(r"rows ([\d, ]+) of (.*)train\.parquet", str(caught.value))
    assert listed is not None
    rows = torch.tensor([int(row) for row in listed[1].split(", ")])
    train_split = Prepared.load(listed[2]).split("train")
    assert torch.equal(train_split[rows].deltas, seen[0])


@pytest.fixture
def finished(tmp_path: Path, tiny_checkpoint: Path) -> Path:
    """Checkpoint of a finished run that writes below `tmp_path`."""
    path = tmp_path / "checkpoints" / "tiny.pt"
    path.parent.mkdir()
    shutil.copy(tiny_checkpoint, path)
    return path


def test_a_finished_run_resumes_to_nothing(
    tiny_settings: Make, tmp_path: Path, finished: Path, capsys: pytest.CaptureFixture
):
    before = finished.read_bytes()
    assert train(tiny_settings(tmp_path, "resume=true")) == finished
    assert finished.read_bytes() == before
    assert "step 6" in capsys.readouterr().out


def test_other_settings_are_not_resumed(tiny_settings: Make, tmp_path: Path, finished: Path):
    before = finished.read_bytes()
    with pytest.raises(InputError, match=r"optim\.lr: 0\.001 → 0\.5") as caught:
        train(tiny_settings(tmp_path, "optim.lr=0.5", "resume=true"))
    assert "another experiment_name" in str(caught.value)
    assert finished.read_bytes() == before


def test_other_data_are_not_resumed(
    tiny_settings: Make, tmp_path: Path, tiny_data: Path, finished: Path
):
    saved = Checkpoint.load(finished)
    saved.data["sha256"] = "0" * 64
    saved.save(finished)
    with pytest.raises(InputError, match=f"trained on other data than {tiny_data}"):
        train(tiny_settings(tmp_path, "resume=true"))


@pytest.mark.slow  # test_overwriting.py says it of every verb
def test_a_new_run_keeps_the_old_checkpoint(tiny_settings: Make, tmp_path: Path, finished: Path):
    old = finished.read_bytes()
    with pytest.raises(InputError, match=r"data\.codec=new"):  # refused: nothing has moved
        train(tiny_settings(tmp_path, "data.codec=new"))
    assert finished.read_bytes() == old
    train(tiny_settings(tmp_path, "optim.max_steps=1"))
    assert Checkpoint.load(finished).step == 1
    assert finished.with_name(f"{finished.stem}.previous-1.pt").read_bytes() == old


@pytest.mark.slow
def test_two_processes_match_one_with_twice_the_batch(
    tmp_path: Path, call: Callable, tiny_overrides: Callable, tiny_settings: Make
):
    more = ("model.dropout=0", "optim.max_steps=4", "model.cond_dim=2")
    # With --cpu it starts several processes only where there is an MPI.
    launcher = "accelerate.commands.accelerate_cli launch --multi_gpu --num_processes 2"
    rest = "--num_machines 1 --mixed_precision no --dynamo_backend no --main_process_port 0"
    overrides = tiny_overrides(tmp_path / "two", *more)
    done = call(
        *("-m", *launcher.split(), *rest.split(), "-m", "humouse", "train", *overrides),
        OMP_NUM_THREADS="1",
    )
    assert done.returncode == 0, done.stderr
    one = train(tiny_settings(tmp_path / "one", *more, "data.batch_size=16"))
    two = tmp_path / "two" / "checkpoints" / "tiny.pt"
    assert len(losses(tmp_path / "one")) == 4
    torch.testing.assert_close(
        torch.tensor(losses(tmp_path / "two")),
        torch.tensor(losses(tmp_path / "one")),
        rtol=1e-4,
        atol=0,
    )
    assert_close_weights(one, two)


@pytest.mark.slow
def test_accumulated_batches_match_one_batch(tmp_path: Path, tiny_settings: Make):
    more = ("model.dropout=0", "optim.max_steps=4")
    one = train(tiny_settings(tmp_path / "one", *more, "data.batch_size=16"))
    two = train(tiny_settings(tmp_path / "two", *more, "optim.grad_accum=2"))
    torch.testing.assert_close(
        losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-5, atol=0
    )
    assert_close_weights(one, two)


def assert_close_weights(a: Path, b: Path) -> None:
    one, other = Checkpoint.load(a), Checkpoint.load(b)
    # Adam's first steps are ± lr whatever the gradient's size: what rounding decides may differ.
    apart = torch.cat(
        [(value - other.model[name]).abs().flatten() > 1e-4 for name, value in one.model.items()]
    )
    assert apart.double().mean() <= 0.02


def with_bad_batch(monkeypatch: pytest.MonkeyPatch, step: int, part: str, value: float) -> None:
    whole = NoisyBatches.__getitem__

    def with_bad_value(self: NoisyBatches, index: int) -> NoisyShard:
        shard = whole(self, index)
        if index == step:
            getattr(shard.batch, part)[0, 0] = value
        return shard

    monkeypatch.setattr(NoisyBatches, "__getitem__", with_bad_value)


@pytest.mark.parametrize("value", [torch.nan, pytest.param(torch.inf, marks=pytest.mark.slow)])
def test_a_loss_that_is_not_finite_stops_the_run(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch, value: float
):
    with_bad_batch(monkeypatch, 3, "x0", value)
    with pytest.raises(InputError) as caught:
        train(tiny_settings(tmp_path, "logging.checkpoint_interval=2"))
    message = str(caught.value)
    path = tmp_path / "checkpoints" / "tiny.pt"
    assert message.startswith("step 4: the loss is ")
    assert re.search(r"the batch: rows \d+(, \d+){7} of .*train\.parquet", message)
    assert f"{path} is good" in message
    assert "\n" not in message
    saved = Checkpoint.load(path)
    assert saved.step == 2
    assert all(bool(value.isfinite().all()) for value in saved.model.values())


@pytest.mark.slow
def test_a_rate_that_diverges_stops_the_run(tmp_path: Path, tiny_settings: Make):
    # Weights of 1e30 overflow float32 in the second step.
    with pytest.raises(InputError, match=r"step 2: the loss is .*no checkpoint was written yet"):
        train(tiny_settings(tmp_path, "optim.lr=1e30", "logging.checkpoint_interval=0"))


@pytest.mark.slow
def test_early_stopping_keeps_the_best_weights(
    tmp_path: Path,
    tiny_settings: Make,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
):
    rounds = iter([3.0, 2.0, 5.0, 2.5, 1.0])
    averages: list[dict[str, torch.Tensor]] = []

    def loss(self: Validation, denoiser: Any, min_snr_gamma: float | None) -> float:
        weights = denoiser.network.state_dict()
        averages.append({name: value.clone() for name, value in weights.items()})
        return next(rounds)

    monkeypatch.setattr(Validation, "loss", loss)
    path = train(
        tiny_settings(
            tmp_path,
            "data.batch_size=64",
            "optim.max_steps=100",
            "logging.eval_interval=1",
            "early_stopping.patience=2",
        )
    )
    saved = Checkpoint.load(path)
    assert len(averages) == 4  # the fifth value, the best of all, is not waited for
    assert saved.best is not None
    assert all(torch.equal(saved.best[name], averages[1][name]) for name in saved.best)
    used = load_model(path).denoiser.network.state_dict()
    assert all(torch.equal(used[name], averages[1][name]) for name in used)
    assert saved.history == {"score": "val_loss", "best": 2.0, "rounds_since": 2}
    assert "stopped early: val_loss" in capsys.readouterr().out


@pytest.mark.slow
def test_the_loss_decreases(tmp_path: Path, tiny_settings: Make):
    more = ("optim.max_steps=30", "optim.lr=3e-3", "optim.lr_warmup_steps=0", "data.batch_size=16")
    train(tiny_settings(tmp_path, *more))
    values = losses(tmp_path)
    assert len(values) == 30
    assert sum(values[-8:]) < 0.8 * sum(values[:8])


@pytest.mark.slow
def test_the_journal(tmp_path: Path, tiny_settings: Make):
    more = ("logging.sample_interval=1", "optim.max_steps=3", "logging.num_eval_samples=20")
    train(tiny_settings(tmp_path, *more))
    folder = tmp_path / "runs" / "tiny"
    rows = read_metrics(folder)
    scalars = {name for row in rows for name in row} - {"step"}
    assert {"loss", "grad_norm", "val_loss", *SAMPLE_SCORES} <= scalars
    sampled = next(row for row in rows if "mmd" in row)
    for name in SAMPLE_SCORES:  # each with its interval
        assert sampled[f"{name}_low"] <= sampled[f"{name}_high"]
    board = EventAccumulator(str(folder)).Reload()
    assert scalars <= set(board.Tags()["scalars"])
    assert [event.step for event in board.Scalars("loss")] == [1, 2, 3]
    torch.testing.assert_close(
        [event.value for event in board.Scalars("loss")], losses(tmp_path), rtol=1e-6, atol=0
    )
    assert {"samples", "kinematics", "spectra"} <= set(board.Tags()["images"])
    for name in ("loss.png", "samples.png", "kinematics.png", "spectra.png", "config.yaml"):
        assert (folder / name).stat().st_size > 0


def test_resuming_nothing_starts_anew_whatever_the_global_generators_which_are_left_alone(
    tmp_path: Path, tiny_settings: Make, tiny_checkpoint: Path
):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
        path = train(tiny_settings(tmp_path, "resume=true"))
        assert torch.equal(torch.get_rng_state(), before[0])
        assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    assert_same_run(path, tiny_checkpoint)


@pytest.mark.slow
def test_another_seed_gives_another_model(
    tmp_path: Path, tiny_settings: Make, tiny_checkpoint: Path
):
    one, other = state(train(tiny_settings(tmp_path, "seed=2"))), state(tiny_checkpoint)
    assert not any(torch.equal(one[name], other[name]) for name in one if name.endswith("weight"))


def test_no_validation_gesture_fits(tmp_path: Path, tiny_settings: Make, tiny_data: Path):
    settings = tiny_settings(tmp_path, "data.codec=event", "data.sequence_length=200")
    context = made(settings).context
    still = replace(context.val, steps=torch.zeros_like(context.val.steps))
    with pytest.raises(InputError, match="0 gestures of the validation split fit codec 'event'"):
        Validation.choose(still, context.codec, 10, seed=0)


@pytest.mark.slow
def test_a_round_without_fitting_samples_has_no_score(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    """Early on a model may make movements that its own codec refuses: no score, and no failure."""
    more = ("logging.sample_interval=1", "optim.max_steps=1", "data.codec=event")

    def still(model: Any, n: int, *, seed: int) -> Trajectories:
        return Trajectories(
            torch.zeros(n, 20, 3), torch.full((n,), 20), torch.zeros(n, 2), None, "still"
        )

    monkeypatch.setattr(DiffusionModel, "sample", still)
    train(tiny_settings(tmp_path, *more, "data.sequence_length=200"))
    rows = read_metrics(tmp_path / "runs" / "tiny")
    assert any("val_loss" in row for row in rows)
    assert not any("mmd" in row for row in rows)
    assert not (tmp_path / "runs" / "tiny" / "samples.png").exists()


def test_validation_gives_a_conditional_model_its_conditions(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    trainer = made(tiny_settings(tmp_path, "model.cond_dim=2"))
    given: list[torch.Tensor | None] = []
    predict = trainer.learner.average.predict

    def spy(x_t: Any, t: Any, mask: Any, cond: Any = None, x0_prev: Any = None) -> Any:
        given.append(cond)
        return predict(x_t, t, mask, cond, x0_prev)

    monkeypatch.setattr(trainer.learner.average, "predict", spy)
    trainer.learner.validation.loss(trainer.learner.average)
    assert given
    assert all(cond is not None and cond.shape[1] == 2 for cond in given)
    assert not any(bool(cond.isnan().any()) for cond in given if cond is not None)


@pytest.mark.slow
def test_bf16_gradients_with_self_conditioning(tmp_path: Path, tiny_settings: Make):
    """Weights cast by the first, unlearnt pass must not be what the second learns through."""
    wide = ("model.dropout=0", "model.base_channels=64", "model.self_condition=true")
    trainer = made(tiny_settings(tmp_path, *wide))
    module = trainer.learner.loss
    for step in range(4):  # layers that start at zero hide the gradients before them
        trainer._one_step(trainer.learner.batches[step])
    shard = trainer.learner.batches[0]
    batch = replace(shard.batch, self_condition=torch.ones(len(shard.batch), dtype=torch.bool))

    def gradients(half: bool) -> list[torch.Tensor]:
        module.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = module(batch)
        (loss / shard.total_values).backward()
        named = module.named_parameters()
        missing = [name for name, parameter in named if parameter.grad is None]
        assert missing == []
        return [parameter.grad.clone() for parameter in module.parameters()]

    exact, half = gradients(False), gradients(True)
    one, other = (torch.cat([part.flatten() for part in parts]) for parts in (exact, half))
    assert float(torch.nn.functional.cosine_similarity(one, other, dim=0)) > 0.99
    assert 0.95 < float(other.norm() / one.norm()) < 1.05


def test_a_full_disk_keeps_the_old_checkpoint(
    tmp_path: Path, tiny_settings: Make, finished: Path, small_disk: Callable
):
    before = finished.read_bytes()
    more = ("optim.max_steps=7", "logging.checkpoint_interval=1", "resume=true")
    with small_disk(100_000), pytest.raises(InputError, match=r"tiny\.pt: cannot be written"):
        train(tiny_settings(tmp_path, *more))
    assert finished.read_bytes() == before
    assert list(finished.parent.iterdir()) == [finished]


@pytest.mark.slow
def test_metrics_of_a_resumed_run_have_each_step_once(
    tmp_path: Path, tiny_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    more = ("logging.checkpoint_interval=2",)
    patch = pytest.MonkeyPatch()
    with_bad_batch(patch, 5, "x0", torch.nan)
    with pytest.raises(InputError):
        train(tiny_settings(tmp_path, *more))
    patch.undo()
    file = tmp_path / "runs" / "tiny" / "metrics.jsonl"
    with open(file, "a") as metrics:
        metrics.write('{"step": 6, "lo')  # the line that a kill cut short
    train(tiny_settings(tmp_path, *more, "resume=true"))
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert [row["step"] for row in rows if "loss" in row] == [1, 2, 3, 4, 5, 6]
