"""`humouse tune`, its critic, and what comes out of it."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from humouse import cli
from humouse.codec import CONDITIONS
from humouse.commands.publish import run
from humouse.commands.tune import run as tune
from humouse.diffusion.decoder.network import Conditioning, EventDecoder
from humouse.diffusion.model import DECODER, DiffusionModel, load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.diffusion.training.decoder.critic import Critic
from humouse.diffusion.training.decoder.tuner import DecoderTuner
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import PublishSettings, TuneSettings
from humouse.settings.compose import settings_from
from humouse.training.checkpoint import Checkpoint
from humouse.training.journal import read_metrics

_TINY = (
    "batch_size=16",
    "tuning.head_start=2",
    "tuning.diffusion_steps=2",
    "optim.max_steps=4",
    "optim.lr_warmup_steps=1",
    "logging.num_eval_samples=20",
    "logging.log_interval=1",
    "device=cpu",
)


@pytest.fixture(scope="module")
def settings(decoded: Path) -> Callable[..., TuneSettings]:
    """Return the settings of a tiny tuning that writes below a folder."""

    def made(folder: Path, *more: str) -> TuneSettings:
        places = (f"checkpoint_dir={folder / 'checkpoints'}", f"logging.dir={folder / 'runs'}")
        return settings_from(
            "diffusion/tune", TuneSettings, [f"ckpt={decoded}", *_TINY, *places, *more]
        )

    return made


@pytest.fixture(scope="module")
def tuned(settings: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tune(settings(tmp_path_factory.mktemp("tuned")))


def of_decoder(path: Path) -> dict[str, torch.Tensor]:
    ema = Checkpoint.load(path).ema
    return {name: weights for name, weights in ema.items() if name.startswith(DECODER)}


def test_the_decoder_moves_and_the_diffusion_stays(decoded: Path, tuned: Path):
    before, after = Checkpoint.load(decoded), Checkpoint.load(tuned)
    assert before.ema.keys() == after.ema.keys()
    for name, weights in before.ema.items():
        if not name.startswith(DECODER) or name.endswith("longest_px"):
            assert torch.equal(after.ema[name], weights), name
    assert any(not torch.equal(before.ema[n], w) for n, w in of_decoder(tuned).items())
    record = after.config["tuning"]
    assert record["model_sha256"] == sha256(decoded)
    assert after.config["decoder"] == before.config["decoder"]


def test_both_losses_are_written_down(tuned: Path):
    lines = read_metrics(tuned.parents[1] / "runs" / "tuned")
    steps = [line for line in lines if "critic_auc" in line]
    assert len(steps) == 4
    assert [("nats" in line) for line in steps] == [False] * 2 + [True] * 2
    pairs = [line["critic_auc"] * 16 * 16 for line in steps]  # each of 16 people against each of 16
    assert pairs == pytest.approx([round(pair) for pair in pairs], abs=1e-3)
    assert "val_loss" in lines[-1]


@pytest.mark.slow
def test_a_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(
    settings: Callable, tuned: Path, tmp_path: Path
):
    tune(settings(tmp_path, "optim.max_steps=3"))
    resumed = Checkpoint.load(tune(settings(tmp_path, "resume=true")))
    whole = Checkpoint.load(tuned)
    for part in ("model", "ema"):
        for name, weights in getattr(whole, part).items():
            assert torch.equal(getattr(resumed, part)[name], weights), name


@pytest.mark.slow
def test_the_tuned_model_is_a_decoded_one(tuned: Path, tmp_path: Path):
    small = tmp_path / "small.safetensors"
    run(PublishSettings(ckpt=str(tuned), out=str(small), setup=None, people=None))
    goal = torch.tensor([80.0, -20.0])
    for path in (tuned, small):
        model = load_model(path)
        assert model.decoder is not None
        assert model.decoder.draw_scale == model.decoder_settings.draw_scale
        made = model.with_rule(SamplingRule(steps=2, sampler="dpm")).sample(5, cond=goal, seed=1)
        assert torch.equal(made.net_px, goal.expand(5, 2))
    assert not any("critic" in name for name in Checkpoint.load(tuned).ema)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["tuning.head_start=-1"], "tuning.head_start=-1"),
        (["tuning.diffusion_steps=0"], "tuning.diffusion_steps=0"),
        (["tuning.critic_lr=0"], "tuning.critic_lr=0"),
        (["tuning.critic_dropout=1"], "tuning.critic_dropout=1"),
        (["tuning.critic_cond_noise=-1"], "tuning.critic_cond_noise=-1"),
        (["tuning.critic_duration_noise=-1"], "tuning.critic_duration_noise=-1"),
        (["optim.lr=-1"], "optim.lr"),
    ],
)
def test_bad_settings_are_named(settings: Callable, tmp_path: Path, more: list[str], message: str):
    with pytest.raises(InputError, match=message):
        tune(settings(tmp_path, *more))
    assert not list(tmp_path.rglob("*.pt"))


def test_models_that_cannot_be_tuned(
    settings: Callable, decoded: Path, tuned: Path, event_checkpoint: Path, tmp_path: Path
):
    with pytest.raises(InputError, match=r"no decoder to tune.*humouse train decoder ckpt="):
        tune(settings(tmp_path, f"ckpt={event_checkpoint}"))
    with pytest.raises(InputError, match=f"was tuned already; give ckpt={decoded}"):
        tune(settings(tmp_path, f"ckpt={tuned}"))
    own = (f"checkpoint_dir={decoded.parent}", f"experiment_name={decoded.stem}")
    with pytest.raises(InputError, match="give another name"):
        tune(settings(tmp_path, *own))


def test_the_command_line_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    monkeypatch.setattr(sys, "argv", ["humouse", "tune", "--help"])
    cli.main()
    assert "tuning.head_start" in capsys.readouterr().out


def movements(lengths: list[int], T: int, seed: int = 0):
    g = torch.Generator().manual_seed(seed)
    B = len(lengths)
    mask = torch.arange(T) < torch.tensor(lengths)[:, None]
    events = torch.randint(1, 30, (B, T, 3), generator=g).float() * mask[..., None]
    return events, torch.randn(B, len(CONDITIONS), generator=g), events.sum(1), mask


def critic() -> Critic:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return Critic(hidden=16).eval()


@torch.no_grad()
def test_the_critic_judges_a_beginning_by_itself():
    events, cond, ends, mask = movements([9, 9], 9)
    other = events.clone()
    other[:, 5:] += 7
    change = (critic()(other, cond, ends, mask) - critic()(events, cond, ends, mask)).abs()
    assert (change[:, :6] < 1e-6).all()
    assert (change[:, 6:] > 1e-4).all()


@torch.no_grad()
def test_the_critic_does_not_see_padding():
    events, cond, ends, mask = movements([4, 7], 7)
    longer = nn.functional.pad(events, (0, 0, 0, 5)), nn.functional.pad(mask, (0, 5))
    short = critic()(events, cond, ends, mask)
    long = critic()(longer[0], cond, ends, longer[1])
    for row, length in enumerate((4, 7)):
        torch.testing.assert_close(long[row, : length + 1], short[row, : length + 1])
    assert long.isfinite().all()


class _LikesRight(nn.Module):
    """Finds every px to the right a tenth likelier people's."""

    def forward(self, events, cond, ends, mask):
        return nn.functional.pad(0.1 * events[..., 0].sign().cumsum(1), (1, 0))


