"""`humouse train autoencoder`, and a diffusion model on its latents, from command to samples."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse import cli
from humouse.commands.train import run as train_diffusion
from humouse.commands.train_autoencoder import run as train
from humouse.diffusion import api
from humouse.diffusion.latents.codec import LatentCodec
from humouse.diffusion.latents.load import AUTOENCODER, load_autoencoder, reconstruction_summary
from humouse.diffusion.model import load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.gan.training.settings import check_settings as check_gan
from humouse.generator import KINDS, load_generator
from humouse.settings import AutoencoderSettings, GanTrainSettings, TrainModelSettings
from humouse.settings.compose import settings_from
from humouse.training.checkpoint import PRETRAINED, Checkpoint, find_checkpoint
from humouse.training.journal import read_metrics
from humouse.trajectories import Trajectories

Make = Callable[..., AutoencoderSettings]
_CONDITIONED = ("model.cond_dim=2", "optim.lr_decay=constant")
_LATENT = ("experiment=latent", "model.base_channels=24", "experiment_name=tiny")


@pytest.fixture(scope="module")
def latent_settings(
    tiny_overrides: Callable[..., list[str]], autoencoder_checkpoint: Path
) -> Callable[..., TrainModelSettings]:
    def settings(folder: Path, *more: str) -> TrainModelSettings:
        own = (f"data.autoencoder={autoencoder_checkpoint}", "data.sequence_length=200")
        words = tiny_overrides(folder, *_LATENT, "optim.max_steps=4", *_CONDITIONED, *own, *more)
        return settings_from("diffusion/train", TrainModelSettings, words)

    return settings


@pytest.fixture(scope="module")
def latent_checkpoint(
    latent_settings: Callable[..., TrainModelSettings], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    return train_diffusion(latent_settings(tmp_path_factory.mktemp("latent")))


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    saved = Checkpoint.load(path)
    return {f"{part}.{k}": v for part in ("model", "ema") for k, v in getattr(saved, part).items()}


@pytest.mark.slow
def test_it_learns_to_give_back_what_it_took_in(tmp_path: Path, autoencoder_settings: Make):
    rate = ("optim.lr=7e-3", "optim.lr_warmup_steps=0", "optim.ema_decay=0.9")
    train(autoencoder_settings(tmp_path, *rate, "optim.max_steps=40", "logging.eval_interval=2"))
    rows = read_metrics(tmp_path / "runs" / "tiny")
    losses = [row["loss"] for row in rows if "loss" in row]
    measured = [row for row in rows if "val_loss" in row]
    assert sum(losses[-8:]) < 0.7 * sum(losses[:8])
    assert measured[-1]["val_loss"] < measured[0]["val_loss"]


def test_the_gate_is_printed_and_kept(
    tmp_path: Path, autoencoder_settings: Make, capsys: pytest.CaptureFixture
):
    path = train(autoencoder_settings(tmp_path, "optim.max_steps=2"))
    gate = Checkpoint.load(path, AUTOENCODER).history["gate"]
    assert set(gate) == {"gate_logistic_auc", "gate_boosting_auc", "exact_steps"}
    assert gate["gate_boosting_auc"] > 0.9  # nothing is learned in two steps
    out = capsys.readouterr().out
    assert f"warning: {path}: a classifier separates people from their reconstructions" in out
    assert "moved most: " in out
    assert load_autoencoder(path).gate == gate


@pytest.mark.parametrize(
    ("area", "begins"), [(0.56, "warning: "), (0.53, "reconstruction of "), (0.5, "reconstruction")]
)
def test_only_a_bad_gate_is_warned_of(area: float, begins: str):
    assert reconstruction_summary(
        {"gate_boosting_auc": area, "exact_steps": 0.1}, "x.pt"
    ).startswith(begins)


def test_a_run_without_a_gate_was_not_finished():
    assert "not finished" in reconstruction_summary({}, "x.pt")


@pytest.mark.slow
def test_resuming_ends_with_the_same_weights(
    tmp_path: Path, autoencoder_settings: Make, autoencoder_checkpoint: Path
):
    train(autoencoder_settings(tmp_path, "optim.max_steps=3"))
    cut = train(autoencoder_settings(tmp_path, "resume=true"))
    one, other = weights_of(autoencoder_checkpoint), weights_of(cut)
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.slow
def test_a_model_on_latents_needs_no_other_file(
    latent_checkpoint: Path, autoencoder_checkpoint: Path
):
    codec = load_model(latent_checkpoint).codec
    assert isinstance(codec, LatentCodec)
    alone = load_autoencoder(autoencoder_checkpoint)
    assert codec.gate == alone.gate
    theirs = alone.autoencoder.state_dict()
    for name, value in codec.autoencoder.state_dict().items():
        assert torch.equal(value, theirs[name])


@pytest.mark.slow
def test_samples_of_a_model_on_latents(latent_checkpoint: Path):
    model = load_model(latent_checkpoint)
    rule = SamplingRule(steps=2, batch_size=4)
    made = model.with_rule(rule).sample(9, seed=0)
    assert isinstance(made, Trajectories)
    assert len(made) == 9
    again = model.with_rule(replace(rule, batch_size=5)).sample(5, seed=0)
    assert torch.equal(again.lengths, made.lengths[:5])
    assert torch.equal(again.trimmed().deltas, made[:5].trimmed().deltas)
    goal = torch.tensor([200.0, -70.0])
    aimed = model.with_rule(rule).sample(4, cond=goal, seed=0)
    assert torch.equal(aimed.net_px, goal.expand(4, 2))


@pytest.mark.slow
def test_the_api_gives_deltas_not_latents(latent_checkpoint: Path):
    deltas = api.generate_diffusion_samples(3, 30, steps=2, seed=0, ckpt=latent_checkpoint)
    assert deltas.shape == (3, 30, 3)
    movements = api.denormalize(deltas, ckpt=latent_checkpoint)
    model = load_model(latent_checkpoint)
    made = model.with_rule(SamplingRule(steps=2)).sample(3, seq_len=30, seed=0)
    assert torch.equal(movements.trimmed().deltas, made.trimmed().deltas)


@pytest.mark.slow
def test_a_run_on_latents_goes_on_without_the_autoencoders_file(
    tmp_path: Path,
    latent_settings: Callable[..., TrainModelSettings],
    latent_checkpoint: Path,
    autoencoder_checkpoint: Path,
):
    train_diffusion(latent_settings(tmp_path, "optim.max_steps=2"))
    kept = autoencoder_checkpoint.rename(autoencoder_checkpoint.with_suffix(".away"))
    try:
        cut = train_diffusion(latent_settings(tmp_path, "resume=true"))
    finally:
        kept.rename(autoencoder_checkpoint)
    one, other = weights_of(latent_checkpoint), weights_of(cut)
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.slow
def test_the_commands(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    tiny_overrides: Callable[..., list[str]],
    autoencoder_overrides: Callable[..., list[str]],
):
    def humouse(*words: str) -> str:
        monkeypatch.setattr("sys.argv", ["humouse", *words])
        cli.main()
        return capsys.readouterr().out

    names = ("experiment_name=squeeze", "optim.max_steps=2")
    assert "moved most" in humouse("train", "autoencoder", *autoencoder_overrides(tmp_path, *names))
    own = (f"data.autoencoder={tmp_path}/checkpoints/squeeze.pt", "data.sequence_length=200")
    out = humouse("train", *tiny_overrides(tmp_path, *_LATENT, "optim.max_steps=2", *own))
    assert "separates people from their reconstructions" in out
    ckpt, out_dir = f"ckpt={tmp_path}/checkpoints/tiny.pt", f"out_dir={tmp_path}/gen"
    humouse("sample", ckpt, "n=6", "steps=2", "save_deltas=true", out_dir)
    assert len(Trajectories.load(tmp_path / "gen/samples.parquet")) == 6
    deltas = torch.load(tmp_path / "gen/deltas.pt", weights_only=True)["deltas"]
    assert deltas.shape == (6, 200, 3)


@pytest.mark.parametrize(
    ("more", "line"),
    [
        (("data.autoencoder=gone.pt",), r"gone\.pt: no such"),
        (("data.companding_px=2",), r"another codec \(companding_px: 0\.5, here 2\.0\)"),
        (("data.codec=canonical",), r"another codec \(codec: event, here canonical"),
        (("data.held_out_share=0.2",), r"held_out_share=0\.0, here 0\.2"),
        (("data.sequence_length=48",), r"another codec \(sequence_length: 200, here 48\)"),
    ],
)
def test_autoencoders_that_do_not_go_with_the_run(
    tmp_path: Path, latent_settings: Callable[..., TrainModelSettings], more: tuple[str], line: str
):
    with pytest.raises(InputError, match=line):
        train_diffusion(latent_settings(tmp_path, *more))
    assert list(tmp_path.iterdir()) == []


def test_an_autoencoder_of_other_data(
    tmp_path: Path, latent_settings: Callable[..., TrainModelSettings], twelve_people: Path
):
    settings = latent_settings(tmp_path)
    settings.data.dir = str(twelve_people)
    with pytest.raises(InputError, match="trained on other data"):
        train_diffusion(settings)


@pytest.mark.slow
def test_another_kind_of_checkpoint_is_no_autoencoder(
    tmp_path: Path, latent_settings: Callable[..., TrainModelSettings], latent_checkpoint: Path
):
    with pytest.raises(InputError, match="a humouse autoencoder checkpoint is needed"):
        train_diffusion(latent_settings(tmp_path, f"data.autoencoder={latent_checkpoint}"))


def test_an_autoencoder_makes_no_movements(autoencoder_checkpoint: Path):
    with pytest.raises(InputError, match="makes no movements by itself"):
        load_generator(autoencoder_checkpoint)
    assert find_checkpoint(None, *KINDS, folder=autoencoder_checkpoint.parent) == PRETRAINED
    found = find_checkpoint(None, AUTOENCODER, folder=autoencoder_checkpoint.parent)
    assert found == autoencoder_checkpoint


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("model.latent_channels=0", "model.latent_channels=0: must be at least 1"),
        ("model.channel_mults=[1]", "model.channel_mults=.*two widths or more"),
        ("model.channel_mults=[1,1.3]", "model: .*whole widths"),
        ("data.autoencoder=x.pt", "data.autoencoder=x.pt: an autoencoder trains on movements"),
        ("model.latent_noise=-1", "model.latent_noise=-1"),
        ("early_stopping.score=mmd", "early_stopping.score=mmd: no such choice"),
    ],
)
def test_settings_that_make_no_sense(
    tmp_path: Path, autoencoder_settings: Make, more: str, line: str
):
    with pytest.raises(InputError, match=line):
        train(autoencoder_settings(tmp_path, more))


def test_a_gan_trains_on_movements():
    settings = settings_from("gan/train", GanTrainSettings, ["data.autoencoder=x.pt"])
    with pytest.raises(InputError, match="a GAN trains on movements"):
        check_gan(settings)
