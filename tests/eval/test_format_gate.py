"""The format gate lets a faithful codec pass and names what an unfaithful one moved."""

import pytest

from humouse.codec import CanonicalCodec, EventCodec
from humouse.errors import InputError
from humouse.eval.format_gate import format_gate

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
