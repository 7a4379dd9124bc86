"""Sampling: each movement depends on the seed and its own number, and what is refused."""

import copy
import json
import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from humouse.codec import EmpiricalPrior, Frame
from humouse.commands.sample import _people_at_hand, run
from humouse.commands.train import run as train
from humouse.data.prepared import load_split
from humouse.diffusion.model import DiffusionModel, load_model
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError, OutOfRangeWarning
from humouse.files import sha256
from humouse.settings import SampleSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest, check_condition
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

_RULE = SamplingRule(steps=3)


@pytest.fixture(scope="module")
def model(tiny_checkpoint: Path) -> DiffusionModel:
    return load_model(tiny_checkpoint)


@pytest.fixture(scope="module")
def event_model(event_checkpoint: Path) -> DiffusionModel:
    return load_model(event_checkpoint)


@pytest.mark.parametrize(
    "rule",
    [
        replace(_RULE, eta=1.0),  # the one that draws in every step
        pytest.param(_RULE, marks=pytest.mark.slow),
        pytest.param(replace(_RULE, sampler="dpm"), marks=pytest.mark.slow),
    ],
)
def test_a_sample_is_the_same_in_any_batch(event_model: DiffusionModel, rule: SamplingRule):
    x0, frame = event_model.with_rule(rule).sample_deltas(SampleRequest(7, seed=5))
    assert len(frame.lengths.unique()) > 1
    for n, batch_size in ((7, 1), (7, 3), (4, 64), (1, 2)):
        got, other = event_model.with_rule(replace(rule, batch_size=batch_size)).sample_deltas(
            SampleRequest(n, seed=5)
        )
        torch.testing.assert_close(got, x0[:n], rtol=1e-4, atol=1e-4)
        for field in fields(Frame):
            part, whole = (getattr(one, field.name) for one in (other, frame))
            if part is not None or whole is not None:
                assert torch.equal(part.nan_to_num(-1), whole[:n].nan_to_num(-1))


@pytest.mark.parametrize("batch_size", [3, 50])
def test_each_movement_is_in_one_batch_of_its_part(event_model: DiffusionModel, batch_size: int):
    few = event_model.with_rule(replace(_RULE, batch_size=batch_size))
    plan = few.plan(SampleRequest(30, seed=5, first=20))
    assert sorted(torch.cat([batch.places for batch in plan.batches]).tolist()) == list(range(30))
    for batch in plan.batches:
        assert len(batch.rows) <= batch_size
        assert torch.equal(batch.rows, batch.places + 20)
        assert torch.equal(batch.frame.lengths, plan.frame.lengths[batch.places])
    longest = [int(batch.frame.lengths.max()) for batch in plan.batches]
    assert longest == sorted(longest, reverse=True)


def test_a_part_of_a_request_is_what_it_is_of_the_whole(
    event_model: DiffusionModel, monkeypatch: pytest.MonkeyPatch
):
    """To the last bit, since the whole is made in the same parts; also by a copy of the model."""
    monkeypatch.setattr(DiffusionModel, "part_size", 6)
    made = event_model.with_rule(replace(_RULE, batch_size=4))
    whole, _ = made.sample_deltas(SampleRequest(15, seed=5))
    copied = pickle.loads(pickle.dumps(made))
    for first, n in ((0, 6), (6, 6), (12, 3)):
        part, _ = copied.sample_deltas(SampleRequest(n, seed=5, first=first))
        assert torch.equal(part, whole[first : first + n])
    assert made.calls(15) == (2 + 2 + 1) * made.calls_per_batch


