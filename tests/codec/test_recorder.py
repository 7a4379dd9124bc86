"""Smooth movements on a device's clock: what it reports, what it leaves out, where they end."""

import numpy as np
import pytest
import torch

from humouse.codec import CanonicalCodec, condition_vector
from humouse.codec.frame import conditions_of
from humouse.codec.priors.polling import PollingClocks
from humouse.codec.recorder import recorded
from humouse.data.prepared import load_split
from humouse.errors import InputError
from humouse.trajectories import Trajectories

SIXTY_HZ = PollingClocks(np.array([[17.0], [1000 / 60], [1000 / 60]]))


def straight(n, *, steps=200, duration_ms=600.0, path_px=300.0):
    """Return n straight movements of constant speed in small equal steps."""
    step = torch.tensor([path_px / steps, 0.0, duration_ms / steps])
    return Trajectories(
        step.expand(n, steps, 3).clone(), torch.full((n,), steps), torch.zeros(n, 2), None, "smooth"
    )


def told(n, on_tick):
    cond = condition_vector(
        goal_dx_px=300, goal_dy_px=0, duration_ms=600, path_px=300, complexity=1, tick_ms=17,
        on_tick_share=on_tick, axis_move_share=1, small_move_share=0,
    )  # fmt: skip
    return cond.expand(n, -1)


def test_reports_come_at_whole_periods_of_the_clock():
    out = recorded(straight(3), told(3, 1.0), SIXTY_HZ, seed=0)
    assert out.lengths.tolist() == [36, 36, 36]
    assert set(out.deltas[..., 2].unique().tolist()) == {16.0, 17.0}
    assert out.duration_ms.tolist() == [600.0] * 3
    assert out.net_px.tolist() == [[300.0, 0.0]] * 3
    assert torch.equal(out.deltas, out.deltas.round())


def test_some_reports_are_left_out():
    out = recorded(straight(400), told(400, 0.8), SIXTY_HZ, seed=0)
    on_tick = (out.deltas[..., 2] < 20)[out.mask].double().mean()
    assert on_tick == pytest.approx(0.8, abs=0.02)
    assert out.duration_ms.tolist() == [600.0] * 400


def test_a_report_of_the_same_pixel_is_no_event():
    out = recorded(straight(1, path_px=9.0), told(1, 1.0), SIXTY_HZ, seed=0)
    assert out.deltas[..., 0][out.mask].tolist() == [1.0] * 9


def test_movements_from_a_number_on_are_those_of_all():
    many = recorded(straight(5), told(5, 0.7), SIXTY_HZ, seed=3)
    few = recorded(straight(2), told(2, 0.7), SIXTY_HZ, seed=3, first=3).trimmed()
    assert torch.equal(few.deltas, many[3:].trimmed().deltas)


def test_a_row_does_not_depend_on_the_others():
    many = recorded(straight(5), told(5, 0.7), SIXTY_HZ, seed=3)
    few = recorded(straight(2), told(2, 0.7), SIXTY_HZ, seed=3)
    for row in range(2):
        n = int(few.lengths[row])
        assert torch.equal(many.deltas[row, :n], few.deltas[row, :n])


@pytest.fixture(scope="module")
def synthetic_people(many_gestures):
    return load_split(many_gestures / "train")


def test_people_keep_their_clock_through_the_frame(synthetic_people):
    codec = CanonicalCodec(modes=64).fit(synthetic_people)
    x0, frame = codec.encode(synthetic_people)
    back = CanonicalCodec(modes=64).fit(synthetic_people)
    back.load(codec.state_dict())
    out = back.recorded(codec.decode(x0, frame), frame, seed=0)
    tick = conditions_of(out)[:, 5], conditions_of(synthetic_people)[:, 5]
    # A slow hand stays on its pixel for a period of a quick clock.
    assert ((tick[0] - tick[1]).abs() <= 1).double().mean() > 0.75
    # It ends with its last move: standing still on a pixel is no event.
    assert (out.duration_ms - synthetic_people.duration_ms).max() <= 1
    assert (out.net_px - synthetic_people.net_px).abs().max() <= 1


def test_a_model_without_clocks_says_so(synthetic_people):
    codec = CanonicalCodec().fit(synthetic_people)
    codec.load({**codec.state_dict(), "clocks": None})
    x0, frame = codec.encode(synthetic_people)
    with pytest.raises(InputError, match=r"recorded=true: .* train it anew"):
        codec.recorded(codec.decode(x0, frame), frame, seed=0)
