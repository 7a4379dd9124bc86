"""Numbers and names as the pages write them."""

import re
from collections.abc import Mapping

from markupsafe import Markup, escape

from humouse.eval.statistics.score import MEASURES, Measure, Score
from humouse.features.names import READABLE, readable

_FINDINGS = {
    "told_apart": "separable",
    "not_told_apart": "not separable",
    "gives_away": "differs most",
    "unreal": "unlike people",
}
_DIGITS = {"mmd": 4, "spectral_distance_db": 2}


def number(value: float, digits: int = 3) -> str:
    """Return a number with a true minus sign, and none before a zero."""
    text = f"{value:.{digits}f}"
    if not text.strip("-0."):
        text = text.lstrip("-")
    return text.replace("-", "−")


def breakable(text: str) -> Markup:
    """Return a text, escaped, that may be broken into lines after each "_" and ":"."""
    return Markup(re.sub(r"([_:])(?=\S)", r"\1<wbr>", str(escape(text))))


def breakable_plain(text: str) -> str:
    """Return the same for an attribute, which holds no elements: with spaces of no width."""
    return re.sub(r"([_:])(?=\S)", "\\1\u200b", text)


def feature(name: str) -> Markup:
    """Return a feature's readable name, with the bare one as its title; an unknown one as it is."""
    if name not in READABLE:
        return breakable(name)
    return Markup('<abbr title="{}">{}</abbr>').format(name, readable(name))


def features_named(text: str) -> Markup:
    """Return a sentence, escaped, with the readable names of its features in place of the bare ones.

    Names without "_" stay: they are English words already.
    """
    return Markup(re.sub(r"\w+", _named, str(breakable(text)).replace("_<wbr>", "_")))


def _named(word: re.Match[str]) -> str:
    if "_" not in word[0]:
        return word[0]
    return str(feature(word[0]))


def brief(value: float) -> str:
    """Return a number of any size in three significant digits."""
    text = f"{value:.3g}"
    if 1000 <= abs(value) < 1e7:
        text = f"{float(text):,.0f}"
    return text.replace("-", "−")


def kind_of_finding(kind: str) -> str:
    """Return what to call a kind of finding; see `eval.verdict`."""
    return _FINDINGS.get(kind, kind.replace("_", " "))


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


def difference(name: str, excess: Score) -> str:
    """Return by how much a score exceeds the baseline's, and whether that is surely worse or better.

    Args:
        name: The score's key in `MEASURES`.
        excess: The score less the baseline's. It is "unsure" unless its interval is known and excludes 0.
    """
    measure = measure_of(name)
    if measure.fault_only and (excess.value <= 0 or (excess.low is not None and excess.low <= 0)):
        return "no more than people"
    size = number(abs(excess.value), digits_of(name))
    if not size.strip("0."):
        return "as the baseline"
    signed = f"{'+' if excess.value > 0 else '−'}{size}"
    if measure.ideal != measure.ideal:  # unknown: better is not defined
        return signed
    if excess.low is None or excess.high is None or excess.low <= 0 <= excess.high:
        return f"{signed} unsure"
    return f"{signed} {'worse' if measure.worse(excess.value, 0.0) > 0 else 'better'}"
