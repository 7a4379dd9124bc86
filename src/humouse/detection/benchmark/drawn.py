"""What a page draws of a benchmark beside its tables: curves, calibration, and single movements."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from humouse.detection.explain import Reason
from humouse.eval.statistics.score import Score


@dataclass(frozen=True)
class RocCurve:
    """The share of a family's bots that a detector catches, by the false-alarm rate that is allowed.

    Args:
        detector: Its name.
        family: The family held out.
        mix: What it was fitted on, less that family.
        rates: Shares of people's gestures that may be flagged, rising.
        caught: The TPR at each; the mean over the seeds, with its interval over the people.
        human_gestures: How many gestures of people are behind it, in each seed.
        bot_gestures: How many of the family's.
    """

    detector: str
    family: str
    mix: str
    rates: tuple[float, ...]
    caught: tuple[Score, ...]
    human_gestures: int
    bot_gestures: int

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "RocCurve":
        """Return the curve that was written as this content."""
        caught = tuple(Score(**one) for one in content["caught"])
        return cls(**{**content, "rates": tuple(content["rates"]), "caught": caught})


@dataclass(frozen=True)
class ReliabilityBin:
    """Movements that were given about the same probability of being a bot's.

    Shares are over people and bots of equal weight, however many there are of each.

    Args:
        low: The lowest probability of the bin.
        high: The highest; it belongs to the next bin, except 1.
        probability: The mean probability in it.
        bot_share: The share of them that are bots'.
        people: How many are people's, over all families held out and all seeds.
        bots: How many are bots'.
    """

    low: float
    high: float
    probability: float
    bot_share: float
    people: int
    bots: int


@dataclass(frozen=True)
class Example:
    """A movement to draw, and why it was flagged or not.

    Args:
        row: Its place in `BenchmarkResult.movements`.
        variant: What made it exactly; `HUMAN` for a person.
        user: The person who made it, or whose recording the bot followed; "" if unknown.
        probability: Of being a bot's, calibrated.
        reasons: The features that count most, the strongest first; empty without such a detector.
    """

    row: int
    variant: str
    user: str
    probability: float
    reasons: tuple[Reason, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Example":
        """Return the example that was written as this content."""
        return cls(**{**content, "reasons": tuple(Reason(**one) for one in content["reasons"])})


@dataclass(frozen=True)
class ExampleGroup:
    """Movements of one family, or of people, that the detector flagged, or that it did not.

    The threshold is the one fixed beforehand for a false positive rate of 1%, in the first seed.

    Args:
        family: `HUMAN`, or the family held out.
        flagged: Whether these were flagged.
        count: How many were.
        total: Of how many.
        examples: A few of them, drawn at random.
    """

    family: str
    flagged: bool
    count: int
    total: int
    examples: tuple[Example, ...]

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "ExampleGroup":
        """Return the group that was written as this content."""
        return cls(**{**content, "examples": tuple(map(Example.from_json, content["examples"]))})
