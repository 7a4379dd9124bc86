"""The prior of what movements are: draws, conditional draws, and what it must not keep."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from humouse.codec import CONDITIONS
from humouse.codec.priors.attributes import Attributes
from humouse.codec.priors.autoregression import Autoregression
from humouse.codec.priors.columns import ColumnTransform
from humouse.codec.priors.learned import LearnedPrior
from humouse.codec.priors.polling import PollingClocks

NAN = float("nan")


def people(n: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Lengths, starts and conditions of movements at 60 Hz or at 125 Hz, on a screen."""
    noise = np.random.default_rng(seed)
    lengths = noise.integers(10, 60, n)
    tick = np.where(noise.random(n) < 0.7, 17.0, 8.0)
    period = np.where(tick == 17, 50 / 3, 8.0)
    late = noise.geometric(0.5, n) - 1
    duration = np.round((lengths + late) * period)
    start = noise.integers(200, 900, (n, 2))
    goal = noise.normal(0, 20 * np.sqrt(lengths)[:, None], (n, 2)).round()
    complexity = 1 + noise.exponential(0.2, n) + 1e-3
    path = complexity * np.hypot(*goal.T).clip(1)
    shares = noise.binomial(lengths, [[0.8], [0.3], [0.1]]).T / lengths[:, None]
    conditions = np.column_stack([goal, duration, path, complexity, tick, shares])
    return (
        torch.from_numpy(lengths),
        torch.from_numpy(start).float(),
        torch.from_numpy(conditions).float(),
    )


@pytest.fixture(scope="module")
def prior() -> LearnedPrior:
    return LearnedPrior.fit(*people(6000))


def asked(n: int, **values: float) -> Tensor:
    row = torch.full((n, len(CONDITIONS)), NAN)
    for name, value in values.items():
        row[:, CONDITIONS.index(name)] = value
    return row


def column(conditions: Tensor, name: str) -> Tensor:
    return conditions[:, CONDITIONS.index(name)]


def test_draws_have_the_marginals_and_the_ties_of_the_movements_fitted(prior: LearnedPrior) -> None:
    lengths, start, conditions = prior.draw(3000, seed=1)
    seen_lengths, seen_start, seen = people(3000, seed=5)
    drawn_all = torch.cat([lengths[:, None], start, conditions], 1).double()
    seen_all = torch.cat([seen_lengths[:, None], seen_start, seen], 1).double()
    levels = torch.linspace(0.05, 0.95, 19).double()
    apart = drawn_all.quantile(levels, 0) - seen_all.quantile(levels, 0)
    apart = apart.abs() / seen_all.std(0)
    tick = 3 + CONDITIONS.index("tick_ms")  # one of two: a share says more than quantiles
    assert apart[:, torch.arange(12) != tick].max() < 0.2
    ticks = [float((table[:, tick] == 17).double().mean()) for table in (drawn_all, seen_all)]
    assert ticks[0] == pytest.approx(ticks[1], abs=0.03)
    # The scores' correlations, not only the marginals, are those seen.
    ranks = [table.double().argsort(0).argsort(0).T for table in (drawn_all, seen_all)]
    drawn_ties, seen_ties = (torch.corrcoef(rank.double()) for rank in ranks)
    assert (drawn_ties - seen_ties).abs().max() < 0.1


def test_constraints_hold_of_every_draw(prior: LearnedPrior) -> None:
    lengths, start, conditions = prior.draw(1000, seed=2)
    goal, path = conditions[:, :2], column(conditions, "path_px")
    chord = goal.norm(dim=1).clamp(min=1)
    assert (path >= chord * (1 - 1e-6)).all()
    assert torch.allclose(column(conditions, "complexity"), path / chord, rtol=1e-5)
    assert (column(conditions, "duration_ms") >= lengths).all()
    assert set(column(conditions, "tick_ms").tolist()) == {8.0, 17.0}
    for whole in (start, goal, column(conditions, "duration_ms")):
        assert torch.equal(whole, whole.round())
    counts = conditions[:, 6:] * lengths[:, None]
    assert ((counts - counts.round()).abs() < 1e-3).all()
    assert ((conditions[:, 6:] >= 0) & (conditions[:, 6:] <= 1)).all()


