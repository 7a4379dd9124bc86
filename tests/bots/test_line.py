"""The straight line and its speeds."""

import pytest
import torch

from humouse.bots import SPEEDS, Line
from humouse.bots.speed import bell

GOAL = torch.tensor([630.0, -410.0, 800.0])


@pytest.mark.parametrize("speed", SPEEDS)
@pytest.mark.parametrize("tick_ms", [None, 8.0])
def test_it_stays_within_a_pixel_of_the_line(people, speed, tick_ms):
    made = Line(people, speed=speed, tick_ms=tick_ms).sample(100, seed=0)
    net = made.net_px[:, None]
    place = made.positions_px() - made.start[:, None]
    off_px = (net[..., 0] * place[..., 1] - net[..., 1] * place[..., 0]).abs() / net.norm(dim=-1)
    assert off_px.max() <= 0.5**0.5 + 1e-3


@pytest.mark.parametrize(
    ("speed", "progress"),
    [
        ("constant", lambda t: t),
        ("accelerating", lambda t: t**2),
        ("decelerating", lambda t: 2 * t - t**2),
        ("bell", lambda t: 10 * t**3 - 15 * t**4 + 6 * t**5),
    ],
)
def test_it_follows_its_profile(people, speed, progress):
    made = Line(people, speed=speed, tick_ms=8.0).sample(1, cond=GOAL, seed=0)
    share = made.times_ms()[0] / 800
    expected = progress(share[:, None].double()) * GOAL[:2]
    assert ((made.positions_px()[0] - made.start[0]) - expected).abs().max() <= 0.5 + 1e-3


def test_the_bell_peaks_in_the_middle_and_is_symmetric(people):
    made = Line(people, tick_ms=8.0).sample(1, cond=GOAL, seed=0)
    speed = made.deltas[0, :, :2].norm(dim=-1) / 8
    tenths = speed.reshape(10, 10).mean(1)  # of the time; single steps are rough by a pixel
    assert (tenths.diff() > 0).tolist() == [True] * 4 + [False] * 5
    assert speed[45:55].mean() == pytest.approx(15 / 8 * float(speed.mean()), rel=0.02)
    assert (speed - speed.flip(0)).abs().max() <= 2 * 2**0.5 / 8
    assert speed[:5].max() < 0.1 * speed.max()


def test_the_bell_starts_and_ends_at_rest():
    share = torch.tensor([[0.0, 1e-3, 0.5, 1 - 1e-3, 1.0]], dtype=torch.float64)
    progress = bell(share)[0]
    assert progress[[0, 2, 4]].tolist() == [0, 0.5, 1]
    assert progress[1] == pytest.approx(1e-8, rel=0.01)
    assert 1 - progress[3] == pytest.approx(1e-8, rel=0.01)


def test_pauses_of_the_clock_are_jumps_of_the_line(people):
    """At constant speed a step is as long as its time, whatever the device's clock did."""
    made = Line(people, speed="constant").sample(50, cond=GOAL[:2], seed=0)
    expected = made.deltas[..., 2:] / made.duration_ms[:, None, None] * GOAL[:2]
    assert (made.deltas[..., :2] - expected)[made.mask].abs().max() <= 1 + 1e-3


def test_seq_len_of_a_clock_that_stands_still(people):
    still = people[:1]
    still.deltas[0, 0, 2] = 0
    made = Line(still, speed="constant").sample(1, seq_len=1, seed=0)
    assert made.duration_ms == 0
    assert torch.equal(made.net_px, still.net_px)
