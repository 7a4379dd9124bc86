"""Scripted movers: what automation does with a cursor, as seeded classes that make `Trajectories`.

Each takes where it goes, how long it takes and when its device reports from recorded people, so
that neither its distances nor its clock alone give it away; how it gets there is its own.
"""

from humouse.bots.bezier import Bezier
from humouse.bots.bot import Bot
from humouse.bots.line import Line
from humouse.bots.replay import Replay
from humouse.bots.scripted import CLOCKS, ScriptedBot
from humouse.bots.speed import SPEEDS

__all__ = ["BOTS", "CLOCKS", "SPEEDS", "Bezier", "Bot", "Line", "Replay", "ScriptedBot"]

BOTS: dict[str, type[Bot]] = {bot.name: bot for bot in (Line, Bezier, Replay)}
"""Every mover, by name; each can be made from recorded people alone."""