@settings(deadline=None, max_examples=25)
@given(
    wanted=st.dictionaries(st.sampled_from(CONDITIONS), st.floats(1, 1e4, width=32)),
    seq_len=st.none() | st.integers(1, 500),
    seed=st.integers(0, 2**31),
)
def test_given_values_are_returned_and_all_others_are_finite(
    prior: LearnedPrior, wanted: dict[str, float], seq_len: int | None, seed: int
) -> None:
    given_rows = asked(4, **wanted)
    lengths, start, conditions = prior.draw(4, seed=seed, seq_len=seq_len, given=given_rows)
    known = ~given_rows.isnan()
    assert torch.equal(conditions[known], given_rows[known])
    assert conditions.isfinite().all()
    assert start.isfinite().all()
    assert (lengths >= 1).all()
    assert seq_len is None or (lengths == seq_len).all()


def test_a_row_depends_only_on_its_index_and_what_is_given_of_it(prior: LearnedPrior) -> None:
    many = asked(600, duration_ms=500)
    many[::2] = NAN
    many[7, :2] = torch.tensor([300.0, -20.0])
    whole = prior.draw(600, seed=3, given=many)
    for n in (1, 8, 530):
        some = prior.draw(n, seed=3, given=many[:n])
        for part, of in zip(some, whole, strict=True):
            assert torch.equal(part, of[:n])
    other = many.clone()
    other[0] = asked(1, path_px=900)[0]
    changed = prior.draw(600, seed=3, given=other)
    assert torch.equal(changed[2][1:], whole[2][1:])
    assert not torch.equal(prior.draw(600, seed=4)[0], prior.draw(600, seed=3)[0])


def test_some_columns_or_none_can_be_given(prior: LearnedPrior) -> None:
    short = prior.draw(5, seed=1, given=torch.tensor([[50.0, 60.0]] * 5))
    full = prior.draw(5, seed=1, given=asked(5, goal_dx_px=50, goal_dy_px=60))
    assert torch.equal(short[2], full[2])
    nothing = prior.draw(5, seed=1, given=asked(5))
    assert torch.equal(nothing[2], prior.draw(5, seed=1)[2])
    assert [len(part) for part in prior.draw(0, seed=1)] == [0, 0, 0]


def test_the_rest_is_conditional_on_what_is_given(prior: LearnedPrior) -> None:
    seen_lengths, _, seen = people(40_000, seed=9)
    duration = column(seen, "duration_ms")
    for wanted in (250.0, 700.0):
        like = (duration - wanted).abs() < 20
        lengths, _, conditions = prior.draw(800, seed=1, given=asked(800, duration_ms=wanted))
        slow = (column(conditions, "tick_ms") == 17).float().mean()
        assert abs(slow - (column(seen, "tick_ms")[like] == 17).float().mean()) < 0.1
        assert abs(lengths.float().mean() / seen_lengths[like].float().mean() - 1) < 0.1
    lengths, _, conditions = prior.draw(800, seed=1, seq_len=40)
    mean_ms = column(conditions, "duration_ms").mean()
    assert abs(mean_ms / duration[seen_lengths == 40].mean() - 1) < 0.05


def test_a_given_path_scales_the_goal_and_a_given_complexity_the_path(
    prior: LearnedPrior,
) -> None:
    for wanted in ({"path_px": 400.0}, {"path_px": 400.0, "complexity": 1.5}):
        _, _, conditions = prior.draw(500, seed=1, given=asked(500, **wanted))
        chord = conditions[:, :2].norm(dim=1)
        assert (chord <= 400).all()
        assert torch.allclose(column(conditions, "complexity") * chord, torch.tensor(400.0), atol=4)
    goal = {"goal_dx_px": 300.0, "goal_dy_px": 400.0, "complexity": 1.5}
    _, _, conditions = prior.draw(5, seed=1, given=asked(5, **goal))
    assert torch.allclose(column(conditions, "path_px"), torch.tensor(750.0))


def test_ranges_are_rounded_outward_and_hold_most_people(prior: LearnedPrior) -> None:
    lengths, _, conditions = people(3000)
    numbers = {"length": lengths.float()} | {n: column(conditions, n) for n in CONDITIONS}
    for name, seen in numbers.items():
        low, high = prior.ranges[name]
        assert ((seen >= low) & (seen <= high)).float().mean() > 0.997
        for bound in (low, high):
            assert bound == pytest.approx(float(f"{bound:.1e}"))