def test_movements_that_the_critic_prefers_become_likelier():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = EventDecoder(3, hidden=16, dropout=0.0)
        tuner = DecoderTuner.__new__(DecoderTuner)
        tuner.optimiser, tuner.critic = SimpleNamespace(network=network.eval()), _LikesRight()
        tuner._log_odds = lambda events, told: tuner.critic(events, told.cond, told.ends, told.mask)
        _, cond, _ends, mask = movements([5] * 64, 5)
        told = Conditioning(
            torch.zeros(64, 5, 3), torch.rand(64, 2), cond, torch.full((64, 4), 40.0), mask
        )
        sgd = torch.optim.Adam(network.parameters(), lr=1e-2)

        def right() -> float:
            drawn = network.draw(replace(told), torch.rand(64, 5, 6))
            return float((drawn[..., 0] > 0).float().mean())

        before = right()
        for _ in range(12):
            drawn = network.draw(told, torch.rand(64, 5, 6))
            sgd.zero_grad()
            tuner._policy_gradient(told, drawn)
            sgd.step()
        assert right() > before + 0.15


@pytest.mark.slow
def test_in_the_head_start_the_critic_learns_and_the_decoder_stands_still(
    decoded: Path, settings: Callable, tmp_path: Path
):
    """It learns to tell an untrained decoder's movements from people's."""
    more = ("optim.max_steps=6", "tuning.head_start=6", "tuning.critic_lr=3e-3")
    path = tune(settings(tmp_path, *more))
    lines = read_metrics(tmp_path / "runs" / "tuned")
    areas = [line["critic_auc"] for line in lines if "critic_auc" in line]
    assert sum(areas[-3:]) / 3 > 0.85
    before = of_decoder(decoded)
    for name, weights in of_decoder(path).items():
        assert torch.equal(weights, before[name]), name
    assert isinstance(load_model(path), DiffusionModel)
