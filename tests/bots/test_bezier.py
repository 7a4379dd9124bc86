"""The Bézier curve against de Casteljau and against its own basis."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import BPoly

from humouse.bots import Bezier
from humouse.bots.bezier import bezier
from humouse.errors import InputError

GOAL = torch.tensor([800.0, 300.0, 1600.0])
unit = st.floats(-2, 2)


@settings(deadline=None, max_examples=30)
@given(st.tuples(unit, unit, unit, unit))
def test_the_curve_equals_scipys(flat):
    controls = torch.tensor(flat, dtype=torch.float64).reshape(1, 2, 2)
    s = torch.linspace(0, 1, 21, dtype=torch.float64)
    polygon = np.array([[0, 0], *controls[0].tolist(), [1, 0]])
    expected = BPoly(polygon[:, None], [0, 1])(s.numpy())
    np.testing.assert_allclose(bezier(s[None], controls)[0].numpy(), expected, atol=1e-12)


def controls_of(made, speed):
    """Return [n, 4, 2] the control polygon fitted to each movement, in the chord's frame."""
    polygons = []
    share = np.concatenate([[0], made.times_ms()[0, 1:].numpy() / float(made.duration_ms[0])])
    s = speed(share)[:, None]
    basis = np.concatenate([(1 - s) ** 3, 3 * s * (1 - s) ** 2, 3 * s**2 * (1 - s), s**3], 1)
    for points, start in zip(made.positions_px().numpy(), made.start.numpy(), strict=True):
        polygon, *_ = np.linalg.lstsq(basis, points - start, rcond=None)
        assert np.abs(basis @ polygon - (points - start)).max() <= 0.75  # rounding, no more
        x, y = GOAL[:2].tolist()
        polygons.append(polygon @ np.array([[x, -y], [y, x]]) / (x * x + y * y))
    return np.array(polygons)


@pytest.mark.parametrize(
    ("name", "speed"),
    [("constant", lambda t: t), ("bell", lambda t: t**3 * (10 - 15 * t + 6 * t**2))],
)
def test_a_movement_is_a_cubic_with_its_control_points_where_they_belong(people, name, speed):
    bot = Bezier(people, speed=name, bow=0.3, tick_ms=8.0)
    polygon = controls_of(bot.sample(200, cond=GOAL, seed=0), speed)
    np.testing.assert_allclose(polygon[:, 0], 0, atol=0.02)
    np.testing.assert_allclose(polygon[:, 3, 0], 1, atol=0.02)
    assert 0.08 <= polygon[:, 1, 0].min() < 0.15
    assert 0.45 < polygon[:, 1, 0].max() <= 0.52 <= polygon[:, 2, 0].max() + 0.05
    assert 0.85 < polygon[:, 2, 0].max() <= 0.92
    beside = np.abs(polygon[:, 1:3, 1])
    assert 0.27 < beside.max() <= 0.31
    assert beside.mean() == pytest.approx(0.15, abs=0.02)


@pytest.mark.parametrize(("side", "share"), [("one", 1.0), ("both", 0.0), ("either", 0.5)])
def test_the_control_points_lie_on_the_sides_of_the_setting(people, side, share):
    bot = Bezier(people, side=side, speed="constant", tick_ms=8.0)
    beside = controls_of(bot.sample(200, cond=GOAL, seed=0), lambda t: t)[:, 1:3, 1]
    clear = np.abs(beside).min(1) > 0.02
    same = (beside[clear, 0] * beside[clear, 1] > 0).mean()
    assert same == pytest.approx(share, abs=0.12 if side == "either" else 0)
    assert (beside[clear, 0] > 0).mean() == pytest.approx(0.5, abs=0.12)


def test_without_bow_it_is_a_line(people):
    made = Bezier(people, bow=0.0).sample(50, seed=0)
    net, place = made.net_px[:, None], made.positions_px() - made.start[:, None]
    off_px = (net[..., 0] * place[..., 1] - net[..., 1] * place[..., 0]).abs() / net.norm(dim=-1)
    assert off_px.max() <= 0.5**0.5 + 1e-3


def test_jitter_moves_all_points_but_the_ends(people):
    plain, jittered = (
        Bezier(people, jitter_px=jitter_px).sample(300, seed=0) for jitter_px in (0.0, 3.0)
    )
    shift = jittered.positions_px() - plain.positions_px()
    inner = shift[:, 1:-1][plain.mask[:, 1:]]
    assert inner.std() == pytest.approx((9 + 2 / 12) ** 0.5, rel=0.05)
    assert torch.equal(jittered.net_px, plain.net_px)
    assert (shift[:, 0] == 0).all()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [({"side": "left"}, "side='left'"), ({"bow": -1.0}, "bow=-1"), ({"jitter_px": np.nan}, "nan")],
)
def test_bad_settings_are_named(people, arguments, complaint):
    with pytest.raises(InputError, match=complaint):
        Bezier(people, **arguments)