def test_no_movements_numbers_are_in_the_state() -> None:
    lengths, start, conditions = people(400)
    noise = torch.rand(400, 2, generator=torch.Generator().manual_seed(1))
    start, conditions = start + noise, conditions.clone()
    conditions[:, :2] += noise  # numbers that nothing else has by chance
    own = torch.cat([start, conditions[:, :2], conditions[:, 3:5]], 1).double().flatten()
    state = LearnedPrior.fit(lengths, start, conditions).state()
    kept = torch.cat([numbers.flatten().double() for numbers in tensors_of(state)]).sort().values
    place = torch.searchsorted(kept, own).clamp(1, len(kept) - 1)
    distance = torch.minimum((own - kept[place - 1]).abs(), (own - kept[place]).abs())
    assert (distance > 1e-9).all()


def tensors_of(state: object) -> list[Tensor]:
    if isinstance(state, Tensor):
        return [state]
    if isinstance(state, dict):
        state = list(state.values())
    if isinstance(state, list):
        return [tensor for part in state for tensor in tensors_of(part)]
    assert isinstance(state, int | float)
    return [torch.tensor([state], dtype=torch.float64)]


def test_the_state_makes_an_equal_prior(prior: LearnedPrior, tmp_path: Path) -> None:
    torch.save(prior.state(), tmp_path / "prior.pt")
    again = LearnedPrior.from_state(torch.load(tmp_path / "prior.pt", weights_only=True))
    for part, other in zip(again.draw(50, seed=1), prior.draw(50, seed=1), strict=True):
        assert torch.equal(part, other)
    assert again.ranges == prior.ranges
    assert (tmp_path / "prior.pt").stat().st_size < 1_500_000


def test_columns_give_the_attributes_back_and_straight_lines_are_straight() -> None:
    lengths, start, conditions = people(500)
    complexity, path = CONDITIONS.index("complexity"), CONDITIONS.index("path_px")
    conditions[:100, complexity] = 1
    conditions[:100, path] = conditions[:100, :2].norm(dim=1).clamp(min=1)
    seen = Attributes.of_tensors(lengths, start, conditions)
    clocks = PollingClocks.fit(
        seen.length, seen.duration_ms, seen.tick_ms, on_tick_share=seen.shares[:, 0]
    )
    transform = ColumnTransform(clocks, 30.0, 1.0)
    jitter = Attributes.of_array(np.random.default_rng(0).random((500, 12)) - 0.5)
    columns = transform.columns(seen, jitter, np.zeros(500))
    unknown = Attributes.of_array(np.full((500, 12), np.nan))
    again = transform.attributes(columns, unknown)
    np.testing.assert_allclose(again.array(), seen.array(), rtol=1e-4)
    assert (again.complexity[:100] == 1).all()
    assert (again.complexity[100:] > 1).all()


@pytest.mark.slow
def test_a_persons_habits_stay_together() -> None:
    """Each of eight people has one place, one clock and one way to go, more than chance would leave."""
    n, kinds = 4000, 8
    lengths, start, conditions = people(n)
    person = torch.arange(n) % kinds
    left, slow, straight = (person >> bit & 1 for bit in range(3))
    apart = (left + slow + straight) % 2  # any two of the three say nothing of the fourth
    conditions[:, CONDITIONS.index("axis_move_share")] = left * 0.9
    conditions[:, CONDITIONS.index("small_move_share")] = slow * 0.9
    conditions[:, CONDITIONS.index("on_tick_share")] = straight * 0.9
    start[:, 0] = 300 + 400.0 * apart
    prior = LearnedPrior.fit(lengths, start, conditions, person=person)
    _, drawn_start, drawn = prior.draw(1000, seed=0)
    habits = [column(drawn, name) > 0.45 for name in CONDITIONS[6:]]
    fits = (sum(habit.long() for habit in habits) % 2) == (drawn_start[:, 0] > 500).long()
    assert fits.float().mean() > 0.97


def test_a_prior_that_knew_no_people_must_be_published_again(prior: LearnedPrior) -> None:
    state = prior.state()
    state["joint"]["order"] = state["joint"]["order"][1:]
    with pytest.raises(ValueError, match="earlier version; publish the model again"):
        LearnedPrior.from_state(state)


