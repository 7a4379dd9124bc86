from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from humouse.diffusion.decoder.mixture import MoveHead, MoveMixture, companded

NORMALS = 6
POINTS = [-2, -1, 0, 1, 2]
PARTS = NORMALS + len(POINTS) + 1
POINTER = PARTS - 1
WIDE_PX = torch.arange(-4000.0, 4001.0)
REMAINING = st.sampled_from([0.0, 1.0, -2.0, 3.0, -41.0, 900.0])
SEEDS = st.integers(0, 10_000)
property_test = settings(deadline=None, max_examples=30)


def mixture(seed, remaining_px=0.0, *, nonzero=False, log_scale=(-3.0, -1.0)):
    """One random mixture whose normals lie within 30 px."""
    g = torch.Generator().manual_seed(seed)
    low, high = log_scale
    return MoveMixture(
        mean=torch.rand(1, NORMALS, generator=g) * 8 - 4,
        log_scale=torch.rand(1, NORMALS, generator=g) * (high - low) + low,
        log_weight=torch.randn(1, PARTS, generator=g).log_softmax(1),
        remaining_px=torch.tensor([remaining_px]),
        nonzero=torch.tensor([nonzero]),
    )


def weighted(weights, remaining_px=77.0, *, nonzero=False):
    """A mixture of the parts that have a logarithm of a weight here, and no others."""
    log_weight = torch.full((1, PARTS), -1e9)
    for part, weight in weights.items():
        log_weight[0, part] = weight
    one = mixture(0, remaining_px, nonzero=nonzero)
    zeros = torch.zeros(1, NORMALS)
    return replace(one, mean=zeros, log_scale=zeros, log_weight=log_weight)


def repeated(one, n):
    return MoveMixture(*(part.repeat_interleave(n, 0) for part in vars(one).values()))


def probability(one, px):
    return repeated(one, len(px)).log_prob(px).double().exp()


@pytest.mark.parametrize("nonzero", [False, True])
@property_test
@given(SEEDS, REMAINING)
def test_probabilities_sum_to_one(nonzero, seed, remaining_px):
    one = mixture(seed, remaining_px, nonzero=nonzero)
    assert probability(one, WIDE_PX).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("remaining_px", [0.0, 5.0])
def test_a_zero_that_cannot_be_is_impossible(remaining_px):
    assert probability(mixture(3, remaining_px, nonzero=True), torch.zeros(1)).item() < 1e-12


@property_test
@given(SEEDS, REMAINING)
def test_without_zero_all_else_is_as_likely_as_it_was(seed, remaining_px):
    others = torch.tensor([-30.0, -2, -1, 1, 2, 7, 900])
    free = probability(mixture(seed, remaining_px), others)
    none = probability(mixture(seed, remaining_px, nonzero=True), others)
    zero = probability(mixture(seed, remaining_px), torch.zeros(1))
    np.testing.assert_allclose(none, free / (1 - zero), rtol=1e-3)


def slow_probability(one, px):
    """The definition, in double precision, one part after another."""
    weight = np.exp(one.log_weight[0].double().numpy())
    total = np.zeros(len(px))
    for k in range(NORMALS):
        cdf = norm(one.mean[0, k].item(), np.exp(one.log_scale[0, k].item())).cdf
        total += weight[k] * (cdf(np.arcsinh(2 * px + 1)) - cdf(np.arcsinh(2 * px - 1)))
    for k, point in enumerate(POINTS):
        total += weight[NORMALS + k] * (px == point)
    total += weight[POINTER] * (px == one.remaining_px.item())
    if one.nonzero.item():
        total /= 1 - slow_probability(replace(one, nonzero=~one.nonzero), np.zeros(1))
    return total


@pytest.mark.parametrize("nonzero", [False, True])
@property_test
@given(SEEDS, REMAINING)
def test_agrees_with_the_definition(nonzero, seed, remaining_px):
    one = mixture(seed, remaining_px, nonzero=nonzero, log_scale=(-4.0, 1.0))
    px = torch.cat([torch.arange(-60.0, 0), torch.arange(1.0, 60), torch.tensor([900.0])])
    expected = slow_probability(one, px.double().numpy())
    np.testing.assert_allclose(probability(one, px).numpy(), expected, rtol=2e-3, atol=1e-9)


@pytest.mark.parametrize("log_scale", [-6.0, 3.0])
@pytest.mark.parametrize("mean", [-9.0, 0.0, 9.0])
@pytest.mark.parametrize("nonzero", [False, True])
def test_extremes_stay_finite(log_scale, mean, nonzero):
    px = torch.tensor([1.0, -1, 2, -3, 48, -500, 5000, -20000])
    n = len(px)
    parts = [
        torch.full((n, NORMALS), mean),
        torch.full((n, NORMALS), log_scale),
        torch.linspace(-30, 5, PARTS).expand(n, -1).log_softmax(1),
    ]
    parts = [part.requires_grad_() for part in parts]
    log_prob = MoveMixture(*parts, torch.zeros(n), torch.full((n,), nonzero)).log_prob(px)
    gradients = torch.autograd.grad(log_prob.sum(), parts)
    assert log_prob.isfinite().all()
    assert (log_prob <= 1e-5).all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[0].abs().sum() > 0


