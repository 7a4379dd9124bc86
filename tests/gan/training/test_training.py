"""Training a GAN: resumed bit for bit, learns, refuses what it cannot use."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from omegaconf import DictConfig, OmegaConf

from humouse.codec import EventCodec
from humouse.codec.from_settings import make_codec
from humouse.commands.dataset import training_data
from humouse.commands.train_gan import run as train
from humouse.errors import InputError
from humouse.gan.model import GAN, load_model
from humouse.gan.training.batches import GanBatch, GanBatches
from humouse.gan.training.learner import GanLearner
from humouse.gan.training.objective import discriminator_loss, generator_loss
from humouse.gan.training.settings import check_settings
from humouse.settings import GanTrainSettings
from humouse.settings.compose import compose, settings_from
from humouse.settings.typed import typed
from humouse.training.batches import Shard
from humouse.training.checkpoint import Checkpoint
from humouse.training.context import TrainingContext
from humouse.training.journal import read_metrics
from humouse.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("forgets_accelerator")
Make = Callable[..., GanTrainSettings]
_LONG = (
    "optim.max_steps=4",
    "logging.checkpoint_interval=1",
    "logging.sample_interval=2",
    "data.batch_size=32",
    "data.augment.crop=0.5",
    "optim.lr_warmup_steps=3",
    "optim.lr_decay=cosine",
    "optim.r1_interval=3",
)


def tensors(content: Any, name: str = "") -> dict[str, torch.Tensor]:
    if isinstance(content, torch.Tensor):
        return {name: content}
    if isinstance(content, dict):
        items = content.items()
    else:
        items = enumerate(content) if isinstance(content, list | tuple) else ()
    return {k: v for key, part in items for k, v in tensors(part, f"{name}.{key}").items()}


def assert_same_run(a: Path, b: Path) -> None:
    one, other = (tensors(vars(Checkpoint.load(path, GAN))) for path in (a, b))
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    assert Checkpoint.load(a).history == Checkpoint.load(b).history


def rows(folder: Path) -> list[dict[str, float]]:
    return read_metrics(folder / "runs" / "tiny")


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.slow  # the LSTM's is quicker
def test_resuming_after_a_kill_ends_with_the_same_weights(
    tmp_path: Path, gan_settings: Make, monkeypatch: pytest.MonkeyPatch, no_pictures: None
):
    """Killed after its second step was logged, of which no checkpoint knows."""

    def dies(self: Trainer, *args: Any) -> None:
        if self.step == 2:
            raise Killed
        one_round(self, *args)

    one_round = Trainer._round
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_round", dies)
        with pytest.raises(Killed):
            train(gan_settings(tmp_path / "a", *_LONG))
    path = tmp_path / "a" / "checkpoints" / "tiny.pt"
    assert Checkpoint.load(path).step == 1
    train(gan_settings(tmp_path / "a", *_LONG, "resume=true"))
    whole = train(gan_settings(tmp_path / "b", *_LONG))
    assert Checkpoint.load(whole).best is not None
    assert_same_run(path, whole)
    values = [[row["loss"] for row in rows(tmp_path / run) if "loss" in row] for run in "ab"]
    assert values[0] == values[1]


def test_an_lstm_resumes_bit_for_bit(
    tmp_path: Path, gan_settings: Make, lstm_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
):
    more = ("gan/experiment=lstm", "optim.max_steps=2", "logging.checkpoint_interval=1")
    whole = GanLearner.step

    def dies(self: GanLearner, shard: Shard[GanBatch], step: int, steps: int) -> dict[str, float]:
        if step == 1:
            raise Killed
        return whole(self, shard, step, steps)

    with monkeypatch.context() as patch:
        patch.setattr(GanLearner, "step", dies)
        with pytest.raises(Killed):
            train(gan_settings(tmp_path, *more))
    path = train(gan_settings(tmp_path, *more, "resume=true"))
    assert_same_run(path, lstm_checkpoint)


def context_of(settings: GanTrainSettings) -> TrainingContext:
    data = training_data(settings.data)
    codec = make_codec(settings.data).fit(data.train)
    return TrainingContext.of(settings, data, codec, Accelerator(cpu=True))


def made(settings: GanTrainSettings) -> Trainer:
    context = context_of(settings)
    return Trainer(settings, context, GanLearner(settings, context), GAN)


@pytest.mark.parametrize("loss", ["hinge", "bce"])
def test_one_step_by_hand(tmp_path: Path, gan_settings: Make, loss: str):
    """What a step reports and where it leads, against the whole batch in one piece."""
    more = (f"optim.loss={loss}", "optim.r1_gamma=0.5", "optim.r1_interval=2", "optim.lr=1e-4")
    trainer = made(gan_settings(tmp_path, *more, "data.batch_size=20"))
    learner: Any = trainer.learner
    batch, pair = learner.batches[0].batch, learner.pair
    fake = learner.generate(batch).detach()
    x = batch.x0.clone().requires_grad_()
    scores = pair.discriminator(x, batch.mask, batch.cond)
    fakes = pair.discriminator(fake, batch.mask, batch.cond)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    penalty = slope.square().sum() / 2 / 20
    expected = discriminator_loss(scores, fakes, loss) / 20
    # Every second step's penalty counts twice.
    (expected + 0.5 * 2 * penalty).backward()
    gradient = pair.discriminator.head.weight.grad.clone()
    expected, penalty = expected.detach(), penalty.detach()
    numbers = trainer._one_step(learner.batches[0])
    assert numbers["discriminator_loss"] == pytest.approx(float(expected), rel=1e-4)
    assert numbers["r1"] == pytest.approx(float(penalty), rel=1e-4)
    right = ((scores > 0).sum() + (fakes < 0).sum()) / 40
    assert numbers["right"] == pytest.approx(float(right))
    # Adam with β1 = 0 moves each weight by lr against the sign of its gradient at first.
    state = learner.discriminator_gradient.optimizer.state[pair.discriminator.head.weight]
    torch.testing.assert_close(state["exp_avg"], gradient, rtol=1e-3, atol=1e-6)
    # The generator is judged by the discriminator as it is after its own step.
    after = pair.discriminator(fake, batch.mask, batch.cond).detach()
    assert numbers["loss"] == pytest.approx(float(generator_loss(after, loss)) / 20, rel=1e-4)
    assert trainer._one_step(learner.batches[1]).keys() == numbers.keys() - {"r1"}


def test_a_step_is_a_function_of_its_number(tmp_path: Path, gan_settings: Make):
    one, other = (made(gan_settings(tmp_path)).learner.batches for _ in range(2))
    for step in (3, 0, 3):
        a, b = one[step], other[step]
        assert torch.equal(a.batch.x0, b.batch.x0)
        assert torch.equal(a.batch.latent.movement, b.batch.latent.movement)
        assert torch.equal(a.batch.latent.steps, b.batch.latent.steps)
        lengths = a.batch.mask.sum(1)
        assert torch.equal(lengths, lengths.sort().values)
    assert not torch.equal(one[0].batch.latent.movement, one[1].batch.latent.movement)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_run(
    tmp_path: Path, gan_settings: Make, monkeypatch: pytest.MonkeyPatch
):
    whole = GanBatches.__getitem__

    def with_bad_value(self: GanBatches, step: int) -> Shard[GanBatch]:
        shard = whole(self, step)
        if step == 3:
            shard.batch.x0[0, 0] = torch.nan
        return shard

    monkeypatch.setattr(GanBatches, "__getitem__", with_bad_value)
    with pytest.raises(InputError, match="step 4: the discriminator's loss is nan") as caught:
        train(gan_settings(tmp_path, "logging.checkpoint_interval=2"))
    assert "\n" not in str(caught.value)
    saved = Checkpoint.load(tmp_path / "checkpoints" / "tiny.pt", GAN)
    assert saved.step == 2
    assert all(bool(value.isfinite().all()) for value in saved.model.values())


@pytest.mark.slow  # trains long enough to learn
def test_it_learns(tmp_path: Path, gan_settings: Make):
    """On the synthetic people a small GAN comes nearer, and its discriminator does not win."""
    more = (
        "data.codec=canonical",
        "data.sequence_length=32",
        "data.batch_size=32",
        "model.generator_width=16",
        "model.discriminator_width=16",
        "model.cond_dim=0",
        "optim.lr=1e-3",
        "optim.discriminator_lr=1e-3",
        "optim.r1_gamma=1.0",
        "optim.ema_decay=0.9",
    )
    learner = made(gan_settings(tmp_path, *more)).learner
    before, _ = learner.measure(scored=True)
    right = [learner.step(learner.batches[step], step, 45)["right"] for step in range(45)]
    after, pictures = learner.measure(scored=True)
    assert after["mmd"] < 0.7 * before["mmd"]
    assert sum(right[-10:]) / 10 < 0.9
    assert set(pictures) == {"samples", "kinematics", "spectra"}


def test_the_codec_is_in_the_checkpoint(conv_checkpoint: Path):
    model = load_model(conv_checkpoint)
    assert isinstance(model.codec, EventCodec)
    assert model.step == 5
    assert model.cond_dim == 4
    assert model.origin == "gan:tiny"


def test_a_checkpoint_of_the_other_kind(
    tiny_checkpoint: Path, conv_checkpoint: Path, tmp_path: Path, gan_settings: Make
):
    from humouse.diffusion.model import load_model as load_diffusion

    with pytest.raises(InputError, match=r"humouse train gan writes those"):
        load_model(tiny_checkpoint)
    with pytest.raises(InputError, match="humouse train writes those"):
        load_diffusion(conv_checkpoint)
    path = tmp_path / "checkpoints" / "tiny.pt"
    path.parent.mkdir()
    os.link(tiny_checkpoint, path)
    with pytest.raises(InputError, match="a humouse diffusion checkpoint where a humouse GAN"):
        train(gan_settings(tmp_path, "resume=true"))


def test_other_settings_cannot_be_resumed(
    tmp_path: Path, gan_settings: Make, conv_checkpoint: Path
):
    path = tmp_path / "checkpoints" / conv_checkpoint.name
    path.parent.mkdir()
    os.link(conv_checkpoint, path)
    with pytest.raises(InputError, match=r"optim\.r1_gamma: 0\.\d+ → 2\.0"):
        train(gan_settings(tmp_path, "optim.r1_gamma=2.0", "resume=true"))


@cache
def defaults() -> DictConfig:
    return compose("gan/train", [])


def made_of(*changes: str) -> GanTrainSettings:
    return typed(
        OmegaConf.merge(defaults(), OmegaConf.from_dotlist(list(changes))), GanTrainSettings
    )


def test_the_defaults_make_sense():
    check_settings(made_of())
    check_settings(settings_from("gan/train", GanTrainSettings, ["gan/experiment=lstm"]))


@pytest.mark.parametrize(
    "override",
    [
        "model.kind=vae",
        "model.latent_dim=0",
        "model.step_noise=-1",
        "model.generator_width=1",
        "model.discriminator_width=0",
        "model.feature_dim=0",
        "model.cond_dim=10",
        "model.cond_dim=1",
        "model.cond_dropout=1.5",
        "optim.loss=wgan",
        "optim.lr=0",
        "optim.discriminator_lr=-1",
        "optim.betas=[0.5]",
        "optim.betas=[0.5,1.0]",
        "optim.r1_gamma=-1",
        "optim.r1_interval=0",
        "optim.ema_decay=2",
        "early_stopping.score=val_loss",
        "data.batch_size=0",
        "diffusion_ckpt=some.pt",
    ],
)
def test_settings_that_make_no_sense(override: str):
    with pytest.raises(InputError, match=override.split("=")[0].replace(".", r"\.")) as caught:
        check_settings(made_of(override))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optim.r1_gama=1", r"did you mean optim\.r1_gamma"),
        ("modle.kind=lstm", "no such setting"),
        ("gan/experiment=vae", "choose from conv, lstm"),
    ],
)
def test_a_misspelt_setting(override: str, message: str):
    with pytest.raises(InputError, match=message):
        settings_from("gan/train", GanTrainSettings, [override])


def test_several_processes_are_refused(tmp_path: Path, gan_settings: Make):
    settings = gan_settings(tmp_path)
    context = context_of(settings)
    accelerator = context.accelerator

    class Two:
        num_processes = 2

        def __getattr__(self, name: str) -> Any:
            return getattr(accelerator, name)

    object.__setattr__(context, "accelerator", Two())
    with pytest.raises(InputError, match="a GAN trains in one process"):
        GanLearner(settings, context)
