"""Either kind of checkpoint behind one interface, and through the commands."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from humouse.commands import evaluate as diffusion_eval
from humouse.commands.sample import run
from humouse.data.prepared import load_split
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.generator import load_generator
from humouse.settings import EvalSettings, SampleSettings
from humouse.settings.compose import settings_from
from humouse.trained_model import SampleRequest, TrainedModel
from humouse.training.checkpoint import Checkpoint
from humouse.trajectories import Trajectories

_KINDS = ["conv_checkpoint", "lstm_checkpoint", "event_checkpoint"]


@pytest.fixture(scope="module", params=_KINDS)
def model(request: pytest.FixtureRequest) -> TrainedModel:
    return load_generator(request.getfixturevalue(request.param), rule=SamplingRule(steps=2))


def test_what_every_generator_answers(model: TrainedModel, tiny_data: Path):
    saved = Checkpoint.load(model.path)
    assert model.step == saved.step
    assert asdict(model.settings) == saved.config
    assert model.data == saved.data
    assert model.cond_dim == saved.config["model"]["cond_dim"]
    assert model.origin.endswith(":tiny")
    calls: list[None] = []
    made = model.sample(70, seed=1, progress=lambda: calls.append(None))
    assert len(made) == 70
    assert made.origin == model.origin
    assert len(calls) == model.calls(70)
    few = model.sample(3, seed=1)
    assert torch.equal(few.lengths, made.lengths[:3])
    people = load_split(tiny_data / "val")
    people = people[model.codec.fits(people)][:4]
    like = model.sample(4, like=people, seed=0)
    assert torch.equal(like.start, people.start)
    goal = torch.tensor([200.0, 10.0])
    assert len(model.sample(2, seq_len=20, cond=goal, seed=0)) == 2


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n": 0}, "n=0"),
        ({"seed": -1}, "seed=-1"),
        ({"seq_len": 500}, "seq_len=500"),
        ({"cond": torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0])}, "cond: 5 conditions"),
        ({"cond": torch.tensor([1.0, torch.nan])}, "half a goal"),
    ],
)
def test_requests_that_cannot_be_served(model: TrainedModel, asked: dict, message: str):
    good = {"n": 2, "seed": 0, "seq_len": None, "cond": None}
    wanted = {**good, **asked}
    with pytest.raises(InputError, match=message):
        model.check(SampleRequest(**wanted))
    with pytest.raises(InputError, match=message):
        model.sample(wanted.pop("n"), **wanted)


def test_a_gan_is_not_guided(conv_checkpoint: Path, tmp_path: Path):
    overrides = [f"ckpt={conv_checkpoint}", "guidance=2", f"out_dir={tmp_path}", "device=cpu"]
    with pytest.raises(InputError, match="a GAN, which is not guided"):
        run(settings_from("diffusion/sample", SampleSettings, overrides))


def test_the_sample_command(conv_checkpoint: Path, tmp_path: Path):
    overrides = [f"ckpt={conv_checkpoint}", "n=6", f"out_dir={tmp_path}", "device=cpu", "seed=4"]
    run(settings_from("diffusion/sample", SampleSettings, overrides))
    made = Trajectories.load(tmp_path / "samples.parquet")
    assert torch.equal(
        made.deltas, load_generator(conv_checkpoint).sample(6, seed=4).trimmed().deltas
    )
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["checkpoint"]["path"] == str(conv_checkpoint)


@pytest.mark.slow
def test_the_eval_command(conv_checkpoint: Path, tmp_path: Path):
    quick = ("metrics=[mmd]", "feature_mode=kinematic", "references=[]", "replicates=0")
    more = ("permutations=0", "report=false", "device=cpu", "conditions=val", "n=20")
    overrides = [f"ckpt={conv_checkpoint}", f"out_dir={tmp_path}", *quick, *more]
    diffusion_eval.run(settings_from("diffusion/eval", EvalSettings, overrides))
    assert "mmd" in (tmp_path / "scores.json").read_text()
