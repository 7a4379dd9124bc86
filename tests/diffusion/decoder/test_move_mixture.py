import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import logistic

from humouse.diffusion.decoder.move_mixture import MoveHead, MoveMixture, companded, drawn_level

LOGISTICS = 6
POINTS = [-2, -1, 0, 1, 2]
PARTS = LOGISTICS + len(POINTS) + 1
POINTER = PARTS - 1
WIDE_PX = torch.arange(-4000.0, 4001.0)
REMAINING = st.sampled_from([0.0, 1.0, -2.0, 3.0, -41.0, 900.0])
SEEDS = st.integers(0, 10_000)
property_test = settings(deadline=None, max_examples=30)


def mixture(seed, log_scale=(-3.0, -1.0)):
    """One random mixture whose logistics lie within 30 px."""
    g = torch.Generator().manual_seed(seed)
    low, high = log_scale
    return MoveMixture(
        mean=torch.rand(1, LOGISTICS, generator=g) * 8 - 4,
        log_scale=torch.rand(1, LOGISTICS, generator=g) * (high - low) + low,
        log_weight=torch.randn(1, PARTS, generator=g).log_softmax(1),
    )


def only(part):
    """A mixture that is nothing but one part."""
    weight = torch.full((1, PARTS), -1e9)
    weight[0, part] = 0
    return MoveMixture(torch.zeros(1, LOGISTICS), torch.zeros(1, LOGISTICS), weight)


def repeated(one, n):
    return MoveMixture(
        *(part.expand(n, -1).contiguous() for part in (one.mean, one.log_scale, one.log_weight))
    )


def without_zero(one, remaining_px):
    return one.excluding(torch.tensor([True]), torch.tensor([remaining_px]))


def probability(one, px, remaining_px, nonzero=False):
    log_prob = repeated(one, len(px)).log_prob(
        px, torch.full_like(px, remaining_px), torch.full(px.shape, nonzero)
    )
    return log_prob.double().exp()


@property_test
@given(SEEDS, REMAINING)
def test_probabilities_sum_to_one(seed, remaining_px):
    assert probability(mixture(seed), WIDE_PX, remaining_px).sum() == pytest.approx(1, abs=1e-4)


@property_test
@given(SEEDS, REMAINING)
def test_without_zero_the_other_moves_sum_to_one(seed, remaining_px):
    excluded = without_zero(mixture(seed), remaining_px)
    others = WIDE_PX[WIDE_PX != 0]
    assert probability(excluded, others, remaining_px, True).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("remaining_px", [0.0, 5.0])
def test_an_excluded_zero_is_impossible(remaining_px):
    excluded = without_zero(mixture(3), remaining_px)
    assert probability(excluded, torch.zeros(1), remaining_px, True).item() < 1e-12


def test_excluding_leaves_other_steps_alone():
    two = repeated(mixture(4), 2)
    excluded = two.excluding(torch.tensor([False, True]), torch.tensor([0.0, 0.0]))
    torch.testing.assert_close(excluded.log_weight[0], two.log_weight[0])
    assert excluded.log_weight[1, LOGISTICS + 2] < -1e6
    assert excluded.log_weight[1, POINTER] < -1e6


def slow_probability(one, px, remaining_px, nonzero):
    """The definition, in double precision, one part after another."""
    low, high = px - 0.5, px + 0.5
    if nonzero:
        low = np.where(px == 1, 0, low)
        high = np.where(px == -1, 0, high)
    weight = np.exp(one.log_weight[0].double().numpy())
    total = np.zeros(len(px))
    for k in range(LOGISTICS):
        cdf = logistic(one.mean[0, k].item(), np.exp(one.log_scale[0, k].item())).cdf
        total += weight[k] * (cdf(np.arcsinh(2 * high)) - cdf(np.arcsinh(2 * low)))
    for k, point in enumerate(POINTS):
        total += weight[LOGISTICS + k] * (px == point)
    return total + weight[POINTER] * (px == remaining_px)


@pytest.mark.parametrize("nonzero", [False, True])
@property_test
@given(SEEDS, REMAINING)
def test_agrees_with_the_definition(nonzero, seed, remaining_px):
    one = mixture(seed, log_scale=(-4.0, 1.0))
    if nonzero:
        one = without_zero(one, remaining_px)
    px = torch.cat([torch.arange(-60.0, 0), torch.arange(1.0, 60), torch.tensor([900.0])])
    expected = slow_probability(one, px.double().numpy(), remaining_px, nonzero)
    found = probability(one, px, remaining_px, nonzero).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize("log_scale", [-6.0, 3.0])
@pytest.mark.parametrize("mean", [-9.0, 0.0, 9.0])
@pytest.mark.parametrize("nonzero", [False, True])
def test_extremes_stay_finite(log_scale, mean, nonzero):
    px = torch.tensor([1.0, -1, 2, -3, 48, -500, 5000, -20000])
    n = len(px)
    parts = [
        torch.full((n, LOGISTICS), mean),
        torch.full((n, LOGISTICS), log_scale),
        torch.linspace(-30, 5, PARTS).expand(n, -1).log_softmax(1),
    ]
    parts = [part.requires_grad_() for part in parts]
    log_prob = MoveMixture(*parts).log_prob(px, torch.zeros(n), torch.full((n,), nonzero))
    gradients = torch.autograd.grad(log_prob.sum(), parts)
    assert log_prob.isfinite().all()
    assert (log_prob <= 1e-5).all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0].abs().sum() > 0


