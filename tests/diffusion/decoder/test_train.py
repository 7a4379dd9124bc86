"""`humouse train decoder`, and sampling with what comes out of it."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse import cli
from humouse.codec import CONDITIONS, valid_steps
from humouse.commands.distill import run as distill
from humouse.commands.publish import run
from humouse.commands.train_decoder import run as train
from humouse.data.prepared import Prepared
from humouse.diffusion.decoder.network import Conditioning, progress
from humouse.diffusion.model import DiffusionModel, load_model
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.diffusion.training.decoder.likelihood import (
    conditioning_noise,
    from_t_min,
    log_likelihood,
)
from humouse.errors import InputError
from humouse.files import sha256
from humouse.generator import load_generator
from humouse.settings import DistillSettings, PublishSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest
from humouse.training.checkpoint import Checkpoint
from humouse.training.journal import read_metrics


def test_the_model_is_kept_and_the_decoder_learns(
    event_checkpoint: Path, decoded: Path, model: DiffusionModel
):
    base = load_model(event_checkpoint)
    for name, weights in base.denoiser.network.state_dict().items():
        assert torch.equal(model.denoiser.network.state_dict()[name], weights)
    record = vars(model.decoder_settings)
    assert record["model_sha256"] == sha256(event_checkpoint)
    metrics = read_metrics(decoded.parents[1] / "runs" / "decoded")
    loss = [line["loss"] for line in metrics if "loss" in line]
    assert loss[-1] < loss[0]
    last = metrics[-1]
    assert last["val_loss"] == pytest.approx(last["val_dx"] + last["val_dy"] + last["val_dt"])


def test_the_longest_step_is_the_longest_learned_from(model: DiffusionModel):
    train = Prepared.load(model.data["folder"]).split("train")
    moves_px = model.codec.canonicalize(train[model.codec.fits(train)]).deltas[..., :2]
    assert torch.equal(model.decoder.longest_px, moves_px.abs().amax((0, 1)))


@pytest.mark.slow
def test_a_resumed_run_ends_bit_for_bit_as_an_uninterrupted_one(
    make: Callable, decoded: Path, tmp_path: Path
):
    train(make(tmp_path, "optim.max_steps=3"))
    resumed = Checkpoint.load(train(make(tmp_path, "resume=true")))
    for name, weights in Checkpoint.load(decoded).ema.items():
        assert torch.equal(resumed.ema[name], weights), name


@pytest.mark.parametrize("t_switch", [None, 0.4, 1.0])
def test_samples_are_whole_events_that_end_where_asked(
    model: DiffusionModel, t_switch: float | None
):
    rule = SamplingRule(steps=2, sampler="dpm", t_switch=t_switch)
    goal = torch.tensor([120.0, -45.0])
    made = model.with_rule(rule).sample(12, cond=goal, seed=3)
    assert torch.equal(made.net_px, goal.expand(12, 2))
    steps = made.deltas[made.mask]
    assert torch.equal(steps, steps.round())
    assert bool((steps[:, 2] >= 1).all())
    assert not bool((steps[:, :2] == 0).all(1).any())


def test_a_movement_does_not_depend_on_its_neighbours(model: DiffusionModel):
    few, many = (
        model.with_rule(SamplingRule(steps=2, batch_size=size)).sample(n, seed=5)
        for n, size in ((3, 1), (20, 8))
    )
    for row in range(3):
        L = int(few.lengths[row])
        assert int(many.lengths[row]) == L
        assert torch.equal(many.deltas[row, :L], few.deltas[row, :L])


@pytest.mark.slow
def test_the_seed_decides_everything(model: DiffusionModel):
    again = [model.sample(4, seed=seed).deltas for seed in (7, 7, 8)]
    assert torch.equal(again[0], again[1])
    assert not torch.equal(again[0], again[2])


@pytest.mark.slow
def test_without_the_decoder_it_is_the_model_it_was_made_from(
    model: DiffusionModel, event_checkpoint: Path
):
    rule = SamplingRule(steps=3)
    before = load_model(event_checkpoint).with_rule(rule).sample_deltas(SampleRequest(5, seed=1))[0]
    after = model.with_rule(replace(rule, t_switch=0.0)).sample_deltas(SampleRequest(5, seed=1))[0]
    assert torch.equal(before, after)
    assert not torch.equal(before, model.with_rule(rule).sample_deltas(SampleRequest(5, seed=1))[0])


def test_from_pure_noise_the_network_is_not_called(
    model: DiffusionModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model.denoiser.network, "forward", None)
    assert len(model.with_rule(SamplingRule(t_switch=1.0)).sample(3, seed=0)) == 3
    with pytest.raises(TypeError):
        model.with_rule(SamplingRule(t_switch=0.9)).sample(3, seed=0)


@pytest.mark.slow
def test_what_is_published_samples_the_same_way(
    model: DiffusionModel, decoded: Path, tmp_path: Path
):
    path = tmp_path / "small.safetensors"
    run(PublishSettings(ckpt=str(decoded), out=str(path), setup=None, people=None))
    small = load_generator(path)
    assert len(small.sample(5, seed=2)) == 5
    assert load_model(path).decoder_settings == model.decoder_settings


@pytest.mark.parametrize(
    "t_switch", [0.0, *(pytest.param(one, marks=pytest.mark.slow) for one in (None, 1.0))]
)
def test_progress_comes_as_often_as_announced(decoded: Path, t_switch: float | None):
    seen: list[int] = []
    rule = SamplingRule(steps=3, batch_size=4, t_switch=t_switch)
    one = load_generator(decoded, rule=rule)
    one.sample(6, seed=0, progress=lambda: seen.append(1))
    assert len(seen) == one.calls(6) == {None: 8, 0.0: 6, 1.0: 2}[t_switch]


def test_times_to_learn_from_begin_where_asked():
    t = torch.tensor([1e-6, 0.5, 1.0])
    x = torch.zeros(3, 2, 3)
    batch = NoisyBatch(x, x[..., 0] == 0, None, t, x, t > 2)
    torch.testing.assert_close(from_t_min(batch, 0.3).t, torch.tensor([0.3, 0.65, 1.0]))


def half_noisy(codec, people) -> NoisyBatch:
    """The people's movements at t = 0.5, told all conditions."""
    x0, frame = codec.encode(people)
    return NoisyBatch(
        x0=x0,
        mask=valid_steps(frame.lengths, x0.shape[1]),
        cond=codec.conditions_for(frame, len(CONDITIONS)),
        t=torch.full((len(x0),), 0.5),
        eps=torch.randn(x0.shape, generator=torch.Generator().manual_seed(0)),
        self_condition=torch.zeros(len(x0), dtype=torch.bool),
    )


