"""Power by band of movements whose power is known."""

import math

import numpy as np
import pytest
import torch

from humouse.eval.metrics.spectral import band_powers
from humouse.eval.statistics.resampling import Resampling, interval
from humouse.features.spectra import BANDS_HZ, velocity_spectrum
from humouse.trajectories import Trajectories


def movements(seed, n=60, pace=1.0, low=12):
    rng = np.random.default_rng(seed)
    steps = np.concatenate([pace * rng.normal(0, 8, (n, 40, 2)), np.full((n, 40, 1), 16.0)], 2)
    lengths = torch.from_numpy(rng.integers(low, 41, n))
    return Trajectories(
        torch.from_numpy(steps.astype(np.float32)), lengths, torch.zeros(n, 2), None, "x"
    )


def test_twice_the_speed_is_four_times_the_power():
    bands, distance = band_powers(movements(0), movements(0, pace=2.0))
    assert list(bands) == ["0-4 Hz", "4-8 Hz", "8-16 Hz", "16-32 Hz", "32-64 Hz"]
    for band in bands.values():
        assert band.ratio.value == pytest.approx(4, rel=1e-5)
        assert band.fake / band.real == pytest.approx(band.ratio.value)
    assert distance.value == pytest.approx(10 * math.log10(4), rel=1e-5)
    assert (distance.low, bands["0-4 Hz"].ratio.low) == (None, None)
    same, nothing = band_powers(movements(0), movements(0))
    assert nothing.value == 0
    assert {band.ratio.value for band in same.values()} == {1.0}


def test_a_band_that_is_quieter_shows_in_that_band_alone():
    """Halving between neighbours leaves slow motion as it is and takes fast motion away."""
    real = movements(0, 200, low=40)
    smooth = real.deltas.clone()
    smooth[:, 1:, :2] = (real.deltas[:, 1:, :2] + real.deltas[:, :-1, :2]) / 2
    quiet = Trajectories(smooth, real.lengths, real.start, None, "smooth")
    bands, distance = band_powers(real, quiet)
    assert bands["0-4 Hz"].ratio.value == pytest.approx(1, abs=0.15)
    assert bands["16-32 Hz"].ratio.value < 0.5
    assert distance.value > 2


def test_draws_equal_plain_means_over_the_people_drawn():
    real, fake = movements(0), movements(1, 50, 1.3)
    people = (np.arange(60) % 9).astype(str)
    drawn = Resampling.over_people(people, 60, None, 50, replicates=7, seed=0)
    bands, distance = band_powers(real, fake, resampling=drawn)
    frequency, power = velocity_spectrum(real)
    powers = power.astype(float), velocity_spectrum(fake)[1].astype(float)
    ratios = []
    for v, w in zip(drawn.real.numpy(), drawn.fake.numpy(), strict=True):
        a, b = (
            np.repeat(side, times.astype(int), axis=0)
            for side, times in zip(powers, (v, w), strict=True)
        )
        inside = [(frequency >= low) & (frequency < high) for low, high in BANDS_HZ]
        ratios.append([b[:, band].mean() / a[:, band].mean() for band in inside])
    ratio = torch.tensor(ratios)
    for k, band in enumerate(bands.values()):
        ends = np.clip(interval(band.ratio.value, ratio[:, k], drawn.units), 0, np.inf)
        assert (band.ratio.low, band.ratio.high) == pytest.approx(ends)
    drawn_db = (10 * ratio.log10()).square().mean(1).sqrt()
    ends = np.clip(interval(distance.value, drawn_db, drawn.units), 0, np.inf)
    assert (distance.low, distance.high) == pytest.approx(ends)
    assert distance.low < distance.high


def test_movements_that_stand_still():
    still, moving = movements(0, pace=0.0), movements(1)
    bands, distance = band_powers(still, moving)
    assert {band.ratio for band in bands.values()} == {None}
    assert distance.value == 0
    bands, distance = band_powers(moving, still)
    assert {band.ratio.value for band in bands.values()} == {0.0}
    assert 60 < distance.value < 200  # at least −60 dB, against people's some dB
