"""Wind and gravity, against a plain loop over one movement."""

import cmath
import math

import pytest
import torch

from humouse.bots import Wind
from humouse.bots.wind import Weather, fall


def weather(N, B, *, gravity=0.6, wind=0.3, near=2.0, seed=0):
    source = torch.Generator().manual_seed(seed)
    square = 2 * torch.rand(N, B, 2, dtype=torch.float64, generator=source) - 1
    shortening = torch.rand(N, B, dtype=torch.float64, generator=source)
    return Weather(gravity, wind, near, torch.view_as_complex(square), shortening)


def plainly(full, air, row):
    place, speed, gust, highest = 0j, 0j, 0j, full
    places = [place]
    for u, cut in zip(air.gusts[:-1, row].tolist(), air.shortening[:, row].tolist(), strict=False):
        left = abs(1 - place)
        if left <= highest:
            break
        gust /= math.sqrt(3)
        if left >= air.near * full:
            gust += u * min(air.wind * full, left) / math.sqrt(5)
        else:
            highest = max(highest / math.sqrt(5), 0.25 * full)
        speed += gust + air.gravity * full * (1 - place) / left
        if abs(speed) > highest:
            speed = cmath.rect(highest * (0.5 + cut / 2), cmath.phase(speed))
        place += speed
        places.append(place)
    return [*places, 1 + 0j]


@pytest.mark.parametrize("steps", [20, 160])
def test_it_does_what_a_plain_loop_does(steps):
    full = torch.tensor([0.05, 0.02, 0.1, 0.03], dtype=torch.float64)
    air = weather(steps, 4)
    places, count = fall(full, air)
    assert places.shape == (4, steps + 1, 2)
    for row in range(4):
        expected = plainly(float(full[row]), air, row)
        assert count[row] == len(expected) - 1
        made = torch.view_as_complex(places[row].contiguous())
        assert torch.allclose(
            made[: len(expected)], torch.tensor(expected, dtype=made.dtype), atol=1e-12
        )
        assert (made[len(expected) - 1 :] == 1).all()


def test_without_wind_it_goes_straight_and_slows_down(people):
    bot = Wind(people, wind=0.0, near=8.0, tick_ms=4.0)
    made = bot.sample(200, cond=torch.tensor([0.0, 1000.0, 800.0]), seed=0)
    place = made.positions_px() - made.start[:, None]
    assert (place[..., 0] == 0).all()
    assert (place[..., 1].diff(dim=1) >= 0).all()
    speed = made.deltas[..., 1]
    assert (speed[:, 190:].mean(1) < 0.6 * speed[:, 20:60].mean(1)).all()


def test_wind_blows_as_far_as_it_is_strong(people):
    goal = torch.tensor([1000.0, 0.0])
    aside = [
        (made.positions_px()[..., 1] - made.start[:, None, 1]).abs().amax(1).mean()
        for wind in (0.1, 0.4)
        for made in [Wind(people, wind=wind).sample(300, cond=goal, seed=0)]
    ]
    assert 2 < aside[1] / aside[0] < 6
