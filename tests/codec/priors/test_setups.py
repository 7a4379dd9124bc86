import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.codec import CONDITIONS, EmpiricalPrior, EventCodec, LearnedPrior, SetupPrior
from humouse.codec.frame import Frame
from humouse.codec.style import STYLE_SHARES
from humouse.errors import InputError
from humouse.trajectories import Trajectories

TICK = CONDITIONS.index("tick_ms")


def people(names, clocks_ms, seed=0):
    """Forty gestures of each person, each person's device with a clock of its own."""
    g = np.random.default_rng(seed)
    steps, lengths, user = [], [], []
    for name, clock_ms in zip(names, clocks_ms, strict=True):
        for _ in range(40):
            n = int(g.integers(4, 12))
            moves = g.integers(1, 20, (n, 2))
            steps.append(np.column_stack([moves, np.full(n, clock_ms)]))
            lengths.append(n)
            user.append(name)
    flat = np.concatenate(steps).astype(np.float32)
    start = g.integers(0, 500, (len(user), 2)).astype(np.float32)
    return Trajectories.from_steps(flat, np.array(lengths), start, np.array(user), "t")


@pytest.fixture(scope="module")
def codec():
    names = [*(f"near/{i}" for i in range(10)), *(f"far/{i}" for i in range(3))]
    train = people(names, [8] * 5 + [17] * 5 + [10] * 3)
    return EventCodec(sequence_length=16).fit(train)


def test_set_ups_are_drawn_as_often_as_they_were(codec):
    assert codec.prior.names == ["far", "near"]
    _, _, conditions = codec.prior.draw(3000, seed=1)
    assert float((conditions[:, TICK] == 10).float().mean()) == pytest.approx(3 / 13, abs=0.03)


def test_a_row_depends_only_on_its_index_whatever_its_set_up(codec):
    few, many = codec.draw_frames(7, seed=3), codec.draw_frames(90, seed=3)
    assert torch.equal(few.conditions, many.conditions[:7])
    assert torch.equal(few.style, many.style[:7])
    assert torch.equal(few.start, many.start[:7])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 60), st.integers(1, 30))
@pytest.mark.parametrize("learned", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_frames_from_a_number_on_are_those_of_all(codec, learned, first, n):
    prior = codec.prior.learned() if learned else codec.prior
    codec = codec._with_prior(prior)
    some, every = codec.draw_frames(n, seed=3, first=first), codec.draw_frames(90, seed=3)
    for name in ("lengths", "start", "conditions", "style"):
        assert torch.equal(getattr(some, name), getattr(every, name)[first : first + n])


def test_one_set_up_alone(codec):
    frame = codec.in_setup("far").draw_frames(200, seed=0)
    assert (frame.conditions[:, TICK] == 10).all()
    with pytest.raises(InputError, match="setup=moon: the model knows far, near; choose one"):
        codec.in_setup("moon")
    alone = EventCodec(sequence_length=16).fit(people(list("abc"), [8, 8, 8]))
    with pytest.raises(InputError, match="on one set-up alone; leave it out"):
        alone.in_setup("far")


def test_the_style_goes_with_the_conditions(codec):
    """A movement on the clock of 8 ms gets the style of the people who have that clock."""
    frame = codec.in_setup("near").draw_frames(400, seed=0)
    of_dt = frame.style[:, :39].square()
    for clock_ms in (8, 17):
        mine = frame.conditions[:, TICK] == clock_ms
        assert of_dt[mine, clock_ms - 1].mean() > 0.98
        assert of_dt[~mine, clock_ms - 1].mean() < 0.02


def test_what_is_given_holds_in_every_set_up(codec):
    given = torch.full((50, 3), torch.nan)
    given[:, 2] = 120.0
    _, _, conditions = codec.prior.draw(50, seed=0, given=given)
    assert (conditions[:, 2] == 120).all()


@pytest.mark.parametrize("learned", [False, True])
def test_the_state_makes_it_again(codec, learned):
    prior = codec.prior.learned() if learned else codec.prior
    again = SetupPrior.from_state(prior.state(), "SetupPrior")
    for one, other in zip(prior.draw(20, seed=2), again.draw(20, seed=2), strict=True):
        assert torch.equal(one, other)
    kind = LearnedPrior if learned else EmpiricalPrior
    assert all(isinstance(one.conditions, kind) for one in again.setups)


def test_a_prior_knows_who_made_each_movement(codec):
    for one in codec.prior.setups:
        again = EmpiricalPrior.from_state(one.conditions.state())
        assert len(again.person.unique()) == {"near": 10, "far": 3}[one.name]


def test_published_styles_are_pooled_from_five_people_at_least(codec):
    learned = codec.prior.learned()
    by_name = {one.name: one for one in learned.setups}
    assert by_name["near"].styles is not None
    assert by_name["far"].styles is None  # three people
    styles = learned.styles(codec.draw_frames(60, seed=0).conditions, seed=0)
    assert styles.shape == (60, STYLE_SHARES)
    assert 0 < int(styles.any(1).sum()) < 60


def test_a_prior_of_an_earlier_version_is_one_set_up(codec):
    rows = codec.prior.setups[0].conditions
    prior = SetupPrior.from_state(rows.state(), "EmpiricalPrior")
    for one, other in zip(prior.draw(9, seed=5), rows.draw(9, seed=5), strict=True):
        assert torch.equal(one, other)
    assert prior.styles(torch.zeros(9, len(CONDITIONS)), seed=0) is None
    with pytest.raises(ValueError, match="publish the model again"):
        SetupPrior.from_state({}, "CopulaPrior")


def test_another_set_up(codec):
    strangers = people([f"{i}" for i in range(5)], [25] * 5, seed=4)
    frame = codec.in_style_of(strangers).draw_frames(100, seed=0)
    assert (frame.conditions[:, TICK] == 25).all()
    # All time steps of 24 to 27 ms share a class, the 24th.
    assert (frame.style[:, 23] == 1).all()


def test_frames_can_be_chosen_among_with_their_styles(codec):
    frame = codec.draw_frames(6, seed=0)
    assert torch.equal(frame[2:4].style, frame.style[2:4])
    bare = Frame.of_conditions(frame.lengths, frame.start, frame.conditions)
    assert bare[1:3].style is None