def test_likelihoods_are_of_peoples_own_events(model: DiffusionModel, event_people):
    """Less noise says more: an untrained decoder aside, the numbers are finite and one per value."""
    codec = model.codec
    people = event_people[codec.fits(event_people)][:8]
    batch = half_noisy(codec, people)
    exact = torch.zeros(8, 4 + len(CONDITIONS))
    nats = log_likelihood(model.decoder, codec, model.denoiser.schedule, batch, exact)
    assert nats.shape == (int(batch.mask.sum()), 3)
    assert bool(nats.isfinite().all())
    assert bool((nats <= 1e-5).all())
    with pytest.raises(ValueError, match="conditions"):
        log_likelihood(
            model.decoder, codec, model.denoiser.schedule, replace(batch, cond=None), exact
        )
    later = log_likelihood(model.decoder, codec, model.denoiser.schedule, batch, exact + 1)
    assert not torch.equal(later, nats)


def test_training_adds_conditioning_noise_to_goals_and_durations(
    model: DiffusionModel, event_people
):
    codec = model.codec
    people = event_people[codec.fits(event_people)][:4]
    batch = half_noisy(codec, people)
    given: list[Conditioning] = []

    schedule = model.denoiser.schedule
    ends_off = torch.tensor([[0.0, 0, 0, 0], [3, -2, 0.5, 0.1], [0, 1.4, -0.5, -0.2], [0, 0, 0, 0]])
    cond_off = torch.linspace(-1, 1, 4 * len(CONDITIONS)).view(4, -1)
    off = torch.cat([ends_off, cond_off], 1)
    with model.decoder.register_forward_pre_hook(lambda _, args: given.append(args[1])):
        for each in (0 * off, off):
            log_likelihood(model.decoder, codec, schedule, batch, each)
    assert torch.equal(given[0].cond, batch.cond)
    torch.testing.assert_close(given[1].cond, batch.cond + cond_off)
    exact, rough = given[0].ends, given[1].ends
    events = codec.events(batch.x0) * batch.mask[..., None]
    assert torch.equal(exact, progress(events).sum(1).round())
    way_px = people.path_px
    torch.testing.assert_close(exact[:, 3], way_px.round())
    torch.testing.assert_close(rough[:, 3], (way_px * (1 + off[:, 3])).round())
    assert torch.equal(rough[:, :2], exact[:, :2] + off[:, :2].round())
    torch.testing.assert_close(rough[:, 2], (exact[:, 2] * (1 + off[:, 2])).round())


@pytest.mark.slow
def test_sampling_conditions_the_decoder_as_training_does(
    model: DiffusionModel, event_people, monkeypatch: pytest.MonkeyPatch
):
    codec = model.codec
    people = codec.canonicalize(event_people[codec.fits(event_people)])[:6]
    people = people[people.lengths.argsort()]
    batch = half_noisy(codec, people)
    trained: list[Conditioning] = []
    with model.decoder.register_forward_pre_hook(lambda _, args: trained.append(args[1])):
        exact = torch.zeros(6, 4 + len(CONDITIONS))
        log_likelihood(model.decoder, codec, model.denoiser.schedule, batch, exact)
    sampled: list[Conditioning] = []
    draw = model.decoder.draw
    monkeypatch.setattr(
        model.decoder, "draw", lambda told, share: (sampled.append(told), draw(told, share))[1]
    )
    model.with_rule(SamplingRule(steps=1, sampler="dpm")).sample(6, like=people, seed=0)
    assert torch.equal(sampled[0].ends, trained[0].ends)
    torch.testing.assert_close(sampled[0].cond, trained[0].cond)