def test_the_seed_decides(model: DiffusionModel):
    one, again, other = (model.with_rule(_RULE).sample(3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.deltas, again.deltas)
    assert not torch.allclose(one.deltas, other.deltas)
    assert not torch.allclose(one.deltas[0], one.deltas[1])


def test_the_global_generator_is_not_touched(model: DiffusionModel):
    before = torch.get_rng_state()
    model.with_rule(replace(_RULE, eta=1.0)).sample(2, seed=1)
    assert torch.equal(torch.get_rng_state(), before)


def test_each_rule_gives_other_movements(model: DiffusionModel):
    others = ({"eta": 1.0}, {"sampler": "ddim"}, {"sampler": "sde"}, {"steps": 5})
    rules = (_RULE, *(replace(_RULE, **other) for other in others))
    made = [model.with_rule(rule).sample_deltas(SampleRequest(2, seed=0))[0] for rule in rules]
    for other in made[1:]:
        assert bool(other.isfinite().all())
        assert not torch.allclose(made[0], other)


def test_lengths_follow_the_train_split(event_model: DiffusionModel):
    assert event_model.codec.prior is not None
    conditions = event_model.codec.prior.setups[0].conditions
    assert isinstance(conditions, EmpiricalPrior)
    seen = conditions.lengths
    frame = event_model.codec.draw_frames(2000, seed=0)
    assert set(frame.lengths.tolist()) <= set(seen.tolist())
    # Five standard errors of the mean.
    error = float(seen.double().std()) / 2000**0.5
    assert abs(float(frame.lengths.double().mean() - seen.double().mean())) < 5 * error
    _, drawn = event_model.with_rule(_RULE).sample_deltas(SampleRequest(5, seed=0))
    assert torch.equal(drawn.lengths, frame.lengths[:5])


@pytest.fixture(scope="module")
def goal_model(tiny_settings: Callable, tmp_path_factory: pytest.TempPathFactory) -> DiffusionModel:
    """Canonical codec, all four conditions."""
    more = ("model.cond_dim=4", "optim.max_steps=1", "experiment_name=goal")
    return load_model(train(tiny_settings(tmp_path_factory.mktemp("goal"), *more)))


@pytest.fixture(scope="module")
def people(tiny_data: Path, event_model: DiffusionModel) -> Trajectories:
    """Twelve validation gestures of many lengths; both codecs take them."""
    val = load_split(tiny_data / "val")
    return val[event_model.codec.fits(val)][:12]


def stirred(model: DiffusionModel) -> DiffusionModel:
    """Return the model with other weights: those of conditions start at zero.

    The change is small: random weights amplify the last bits of a sum in every call of a sampler.
    """
    model = replace(model, denoiser=copy.deepcopy(model.denoiser))
    g = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.denoiser.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=g)
    return model


def test_like_takes_the_lengths_of_the_given_movements(
    event_model: DiffusionModel, people: Trajectories
):
    x0, frame = event_model.with_rule(_RULE).sample_deltas(SampleRequest(12, like=people, seed=0))
    # Where the codec joins steps that stand still, as it counts them.
    lengths = event_model.codec.canonicalize(people).lengths
    assert len(lengths.unique()) > 3
    assert torch.equal(frame.lengths, lengths)
    assert torch.equal((x0 != 0).any(2).sum(1), lengths)
    made = event_model.with_rule(_RULE).sample(12, like=people, seed=0)
    assert torch.equal(made.start, people.start)
    assert made.user is None
    assert made.origin == event_model.origin


def test_like_takes_what_a_canonical_codec_keeps(model: DiffusionModel, people: Trajectories):
    made = model.with_rule(_RULE).sample(12, like=people, seed=0)
    torch.testing.assert_close(made.duration_ms, people.duration_ms, rtol=1e-5, atol=1e-2)
    assert torch.equal(made.start, people.start)
    free = model.with_rule(_RULE).sample(12, seed=0)
    assert not torch.allclose(free.duration_ms, people.duration_ms, rtol=0.05)


@pytest.mark.slow
def test_like_gives_a_canonical_model_directions_and_paths(
    goal_model: DiffusionModel, people: Trajectories
):
    made = goal_model.with_rule(_RULE).sample(12, like=people, seed=0)
    cosine = torch.nn.functional.cosine_similarity(made.net_px, people.net_px)
    torch.testing.assert_close(cosine, torch.ones(12), rtol=1e-4, atol=0)
    torch.testing.assert_close(made.duration_ms, people.duration_ms, rtol=1e-4, atol=1e-2)
    _, frame = goal_model.with_rule(_RULE).sample_deltas(SampleRequest(12, like=people, seed=0))
    torch.testing.assert_close(frame.path_px, people.path_px)


@pytest.mark.filterwarnings("ignore::humouse.errors.OutOfRangeWarning")
def test_like_passes_the_conditions_to_the_network(
    event_model: DiffusionModel, goal_model: DiffusionModel, people: Trajectories
):
    """At one length, what it makes is what the same conditions make when they are asked for."""
    # No step stands still: the codec joins none.
    steps = people.deltas[:, :20] + torch.tensor([1000.0, 0, 1])
    event_like = replace(people, deltas=steps, lengths=torch.full((12,), 20))
    for given, like, seq_len in ((event_model, event_like, 20), (goal_model, people, 32)):
        model = stirred(given).with_rule(_RULE)
        cond = model.codec.encode(like)[1].conditions[:, : model.cond_dim]
        asked = SampleRequest(12, seed=3, seq_len=seq_len)
        got, _ = model.sample_deltas(SampleRequest(12, seed=3, like=like))
        expected, _ = model.sample_deltas(replace(asked, cond=cond))
        free, _ = model.sample_deltas(asked)
        torch.testing.assert_close(got[:, :seq_len], expected, rtol=1e-4, atol=1e-4)
        assert not torch.allclose(expected, free, atol=1e-2)


