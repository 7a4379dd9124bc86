"""Penultimate features of any movement, each row its own."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from humouse.codec import CanonicalCodec, Codec, EventCodec, coerce_to_codec, valid_steps
from humouse.data.prepared import load_split
from humouse.gan.discriminator_features import discriminator_scores, discriminator_table
from humouse.gan.model import GanModel, load_model
from humouse.trajectories import Trajectories


@pytest.fixture(scope="module", params=["conv", "lstm"])
def model(request: pytest.FixtureRequest) -> GanModel:
    return load_model(request.getfixturevalue(f"{request.param}_checkpoint"))


def odd_ones() -> Trajectories:
    """A movement too long, one without time, one that goes nowhere, one of no step, a plain one."""
    g = torch.Generator().manual_seed(0)
    deltas = torch.cat(
        [torch.randint(-9, 10, (5, 260, 2), generator=g), torch.full((5, 260, 1), 8)], 2
    ).float()
    deltas[1, :, 2] = 0
    deltas[2, :, :2] = 0
    lengths = torch.tensor([260, 30, 30, 0, 30])
    return Trajectories(deltas, lengths, torch.zeros(5, 2), None, "odd")


def test_features_are_the_discriminators(model: GanModel, tiny_data: Path):
    people = load_split(tiny_data / "val")
    table = discriminator_table(model, people)
    D = model.pair.discriminator.feature_dim
    assert table.names == tuple(f"discriminator_{k:03d}" for k in range(D))
    assert table.user is not None
    assert table.user.tolist() == people.user.tolist()
    x0, frame = model.codec.encode(people)
    mask = valid_steps(frame.lengths, x0.shape[1])
    expected = model.pair.discriminator.features(x0, mask, None)
    torch.testing.assert_close(torch.from_numpy(table.values), expected, rtol=1e-4, atol=1e-5)
    scores = model.pair.discriminator(x0, mask, None)
    torch.testing.assert_close(discriminator_scores(model, people), scores, rtol=1e-4, atol=1e-5)


def test_a_row_stands_alone(model: GanModel, tiny_data: Path):
    people = load_split(tiny_data / "val")
    together = discriminator_table(model, people).values
    for row in (0, 7):
        alone = discriminator_table(model, people[[row]].trimmed()).values
        torch.testing.assert_close(alone, together[[row]], rtol=1e-4, atol=1e-5)
    backwards = discriminator_table(model, people[list(range(len(people)))[::-1]]).values
    torch.testing.assert_close(backwards[::-1].copy(), together, rtol=1e-4, atol=1e-5)


def test_any_movement_is_taken(model: GanModel):
    calls: list[None] = []
    table = discriminator_table(model, odd_ones(), progress=lambda: calls.append(None))
    assert table.values.shape == (5, model.pair.discriminator.feature_dim)
    assert len(calls) == 1
    cut = odd_ones()
    first = replace(cut, deltas=cut.deltas[:, :200], lengths=cut.lengths.clamp(max=200))
    torch.testing.assert_close(discriminator_table(model, first).values, table.values)


@pytest.mark.parametrize(
    "codec",
    [
        EventCodec(sequence_length=200),
        EventCodec(sequence_length=200, merge_zero_moves=False),
        CanonicalCodec(sequence_length=32),
        CanonicalCodec(sequence_length=32, canonicalize_duration=False),
    ],
)
def test_coerced_movements_fit_and_fitting_ones_are_unchanged(codec: Codec, tiny_data: Path):
    assert bool(codec.fits(coerce_to_codec(odd_ones(), codec)).all())
    people = load_split(tiny_data / "val")
    people = people[codec.fits(people)]
    assert torch.equal(codec.encode(coerce_to_codec(people, codec))[0], codec.encode(people)[0])


def test_a_clock_of_zero_is_one_millisecond():
    codec = EventCodec(sequence_length=200)
    got = coerce_to_codec(odd_ones(), codec)
    assert bool((got.deltas[1, : got.lengths[1], 2] == 1).all())
    assert got.lengths[0] <= 200
    assert got.deltas[2, 0].tolist() == [1, 0, 1]
