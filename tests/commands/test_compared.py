"""The movements that an evaluation compares: whose they are, and in which frame."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse.commands.compared import People, in_codec_frame, samples
from humouse.data.prepared import load_split
from humouse.diffusion.sampling_rule import SamplingRule
from humouse.errors import InputError
from humouse.generator import load_generator
from humouse.trained_model import TrainedModel
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module")
def model(tiny_checkpoint: Path) -> TrainedModel:
    return load_generator(tiny_checkpoint, rule=SamplingRule(steps=2))


@pytest.fixture(scope="module")
def event_model(event_checkpoint: Path) -> TrainedModel:
    return load_generator(event_checkpoint, rule=SamplingRule(steps=2))


def equal(one: Trajectories, other: Trajectories) -> bool:
    return one.deltas.shape == other.deltas.shape and torch.equal(one.deltas, other.deltas)


def test_a_models_own_people(model: TrainedModel, tiny_data: Path, capsys: pytest.CaptureFixture):
    people = People.load(None, None, model)
    assert people.source["path"] == str(tiny_data / "val.parquet")
    assert equal(people.held_out, load_split(tiny_data / "val"))
    assert equal(people.train, load_split(tiny_data / "train"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("suffix", ["", ".parquet"])
def test_other_people(
    model: TrainedModel, twelve_people: Path, suffix: str, capsys: pytest.CaptureFixture
):
    people = People.load(f"{twelve_people / 'val'}{suffix}", None, model)
    assert equal(people.held_out, load_split(twelve_people / "val"))
    assert equal(people.train, load_split(twelve_people / "train"))  # the one beside it
    named = People.load(str(twelve_people / "val"), str(twelve_people / "test"), None)
    assert equal(named.train, load_split(twelve_people / "test"))
    assert capsys.readouterr().err == ""


def test_another_dataset_is_noted(
    model: TrainedModel, twelve_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture
):
    for name in ("train", "val"):
        split = load_split(twelve_people / name)
        replace(split, origin="sapimouse").save(tmp_path / f"{name}.parquet")
    People.load(str(tmp_path / "val"), None, model)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"note: {model.path} was trained on humouse_default (synthetic), and")
    assert "people of sapimouse" in line
    People.load(str(tmp_path / "val"), None, None)  # no model, nothing to compare
    assert capsys.readouterr().err == ""


def test_people_in_both_splits(twelve_people: Path, tmp_path: Path):
    val, train = load_split(twelve_people / "val"), load_split(twelve_people / "train")
    users = train.user.copy()
    users[5] = val.user[0]
    replace(train, user=users).save(tmp_path / "train.parquet")
    given = str(twelve_people / "val"), str(tmp_path / "train")
    with pytest.raises(InputError, match=rf"{val.user[0]}: among the train people too"):
        People.load(*given, None)
    # The same name in another dataset is another person; a missing name says nothing.
    replace(train, user=users, origin="other").save(tmp_path / "train.parquet")
    People.load(*given, None)
    replace(train, user=None).save(tmp_path / "train.parquet")
    People.load(*given, None)


def test_what_is_missing(twelve_people: Path, tmp_path: Path):
    with pytest.raises(InputError, match="val_split: name the people to compare"):
        People.load(None, None, None)
    (tmp_path / "val.parquet").write_bytes((twelve_people / "val.parquet").read_bytes())
    with pytest.raises(InputError, match=r"train\.parquet: no train split beside val_split"):
        People.load(str(tmp_path / "val"), None, None)
    (tmp_path / "train.parquet").write_bytes(b"PAR1 cut sho")
    with pytest.raises(InputError, match=r"train\.parquet: not a readable file of trajectories"):
        People.load(str(tmp_path / "val"), None, None)


def test_both_splits_in_the_frame_of_the_model(event_model: TrainedModel, twelve_people: Path):
    people = People.load(str(twelve_people / "val"), None, None)
    assert people.in_codec_frame(None).held_out is people.held_out
    still = people.held_out.deltas.clone()
    still[3] = 0  # a movement that moves nothing does not fit
    people = replace(people, held_out=replace(people.held_out, deltas=still))
    seen = people.in_codec_frame(event_model)
    fitting = people.held_out[event_model.codec.fits(people.held_out)]
    assert len(seen.held_out) == len(fitting) < len(people.held_out)
    assert equal(seen.held_out, event_model.codec.canonicalize(fitting))
    assert seen.held_out.user.tolist() == fitting.user.tolist()
    assert equal(seen.train, in_codec_frame(people.train, event_model))
    assert seen.source == people.source


@pytest.mark.parametrize("which", ["model", "event_model"])
def test_samples_are_in_the_frame_of_the_model(which: str, request: pytest.FixtureRequest):
    model: TrainedModel = request.getfixturevalue(which)
    made = samples(model, 8, like=None, seed=1)
    assert 0 < len(made) <= 8
    assert made.user is None
    # Put into its frame again, a movement may round to the next point of the canonical frame's grid.
    twice = in_codec_frame(made, model)
    assert torch.equal(twice.lengths, made.lengths)
    torch.testing.assert_close(twice.deltas, made.deltas, rtol=0, atol=0.0101)
    again = samples(model, 8, like=None, seed=1)
    other = samples(model, 8, like=None, seed=2)
    assert equal(made, again)
    assert not equal(made, other)


def test_samples_like_people(event_model: TrainedModel, twelve_people: Path):
    """At most n, each on the conditions of another gesture that fits; fewer where fewer fit."""
    val = load_split(twelve_people / "val")
    val = replace(val, deltas=torch.cat([torch.zeros_like(val.deltas[:40]), val.deltas[40:]]))
    assert int(event_model.codec.fits(val).sum()) == 6
    made = samples(event_model, 20, like=val, seed=0)
    assert 0 < len(made) <= 6
    assert {tuple(row) for row in made.start.tolist()} <= {
        tuple(row) for row in val.start[40:].tolist()
    }


@pytest.mark.parametrize(
    ("asked", "message"),
    [({"steps": 0}, "steps"), ({"sampler": "euler"}, "sampler=euler"), ({"seed": -1}, "seed=-1")],
)
def test_samples_that_cannot_be_drawn(model: TrainedModel, asked: dict, message: str):
    seed = asked.pop("seed", 0)
    with pytest.raises(InputError, match=message):
        samples(replace(model, rule=replace(model.rule, **asked)), 2, like=None, seed=seed)