def drawn(one, side=500):
    grid = (torch.arange(side) + 0.5) / side
    share = torch.cartesian_prod(grid, grid)
    return repeated(one, len(share)).draw(share)


@pytest.mark.parametrize("nonzero", [False, True])
@pytest.mark.parametrize(
    ("seed", "remaining_px"),
    [pytest.param(0, 0.0, marks=pytest.mark.slow), (1, 1.0), (2, -41.0)],
)
def test_draws_are_as_frequent_as_the_probabilities_say(seed, remaining_px, nonzero):
    one = mixture(seed, remaining_px, nonzero=nonzero)
    px = drawn(one)
    assert torch.equal(px, px.round())
    assert not nonzero or (px != 0).all()
    numbers, counts = px.unique(return_counts=True)
    frequencies = counts.double() / len(px)
    difference = (frequencies - probability(one, numbers)).abs()
    # The grid says each part's weight to 1/500, and a thousandth of each tail is cut off.
    assert difference.max() < 0.01
    assert difference.sum() < 0.05


def test_a_normal_makes_no_leap_from_the_last_thousandth_of_its_tail():
    share = torch.tensor([[0.0, 0.0], [0.0, 1 - 2**-24], [0.0, 1e-3], [0.0, 0.5]])
    found = repeated(weighted({0: 0.0}), 4).draw(share).tolist()
    farthest = np.round(np.sinh(norm.isf(1e-3)) / 2)
    assert found == [-farthest, farthest, -farthest, 0]


@pytest.mark.parametrize("scale", [0.5, 0.95, 1.0])
def test_narrowed_normals_are_as_much_narrower(scale):
    one = weighted({0: 0.0})
    inner = torch.linspace(0.02, 0.98, 41, dtype=torch.float64)
    share = torch.stack([torch.zeros(41), inner], 1)
    found = repeated(one.narrowed(scale), 41).draw(share)
    expected = np.sinh(scale * norm.ppf(inner.numpy())) / 2
    assert (np.abs(found.numpy() - expected) < 0.501).all()


def test_parts_far_less_likely_than_the_likeliest_are_not_drawn_from():
    one = weighted({NORMALS + k: np.log(w) for k, w in enumerate([0.5, 0.3, 0.15, 0.04, 0.01])})
    grid = (torch.arange(200) + 0.5) / 200
    share = torch.stack([grid, grid], 1)
    found = repeated(one, 200).draw(share, least_part=0.1)
    assert found.unique().tolist() == [-2, -1, 0]
    assert (found == 0).double().mean() == pytest.approx(0.15 / 0.95, abs=0.01)
    assert repeated(one, 200).draw(share).unique().tolist() == POINTS


def test_a_mixture_of_nearly_all_zeros_still_draws_both_signs_without_zero():
    one = replace(weighted({0: 0.0}, nonzero=True), log_scale=torch.full((1, NORMALS), -4.0))
    px = drawn(one, side=20)
    assert px.unique().tolist() == [-1, 1]
    assert (px == 1).double().mean() == pytest.approx(0.5)


@pytest.mark.parametrize("remaining_px", [0.0, -2.0, 333.0, -7000.0])
def test_the_remainder_is_made_when_its_weight_says_so(remaining_px):
    pointer = weighted({POINTER: 0.0}, remaining_px)
    assert drawn(pointer, side=5).unique().tolist() == [remaining_px]
    one = torch.tensor([remaining_px])
    assert probability(pointer, one).item() == pytest.approx(1)
    assert probability(pointer, one + 1).item() < 1e-12


@pytest.mark.parametrize("point", POINTS)
def test_small_moves_are_made_when_their_weight_says_so(point):
    one = weighted({NORMALS + POINTS.index(point): 0.0})
    assert drawn(one, side=5).unique().tolist() == [point]


def test_the_remainder_is_never_a_forbidden_zero():
    # Next to the remainder, only the normals have any weight.
    one = weighted({POINTER: 0.0, 0: -8.0}, 0.0, nonzero=True)
    assert (drawn(one, side=50) != 0).all()


def test_the_last_draws_of_a_share_stay_finite():
    edge = torch.tensor([[0.0, 0.0], [1 - 2**-24, 1 - 2**-24], [0.0, 1 - 2**-24]])
    for nonzero in (False, True):
        one = mixture(5, nonzero=nonzero, log_scale=(3.0, 3.0))
        assert repeated(one, 3).draw(edge).isfinite().all()


def head(features=5, guesses=3):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return MoveHead(features, guesses)


def test_a_new_head_listens_to_the_first_guess_only():
    g = torch.Generator().manual_seed(1)
    guesses = (torch.rand(4, 3, generator=g) * 200 - 100).round()
    features = torch.randn(4, 5, generator=g)
    facts = torch.zeros(4), torch.zeros(4, dtype=torch.bool)
    first = head()(features, guesses, *facts)
    other = head()(features * 3, torch.cat([guesses[:, :1], -guesses[:, 1:]], 1), *facts)
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
    facts = torch.zeros(2), torch.tensor([False, True])
    made = it(torch.full((2, 5), 30.0), guesses, *facts)
    torch.testing.assert_close(made.log_weight.exp().sum(1), torch.ones(2))
    assert made.log_scale.min() >= -6
    assert made.log_scale.max() <= 3
    assert made.log_prob(torch.tensor([12.0, -3.0])).isfinite().all()
