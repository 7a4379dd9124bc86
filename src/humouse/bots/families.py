"""Families of bots and their variants: negatives of detectors; a family is held out as a whole.

Each family has recorded as well as constant clocks, and several ways to move, so that neither a clock
nor a single feature identifies it. Exact replay is in none of them, since its gestures are recordings.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from humouse.bots.bezier import Bezier
from humouse.bots.bot import Bot
from humouse.bots.curve import Curve
from humouse.bots.line import Line
from humouse.bots.minimum_jerk import MinimumJerk
from humouse.bots.noise import Noise
from humouse.bots.perturbed_replay import PerturbedReplay
from humouse.bots.pid import Pid
from humouse.bots.sigma_lognormal import SigmaLognormal
from humouse.bots.spline import Spline
from humouse.bots.wind import Wind
from humouse.errors import InputError, nearest
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class Variant:
    """A bot with its settings.

    Args:
        name: No two variants share it.
        bot: The mover.
        settings: Its keyword arguments.
    """

    name: str
    bot: type[Bot]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The family that it is held out with."""
        return self.bot.family

    def make(self, people: Trajectories) -> Bot:
        """Return the bot, made from recorded people.

        Raises:
            InputError: See the bot.
        """
        return self.bot(people, **self.settings)


_VARIANTS = (
    Variant("line_constant", Line, {"speed": "constant", "tick_ms": 10.0}),
    Variant("line_accelerating", Line, {"speed": "accelerating"}),
    Variant("line_bell", Line, {"speed": "bell"}),
    Variant("quadratic_constant", Curve, {"shape": "quadratic", "speed": "constant"}),
    Variant(
        "quadratic_accelerating",
        Curve,
        {"shape": "quadratic", "speed": "accelerating", "tick_ms": 8.0},
    ),
    Variant("quadratic_bell", Curve, {"shape": "quadratic", "speed": "bell"}),
    Variant("exponential_constant", Curve, {"shape": "exponential", "speed": "constant"}),
    Variant("exponential_accelerating", Curve, {"shape": "exponential", "speed": "accelerating"}),
    Variant("exponential_bell", Curve, {"shape": "exponential", "speed": "bell", "tick_ms": 16.0}),
    Variant("bezier_either", Bezier, {"side": "either"}),
    Variant("bezier_arc_constant", Bezier, {"side": "one", "speed": "constant", "tick_ms": 10.0}),
    Variant("bezier_s_jitter", Bezier, {"side": "both", "bow": 0.25, "jitter_px": 0.7}),
    Variant(
        "bezier_arc_decelerating",
        Bezier,
        {"side": "one", "speed": "decelerating", "bow": 0.2, "jitter_px": 1.5, "tick_ms": 8.0},
    ),
    Variant("bezier_flat_constant", Bezier, {"speed": "constant", "bow": 0.1}),
    Variant("spline_three", Spline, {"waypoints": 3}),
    Variant("spline_one_constant", Spline, {"waypoints": 1, "bow": 0.3, "speed": "constant"}),
    Variant("spline_two", Spline, {"waypoints": 2, "bow": 0.2, "tick_ms": 8.0}),
    Variant(
        "spline_five_constant",
        Spline,
        {"waypoints": 5, "bow": 0.08, "speed": "constant", "tick_ms": 16.0},
    ),
    Variant(
        "spline_four_decelerating",
        Spline,
        {"waypoints": 4, "bow": 0.05, "speed": "decelerating"},
    ),
    Variant("minimum_jerk_via_point", MinimumJerk, {"plan": "via_point"}),
    Variant(
        "minimum_jerk_via_point_near",
        MinimumJerk,
        {"plan": "via_point", "bow": 0.07, "tick_ms": 8.0},
    ),
    Variant("minimum_jerk_correction", MinimumJerk, {"plan": "correction", "bow": 0.08}),
    Variant(
        "minimum_jerk_correction_ticks",
        MinimumJerk,
        {"plan": "correction", "bow": 0.15, "tick_ms": 16.0},
    ),
    Variant("pid_goal", Pid, {"target": "goal"}),
    Variant("pid_moving", Pid, {"target": "moving", "noise": 1.0}),
    Variant("pid_goal_exact", Pid, {"noise": 0.0, "delay": 0.0, "tick_ms": 10.0}),
    Variant("pid_goal_late", Pid, {"noise": 0.5, "delay": 0.045, "tick_ms": 16.0}),
    Variant("pid_moving_late", Pid, {"target": "moving", "noise": 0.4, "delay": 0.045}),
    Variant("wind_usual", Wind),
    Variant("wind_strong", Wind, {"gravity": 0.5, "wind": 0.5}),
    Variant("wind_ticks", Wind, {"tick_ms": 10.0}),
    Variant("wind_slowing", Wind, {"wind": 0.4, "near": 8.0}),
    Variant("wind_calm", Wind, {"gravity": 0.3, "wind": 0.1, "tick_ms": 16.0}),
    Variant("sigma_lognormal_two", SigmaLognormal, {"corrections": 2}),
    Variant("sigma_lognormal_one", SigmaLognormal, {"corrections": 1, "noise": 0.1}),
    Variant(
        "sigma_lognormal_smooth",
        SigmaLognormal,
        {"corrections": 1, "tremor_px": 0.0, "noise": 0.0, "tick_ms": 8.0},
    ),
    Variant(
        "sigma_lognormal_shaky",
        SigmaLognormal,
        {"corrections": 3, "tremor_px": 1.5, "noise": 0.15, "tick_ms": 16.0},
    ),
    Variant("noise_pink", Noise, {"colour": 1.0, "size": 0.01}),
    Variant("noise_brown", Noise, {"colour": 2.0, "size": 0.04}),
    Variant("noise_brown_constant", Noise, {"colour": 2.0, "speed": "constant", "tick_ms": 8.0}),
    Variant("noise_smooth", Noise, {"colour": 4.0, "size": 0.1, "tick_ms": 16.0}),
    Variant("noise_white", Noise, {"colour": 0.0, "size": 0.003}),
    Variant("replay_changed", PerturbedReplay),
    Variant("replay_turned", PerturbedReplay, {"turn_deg": 90.0, "stretch": 0.0, "warp": 0.0}),
    Variant("replay_warped", PerturbedReplay, {"turn_deg": 0.0, "scale": 0.0, "warp": 0.6}),
    Variant("replay_scaled", PerturbedReplay, {"turn_deg": 3.0, "scale": 0.3, "stretch": 0.2}),
    Variant(
        "replay_jitter",
        PerturbedReplay,
        {"turn_deg": 0.0, "scale": 0.02, "stretch": 0.02, "warp": 0.1, "jitter_px": 1.0},
    ),
)

FAMILIES: dict[str, tuple[Variant, ...]] = {
    family: tuple(one for one in _VARIANTS if one.family == family)
    for family in dict.fromkeys(one.family for one in _VARIANTS)
}
"""The variants of every family, by its name."""


def family(name: str) -> tuple[Variant, ...]:
    """Return the variants of the family of that name.

    Raises:
        InputError: There is none.
    """
    if name not in FAMILIES:
        raise InputError(f"no family of bots {name!r}; {nearest(name, list(FAMILIES))}")
    return FAMILIES[name]


def variant(name: str) -> Variant:
    """Return the variant of that name, of whatever family.

    Raises:
        InputError: There is none.
    """
    known = {one.name: one for one in _VARIANTS}
    if name not in known:
        raise InputError(f"no variant of a bot {name!r}; {nearest(name, list(known))}")
    return known[name]
