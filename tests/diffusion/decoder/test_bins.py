import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.diffusion.decoder.bins import Bins
from humouse.diffusion.decoder.network import CLOCK_BINS, MOVE_BINS

MOST = 900
SIZES = st.builds(
    lambda exact, growth: (Bins(exact=exact, growth=growth, most=MOST), exact),
    st.integers(0, 60),
    st.floats(1.0, 2.0),
)
property_test = settings(deadline=None, max_examples=40)


def everything(most=MOST):
    return torch.arange(most + 1).float()


def widths(bins, most=MOST):
    """How many of the numbers 0 … most each index holds."""
    return bins.of(everything(most)).bincount(minlength=len(bins))


@property_test
@given(SIZES)
def test_bins_follow_the_numbers_without_a_gap(sized):
    bins, exact = sized
    of = bins.of(everything())
    assert of[0] == 0
    assert of[-1] == len(bins) - 1
    assert set(of.diff().tolist()) <= {0, 1}
    assert torch.equal(of[: exact + 1], torch.arange(exact + 1))


@property_test
@given(SIZES)
def test_groups_do_not_get_smaller(sized):
    # The last group may reach past `most`; rounding may cost one number.
    inner = widths(sized[0])[:-1]
    assert (inner[1:] >= inner[:-1] - 1).all()


@property_test
@given(SIZES, st.floats(0, 1, exclude_max=True, width=32))
def test_draws_stay_in_their_bin(sized, share):
    bins, exact = sized
    numbers = everything()
    drawn = bins.draw(bins.of(numbers), torch.full_like(numbers, share))
    assert torch.equal(drawn, drawn.round())
    inside = drawn <= MOST
    assert torch.equal(bins.of(drawn[inside]), bins.of(numbers)[inside])
    assert torch.equal(drawn[: exact + 1], numbers[: exact + 1])


@pytest.mark.parametrize("bins", [CLOCK_BINS, MOVE_BINS])
def test_draws_are_uniform_within_a_bin(bins):
    group = len(bins) // 2 + 20
    most = 3500
    members = everything(most)[bins.of(everything(most)) == group]
    assert 2 < len(members) < most
    each = 12
    shares = (torch.arange(each * len(members)) + 0.5) / (each * len(members))
    drawn = bins.draw(torch.full(shares.shape, group), shares)
    numbers, counts = drawn.unique(return_counts=True)
    assert torch.equal(numbers, members)
    assert (counts == each).all()


@property_test
@given(SIZES)
def test_signed_bins_mirror_and_rise(sized):
    bins, _ = sized
    middle = len(bins) - 1
    numbers = torch.arange(-MOST, MOST + 1).float()
    signed = bins.of_signed(numbers)
    assert torch.equal(signed - middle, middle - signed.flip(0))
    assert set(signed.diff().tolist()) <= {0, 1}
    assert bins.of_signed(torch.tensor([-0.0, 0.0])).tolist() == [middle, middle]
    assert (int(signed.min()), int(signed.max())) == (0, 2 * middle)


def test_numbers_outside_get_the_outermost_bins():
    bins = Bins(exact=4, growth=1.5, most=20)
    assert bins.of(torch.tensor([-1e6, -7.0, -1.0])).tolist() == [0, 0, 0]
    assert bins.of(torch.tensor([1e3, 1e6])).tolist() == [len(bins) - 1] * 2
    assert bins.of_signed(torch.tensor([-1e6, 1e6])).tolist() == [0, 2 * (len(bins) - 1)]


@pytest.mark.parametrize(("bins", "most"), [(CLOCK_BINS, 2**15), (MOVE_BINS, 4000)])
def test_no_draw_is_above_the_most(bins, most):
    highest = torch.tensor([1 - 2**-24])
    assert bins.draw(torch.tensor([len(bins) - 1]), highest) <= most
