"""Scripted movers: what automation does with a cursor, as seeded classes that make `Trajectories`.

Each takes its goal, its duration and its clock from recorded gestures, so that neither distances nor
timestamps alone identify it. The path and the speed are the bot's own.
"""

from humouse.bots.bezier import Bezier
from humouse.bots.bot import Bot
from humouse.bots.curve import Curve
from humouse.bots.line import Line
from humouse.bots.minimum_jerk import MinimumJerk
from humouse.bots.noise import Noise
from humouse.bots.perturbed_replay import PerturbedReplay
from humouse.bots.pid import Pid
from humouse.bots.replay import Replay
from humouse.bots.scripted import ScriptedBot
from humouse.bots.sigma_lognormal import SigmaLognormal
from humouse.bots.speed import SPEEDS
from humouse.bots.spline import Spline
from humouse.bots.wind import Wind

__all__ = [
    "BOTS",
    "SPEEDS",
    "Bezier",
    "Bot",
    "Curve",
    "Line",
    "MinimumJerk",
    "Noise",
    "PerturbedReplay",
    "Pid",
    "Replay",
    "ScriptedBot",
    "SigmaLognormal",
    "Spline",
    "Wind",
]

BOTS: dict[str, type[Bot]] = {
    bot.name: bot
    for bot in (
        Line,
        Curve,
        Bezier,
        Spline,
        MinimumJerk,
        Pid,
        Wind,
        SigmaLognormal,
        Noise,
        Replay,
        PerturbedReplay,
    )
}
"""Every mover, by name; each can be made from recorded people alone."""
