"""Samples: a function of (model, seed, number) alone, on lengths and conditions as asked."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse.codec import EventCodec, check_condition_values
from humouse.commands.train_gan import run as train
from humouse.data.prepared import load_split
from humouse.gan import model as gan_model
from humouse.gan.model import GanModel, load_model
from humouse.trained_model import SampleRequest
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module", params=["conv", "lstm"])
def model(request: pytest.FixtureRequest) -> GanModel:
    return load_model(request.getfixturevalue(f"{request.param}_checkpoint"))


def assert_same(one: Trajectories, other: Trajectories, rows: int) -> None:
    T = int(other.lengths[:rows].max())
    assert torch.equal(one.lengths[:rows], other.lengths[:rows])
    # A canonical path is not rounded to whole pixels: the order of its sums may differ with the batch.
    torch.testing.assert_close(one.deltas[:rows, :T], other.deltas[:rows, :T], rtol=1e-4, atol=1e-3)
    assert torch.equal(one.start[:rows], other.start[:rows])


def test_a_sample_does_not_depend_on_its_batch(model: GanModel, monkeypatch: pytest.MonkeyPatch):
    many = model.sample(40, seed=3)
    assert_same(many, model.sample(7, seed=3), 7)
    monkeypatch.setattr(gan_model, "BATCH", 9)
    assert_same(many, model.sample(40, seed=3), 40)
    first, other = (
        model.sample_deltas(SampleRequest(3, seq_len=20, seed=seed))[0] for seed in (3, 4)
    )
    assert not torch.equal(first, other)


def test_a_part_of_a_request_by_a_copy_of_the_model(
    model: GanModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(GanModel, "part_size", 4)
    whole, _ = model.sample_deltas(SampleRequest(6, seed=3))
    copied = pickle.loads(pickle.dumps(model))
    part, _ = copied.sample_deltas(SampleRequest(2, seed=3, first=4))
    assert torch.equal(part, whole[4:])


def test_what_is_made(model: GanModel):
    made = model.sample(30, seed=0)
    assert made.origin == f"gan:{model.settings.experiment_name}"
    assert made.user is None
    valid = made.deltas[made.mask]
    assert torch.equal(valid, valid.round())
    assert bool((valid[:, 2] >= 1).all())
    assert bool(model.codec.fits(made[made.lengths > 0]).all())


def test_lengths_are_the_train_splits(model: GanModel):
    _, frame = model.sample_deltas(SampleRequest(30, seed=0))
    assert torch.equal(frame.lengths, model.codec.draw_frames(30, seed=0).lengths)
    _, frame = model.sample_deltas(SampleRequest(3, seq_len=20, seed=0))
    assert frame.lengths.tolist() == [20, 20, 20]


def test_like_people(model: GanModel, tiny_data: Path):
    people = load_split(tiny_data / "val")[:9]
    x0, frame = model.sample_deltas(SampleRequest(9, like=people, seed=1))
    assert torch.equal(frame.lengths, people.lengths)
    check_condition_values(frame.conditions, 9)
    assert not torch.equal(x0, model.sample_deltas(SampleRequest(9, seed=1))[0])
    with pytest.raises(ValueError, match="takes the place of seq_len and cond"):
        model.sample(9, like=people, seq_len=20, seed=1)


def test_conditions_change_the_sample(model: GanModel):
    plain = model.sample_deltas(SampleRequest(2, seq_len=20, seed=0))[0]
    goal = torch.tensor([300.0, 40.0])
    asked = model.sample_deltas(SampleRequest(2, seq_len=20, cond=goal, seed=0))[0]
    assert not torch.equal(plain, asked)
    missing = torch.full((2, 4), torch.nan)
    assert torch.equal(
        model.sample_deltas(SampleRequest(2, seq_len=20, cond=missing, seed=0))[0], plain
    )


@pytest.mark.slow
def test_a_canonical_codec(tmp_path: Path, gan_settings: Callable):
    more = ("data.codec=canonical", "data.sequence_length=32", "model.cond_dim=0")
    model = load_model(train(gan_settings(tmp_path, *more, "optim.max_steps=2")))
    assert not isinstance(model.codec, EventCodec)
    made = model.sample(5, seed=0)
    assert made.lengths.tolist() == [32] * 5
    assert_same(made, replace(model).sample(3, seed=0), 3)
