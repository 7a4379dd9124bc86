"""What every bot promises."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from humouse.bots import BOTS, Replay, ScriptedBot
from humouse.bots.families import FAMILIES, Variant
from humouse.bots.random_streams import BLOCK
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.trajectories import Trajectories, concatenate

VARIANTS = {one.name: one for variants in FAMILIES.values() for one in variants}
# Every bot as it comes, and every variant.
CASES = {name: Variant(name, bot) for name, bot in BOTS.items()} | VARIANTS
SCRIPTED = [name for name, bot in BOTS.items() if issubclass(bot, ScriptedBot)]
SCRIPTED_CASES = [name for name, case in CASES.items() if issubclass(case.bot, ScriptedBot)]
# Every bot as it comes, quickly; of the variants one of each family.
_ONE_OF_EACH = {variants[0].name for variants in FAMILIES.values()}
_VARIANTS = [
    one if one in _ONE_OF_EACH else pytest.param(one, marks=pytest.mark.slow) for one in VARIANTS
]
_CASES = [one if one in BOTS else pytest.param(one, marks=pytest.mark.slow) for one in CASES]
_SCRIPTED_CASES = [
    one if one in BOTS else pytest.param(one, marks=pytest.mark.slow) for one in SCRIPTED_CASES
]
CLOCKS = [None, 8.0]
NAN = float("nan")


def same(one: Trajectories, other: Trajectories) -> bool:
    one, other = one.trimmed(), other.trimmed()
    parts = (one.deltas, other.deltas), (one.lengths, other.lengths), (one.start, other.start)
    return all(torch.equal(*pair) for pair in parts)


def whole(values: torch.Tensor) -> bool:
    return torch.equal(values, values.round())


@pytest.mark.parametrize("name", _CASES)
def test_movements_are_whole_pixels_and_milliseconds(name, people):
    made = CASES[name].make(people).sample(50, seed=0)
    assert len(made) == 50
    assert made.origin == CASES[name].bot.name
    assert made.deltas.isfinite().all()
    assert whole(made.deltas)
    assert whole(made.start)
    assert made.deltas.shape[1] == made.lengths.max()


@pytest.mark.parametrize("name", _CASES)
def test_only_the_seed_matters_not_the_global_generators(name, people):
    bot = CASES[name].make(people)
    before = torch.get_rng_state()
    first = bot.sample(40, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(1)
    assert same(first, CASES[name].make(people).sample(40, seed=3))
    assert not same(first, bot.sample(40, seed=4))


@pytest.mark.parametrize("name", BOTS)
@pytest.mark.parametrize(
    ("few", "many"),
    [
        (65, BLOCK + 1),
        pytest.param(1, 2, marks=pytest.mark.slow),
        pytest.param(BLOCK, BLOCK + 70, marks=pytest.mark.slow),
    ],
)
def test_a_movement_does_not_depend_on_n(name, people, few, many):
    bot = BOTS[name](people)
    assert same(bot.sample(few, seed=7), bot.sample(many, seed=7)[:few])


@pytest.mark.parametrize("name", _VARIANTS)
def test_a_variants_movement_does_not_depend_on_n(name, people):
    bot = VARIANTS[name].make(people)
    assert same(bot.sample(37, seed=7), bot.sample(BLOCK + 1, seed=7)[:37])


@pytest.mark.parametrize("name", _CASES)
def test_source_indices_name_the_recordings_behind_the_targets(name, people):
    bot = CASES[name].make(people)
    made, sources = bot.sample(230, seed=3), bot.source_indices(230, seed=3)
    assert torch.equal(made.start, people.start[sources])
    if issubclass(CASES[name].bot, ScriptedBot):
        assert torch.equal(made.net_px, people.net_px[sources])


@pytest.mark.parametrize("name", _SCRIPTED_CASES)
def test_a_movement_does_not_depend_on_the_others_conditions(name, people):
    bot = CASES[name].make(people)
    cond = torch.tensor([[90.0, 40.0, 700.0, NAN]]).repeat(30, 1)
    other = cond.clone()
    other[20:, 2] = 9000
    one, two = (bot.sample(30, cond=c, seed=1) for c in (cond, other))
    assert two.deltas.shape[1] > one.deltas.shape[1]
    assert same(one[:20], two[:20])


@pytest.mark.parametrize("name", SCRIPTED)
def test_goal_duration_start_and_clock_come_from_one_recording(name, people):
    made = BOTS[name](people).sample(195, seed=0)
    assert made.user is None
    recorded = {
        (*start, *net, *dt[:length])
        for start, net, dt, length in zip(
            people.start.tolist(),
            people.net_px.tolist(),
            people.deltas[..., 2].tolist(),
            people.lengths.tolist(),
            strict=True,
        )
    }
    followed = [
        (*start, *net, *dt[:length])
        for start, net, dt, length in zip(
            made.start.tolist(),
            made.net_px.tolist(),
            made.deltas[..., 2].tolist(),
            made.lengths.tolist(),
            strict=True,
        )
    ]
    assert set(followed) <= recorded
    assert len(set(followed)) == 195  # the usable ones, each once
    assert BOTS[name](people).sample(196, seed=0).net_px[195].tolist() == list(followed[0][2:4])


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("tick_ms", [8.0, 16.7])
def test_the_naive_clock_ticks(name, people, tick_ms):
    bot = BOTS[name](people, tick_ms=tick_ms)
    made = bot.sample(60, seed=0)
    steps = torch.arange(1, made.deltas.shape[1] + 1)
    expected = (tick_ms * steps).round()
    for times, length in zip(made.times_ms()[:, 1:], made.lengths, strict=True):
        assert torch.equal(times[:length], expected[:length])
    human = BOTS[name](people).sample(60, seed=0)
    late = (made.duration_ms - human.duration_ms).abs()
    assert late.max() <= tick_ms / 2 + 1


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("tick_ms", [None, pytest.param(8.0, marks=pytest.mark.slow)])
@settings(deadline=None, max_examples=8)
@given(
    goal=st.tuples(st.integers(-2000, 2000), st.integers(-2000, 2000)),
    duration_ms=st.integers(1, 4000),
    seq_len=st.none() | st.integers(1, 90),
)
def test_conditions_are_obeyed(name, tick_ms, people, goal, duration_ms, seq_len):
    cond = torch.tensor([*goal, duration_ms], dtype=torch.float32)
    made = BOTS[name](people, tick_ms=tick_ms).sample(9, seq_len=seq_len, cond=cond, seed=2)
    assert torch.equal(made.net_px, cond[:2].expand(9, 2))
    if seq_len is not None:
        assert (made.lengths == seq_len).all()
    if tick_ms is None or seq_len is not None:
        assert (made.duration_ms == duration_ms).all()
    else:
        assert (made.duration_ms == 8 * max(1, round(duration_ms / 8))).all()
    assert whole(made.deltas)


@pytest.mark.parametrize("name", _VARIANTS)
def test_variants_obey_or_refuse(name, people):
    bot = VARIANTS[name].make(people)
    for asked in ({"seq_len": 30}, {"cond": torch.tensor([300.0, 400.0, 600.0])}):
        if isinstance(bot, ScriptedBot):
            made = bot.sample(20, seed=1, **asked)
            assert (made.lengths == 30).all() or (made.net_px == torch.tensor([300, 400])).all()
        else:
            with pytest.raises(InputError, match="keeps to its recordings"):
                bot.sample(20, seed=1, **asked)


@pytest.mark.parametrize("name", _SCRIPTED_CASES)
def test_a_path_strays_within_reason(name, people):
    cond = torch.tensor([600.0, -800.0, 700.0])
    made = CASES[name].make(people).sample(1000, seq_len=60, cond=cond, seed=1)
    assert made.path_px.max() <= 5 * 1000
    assert made.path_px.median() <= 2 * 1000
    assert (made.positions_px() - made.start[:, None]).norm(dim=-1).max() <= 2 * 1000
    # No leap: no step is ten times as fast as the straight line at constant speed.
    timed = made.deltas[..., 2] >= 8
    speed = made.deltas[..., :2].norm(dim=-1) / made.deltas[..., 2]
    assert speed[timed].max() <= 10 * 1000 / 700


@pytest.mark.parametrize("name", SCRIPTED)
def test_what_is_not_given_stays_as_drawn(name, people):
    bot = BOTS[name](people)
    free = bot.sample(30, seed=5)
    assert same(free, bot.sample(30, cond=torch.full((30, 4), NAN), seed=5))
    cond = torch.full((30, 4), NAN)
    cond[::2, :2] = torch.tensor([300.0, -20.0])
    made = bot.sample(30, cond=cond, seed=5)
    assert same(free[1::2], made[1::2])
    assert torch.equal(free.deltas[..., 2], made.deltas[..., 2])
    assert torch.equal(made.net_px[::2], cond[::2, :2])
    cond = torch.full((30, 3), NAN)
    cond[::2, 2] = 333
    made = bot.sample(30, cond=cond, seed=5)
    assert same(free[1::2], made[1::2])
    assert (made.duration_ms[::2] == 333).all()
    assert torch.equal(made.net_px, free.net_px)


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_path_length_scales_the_goal(name, people):
    bot = BOTS[name](people)
    free = bot.sample(20, seed=5)
    whose = {
        tuple(net): float(path)
        for net, path in zip(people.net_px.tolist(), people.path_px, strict=True)
    }
    recorded = torch.tensor([whose[tuple(net)] for net in free.net_px.tolist()])
    cond = torch.full((20, 4), NAN)
    cond[:, 3] = 2 * recorded
    made = bot.sample(20, cond=cond, seed=5)
    assert (made.net_px - 2 * free.net_px).abs().max() <= 0.5
    cond[:, :2] = 100  # a goal leaves nothing to scale
    assert (bot.sample(20, cond=cond, seed=5).net_px == 100).all()


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_given_length_keeps_the_recorded_clock(name, people):
    one = people[:1]
    bot = BOTS[name](one)
    length = int(one.lengths[0])
    recorded = one.deltas[0, :length, 2]
    for seq_len in (1, 7, 3 * length + 2):
        made = bot.sample(4, seq_len=seq_len, seed=0)
        assert made.lengths.tolist() == [seq_len] * 4
        expected = recorded.repeat(seq_len // length + 1)[:seq_len]
        assert torch.equal(made.deltas[..., 2], expected.expand(4, seq_len))
        assert torch.equal(made.net_px, one.net_px.expand(4, 2))


@pytest.mark.parametrize("name", SCRIPTED)
def test_a_duration_cuts_or_continues_the_recorded_clock(name, people):
    one = people[:1]
    total, length = float(one.duration_ms), int(one.lengths[0])
    times = one.times_ms()[0, 1 : length + 1]
    bot = BOTS[name](one)
    cut = bot.sample(1, cond=torch.tensor([NAN, NAN, total / 2 + 1]), seed=0)
    assert torch.equal(cut.times_ms()[0, 1:-1], times[: int(cut.lengths) - 1])
    more = bot.sample(1, cond=torch.tensor([NAN, NAN, total + 50]), seed=0)
    assert torch.equal(more.times_ms()[0, 1 : length + 1], times)
    assert more.duration_ms == total + 50


@pytest.mark.parametrize("name", SCRIPTED)
def test_people_off_the_grid_are_put_on_it(name, people):
    shifted = Trajectories(
        people.deltas * 1.37, people.lengths, people.start + 0.3, None, "off the grid"
    )
    made = BOTS[name](shifted).sample(100, seed=0)
    assert whole(made.deltas)
    assert whole(made.start)


@pytest.mark.parametrize("name", BOTS)
def test_a_few_people_serve_many_movements(name, people):
    made = BOTS[name](people[:3]).sample(BLOCK + 5, seed=0)
    assert len({tuple(start) for start in made.start.tolist()}) == 3


@pytest.mark.parametrize("name", BOTS)
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"n": 0}, "n=0"),
        ({"n": -3}, "n=-3"),
        ({"seed": -1}, "seed=-1"),
        ({"seq_len": 0}, "seq_len=0"),
        ({"seq_len": MOST_STEPS + 1}, f"1…{MOST_STEPS}"),
        ({"cond": torch.zeros(5)}, "5 conditions"),
        ({"cond": torch.zeros(0)}, "0 conditions"),
        ({"cond": torch.zeros(3, 2)}, "3 rows for n=4"),
        ({"cond": torch.tensor([1.0, torch.inf])}, "infinite"),
        ({"cond": torch.tensor([1.0, NAN])}, "half a goal"),
        ({"cond": torch.tensor([1.0, 1.0, 0.0])}, "duration_ms 0"),
        ({"cond": torch.tensor([NAN, NAN, NAN, -2.0])}, "path_px -2"),
    ],
)
def test_bad_requests_are_named(name, arguments, complaint, people):
    with pytest.raises(InputError, match=complaint):
        BOTS[name](people).sample(**{"n": 4, "seed": 0, **arguments})


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("tick_ms", CLOCKS)
def test_a_duration_in_the_wrong_unit_is_an_error_not_a_full_memory(name, tick_ms, people):
    with pytest.raises(InputError, match=r"duration_ms 1e\+09"):
        BOTS[name](people, tick_ms=tick_ms).sample(2, cond=torch.tensor([10.0, 10.0, 1e9]), seed=0)


@pytest.mark.parametrize("name", SCRIPTED)
@pytest.mark.parametrize("tick_ms", [0.0, -8.0, NAN, float("inf")])
def test_a_clock_that_does_not_tick_is_named(name, tick_ms, people):
    with pytest.raises(InputError, match=f"tick_ms={tick_ms:g}"):
        BOTS[name](people, tick_ms=tick_ms)


BAD_SETTINGS = {
    "line": [{"speed": "warp"}],
    "curve": [{"speed": "warp"}, {"shape": "cubic"}, {"bow": -0.1}],
    "bezier": [{"speed": "warp"}, {"side": "left"}, {"bow": -1.0}, {"jitter_px": NAN}],
    "spline": [{"speed": "warp"}, {"waypoints": 0}, {"waypoints": 9}, {"bow": NAN}],
    "minimum_jerk": [{"plan": "none"}, {"bow": -1.0}],
    "pid": [{"target": "cat"}, {"noise": -1.0}, {"delay": 0.2}, {"delay": NAN}],
    "wind": [{"gravity": -1.0}, {"wind": NAN}, {"near": -0.5}],
    "sigma_lognormal": [{"corrections": 5}, {"corrections": -1}, {"tremor_px": -1.0}],
    "noise": [{"speed": "warp"}, {"colour": -1.0}, {"size": NAN}],
    "perturbed_replay": [{"turn_deg": -1.0}, {"scale": NAN}, {"stretch": -0.1}, {"warp": 1.0}],
}


@pytest.mark.parametrize(
    ("name", "setting", "value"),
    [(name, *pair) for name, bad in BAD_SETTINGS.items() for one in bad for pair in one.items()],
)
def test_bad_settings_are_named(name, setting, value, people):
    shown = f"{value:g}" if isinstance(value, float) else repr(value)
    with pytest.raises(InputError, match=f"^{setting}={shown}: "):
        BOTS[name](people, **{setting: value})


def test_no_bot_goes_without_bad_settings():
    assert set(BAD_SETTINGS) == set(BOTS) - {Replay.name}


@pytest.mark.parametrize("name", BOTS)
def test_no_recordings_is_an_error(name, people):
    with pytest.raises(InputError, match="made up"):
        BOTS[name](people[:0])


@pytest.mark.parametrize("name", SCRIPTED)
def test_recordings_without_displacement_are_an_error(name, people):
    with pytest.raises(InputError, match="none of 5 movements"):
        BOTS[name](people[195:])
    assert len(BOTS[name](concatenate([people[195:], people[:1]])).sample(3, seed=0)) == 3


def test_movers_have_a_name_and_a_family():
    assert all(bot.name == name and bot.family for name, bot in BOTS.items())


@pytest.mark.parametrize("name", BOTS)
def test_order_is_shuffled(name, people):
    made = BOTS[name](people[:50]).sample(50, seed=0)
    assert not np.array_equal(made.start.numpy(), people.start[:50].numpy())
