"""The format gate lets a faithful codec pass and names what an unfaithful one moved."""

import pytest
import torch

from humouse.codec import CanonicalCodec, EventCodec
from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import make_source
from humouse.errors import InputError
from humouse.eval.format_gate import HIGHEST_AUC, format_gate, highest_area, round_trip_areas
from humouse.gestures import GestureRules

GROUPS = ("kinematics", "timing", "spectra")


@pytest.fixture(scope="module")
def people(make_reaches):
    return make_reaches(400, 0, users=10)


@pytest.mark.parametrize(
    "codec", [EventCodec(sequence_length=40), CanonicalCodec(sequence_length=40)]
)
def test_a_faithful_codec_passes(people, codec):
    areas = format_gate(people, codec.fit(people), groups=GROUPS)
    assert set(areas) == {"logistic", "boosting"}
    assert max(areas.values()) <= 0.52


def test_a_codec_that_coarsens_the_clock_is_stopped_and_named(people):
    class Coarse(EventCodec):
        def _from_channels(self, x, frame):
            deltas = super()._from_channels(x, frame)
            deltas[..., 2] = (deltas[..., 2] / 8).round() * 8
            return deltas

    codec = Coarse(sequence_length=40).fit(people)
    with pytest.raises(
        InputError,
        match=r"round-trip check: .* people from the same gestures after codec 'event'.*dt_",
    ):
        format_gate(people, codec, groups=GROUPS)


def test_chance_stops_nobody():
    """On 24 gestures a probe that guesses often reads 0.53; on 1,000 the limit is what it is for all."""
    assert highest_area(24) == pytest.approx(0.5 + 2 / (12 * 24) ** 0.5)
    assert highest_area(1000) == HIGHEST_AUC


def test_too_few_gestures_that_fit(people):
    codec = EventCodec(sequence_length=40).fit(people)
    with pytest.raises(InputError, match=r"people: 12 gestures fit codec 'event'.*at least 20"):
        format_gate(people[:12], codec, groups=GROUPS)


def test_a_slight_noise_is_enough(people):
    class Noisy(EventCodec):
        def _from_channels(self, x, frame):
            deltas = super()._from_channels(x, frame)
            deltas[..., 0] += 0.01
            return deltas

    with pytest.raises(
        InputError, match=r"round-trip check: a classifier separates .* from the same gestures"
    ):
        format_gate(people, Noisy(sequence_length=40).fit(people), groups=GROUPS)


class Shaken(CanonicalCodec):
    """The canonical codec, with noise of `noise` standard deviations on every value that it decodes."""

    noise = 0.0

    def decode(self, x0, frame, *, origin="generated"):
        g = torch.Generator().manual_seed(0)
        return super().decode(
            x0 + self.noise * torch.randn(x0.shape, generator=g), frame, origin=origin
        )


@pytest.fixture(scope="module")
def recorded_people(recordings):
    source = make_source("sapimouse", root=str(recordings / "sapimouse"))
    events = [source.events(file).table for file in source.files()[:6]]
    return to_trajectories([cut_gestures(e, GestureRules()) for e in events], "sapimouse")


@pytest.mark.realdata
def test_the_canonical_frame_forgives_what_a_network_leaves(recorded_people):
    """Where the path had corners, or no limit to its modes, 0.3% of noise was enough to tell it at 1.00."""
    codec = Shaken().fit(recorded_people)
    read = {}
    for codec.noise in (0.0, 0.01, 0.1):
        areas, _ = round_trip_areas(recorded_people, codec, groups=("kinematics", "spectra"))
        read[codec.noise] = max(areas.values())
    assert read[0.0] <= 0.52
    assert read[0.01] <= 0.60
    assert read[0.1] > 0.60  # the probes do see noise
