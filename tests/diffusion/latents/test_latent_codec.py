"""Latents as a codec: the composition is exact, and everything else is the base codec's."""

from pathlib import Path

import pytest
import torch

from humouse.codec import CanonicalCodec, Codec, EventCodec, coerce_to_codec, valid_steps
from humouse.diffusion.latents.autoencoder import TemporalAutoencoder
from humouse.diffusion.latents.codec import LatentCodec, restore_codec
from humouse.trajectories import Trajectories


def latent(base: Codec, people: Trajectories) -> LatentCodec:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = TemporalAutoencoder(base.channels, latent_channels=8, widths=(8, 16, 16), depth=1)
    codec = LatentCodec(base, network, gate={"gate_boosting_auc": 0.5})
    codec.fit(people)
    return codec


@pytest.fixture(params=["event", "canonical"])
def codec(request: pytest.FixtureRequest, people: Trajectories) -> LatentCodec:
    kind = {"event": EventCodec, "canonical": CanonicalCodec}[request.param]
    return latent(kind(sequence_length=64).fit(people), people)


def same(a: Trajectories, b: Trajectories) -> bool:
    return torch.equal(a.lengths, b.lengths) and torch.allclose(
        a.trimmed().deltas, b.trimmed().deltas, rtol=1e-4, atol=1e-3
    )


def test_decoding_what_was_encoded_is_the_autoencoders_round_trip(
    codec: LatentCodec, people: Trajectories
):
    x0, frame = codec.base.encode(people)
    mask = valid_steps(codec.base.steps(frame.lengths), x0.shape[1])
    there_and_back = codec.autoencoder.decode(codec.autoencoder.encode(x0, mask), mask)
    latents, own_frame = codec.encode(people)
    assert torch.equal(own_frame.lengths, frame.lengths)
    torch.testing.assert_close(
        codec.reconstructed(latents, own_frame), there_and_back, rtol=1e-4, atol=1e-4
    )
    decoded = codec.base.decode(codec.expanded(latents, frame), frame)
    assert same(codec.decode(latents, own_frame), decoded)


def test_latents_are_standardised_and_zero_at_padding(codec: LatentCodec, people: Trajectories):
    latents, frame = codec.encode(people)
    t = int(codec.steps(torch.tensor(64)))
    assert latents.shape == (len(people), t, codec.channels)
    mask = valid_steps(codec.steps(frame.lengths), t)
    points = codec.base.steps(frame.lengths)
    assert torch.equal(codec.steps(frame.lengths), (points.double() / 4).ceil().long())
    valid = latents[mask]
    torch.testing.assert_close(valid.mean(0), torch.zeros(8), rtol=0, atol=1e-4)
    torch.testing.assert_close(valid.std(0), torch.ones(8), rtol=0, atol=1e-2)
    assert not latents[~mask].any()


def test_what_decoding_says_does_not_depend_on_padding_or_neighbours(people: Trajectories):
    codec = latent(EventCodec(sequence_length=64).fit(people), people)
    latents, frame = codec.encode(people)
    rows = frame.lengths.argsort()[:5]
    t = int(codec.steps(frame.lengths[rows]).max())
    cut = latents[rows, :t]
    assert same(codec.decode(cut, frame[rows]), codec.decode(latents, frame)[rows])


def test_frames_conditions_and_lengths_are_the_base_codecs(
    codec: LatentCodec, people: Trajectories
):
    base = codec.base
    assert codec.native is base
    assert base.native is base
    assert torch.equal(codec.fits(people), base.fits(people))
    assert same(codec.canonicalize(people), base.canonicalize(people))
    frame = codec.encode(people)[1]
    torch.testing.assert_close(
        codec.conditions_for(frame, 9), base.conditions_for(frame, 9), equal_nan=True
    )
    assert codec.length_range() == base.length_range()
    drawn = [one.draw_frames(5, seed=1).lengths for one in (codec, base)]
    assert torch.equal(*drawn)
    assert codec.fits(coerce_to_codec(people, codec)).all()


def test_a_codec_comes_whole_out_of_its_state(
    codec: LatentCodec, people: Trajectories, tmp_path: Path
):
    torch.save(codec.state_dict(), tmp_path / "codec.pt")
    again = restore_codec(torch.load(tmp_path / "codec.pt", weights_only=True))
    assert isinstance(again, LatentCodec)
    assert again.gate == codec.gate
    assert torch.equal(again.encode(people)[0], codec.encode(people)[0])
    assert same(again.decode(*again.encode(people)), codec.decode(*codec.encode(people)))
    assert torch.equal(again.draw_frames(4, seed=0).lengths, codec.draw_frames(4, seed=0).lengths)


def test_a_codec_of_movements_comes_out_of_its_state_too(people: Trajectories):
    base = EventCodec(sequence_length=64).fit(people)
    assert torch.equal(restore_codec(base.state_dict()).encode(people)[0], base.encode(people)[0])


def test_the_goal_asked_is_reached_to_the_pixel(people: Trajectories):
    codec = latent(EventCodec(sequence_length=64).fit(people), people)
    latents, frame = codec.encode(people[:4])
    goal = torch.tensor([[120.0, -40.0]]).expand(4, 2)
    decoded = codec.decode(latents, codec.frame_given(frame, goal, latents))
    assert torch.equal(decoded.net_px, goal)
