import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from humouse.codec.clock import LONGEST_MS, ClockScale

FEW = settings(deadline=None, max_examples=40)
# A 60 Hz clock: 16 and 17 ms, now and then a late step and an early one.
SIXTY_HZ = torch.tensor([16.0, 17.0, 17.0] * 300 + [16.0, 30.0, 4.0] * 10)


@FEW
@given(
    st.lists(st.integers(1, 500), min_size=1, max_size=50),
    st.lists(st.integers(1, LONGEST_MS), min_size=1, max_size=50),
)
def test_every_whole_millisecond_comes_back(seen, asked):
    scale = ClockScale.fit(torch.tensor(seen, dtype=torch.float32))
    dt_ms = torch.tensor(asked, dtype=torch.float32)
    assert torch.equal(scale.decode(scale.encode(dt_ms)), dt_ms)


def test_all_milliseconds_come_back_through_float32_standardising():
    scale = ClockScale.fit(SIXTY_HZ)
    dt_ms = torch.arange(1.0, LONGEST_MS + 1)
    code = scale.encode(dt_ms)
    mean, std = code.mean(), code.std()
    assert torch.equal(scale.decode((code - mean) / std * std + mean), dt_ms)


def test_codes_are_normal_scores_of_the_train_split():
    scale = ClockScale.fit(SIXTY_HZ)
    below = float((SIXTY_HZ < 17).float().mean())
    at = float((SIXTY_HZ == 17).float().mean())
    # The share that all values get moves the score a little.
    expected = norm.ppf(below + at / 2)
    assert abs(float(scale.encode(torch.tensor([17.0]))) - expected) < 0.02


def test_neighbours_on_the_clock_are_far_apart():
    scale = ClockScale.fit(SIXTY_HZ)
    sixteen, seventeen, forty, forty_one = scale.encode(torch.tensor([16.0, 17, 40, 41])).tolist()
    assert seventeen - sixteen > 0.8
    assert 0 < forty_one - forty < 0.1


def test_any_score_is_a_time_step():
    scale = ClockScale.fit(SIXTY_HZ)
    decoded = scale.decode(torch.tensor([-50.0, 0.0, 50.0, float("inf")]))
    assert decoded.min() >= 1
    assert decoded.max() <= LONGEST_MS