def drawn(one, remaining_px, nonzero, side=500):
    grid = (torch.arange(side) + 0.5) / side
    share = torch.cartesian_prod(grid, grid)
    n = len(share)
    return repeated(one, n).draw(share, torch.full((n,), remaining_px), torch.full((n,), nonzero))


@pytest.mark.parametrize("nonzero", [False, True])
@pytest.mark.parametrize(("seed", "remaining_px"), [(0, 0.0), (1, 1.0), (2, -41.0)])
def test_draws_are_as_frequent_as_the_probabilities_say(seed, remaining_px, nonzero):
    one = mixture(seed)
    if nonzero:
        one = without_zero(one, remaining_px)
    px = drawn(one, remaining_px, nonzero)
    assert torch.equal(px, px.round())
    assert not nonzero or (px != 0).all()
    numbers, counts = px.unique(return_counts=True)
    expected = probability(one, numbers, remaining_px, nonzero)
    frequencies = counts.double() / len(px)
    # The grid says each part's weight to 1/500.
    assert (frequencies - expected).abs().max() < 0.004
    assert (frequencies - expected).abs().sum() < 0.02


@pytest.mark.parametrize("remaining_px", [0.0, -2.0, 333.0, -7000.0])
def test_the_remainder_is_made_when_its_weight_says_so(remaining_px):
    assert drawn(only(POINTER), remaining_px, False, side=5).unique().tolist() == [remaining_px]
    one = torch.tensor([remaining_px])
    assert probability(only(POINTER), one, remaining_px).item() == pytest.approx(1)
    assert probability(only(POINTER), one + 1, remaining_px).item() < 1e-12


@pytest.mark.parametrize("point", POINTS)
def test_small_moves_are_made_when_their_weight_says_so(point):
    one = only(LOGISTICS + POINTS.index(point))
    assert drawn(one, 77.0, False, side=5).unique().tolist() == [point]


def test_the_remainder_is_never_a_forbidden_zero():
    # Next to the remainder, only the logistics have any weight.
    weight = torch.full((1, PARTS), -1e9)
    weight[0, POINTER], weight[0, 0] = 0, -8
    one = MoveMixture(torch.zeros(1, LOGISTICS), torch.zeros(1, LOGISTICS), weight)
    assert (drawn(without_zero(one, 0.0), 0.0, True, side=50) != 0).all()


def test_the_last_draws_of_a_share_stay_finite():
    edge = torch.tensor([[0.0, 0.0], [1 - 2**-24, 1 - 2**-24], [0.0, 1 - 2**-24]])
    px = repeated(mixture(5, log_scale=(3.0, 3.0)), 3).draw(edge, torch.zeros(3))
    assert px.isfinite().all()


def head(features=5, guesses=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MoveHead(features, guesses)


def test_a_new_head_listens_to_the_first_guess_only():
    g = torch.Generator().manual_seed(1)
    guesses = (torch.rand(4, 3, generator=g) * 200 - 100).round()
    features = torch.randn(4, 5, generator=g)
    first = head()(features, guesses)
    other = head()(features * 3, torch.cat([guesses[:, :1], -guesses[:, 1:]], 1))
    torch.testing.assert_close(first.mean, other.mean)
    torch.testing.assert_close(first.log_weight, other.log_weight)
    # All means move alike, and with the last step.
    shift = first.mean - first.mean[:1]
    asked = companded(guesses[:, :1]) - companded(guesses[:1, :1])
    gain = (shift[1:] / asked[1:]).flatten()
    torch.testing.assert_close(gain, gain[:1].expand_as(gain))
    assert 0 < gain[0] <= 1
    middle = first.mean.mean(1)
    assert torch.equal(middle.sign(), guesses[:, 0].sign())


def test_a_head_makes_distributions_whatever_it_reads():
    it = head()
    torch.nn.init.normal_(it.out.weight, std=2.0, generator=torch.Generator().manual_seed(0))
    guesses = torch.tensor([[5000.0, -5000.0, 0.0], [0.0, 0.0, 0.0]])
    made = it(torch.full((2, 5), 30.0), guesses)
    torch.testing.assert_close(made.log_weight.exp().sum(1), torch.ones(2))
    assert made.log_scale.min() >= -6
    assert made.log_scale.max() <= 3
    assert made.log_prob(torch.tensor([12.0, -3.0]), torch.zeros(2)).isfinite().all()


@property_test
@given(SEEDS, st.integers(1, 40))
def test_drawn_levels_are_the_inverse_of_the_distribution(seed, W):
    rng = np.random.default_rng(seed)
    weight = rng.gamma(0.3, size=W) + 1e-9
    share = np.append(rng.random(50), [0, 1 - 2**-24]).astype(np.float32)
    log_weight = torch.tensor(np.log(weight / weight.sum()))
    upto = np.cumsum(np.exp(log_weight.numpy()))
    expected = np.searchsorted(upto, share.astype(float) * upto[-1], side="right")
    found = drawn_level(log_weight.float().double().expand(52, -1), torch.tensor(share))
    assert (np.abs(found.numpy() - expected) <= 1).all()
    assert (found.numpy() == expected).mean() > 0.95


def test_what_has_no_weight_is_never_drawn():
    log_weight = torch.tensor([[-1e9, 0.0, -1e9]]).expand(3, -1)
    assert drawn_level(log_weight, torch.tensor([0.0, 0.5, 1 - 2**-24])).tolist() == [1, 1, 1]
