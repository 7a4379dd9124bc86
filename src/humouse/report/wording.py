"""Numbers and names as the pages write them."""

from collections.abc import Mapping

from humouse.eval.score import MEASURES, Measure, Score

_DIGITS = {"mmd": 4, "spectral_distance_db": 2}


def number(value: float, digits: int = 3) -> str:
    """Return a number with a true minus sign, and none before a zero."""
    text = f"{value:.{digits}f}"
    if not text.strip("-0."):
        text = text.lstrip("-")
    return text.replace("-", "−")


def brief(value: float) -> str:
    """Return a number of any size in three significant digits."""
    text = f"{value:.3g}"
    if 1000 <= abs(value) < 1e7:
        text = f"{float(text):,.0f}"
    return text.replace("-", "−")


def digits_of(name: str) -> int:
    """Return how many digits after the point the score of that name is written with."""
    return _DIGITS.get(name, 3)


def measure_of(name: str) -> Measure:
    """Return what a score measures; one that is not known is called what it is called."""
    unknown = Measure(name.replace("_", " "), float("nan"), "")
    return MEASURES.get(name, unknown)


def score_names(scores: Mapping[str, Score]) -> list[str]:
    """Return the names of the scores in the order of tables, unknown ones last."""
    return [name for name in MEASURES if name in scores] + sorted(set(scores) - set(MEASURES))


def interval(score: Score, digits: int) -> str:
    """Return "[low, high]", or nothing where there is no interval."""
    if score.low is None or score.high is None:
        return ""
    return f"[{number(score.low, digits)}, {number(score.high, digits)}]"


def difference(name: str, value: float, floor: float) -> str:
    """Return how much further from or nearer to the ideal a score is than its floor, in words."""
    digits = digits_of(name)
    size = number(abs(value - floor), digits)
    if not size.strip("0."):
        return "as the floor"
    worse = measure_of(name).worse(value, floor)
    sign = "+" if value > floor else "−"
    if measure_of(name).ideal != measure_of(name).ideal:  # unknown: nobody can say which is better
        return f"{sign}{size}"
    return f"{sign}{size} {'worse' if worse > 0 else 'better'}"


def overlap(one: Score, other: Score) -> bool:
    """Say whether both have intervals, and these share a value."""
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low <= other.high and other.low <= one.high
