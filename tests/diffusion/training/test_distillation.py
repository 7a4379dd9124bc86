"""Distilling: the student lands where the teacher's solver does, in a few steps."""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from humouse import cli
from humouse.commands.distill import run as distill
from humouse.commands.train import run as train
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import DiffusionModel, load_model
from humouse.diffusion.models.unet1d import UNet1D
from humouse.diffusion.noise.schedule import make_schedule
from humouse.diffusion.samplers import DDIM, make_sampler
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.diffusion.training.distillation import learner as distill_learner
from humouse.diffusion.training.distillation.learner import distance, student_weights
from humouse.diffusion.training.distillation.teacher_paths import (
    PathBatches,
    TeacherPaths,
    calls,
    draw_paths,
    teacher_solver,
)
from humouse.errors import InputError
from humouse.files import sha256
from humouse.gan.model import GAN
from humouse.generator import load_generator
from humouse.settings import DistillSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest
from humouse.training import trainer as training
from humouse.training.checkpoint import Checkpoint
from humouse.training.journal import read_metrics
from tests.oracles.gaussian import GaussianNetwork

_TINY = (
    "steps=4",
    "teacher_steps=8",
    "pairs=16",
    "batch_size=8",
    "optim.max_steps=4",
    "optim.amp=false",
    "logging.num_eval_samples=20",
    "logging.log_interval=1",
    "logging.eval_interval=0",
    "logging.sample_interval=0",
    "device=cpu",
)


@pytest.fixture(scope="module")
def make(tiny_checkpoint: Path) -> Callable[..., DistillSettings]:
    """Return the settings of a tiny distillation that writes below a folder."""

    def settings(folder: Path, *more: str) -> DistillSettings:
        places = (f"checkpoint_dir={folder / 'checkpoints'}", f"logging.dir={folder / 'runs'}")
        overrides = [f"teacher={tiny_checkpoint}", *_TINY, *places, *more]
        return settings_from("diffusion/distill", DistillSettings, overrides)

    return settings