@pytest.mark.parametrize("which", ["model", "event_model", "goal_model"])
def test_a_sample_depends_on_its_own_movement_alone(
    which: str, people: Trajectories, request: pytest.FixtureRequest
):
    model: DiffusionModel = stirred(request.getfixturevalue(which))
    whole = model.with_rule(_RULE).sample(12, like=people, seed=5)
    others = people[[0, 1, 2, *range(11, 2, -1)]]
    for n, like, batch_size in ((3, people[:3], 64), (12, others, 5)):
        rule = replace(_RULE, batch_size=batch_size)
        made = model.with_rule(rule).sample(n, like=like, seed=5)
        T = min(made.deltas.shape[1], whole.deltas.shape[1])
        scale = float(whole.deltas.abs().max())
        torch.testing.assert_close(
            made.deltas[:3, :T], whole.deltas[:3, :T], rtol=1e-3, atol=1e-4 * scale
        )
        assert torch.equal(made.lengths[:3], whole.lengths[:3])


def test_like_that_cannot_be(event_model: DiffusionModel, people: Trajectories):
    for n, more in (
        (11, {}),
        (13, {}),
        (12, {"seq_len": 20}),
        (12, {"cond": torch.zeros(2)}),
    ):
        with pytest.raises(ValueError, match="like stands for n movements"):
            event_model.with_rule(_RULE).sample(n, like=people, seed=0, **more)
    still = replace(people, deltas=torch.zeros_like(people.deltas))
    with pytest.raises(ValueError, match="does not fit codec 'event'"):
        event_model.with_rule(_RULE).sample(12, like=still, seed=0)


def test_seq_len_fixes_the_length(event_model: DiffusionModel, model: DiffusionModel):
    shortest, longest = event_model.codec.length_range()
    for seq_len in (shortest, longest):
        x0, frame = event_model.with_rule(_RULE).sample_deltas(
            SampleRequest(3, seq_len=seq_len, seed=0)
        )
        assert x0.shape == (3, seq_len, 3)
        assert frame.lengths.tolist() == [seq_len] * 3
    x0, _ = model.with_rule(_RULE).sample_deltas(SampleRequest(3, seq_len=32, seed=0))
    # In the canonical frame it is how finely the same movement is written.
    fine = model.with_rule(_RULE).sample_deltas(SampleRequest(3, seq_len=50, seed=0))
    assert torch.equal(fine[0], x0)
    made = model.codec.decode(*fine)
    assert made.lengths.tolist() == [50] * 3
    assert x0.shape == (3, 24, 2)


def test_padding_is_zero(event_model: DiffusionModel):
    x0, frame = event_model.with_rule(_RULE).sample_deltas(SampleRequest(6, seed=3))
    mask = torch.arange(x0.shape[1]) < frame.lengths[:, None]
    assert bool((x0[~mask] == 0).all())
    assert bool((x0[mask] != 0).any())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n": 0}, "n=0: ask for at least 1"),
        ({"n": -1}, "n=-1"),
        ({"seq_len": 321}, "seq_len=321: .* makes movements of 2 to 320 steps"),
        ({"seq_len": 0}, "seq_len=0"),
        ({"rule": SamplingRule(steps=0)}, "steps"),
        ({"rule": SamplingRule(sampler="euler")}, "sampler=euler: .*ddim, dpm"),
        ({"rule": SamplingRule(eta=2.0)}, "eta=2"),
        ({"rule": SamplingRule(batch_size=0)}, "batch_size=0"),
        ({"cond": torch.zeros(1)}, "cond: 1 conditions given, .* knows: none"),
        ({"seed": -1}, "seed=-1: must be at least 0"),
        ({"rule": SamplingRule(guidance=2.0)}, r"guidance=2.0: .* was trained without conditions"),
        ({"rule": SamplingRule(guidance=float("nan"))}, "guidance=nan: must be a number"),
        ({"rule": SamplingRule(guidance_rescale=1.5)}, "guidance_rescale=1.5: must lie in 0…1"),
        ({"rule": SamplingRule(guidance_rescale=-0.1)}, "guidance_rescale=-0.1"),
    ],
)
def test_what_cannot_be_asked(model: DiffusionModel, asked: dict[str, Any], message: str):
    with pytest.raises(InputError, match=message) as caught:
        model.with_rule(asked.pop("rule", _RULE)).sample(**{"n": 2, "seed": 0, **asked})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cond": torch.zeros(3)}, "3 conditions given, .* knows: goal_dx_px, goal_dy_px;"),
        ({"cond": torch.zeros(0)}, "0 conditions given"),
        ({"cond": torch.zeros(3, 2)}, "3 rows for n=2"),
        ({"cond": torch.tensor([1.0, torch.inf])}, "infinite"),
        ({"seq_len": 201}, "seq_len=201"),
        ({"cond": torch.tensor([100.0, torch.nan])}, "half a goal; give both"),
        ({"cond": torch.tensor([100.0])}, "half a goal"),
        ({"cond": torch.tensor([[1.0, 2.0], [torch.nan, 5.0]])}, "half a goal"),
    ],
)
def test_what_an_event_model_cannot_be_asked(
    event_model: DiffusionModel, asked: dict[str, Any], message: str
):
    with pytest.raises(InputError, match=message):
        event_model.with_rule(_RULE).sample(**{"n": 2, "seed": 0, **asked})


