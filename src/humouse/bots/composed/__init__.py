"""Composed bots: movements put together at random from parts, each of which can be left out.

The parts are generic primitives; none follows a particular library or one of the scripted families,
which are held out. Within these modules a position is a complex number, x + iy: a product turns and
scales. The points of all movements stand one after the other, `row` says whose they are.
"""

from humouse.bots.composed.compose import PARTS, compose

__all__ = ["PARTS", "compose"]