@pytest.fixture(scope="module")
def student(make: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a tiny distillation, with a learning rate so small that it stays the teacher."""
    return distill(make(tmp_path_factory.mktemp("student"), "optim.lr=1e-9"))


@pytest.fixture(scope="module")
def teacher(tiny_checkpoint: Path) -> DiffusionModel:
    return load_model(tiny_checkpoint)


@pytest.fixture(scope="module")
def event_teacher(event_checkpoint: Path) -> DiffusionModel:
    return load_model(event_checkpoint)


MEAN, STD = 0.7, 0.4


def known(
    teacher: DiffusionModel, schedule: str = "cosine", timesteps: int = 1000
) -> DiffusionModel:
    """Return the model with a Gaussian in place of what it learned."""
    noising = make_schedule(schedule, timesteps)
    return replace(teacher, denoiser=Denoiser(GaussianNetwork(noising, MEAN, STD), noising))


@pytest.mark.parametrize("timesteps", [0, 1000])
@pytest.mark.parametrize("schedule", ["cosine", "logsnr"])
def test_the_teachers_path_is_the_exact_flow(
    teacher: DiffusionModel, schedule: str, timesteps: int
):
    """(x − α m)/√(α² s² + σ²) stays constant along the flow of a Gaussian."""
    model = known(teacher, schedule, timesteps)
    paths = draw_paths(model, 6, steps=4, teacher_steps=80, seed=3)
    alpha, sigma = model.denoiser.schedule(paths.times)
    scale = (alpha**2 * STD**2 + sigma**2).sqrt()[:, None, None]
    place = (paths.x - alpha[:, None, None] * MEAN) / scale
    full = paths.lengths == paths.x.shape[2]
    assert bool(full.any())
    for k in range(1, 5):
        torch.testing.assert_close(place[full, k], place[full, 0], rtol=0, atol=0.05)


@pytest.mark.parametrize("objective", ["v", "eps", "x0"])
def test_the_right_answer_lands_on_the_next_point(objective: str):
    """At every step, DDIM from (x_t, the regressed x̂0) goes exactly where the teacher went."""
    schedule, g = make_schedule("cosine", 1000), torch.Generator().manual_seed(0)
    paths = TeacherPaths(
        schedule.times(4), torch.randn(5, 5, 6, 2, generator=g), torch.full((5,), 6), None
    )
    rows = torch.arange(20) % 5
    segments = torch.arange(20) // 5
    batch = paths.segments(rows, segments, schedule)
    for place in range(20):
        k = int(segments[place])
        x_t, x_s = paths.x[rows[place], k], paths.x[rows[place], k + 1]
        landed = DDIM(schedule, paths.times).step(
            x_t[None], batch.x0[place][None], paths.times[k], paths.times[k + 1]
        )
        torch.testing.assert_close(landed[0], x_s, rtol=1e-4, atol=1e-4)

    class Right(nn.Module):
        """Predicts the target from x_t alone, which it recognises."""

        def forward(self, x, t, mask, cond, x0_prev):
            torch.testing.assert_close(x, paths.x[rows, segments], rtol=1e-4, atol=1e-4)
            return denoiser.target(batch.x0, batch.eps, batch.t)

    denoiser = Denoiser(Right(), schedule, objective)
    assert float(denoiser.loss(batch)) == 0


def test_the_loss_is_the_landing_error_whatever_the_segment():
    """An answer that lands wrong by so much costs the same from any of the cosine's times."""
    schedule, g = make_schedule("cosine", 0), torch.Generator().manual_seed(0)
    paths = TeacherPaths(
        schedule.times(4), torch.randn(4, 5, 6, 2, generator=g), torch.full((4,), 6), None
    )
    batch = paths.segments(torch.arange(4), torch.arange(4), schedule)
    (alpha_t, sigma_t), (alpha_s, sigma_s) = schedule(paths.times[:-1]), schedule(paths.times[1:])
    off = 0.1 / (alpha_s - sigma_s / sigma_t * alpha_t)[:, None, None].float()
    wrong = Denoiser(nn.Identity(), schedule).target(batch.x0 + off, batch.eps, batch.t)
    # The noise that goes with the wrong answer at the same x_t:
    alpha, sigma = (part[:, None, None] for part in schedule(batch.t))
    eps = batch.eps - alpha / sigma * off
    wrong = alpha * eps - sigma * (batch.x0 + off)
    right = alpha * batch.eps - sigma * batch.x0
    cost = (wrong - right).square().sum((1, 2))
    assert float(cost.max() / cost.min()) < 1.1


def test_a_path_depends_on_its_number_alone(event_teacher: DiffusionModel):
    few, many = (draw_paths(event_teacher, n, steps=2, teacher_steps=4, seed=1) for n in (3, 70))
    assert len(many.lengths.unique()) > 3
    for row in range(3):
        L = int(few.lengths[row])
        assert int(many.lengths[row]) == L
        torch.testing.assert_close(many.x[row, :, :L], few.x[row, :, :L], rtol=1e-3, atol=1e-3)
        assert bool((many.x[row, :, L:] == 0).all())
    again = draw_paths(event_teacher, 70, steps=2, teacher_steps=4, seed=1)
    assert torch.equal(many.x, again.x)
    told = event_teacher.codec.conditions_for(event_teacher.codec.draw_frames(70, seed=1), 2)
    assert torch.equal(many.cond.nan_to_num(9), told.nan_to_num(9))


def test_progress_comes_as_often_as_announced(teacher: DiffusionModel):
    seen: list[int] = []
    draw_paths(teacher, 65, steps=2, teacher_steps=4, seed=0, progress=lambda: seen.append(1))
    assert len(seen) == calls(65, 4) == 8


def test_a_batch_is_spread_over_the_segments_and_cut_among_processes():
    schedule, g = make_schedule("cosine", 1000), torch.Generator().manual_seed(0)
    x, lengths = torch.randn(9, 5, 6, 2, generator=g), torch.randint(1, 7, (9,), generator=g)
    paths = TeacherPaths(schedule.times(4), x, lengths, torch.arange(9.0)[:, None])
    whole = PathBatches(paths, schedule, 10, 5)
    assert whole.steps_per_epoch == 1
    share = whole[3]
    counts = torch.bincount((share.batch.t * 4).round().long(), minlength=5)[1:]
    assert int(counts.sum()) == 10
    assert int(counts.max() - counts.min()) <= 1
    assert share.total_values == int(share.batch.mask.sum()) * 2
    assert torch.equal(share.batch.x0, whole[3].batch.x0)
    assert not torch.equal(share.batch.x0, whole[4].batch.x0)
    parts = [PathBatches(paths, schedule, 10, 5, rank=k, processes=2)[3] for k in (0, 1)]
    for part in parts:
        assert part.total_values == share.total_values
    cut = torch.cat([part.batch.cond for part in parts]).flatten().sort().values
    assert torch.equal(cut, share.batch.cond.flatten().sort().values)


def test_the_student_starts_as_the_teacher_without_a_previous_answer():
    torch.manual_seed(0)
    made: dict[str, Any] = {"base_channels": 8, "channel_mults": (1, 2), "cond_dim": 2}
    teacher = UNet1D(3, self_condition=True, **made).eval()
    with torch.no_grad():
        for weights in teacher.parameters():
            weights += 0.1 * torch.randn(weights.shape)
    student = UNet1D(3, self_condition=False, **made).eval()
    student.load_state_dict(student_weights(teacher.state_dict(), student.state_dict()))
    x, t, mask = torch.randn(2, 8, 3), torch.tensor([0.3, 0.9]), torch.ones(2, 8, dtype=torch.bool)
    cond = torch.randn(2, 2)
    torch.testing.assert_close(
        student(x, t, mask, cond), teacher(x, t, mask, cond), rtol=1e-5, atol=1e-5
    )
    same = student_weights(student.state_dict(), student.state_dict())
    assert all(torch.equal(same[name], part) for name, part in student.state_dict().items())


def test_distance_is_zero_from_ones_own_samples_and_counts_valid_steps(teacher: DiffusionModel):
    plain = known(teacher)
    lengths = torch.tensor([3, 8, 5])
    mask = torch.arange(8) < lengths[:, None]
    noise = torch.randn(3, 8, 2, generator=torch.Generator().manual_seed(0)) * mask[..., None]
    schedule = plain.denoiser.schedule
    end = make_sampler("ddim", schedule, 4)(plain.denoiser, noise, mask)
    x = torch.stack([noise, noise, noise, noise, end], 1)
    paths = TeacherPaths(schedule.times(4), x, lengths, None)
    assert distance(plain.denoiser, paths) < 1e-10
    x[1, 4, :8] += 0.5
    assert distance(plain.denoiser, paths) == pytest.approx(0.25 * 8 / 16, rel=1e-4)


@pytest.fixture(scope="module")
def practised(tiny_settings: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of a teacher that has learned something of synthetic people."""
    more = ("optim.max_steps=80", "optim.lr=3e-3", "data.batch_size=16", "optim.ema_decay=0.95")
    return train(tiny_settings(tmp_path_factory.mktemp("practised"), *more, "model.dropout=0"))


@pytest.mark.slow  # draws twice from the teacher at many steps
def test_a_student_of_few_steps_is_nearer_to_the_teacher_than_the_teacher_in_few(
    practised: Path, make: Callable, tmp_path: Path
):
    more = ("pairs=160", "batch_size=32", "optim.max_steps=100", "optim.lr=2e-3")
    path = distill(
        make(
            tmp_path,
            f"teacher={practised}",
            *more,
            "teacher_steps=16",
            "optim.lr_warmup_steps=0",
            "optim.ema_decay=0.9",
            "optim.epochs=99",
            "logging.num_eval_samples=32",
        )
    )
    (scores,) = (row for row in read_metrics(tmp_path / "runs" / "distilled") if "val_loss" in row)
    assert scores["val_loss"] < 0.6 * scores["teacher_val_loss"]
    # The same from outside, on noises of its own; how much nearer depends on a machine's rounding.
    teacher, student = load_model(practised), load_model(path)
    paths = draw_paths(teacher, 64, steps=4, teacher_steps=16, seed=0)
    own = distance(student.denoiser, paths)
    assert own < 0.9 * distance(teacher.denoiser, paths, self_condition=True)


def test_the_checkpoint_is_an_ordinary_model_of_its_steps(
    student: Path, teacher: DiffusionModel, tiny_checkpoint: Path
):
    model = load_model(student)
    assert model.distillation is not None
    assert vars(model.distillation) == {
        "teacher": str(tiny_checkpoint),
        "teacher_sha256": sha256(tiny_checkpoint),
        "steps": 4,
        "teacher_steps": 8,
        "pairs": 16,
    }
    assert model.settings.data.codec == teacher.settings.data.codec
    assert model.data["sha256"] == teacher.data["sha256"]
    for name, part in teacher.codec.state_dict().items():
        if isinstance(part, torch.Tensor):
            assert torch.equal(part, model.codec.state_dict()[name])
    own, asked = (
        model.with_rule(rule).sample_deltas(SampleRequest(5, seed=2))[0]
        for rule in (SamplingRule(), SamplingRule(steps=4))
    )
    assert torch.equal(own, asked)
    # It learned nothing: with so small a rate it is the teacher without a previous answer.
    network = replace(teacher.settings.model, self_condition=False)
    alone = replace(teacher, settings=replace(teacher.settings, model=network))
    rule = SamplingRule(steps=4, sampler="ddim")
    expected = alone.with_rule(rule).sample_deltas(SampleRequest(5, seed=2))[0]
    torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-3)
    generator = load_generator(student)
    seen: list[int] = []
    assert generator.calls(3) == 4
    generator.sample(3, seed=0, progress=lambda: seen.append(1))
    assert len(seen) == 4


def test_the_command(tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch):
    words = [f"teacher={tiny_checkpoint}", *_TINY, "steps=2", "optim.max_steps=1"]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["humouse", "distill", *words, "experiment_name=two"])
    cli.main()
    distilled = load_model(tmp_path / "checkpoints" / "two.pt").distillation
    assert distilled is not None
    assert distilled.steps == 2


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (SamplingRule(steps=20), r"steps=20: .*distilled to 4; give steps=4"),
        (SamplingRule(sampler="dpm"), "sampler=dpm, eta=0.0: .*distilled for sampler=ddim"),
        (SamplingRule(eta=1.0), "eta=1.0"),
        (SamplingRule(guidance=2.0), "guidance=2.0: .*distilled without"),
    ],
)
def test_a_distilled_model_is_asked_for_its_own_rule_only(
    student: Path, rule: SamplingRule, message: str
):
    with pytest.raises(InputError, match=message):
        load_model(student).with_rule(rule).sample(2, seed=0)


class Killed(BaseException):
    """Stands for SIGKILL: nothing in the run catches it."""


@pytest.mark.slow
def test_resuming_ends_with_the_same_weights(
    make: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    more = ("logging.checkpoint_interval=2", "optim.lr_warmup_steps=2")
    whole = distill(make(tmp_path / "whole", *more))
    one_step, taken = training.Trainer._one_step, 0

    def dies(self: Any, share: Any) -> Any:
        nonlocal taken
        taken += 1
        if taken == 4:  # the third step is of no checkpoint
            raise Killed
        return one_step(self, share)

    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "_one_step", dies)
        with pytest.raises(Killed):
            distill(make(tmp_path / "cut", *more))
    assert Checkpoint.load(tmp_path / "cut" / "checkpoints" / "distilled.pt").step == 2
    resumed = distill(make(tmp_path / "cut", *more, "resume=true"))
    one, other = Checkpoint.load(whole), Checkpoint.load(resumed)
    assert one.step == other.step == 4
    for name in ("model", "ema", "best"):
        first, second = getattr(one, name), getattr(other, name)
        assert first.keys() == second.keys()
        assert [key for key in first if not torch.equal(first[key], second[key])] == []


def test_another_teacher_is_not_resumed(
    make: Callable, tmp_path: Path, tiny_checkpoint: Path, student: Path
):
    another = Checkpoint.load(tiny_checkpoint)
    next(iter(another.ema.values())).add_(1.0)
    another.save(tmp_path / "another.pt")
    copy = tmp_path / "checkpoints" / student.name
    copy.parent.mkdir()
    shutil.copy(student, copy)
    with pytest.raises(InputError, match=r"distillation\.teacher_sha256"):
        distill(
            make(tmp_path, f"teacher={tmp_path / 'another.pt'}", "optim.lr=1e-9", "resume=true")
        )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("teacher=null",), "teacher: name the checkpoint"),
        (("teacher=gone.pt",), r"gone\.pt: no such checkpoint"),
        (("steps=0",), "steps=0: must be at least 1"),
        (("pairs=0",), "pairs=0: must be at least 1"),
        (("teacher_steps=10",), "teacher_steps=10: must be a multiple of steps=4"),
        (("teacher_steps=0",), "teacher_steps=0: must be a multiple of steps=4"),
        (("teacher_steps=1000",), "teacher_steps=1000: more than the schedule has"),
        (("optim.lr=0",), r"optim\.lr=0"),
        (("data_dir=nowhere",), "nowhere: "),
    ],
)
def test_bad_settings_are_said_before_any_work(
    make: Callable,
    tmp_path: Path,
    more: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
):
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("pairs were drawn")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(distill_learner, "draw_paths", never)
    settings = make(tmp_path, *more)
    if "data_dir=nowhere" in more:
        monkeypatch.setattr("humouse.commands.dataset.EMBEDDED", "none")
    with pytest.raises(InputError, match=message):
        distill(settings)
    assert not (tmp_path / "checkpoints").exists()


def test_a_distilled_model_is_not_distilled(make: Callable, tmp_path: Path, student: Path):
    with pytest.raises(InputError, match="distilled itself, to 4 steps"):
        distill(make(tmp_path, f"teacher={student}"))


def test_the_teacher_is_not_overwritten(make: Callable, tiny_checkpoint: Path, tmp_path: Path):
    here = f"checkpoint_dir={tiny_checkpoint.parent}"
    before = tiny_checkpoint.read_bytes()
    with pytest.raises(InputError, match=f"{re.escape(str(tiny_checkpoint))} is the teacher"):
        distill(make(tmp_path, here, "experiment_name=tiny"))
    assert tiny_checkpoint.read_bytes() == before


def test_other_data_are_refused(make: Callable, tmp_path: Path, twelve_people: Path):
    with pytest.raises(InputError, match=r"holds other data than .*name the folder"):
        distill(make(tmp_path, f"data_dir={twelve_people}"))


def test_a_gan_is_not_distilled(make: Callable, tmp_path: Path, tiny_checkpoint: Path):
    saved, path = Checkpoint.load(tiny_checkpoint), tmp_path / "gan.pt"
    replace(saved, kind=GAN.name).save(path)
    with pytest.raises(InputError, match="a humouse GAN checkpoint where a humouse diffusion"):
        distill(make(tmp_path, f"teacher={path}"))


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops_the_run(
    make: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    drawn = distill_learner.draw_paths

    def with_bad_values(*args: Any, **kwargs: Any) -> TeacherPaths:
        paths = drawn(*args, **kwargs)
        paths.x[:] = torch.nan
        return paths

    monkeypatch.setattr(distill_learner, "draw_paths", with_bad_values)
    with pytest.raises(InputError, match=r"step 1: the loss is nan.*optim\.lr"):
        distill(make(tmp_path))


def test_too_few_steps_between_are_a_mistake_of_the_schedule():
    solver = teacher_solver(make_schedule("cosine", 1000), 4, 8)
    times = solver.times
    torch.testing.assert_close(times[::2][1:], make_schedule("cosine", 1000).times(4)[1:])
    assert float(solver.schedule.log_snr_half(times[0])) >= -5.1
