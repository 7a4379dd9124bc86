"""The families, their variants and how they are looked up."""

import pytest

from humouse.bots import BOTS, Replay
from humouse.bots.families import FAMILIES, family, variant
from humouse.errors import InputError


def test_every_bot_but_exact_replay_is_in_the_family_it_names():
    bots = {one.bot for variants in FAMILIES.values() for one in variants}
    assert bots == set(BOTS.values()) - {Replay}
    assert all(one.family == name for name, variants in FAMILIES.items() for one in variants)
    assert list(FAMILIES) == [
        "function",
        "bezier",
        "spline",
        "minimum_jerk",
        "pid",
        "wind",
        "sigma_lognormal",
        "noise",
        "replay",
    ]


def test_variants_differ_in_name_and_in_kind():
    every = [one for variants in FAMILIES.values() for one in variants]
    assert len({one.name for one in every}) == len(every)
    kinds = [(one.bot, tuple(sorted(one.settings.items()))) for one in every]
    assert len(set(kinds)) == len(every)
    assert all(3 <= len(variants) <= 9 for variants in FAMILIES.values())


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "replay"])
def test_each_family_has_human_and_naive_clocks(name):
    ticks = {one.settings.get("tick_ms") for one in family(name)}
    assert None in ticks
    assert len(ticks) >= 2
    assert all(5 <= tick_ms <= 20 for tick_ms in ticks if tick_ms is not None)


def test_the_nine_functions():
    names = {one.name for one in family("function")}
    assert names == {
        f"{shape}_{speed}"
        for shape in ("line", "quadratic", "exponential")
        for speed in ("constant", "accelerating", "bell")
    }


def test_a_variant_makes_its_bot(people):
    bot = variant("pid_moving").make(people)
    assert isinstance(bot, BOTS["pid"])
    assert len(bot.sample(3, seed=0)) == 3


def test_misspelt_names_get_a_hint():
    with pytest.raises(InputError, match=r"no family of bots 'splines'; did you mean spline\?"):
        family("splines")
    with pytest.raises(
        InputError, match=r"no variant of a bot 'wind_usal'; did you mean wind_usual\?"
    ):
        variant("wind_usal")
