"""Dot-and-whisker rows: where each mark stands on a scale, and the words for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.ticker import MaxNLocator

from humouse.eval.run import SIDES
from humouse.eval.statistics.score import Score
from humouse.report.wording import interval, number

WIDTH = 320
_LEFT, _RIGHT = 12, WIDTH - 12


@dataclass(frozen=True)
class Scale:
    """A piece of the number line, drawn from left to right.

    Args:
        low: Value at the left end.
        high: Value at the right end.
        ticks: Values to mark, with what to write there.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]

    @classmethod
    def over(cls, values: Iterable[float]) -> "Scale":
        """Return a scale with round ends that holds all values."""
        values = list(values)
        low, high = min(values), max(values)
        if high - low < 1e-12:
            low, high = low - 0.5, high + 0.5
        marks = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
        ticks = tuple((float(value), f"{value:.6g}".replace("-", "−")) for value in marks)
        return cls(min(low, ticks[0][0]), max(high, ticks[-1][0]), ticks)

    def at(self, value: float) -> float:
        """Return where a value stands, in units of the drawing; at the end where it lies beyond."""
        share = min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))
        return round(_LEFT + share * (_RIGHT - _LEFT), 2)

    def beyond(self, value: float) -> bool:
        """Say whether a value lies outside of the scale."""
        return not self.low <= value <= self.high


@dataclass(frozen=True)
class Mark:
    """One score in a row.

    Args:
        side: Key of `SIDES`, which says the shape.
        text: What to call it, and its value.
        x: Where it stands.
        low: Where its interval begins, or None.
        high: Where its interval ends.
        beyond: Whether the value itself lies off the scale.
    """

    side: str
    text: str
    x: float
    low: float | None
    high: float | None
    beyond: bool


def mark(side: str, score: Score, scale: Scale, digits: int, called: str | None = None) -> Mark:
    """Return where a score stands on a scale."""
    words = (
        f"{called or SIDES.get(side, side)} {number(score.value, digits)} {interval(score, digits)}"
    )
    return Mark(
        side,
        words.strip(),
        scale.at(score.value),
        None if score.low is None else scale.at(score.low),
        None if score.high is None else scale.at(score.high),
        scale.beyond(score.value),
    )


def marks(scores: Mapping[str, Score], scale: Scale, digits: int) -> list[Mark]:
    """Return the marks of a row by side: references first, so that the judged one lies on top."""
    order = [side for side in reversed(SIDES) if side in scores]
    return [mark(side, scores[side], scale, digits) for side in order]


def in_words(row: Sequence[Mark]) -> str:
    """Return what a row of marks shows."""
    return "; ".join(one.text for one in reversed(row))


def ends(scores: Iterable[Score]) -> list[float]:
    """Return the values and the interval ends of scores."""
    every = [end for score in scores for end in (score.value, score.low, score.high)]
    return [end for end in every if end is not None]
