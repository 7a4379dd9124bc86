"""Composed bots: the same for the same arguments, on whole px and ms, and what each part does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import Float

from humouse.bots.composed import PARTS, compose
from humouse.bots.composed.compose import BLOCK
from humouse.bots.composed.durations import LONGEST_MS, SHORTEST_MS
from humouse.errors import InputError
from humouse.features import feature_table
from humouse.trajectories import Trajectories

MANY = 2 * BLOCK


def same(one: Trajectories, other: Trajectories) -> bool:
    one, other = one.trimmed(), other.trimmed()
    return (
        torch.equal(one.deltas, other.deltas)
        and torch.equal(one.lengths, other.lengths)
        and torch.equal(one.start, other.start)
        and bool((one.user == other.user).all())
    )


def but(*parts: str) -> set[str]:
    """Return all parts but these: only they are drawn."""
    return set(PARTS) - set(parts)


def points(made: Trajectories, row: int) -> tuple[Float[np.ndarray, "P 2"], Float[np.ndarray, "P"]]:
    """Return positions from the start (px) and times (ms) of one movement."""
    length = int(made.lengths[row]) + 1
    place = made.positions_px()[row, :length] - made.start[row]
    return place.double().numpy(), made.times_ms()[row, :length].double().numpy()


def beside_px(made: Trajectories) -> Float[np.ndarray, "B"]:
    """Return [B] the largest distance from the chord."""
    goal = made.net_px[:, None].double()
    place = made.positions_px().double() - made.start[:, None]
    cross = place[..., 0] * goal[..., 1] - place[..., 1] * goal[..., 0]
    return (cross.abs().amax(1) / goal[:, 0].norm(dim=1)).numpy()


@pytest.fixture(scope="module")
def whole(people) -> Trajectories:
    return compose(people, MANY, seed=3)


def test_the_arguments_decide_the_movements(whole, people):
    assert same(whole, compose(people, MANY, seed=3))
    assert not same(whole, compose(people, MANY, seed=4))


@settings(deadline=None, max_examples=5)
@given(n=st.integers(1, MANY - 1), seed=st.just(3))
def test_the_first_do_not_depend_on_how_many(n, seed, whole, people):
    assert same(compose(people, n, seed=seed), whole[:n])


@settings(deadline=None, max_examples=8)
@given(seed=st.integers(0, 2**40), without=st.sets(st.sampled_from(PARTS)))
def test_movements_go_to_a_person_s_goal_on_whole_px_and_ms(seed, without, people):
    made = compose(people, 100, seed=seed, without=without)
    steps = made.deltas[made.mask]
    assert torch.equal(steps, steps.round())
    assert (steps[:, 2] >= 1).all()
    assert steps[:, :2].ne(0).any(1).all()
    assert (made.lengths >= 1).all()
    assert made.origin == "composed"
    ends = torch.cat([people.start, people.net_px], 1).tolist()
    recorded = {(user, *end) for user, end in zip(people.user, ends, strict=True)}
    ends = torch.cat([made.start, made.net_px], 1).tolist()
    assert {(user, *end) for user, end in zip(made.user, ends, strict=True)} <= recorded


def test_no_recording_is_taken_again_before_all_were(people):
    usable = people[(people.net_px.norm(dim=1) >= 3).nonzero()[:, 0]]
    made = compose(people, len(usable), seed=0)
    assert sorted(made.net_px.tolist()) == sorted(usable.net_px.tolist())


@pytest.mark.parametrize("part", PARTS)
def test_a_part_left_out_changes_movements_not_their_ends(part, whole, people):
    plain = compose(people, MANY, seed=3, without=[part])
    assert not same(plain, whole)
    assert torch.equal(plain.net_px, whole.net_px)
    assert torch.equal(plain.start, whole.start)


def test_all_parts_left_out_is_a_straight_line_at_minimum_jerk_in_the_person_s_time(people):
    made = compose(people, 150, seed=0, without=PARTS)
    assert beside_px(made).max() < 1
    starts = {tuple(start): row for row, start in enumerate(people.start.tolist())}
    rows = [starts[tuple(start)] for start in made.start.tolist()]
    asked = people.duration_ms[rows].clamp(SHORTEST_MS, LONGEST_MS)
    # Where the end is slow, the last pixel is reached earlier.
    assert (made.duration_ms <= asked).all()
    for row in range(len(made)):
        place, t_ms = points(made, row)
        u = t_ms / float(asked[row])
        expected = (u**3 * (10 - 15 * u + 6 * u * u))[:, None] * place[-1]
        # Half a pixel of rounding, and what moves in half a millisecond.
        fastest = 1.875 * np.abs(place[-1]).max() / float(asked[row])
        assert np.abs(place - expected).max() <= 0.5 + 0.51 * fastest


def test_without_paths_and_what_else_bends_lines_are_straight(people):
    straight = compose(people, MANY, seed=1, without=["paths", "corrections", "noise"])
    cut_px = np.sqrt(2)  # pixels are cut off as well as rounded
    assert beside_px(straight).max() < cut_px
    bent = compose(people, MANY, seed=1, without=["corrections", "noise"])
    assert (beside_px(bent) > 3 * cut_px).mean() > 0.5


@pytest.mark.slow
def test_without_speeds_all_paths_are_run_at_minimum_jerk(people):
    made = compose(people, MANY, seed=1, without=but("paths"))
    smooth = (made.net_px.norm(dim=1) > 150) & (made.path_px < 1.5 * made.net_px.norm(dim=1))
    half = []  # the share of the time at which half of the way is done
    for row in smooth.nonzero()[:, 0].tolist():
        place, t_ms = points(made, row)
        way = np.hypot(*np.diff(place[::4], axis=0).T).cumsum()
        half.append(np.interp(way[-1] / 2, way, t_ms[::4][1:]) / t_ms[-1])
    assert len(half) > 100
    assert np.abs(np.array(half) - 0.5).max() < 0.06


def test_without_durations_all_take_the_person_s_time(people):
    lean = but("durations")
    drawn = compose(people, MANY, seed=1, without=lean).duration_ms
    persons = compose(people, MANY, seed=1, without=PARTS).duration_ms
    same_time = (drawn == persons).float().mean()
    assert 0.3 < same_time < 0.5
    assert drawn.std() > persons.std()


def test_corrections_add_submovements_past_the_main_one(people):
    plain = compose(people, MANY, seed=1, without=PARTS)
    corrected = compose(people, MANY, seed=1, without=but("corrections"))
    later = corrected.duration_ms > plain.duration_ms + 30
    assert 0.3 < later.float().mean() < 0.5
    goal = corrected.net_px.norm(dim=1, keepdim=True)
    along = ((corrected.positions_px() - corrected.start[:, None]) * corrected.net_px[:, None]).sum(
        2
    )
    overshoot = (along / goal).amax(1) - goal[:, 0] > 2
    assert overshoot[later].float().mean() > 0.25
    assert not overshoot[~later].any()


def test_noise_shakes_a_straight_line(people):
    made = compose(people, MANY, seed=1, without=but("noise"))
    shaken = beside_px(made)
    assert 0.1 < (shaken < 1).mean() < 0.6  # none for a quarter, little for some
    assert (shaken > 2).mean() > 0.2
    assert shaken.max() < 60


def test_pauses_are_stops_of_up_to_180_ms(people):
    plain = compose(people, MANY, seed=1, without=PARTS)
    paused = compose(people, MANY, seed=1, without=but("pauses"))
    longer = paused.duration_ms - plain.duration_ms
    assert torch.equal(paused.path_px, plain.path_px)
    assert longer.min() >= 0
    assert 29 <= longer[longer > 0].min() <= longer.max() <= 181
    assert 0.08 < (longer > 0).float().mean() < 0.2  # a pause past the last pixel does not show


def test_without_emission_points_come_every_1_to_4_ms(people):
    fast = compose(people, MANY, seed=1, without=PARTS)
    mixed = compose(people, MANY, seed=1, without=but("emission"))
    for made, low, high in ((fast, 1, 5), (mixed, 1, 30)):
        middle = made.deltas[..., 2].masked_fill(~made.mask, torch.nan).nanmedian(1).values
        assert low <= middle.min()
        assert middle.quantile(0.9) <= high
    assert mixed.lengths.float().mean() < fast.lengths.float().mean()


def test_delivery_puts_points_on_frames(people):
    sent = compose(people, MANY, seed=1, without=["delivery"])
    delivered = compose(people, MANY, seed=1)

    def on_frames(made: Trajectories) -> float:
        """Return the share of steps of one or two frames of 60 Hz, to a millisecond."""
        dt = made.deltas[made.mask][:, 2]
        return float(((dt - 16.5).abs() <= 0.5).float().mean())

    assert on_frames(delivered) > 5 * on_frames(sent)
    assert delivered.lengths.float().mean() < sent.lengths.float().mean()
    framed = delivered.lengths != sent.lengths
    assert 0.4 < framed.float().mean() < 0.8
    late = delivered.duration_ms - sent.duration_ms
    assert late[framed].max() <= 1000 / 30 + 1


def test_features_can_be_computed_of_every_movement(whole):
    table = feature_table(whole)
    assert len(table) == MANY
    assert np.isfinite(table.values).any(0).all()


def test_fractions_are_made_whole_and_people_without_names_stay_so(people):
    shifted = Trajectories(
        people.deltas * 1.37, people.lengths, people.start + 0.3, None, "off the grid"
    )
    made = compose(shifted, 50, seed=0)
    assert torch.equal(made.deltas, made.deltas.round())
    assert torch.equal(made.start, made.start.round())
    assert made.user is None


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n": 0}, "n=0: ask for at least 1"),
        ({"seed": -1}, "seed=-1: must be at least 0"),
        ({"without": ["path"]}, "without=path: no such part; did you mean paths"),
    ],
)
def test_bad_arguments_are_named(arguments, complaint, people):
    with pytest.raises(InputError, match=complaint):
        compose(people, **{"n": 4, "seed": 0, **arguments})


def test_people_who_go_nowhere_are_an_error(people):
    with pytest.raises(InputError, match=r"made up.*none of 2 movements ends 3 px"):
        compose(people[198:], 4, seed=0)