def test_conditioning_noise_has_the_deviation_of_the_settings(model: DiffusionModel):
    g = torch.Generator().manual_seed(0)
    exact = model.decoder_settings
    assert exact is not None
    exact = replace(exact, goal_noise_px=0.0, duration_noise=0.0, path_noise=0.0, cond_noise=0.0)
    how = replace(exact, goal_noise_px=0.7, duration_noise=0.05, path_noise=0.1, cond_noise=0.2)
    off = conditioning_noise(20_000, how, g)
    expected = torch.tensor([0.7, 0.7, 0.05, 0.1] + [0.2] * len(CONDITIONS))
    torch.testing.assert_close(off.mean(0), torch.zeros(len(expected)), atol=0.02, rtol=0)
    torch.testing.assert_close(off.std(0), expected, rtol=0.03, atol=0)
    assert torch.equal(conditioning_noise(5, exact), torch.zeros(5, len(expected)))


@pytest.fixture(scope="module")
def event_people(model: DiffusionModel):
    return Prepared.load(model.data["folder"]).split("val")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["decoder.t_switch=0.05"], r"decoder.t_switch=0.05: must lie between .*0.1 and 1"),
        (["decoder.t_switch=1.5"], "decoder.t_switch=1.5"),
        (["decoder.t_min=-1"], "decoder.t_min=-1"),
        (["decoder.style=-1"], "decoder.style=-1"),
        (["decoder.exact_ms=0"], "decoder.exact_ms=0"),
        (["decoder.virtual=0.3"], r"decoder.virtual=0.3: .* give decoder.style=16"),
        (["decoder.dropout=1"], "decoder.dropout=1"),
        (["decoder.goal_noise_px=-1"], "decoder.goal_noise_px=-1"),
        (["decoder.duration_noise=-0.1"], "decoder.duration_noise=-0.1"),
        (["decoder.path_noise=-0.1"], "decoder.path_noise=-0.1"),
        (["decoder.cond_noise=-0.1"], "decoder.cond_noise=-0.1"),
        (["decoder.draw_scale=0"], "decoder.draw_scale=0"),
        (["decoder.draw_least=2"], "decoder.draw_least=2"),
        (["decoder.hidden=0"], "decoder.hidden=0"),
        (["optim.lr=-1"], "optim.lr"),
    ],
)
def test_bad_settings_are_named(make: Callable, tmp_path: Path, more: list[str], message: str):
    with pytest.raises(InputError, match=message):
        train(make(tmp_path, *more))
    assert not list(tmp_path.rglob("*.pt"))


def test_other_data_are_refused(make: Callable, tmp_path: Path, twelve_people: Path):
    with pytest.raises(InputError, match=r"holds other data than .* with data_dir="):
        train(make(tmp_path, f"data_dir={twelve_people}"))


def test_models_that_cannot_have_a_decoder(
    make: Callable, tmp_path: Path, tiny_checkpoint: Path, decoded: Path, event_checkpoint: Path
):
    with pytest.raises(InputError, match=r"codec is 'canonical'.*experiment=events"):
        train(make(tmp_path, f"ckpt={tiny_checkpoint}"))
    with pytest.raises(InputError, match=f"has a decoder already; give ckpt={event_checkpoint}"):
        train(make(tmp_path, f"ckpt={decoded}"))
    own = (f"checkpoint_dir={event_checkpoint.parent}", f"experiment_name={event_checkpoint.stem}")
    with pytest.raises(InputError, match="give another name"):
        train(make(tmp_path, *own))
    teacher = [f"teacher={decoded}", f"checkpoint_dir={tmp_path}"]
    with pytest.raises(InputError, match="hands over to a decoder"):
        distill(settings_from("diffusion/distill", DistillSettings, teacher))


def test_requests_that_no_decoder_can_serve(model: DiffusionModel, event_checkpoint: Path):
    with pytest.raises(InputError, match=r"t_switch=0.05: .* takes over from 0.1 to 1"):
        model.with_rule(SamplingRule(t_switch=0.05)).sample(1, seed=0)
    plain = load_model(event_checkpoint)
    with pytest.raises(InputError, match=r"has no decoder; .*humouse train decoder ckpt="):
        plain.with_rule(SamplingRule(t_switch=0.5)).sample(1, seed=0)


@pytest.mark.slow
def test_the_command_line(
    decoded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    arguments = [f"ckpt={decoded}", "n=4", "steps=2", "t_switch=0.5", f"out_dir={tmp_path}"]
    monkeypatch.setattr(sys, "argv", ["humouse", "sample", *arguments])
    cli.main()
    assert "4 movements" in capsys.readouterr().out
    rule = json.loads((tmp_path / "manifest.json").read_text())["rule"]
    assert (rule["steps"], rule["t_switch"]) == (2, 0.5)
    monkeypatch.setattr(sys, "argv", ["humouse", "train", "decoder", "--help"])
    cli.main()
    assert "decoder.t_switch" in capsys.readouterr().out