@pytest.mark.parametrize("n", [1, 2, 20])
def test_a_handful_of_movements_is_enough(n: int) -> None:
    lengths, start, conditions = people(n)
    drawn = LearnedPrior.fit(lengths, start, conditions).draw(20, seed=0)
    assert drawn[2].isfinite().all()


def test_equal_lengths_and_a_clock_without_ticks_are_learned() -> None:
    lengths, start, conditions = people(500)
    lengths = torch.full_like(lengths, 200)
    conditions[:, CONDITIONS.index("tick_ms")] = column(conditions, "duration_ms") / 200
    drawn, _, drawn_conditions = LearnedPrior.fit(lengths, start, conditions).draw(200, seed=0)
    assert (drawn == 200).all()
    off = column(drawn_conditions, "duration_ms").mean() / column(conditions, "duration_ms").mean()
    assert abs(off - 1) < 0.15


def test_bad_rows_are_refused() -> None:
    lengths, start, conditions = people(5)
    with pytest.raises(ValueError, match="needs movements"):
        LearnedPrior.fit(lengths[:0], start[:0], conditions[:0])
    conditions[0, 0] = NAN
    with pytest.raises(ValueError, match="finite"):
        LearnedPrior.fit(lengths, start, conditions)


def gaussian_pair(n: int = 4000, correlation: float = 0.8) -> Autoregression:
    """An autoregression of two correlated normal columns."""
    noise = np.random.default_rng(0)
    covariance = np.array([[1.0, correlation], [correlation, 1.0]])

    def columns() -> np.ndarray:
        return noise.multivariate_normal([0, 0], covariance, n)

    return Autoregression.fit(columns, order=(0, 1), passes=60, seed=0)


def test_the_conditional_of_one_gaussian_is_the_closed_form() -> None:
    uniform = np.random.default_rng(1).random((1, 20_000, 2))
    draws, weight = gaussian_pair().draw(np.array([[1.0, np.nan]]), uniform)
    assert draws[0, :, 1].mean() == pytest.approx(0.8, abs=0.06)
    assert draws[0, :, 1].std() == pytest.approx(0.6, abs=0.05)
    assert (draws[..., 0] == 1.0).all()
    assert weight == pytest.approx(weight[0, 0])  # given before all else: every draw counts alike


def test_what_is_given_later_weighs_the_draws_before_it() -> None:
    """The first column given the second, which is drawn after it: importance sampling knows."""
    uniform = np.random.default_rng(1).random((1, 40_000, 2))
    draws, log_weight = gaussian_pair().draw(np.array([[np.nan, 1.0]]), uniform)
    first, weight = draws[0, :, 0], np.exp(log_weight[0])
    assert abs(first.mean()) < 0.05
    mean = np.average(first, weights=weight)
    assert mean == pytest.approx(0.8, abs=0.06)
    assert np.average((first - mean) ** 2, weights=weight) ** 0.5 == pytest.approx(0.6, abs=0.05)


def test_sharp_edges_are_kept() -> None:
    """Two columns on a circle, which no mixture of few normals holds."""
    noise = np.random.default_rng(0)

    def columns() -> np.ndarray:
        angle = noise.uniform(0, 2 * np.pi, 4000)
        return np.column_stack([np.cos(angle), np.sin(angle)])

    ring = Autoregression.fit(columns, order=(1, 0), passes=80, seed=0)
    draws, _ = ring.draw(np.full((1, 2), np.nan), noise.random((1, 4000, 2)))
    radius = np.hypot(*draws[0].T)
    assert np.quantile(np.abs(radius - 1), 0.9) < 0.1


def test_a_clock_is_found_in_durations() -> None:
    lengths, _, conditions = people(2000)
    numbers = (c.double().numpy() for c in (lengths, conditions[:, 2], conditions[:, 5]))
    clocks = PollingClocks.fit(*numbers, on_tick_share=conditions[:, 6].double().numpy())
    ticks, _, quantum_ms = clocks.table
    assert ticks.tolist() == [8, 17]
    assert quantum_ms == pytest.approx([8, 50 / 3], rel=2e-3)
    assert clocks.index(np.array([3.0, 12.6, 90.0])).tolist() == [0, 1, 1]
