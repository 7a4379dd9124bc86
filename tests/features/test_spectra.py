"""The spectrum against a resampled FFT, and movements whose spectrum is known."""

import numpy as np
import pytest
import torch

from humouse.features import feature_table, velocity_spectrum
from humouse.trajectories import Trajectories


def one(steps):
    deltas = torch.tensor(np.asarray(steps, np.float32))[None]
    return Trajectories(deltas, torch.tensor([deltas.shape[1]]), torch.zeros(1, 2), None, "test")


def test_equals_the_fft_of_the_resampled_velocity():
    """Positions interpolated every 0.05 ms; the FFT's frequencies are multiples of 1/duration."""
    rng = np.random.default_rng(0)
    dt = rng.integers(5, 30, 40)
    dt[-1] += 1000 - dt.sum()
    steps = np.stack([rng.normal(0, 5, 40), rng.normal(0, 5, 40), dt], 1)
    grid_s = np.linspace(0, 1, 20_001)
    knots_s = np.concatenate([[0], np.cumsum(dt)]) / 1000
    power = np.zeros(60)
    for axis in (0, 1):
        position = np.interp(grid_s, knots_s, np.concatenate([[0], np.cumsum(steps[:, axis])]))
        velocity = np.diff(position) * 20_000
        power += np.abs(np.fft.rfft(velocity)[1:61] / 20_000) ** 2
    frequency, got = velocity_spectrum(one(steps), np.arange(1.0, 61.0))
    np.testing.assert_array_equal(frequency, np.arange(1, 61))
    np.testing.assert_allclose(got[0], power, rtol=2e-3)


def test_a_tremor_shows_at_its_frequency():
    t = np.arange(0, 1.0001, 0.008)
    x = 0.4 * np.sin(2 * np.pi * 11 * t)
    steps = np.stack([np.diff(x), 0 * x[1:], np.full(len(x) - 1, 8)], 1)
    frequency, power = velocity_spectrum(one(steps))
    assert float(frequency[power[0].argmax()]) == 11
    table = feature_table(one(steps), ("spectra",))
    assert float(table["power_8_16_hz_share"][0]) > 0.9


def test_a_constant_velocity_is_a_sinc():
    speed, duration = 250.0, 0.4
    _, power = velocity_spectrum(one([(2.5, 0, 10)] * 40), np.array([0.5, 3.3, 7.7]))
    f = np.array([0.5, 3.3, 7.7])
    expected = (speed * duration * np.sinc(f * duration)) ** 2 / duration
    np.testing.assert_allclose(power[0], expected, rtol=1e-4)


def test_shares_sum_to_one_and_entropy_grows_with_disorder():
    rng = np.random.default_rng(1)
    smooth = [(5 * np.sin(np.pi * k / 50), 0, 10) for k in range(50)]
    rough = [(*rng.normal(0, 5, 2), 10) for _ in range(50)]
    numbers = [feature_table(one(steps), ("spectra",)) for steps in (smooth, rough)]
    for table in numbers:
        shares = [name for name in table.names if name.endswith("_hz_share")]
        assert float(table.select(shares).values.sum()) == pytest.approx(1, abs=1e-5)
    assert numbers[0]["spectral_entropy"][0] < 0.3 < 0.8 < numbers[1]["spectral_entropy"][0]
    assert numbers[0]["power_tail_db"][0] < numbers[1]["power_tail_db"][0] - 10


def test_autocorrelation_of_alternating_steps():
    table = feature_table(one([(5, 0, 10), (-5, 0, 10)] * 50), ("spectra",))
    assert float(table["velocity_autocorrelation_1"][0]) == pytest.approx(-0.99)
    assert float(table["velocity_autocorrelation_2"][0]) == pytest.approx(0.98)


def test_blocks_and_bad_frequencies():
    rng = np.random.default_rng(2)
    deltas = torch.from_numpy(np.abs(rng.normal(0, 9, (700, 60, 3))).astype(np.float32))
    many = Trajectories(deltas, torch.full((700,), 60), torch.zeros(700, 2), None, "test")
    frequency = np.linspace(1, 60, 100)  # several blocks
    whole = velocity_spectrum(many, frequency)[1]
    np.testing.assert_allclose(
        whole[650:], velocity_spectrum(many[650:], frequency)[1], rtol=1e-5, atol=1e-6
    )
    with pytest.raises(ValueError, match="above 0 Hz"):
        velocity_spectrum(many, np.array([0.0, 1.0]))
