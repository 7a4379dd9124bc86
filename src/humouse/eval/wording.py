"""A verdict in sentences: a headline, and a finding for each thing that the numbers show."""

from collections.abc import Iterator

from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.run import Finding
from humouse.eval.statistics.score import MEASURES, Score
from humouse.eval.verdict import Copied, Separation, Verdict

_DEGREES = {
    "inseparable": "as hard to separate from people as people are from each other",
    "unsure": "not significantly easier to separate from people than people are from each other",
    "unsure_far": "separable from people, but not significantly more than people are from each other",
    "close": "close to people, but separable",
    "far": "separable from people",
}
_SEPARATION = {
    "told_apart": "A classifier separates it from people",
    "not_told_apart": "No classifier separates it from people better than people from each other",
}
_SHORTFALLS = {
    "missing_modes": "Some ways that people move are missing",
    "unreal": "Some movements are unlike any person's",
}


def headline(judged: Evaluation, verdict: Verdict) -> str:
    """Return the verdict in one sentence."""
    found = verdict.separation
    if found is None:
        return f"{judged.fake} was compared with {judged.real}, without a two-sample test."
    separated = (
        f"the {found.probe} probe separates it from people (AUC {_with_interval(found.auc)})"
    )
    if found.measured is None:
        return f"{judged.fake}: {separated}; there is no human–human baseline to compare with."
    measured = found.measured.value
    over = "" if found.baseline.value == measured else f" over {found.baseline.value:.2f}"
    copies = "" if verdict.copied is None else ", and copies its train set"
    return (
        f"{judged.fake} is {_DEGREES[found.degree]}{copies}: {separated}; the human–human baseline is "
        f"{measured:.2f} (excess{over} {_with_interval(found.excess, '+')})."
    )


def findings(verdict: Verdict) -> tuple[Finding, ...]:
    """Return what the numbers show, the weightiest first."""
    return tuple(_findings(verdict))


def _findings(verdict: Verdict) -> Iterator[Finding]:
    if verdict.separation is not None:
        yield Finding(verdict.separation.kind, _separation(verdict.separation))
    if verdict.copied is not None:
        yield Finding("copying", _copied(verdict.copied))
    for kind, low in verdict.shortfalls.items():
        shares = (
            f"{MEASURES[one.name].label} {one.value:.2f} against {one.baseline:.2f}" for one in low
        )
        yield Finding(kind, f"{_SHORTFALLS[kind]}: {', '.join(shares)}.")
    if verdict.worst:
        named = (_feature(name, about) for name, about in verdict.worst.items())
        yield Finding("gives_away", f"The features that differ most: {'; '.join(named)}.")
    if verdict.clock:
        yield Finding(
            "clock",
            f"The recorder's clock is among the first three of them: {', '.join(verdict.clock)}.",
        )
    if verdict.bands:
        bands = (f"{band} {ratio:.2f}" for band, ratio in verdict.bands.items())
        yield Finding(
            "spectra", f"Velocity power relative to people's, by band: {', '.join(bands)}."
        )


def _separation(found: Separation) -> str:
    baseline = "an ideal of" if found.measured is None else "a human–human baseline of"
    numbers = (
        f"{found.probe} AUC {_with_interval(found.auc)} against {baseline} "
        f"{found.baseline.value:.2f}, an excess of {_with_interval(found.excess, '+')}"
    )
    if found.kind == "undecided":
        few = f"{found.users} people are" if found.users else "These people are"
        return f"{few} too few to decide whether a classifier separates it from people: {numbers}."
    return f"{_SEPARATION[found.kind]}: {numbers}."


def _copied(found: Copied) -> str:
    exact = f"; {found.exact:,} are exact copies" if found.exact else ""
    return (
        "A generated movement lies nearer to the train set than a held-out person's with probability "
        f"{_with_interval(found.score)} (p = {found.score.p_value:.2g}){exact}."
    )


def _feature(name: str, about: FeatureComparison) -> str:
    unit = "" if about.unit == "1" else f" {about.unit}"
    return f"{name} (mean {_brief(about.fake_mean)} against {_brief(about.real_mean)}{unit})"


def _brief(value: float) -> str:
    """Return a number in three digits, without an exponent where it is long but not endless."""
    text = f"{value:.3g}"
    return f"{float(text):,.0f}" if 1000 <= abs(value) < 1e10 else text


def _with_interval(score: Score, sign: str = "") -> str:
    form = f"{sign}.2f"
    if score.low is None or score.high is None:
        return f"{score.value:{form}}"
    return f"{score.value:{form}} [{score.low:{form}}, {score.high:{form}}]"