def test_conditions_and_guidance_reach_the_network(event_checkpoint: Path):
    model = load_model(event_checkpoint)
    with torch.no_grad():  # a few steps of training leave the conditions' weights near zero
        g = torch.Generator().manual_seed(0)
        for parameter in model.denoiser.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=g)

    def made(cond: torch.Tensor | None, scale: float = 1.0) -> torch.Tensor:
        rule = replace(_RULE, guidance=scale)
        return model.with_rule(rule).sample_deltas(SampleRequest(2, seq_len=20, cond=cond, seed=0))[
            0
        ]

    left, right = torch.tensor([-300.0, 0.0]), torch.tensor([300.0, 40.0])
    plain = made(right)
    assert not torch.allclose(plain, made(left), atol=1e-3)
    assert not torch.allclose(plain, made(None), atol=1e-3)
    assert not torch.allclose(plain, made(right, 2.0), atol=1e-3)
    torch.testing.assert_close(made(right.expand(2, 2)), plain)
    torch.testing.assert_close(made(torch.tensor([torch.nan, torch.nan])), made(None))
    mixed = made(torch.stack([right, left]))
    torch.testing.assert_close(mixed[0], plain[0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(mixed[1], made(left)[1], rtol=1e-4, atol=1e-4)


def test_durations_and_paths_are_above_zero(model: DiffusionModel):
    network = replace(model.settings.model, cond_dim=4)
    four = replace(model, settings=replace(model.settings, model=network))
    nan = torch.nan
    for good in ([100.0, 0.0, 600.0, 300.0], [nan] * 4, [nan, nan, nan, 300.0], [1.0, 2.0]):
        check_condition(four, 2, torch.tensor(good))
    for bad, message in (
        ([100.0, 0.0, -5.0], r"duration_ms -5; must be above 0"),
        ([100.0, 0.0, 0.0], r"duration_ms 0;"),
        (1.0, r"cond: 0 dimensions; give \[K\]"),
        ([nan, nan, nan, -2.5], r"path_px -2\.5;"),
        ([[nan, nan, 5.0, 1.0], [nan, nan, nan, 0.0]], r"path_px 0;"),
    ):
        with pytest.raises(InputError, match=message):
            check_condition(four, 2, torch.tensor(bad))


def sampling(checkpoint: Path, folder: Path, *more: str) -> SampleSettings:
    overrides = [f"ckpt={checkpoint}", f"out_dir={folder}", "device=cpu", "steps=2", "n=5", *more]
    return settings_from("diffusion/sample", SampleSettings, overrides)


def test_files_of_a_run(tiny_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture):
    run(sampling(tiny_checkpoint, tmp_path, "seed=4"))
    assert f"checkpoint: {tiny_checkpoint} (tiny, step 6)\n" in capsys.readouterr().out
    names = {"samples.parquet", "samples.png", "manifest.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    made = Trajectories.load(tmp_path / "samples.parquet")
    rule = SamplingRule(steps=2)
    expected = load_model(tiny_checkpoint).with_rule(rule).sample(5, seed=4)
    assert torch.equal(made.deltas, expected.deltas)
    assert made.origin == expected.origin == "diffusion:tiny"
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["checkpoint"]["sha256"] == sha256(tiny_checkpoint)
    digest = sha256(tmp_path / "samples.parquet")
    assert manifest["files"] == [{"file": "samples.parquet", "movements": 5, "sha256": digest}]
    assert manifest["settings"]["seed"] == 4
    assert manifest["trained_on"] == Checkpoint.load(tiny_checkpoint).data
    assert (tmp_path / "samples.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_picture_has_people_beside_where_they_are_at_hand(
    event_checkpoint: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    run(sampling(event_checkpoint, tmp_path / "with"))
    assert "samples.png, beside gestures of people\n" in capsys.readouterr().out
    model = load_model(event_checkpoint)
    (tmp_path / "val.parquet").write_bytes(b"PAR1")
    for data in ({"folder": "gone"}, {"folder": str(tmp_path)}, model.data | {"origin": "others"}):
        elsewhere = replace(model, record=replace(model.record, data=data))
        assert _people_at_hand(elsewhere, recorded=False) is None


@pytest.mark.slow
def test_deltas_on_request(event_checkpoint: Path, tmp_path: Path):
    more = ("save_deltas=true", "cond=[100,-50]", "guidance=1.5")
    run(sampling(event_checkpoint, tmp_path, *more))
    saved = torch.load(tmp_path / "deltas.pt", weights_only=True)
    assert saved["deltas"].shape == (5, 200, 3)
    assert saved["deltas"].dtype == torch.float32
    assert saved["lengths"].shape == (5,)
    rule = SamplingRule(steps=2, guidance=1.5)
    cond = torch.tensor([100.0, -50.0])
    expected, _ = (
        load_model(event_checkpoint)
        .with_rule(rule)
        .sample_deltas(SampleRequest(5, cond=cond, seed=0))
    )
    assert torch.equal(saved["deltas"], expected)


def test_a_full_disk(tiny_checkpoint: Path, tmp_path: Path, small_disk: Callable):
    settings = sampling(tiny_checkpoint, tmp_path, "n=60", "steps=1")
    with small_disk(5000), pytest.raises(InputError, match="cannot be written"):
        run(settings)
    assert list(tmp_path.iterdir()) == []


def test_what_is_out_of_range_is_warned_of_and_gives_something_finite(event_model: DiffusionModel):
    low, high = event_model.codec.condition_range("goal_dx_px")
    message = f"goal_dx_px 10000 lies outside what .* was trained on, {low:g} to {high:g}"
    with pytest.warns(OutOfRangeWarning, match=message):
        made = event_model.with_rule(_RULE).sample(3, cond=torch.tensor([10_000.0, 3.0]), seed=0)
    assert made.deltas.isfinite().all()
    assert torch.equal(made.net_px, torch.tensor([[10_000.0, 3.0]]).expand(3, 2))


def test_a_path_shorter_than_the_way_to_its_goal_is_warned_of(event_model: DiffusionModel):
    settings = event_model.settings
    knows_paths = replace(settings, model=replace(settings.model, cond_dim=4))
    cond = torch.tensor([[120.0, 90.0, 400.0, 149.0], [120.0, 90.0, 400.0, 151.0]])
    with pytest.warns(OutOfRangeWarning, match="path_px 149 is shorter than .* 150 px") as warned:
        replace(event_model, settings=knows_paths).check(SampleRequest(2, seed=0, cond=cond))
    assert sum("shorter" in str(one.message) for one in warned) == 1


def test_guidance_that_nobody_tried_is_warned_of_and_gives_something_finite(
    event_model: DiffusionModel,
):
    strong = event_model.with_rule(replace(_RULE, guidance=50.0))
    with pytest.warns(OutOfRangeWarning, match="guidance=50 lies outside 0 to 3"):
        made = strong.sample(3, seed=0)
    assert made.deltas.isfinite().all()


@pytest.mark.parametrize("constrained", [True, False])
def test_goals_are_reached_to_the_pixel(event_model: DiffusionModel, constrained: bool):
    goals = torch.tensor([[120.0, -40.0], [-300.0, 5.0], [torch.nan, torch.nan]])
    rule = replace(_RULE, goal_constraint=constrained)
    made = event_model.with_rule(rule).sample(3, cond=goals, seed=0)
    assert torch.equal(made.net_px[:2], goals[:2])


def test_the_constraint_leaves_little_to_correct(event_model: DiffusionModel):
    """Its last answer ends at the goal already, but for the rounding of each step."""
    cond = torch.tensor([250.0, 80.0])
    misses = {}
    for constrained in (True, False):
        rule = replace(_RULE, goal_constraint=constrained)
        x0, frame = event_model.with_rule(rule).sample_deltas(SampleRequest(20, cond=cond, seed=0))
        free = replace(frame, goal_px=torch.full((20, 2), torch.nan))
        made = event_model.codec.decode(x0, free)
        misses[constrained] = float((made.net_px - cond).norm(dim=1).median())
    assert misses[True] < 6  # rounding 30 steps: √(30/12) px an axis
    assert misses[False] > 10 * misses[True]
