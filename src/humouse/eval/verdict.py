"""What the numbers show, by stated rules: values, which `wording` puts into sentences."""

from collections.abc import Mapping
from dataclasses import dataclass

from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.statistics.resampling import excess_over
from humouse.eval.statistics.score import MEASURES, PROBES, Score

NEGLIGIBLE = 0.03
"""An excess in AUC over the human–human baseline up to which a generator counts as inseparable."""
CLOSE = 0.10
"""An excess in AUC up to which a generator is called close to people."""
_SHARE = 0.05
_RATIO = 0.2
_P_VALUE = 0.01
_NAMED = 5
_FOREMOST = 3
_SHARES = {
    "missing_modes": ("prd_recall", "knn_recall"),
    "unreal": ("prd_precision", "knn_precision"),
}
# Not coverage and density: each falls where the other kind of fault thins the samples out.


@dataclass(frozen=True)
class Separation:
    """How well the probe whose excess is surest separates the judged from people.

    Args:
        probe: Which of `PROBES`.
        auc: What it reads for the judged.
        measured: What it reads for the human–human baseline, or None where that was not measured.
        baseline: The same, but at least the ideal: what the excess is taken over.
        users: How many people the judged were compared with.
    """

    probe: str
    auc: Score
    measured: Score | None
    baseline: Score
    users: int

    @property
    def excess(self) -> Score:
        """By how much the AUC exceeds the baseline."""
        return excess_over(self.auc, self.baseline)

    @property
    def kind(self) -> str:
        """Return "told_apart" where the excess is surely above 0, else "undecided" or "not_told_apart"."""
        if _surely_above(self.excess):
            return "told_apart"
        return "undecided" if self.excess.value > NEGLIGIBLE else "not_told_apart"

    @property
    def degree(self) -> str:
        """How far that is from people: "inseparable", "unsure", "unsure_far", "close" or "far"."""
        excess = self.excess
        highest = excess.value if excess.high is None else excess.high
        if excess.value <= NEGLIGIBLE and highest <= CLOSE:
            return "inseparable"
        if not _surely_above(excess):
            return "unsure_far" if excess.value > CLOSE else "unsure"
        return "close" if excess.value <= CLOSE else "far"


@dataclass(frozen=True)
class Copied:
    """The judged lie nearer to the train set than people do.

    Args:
        score: The chance that one does.
        exact: How many are exact copies.
    """

    score: Score
    exact: int


@dataclass(frozen=True)
class Shortfall:
    """A share that is surely below the baseline's.

    Args:
        name: Its key in `MEASURES`.
        value: The judged one's.
        baseline: The baseline's.
    """

    name: str
    value: float
    baseline: float


@dataclass(frozen=True)
class Verdict:
    """What the numbers show.

    Args:
        separation: The two-sample test, or None where there was none.
        copied: What was copied, or None.
        shortfalls: By kind, "missing_modes" (of recall) and "unreal" (of precision), where any.
        worst: The features that give it away most, the worst first; none where it is inseparable.
        clock: Which of the first three of those are the recorder's clock.
        bands: The bands whose power is surely off, with its ratio to people's.
    """

    separation: Separation | None
    copied: Copied | None
    shortfalls: Mapping[str, tuple[Shortfall, ...]]
    worst: Mapping[str, FeatureComparison]
    clock: tuple[str, ...]
    bands: Mapping[str, float]


def verdict(judged: Evaluation, baseline: Evaluation | None) -> Verdict:
    """Return what the numbers show.

    Args:
        judged: The evaluation to read.
        baseline: The human–human baseline; without it each score is compared with its ideal.
    """
    separation = _separation(judged, baseline)
    worst = _worst(judged, separation)
    clock = tuple(name for name in list(worst)[:_FOREMOST] if name.startswith("dt_"))
    return Verdict(
        separation,
        _copied(judged, baseline),
        {kind: lacking for kind in _SHARES if (lacking := _shortfalls(kind, judged, baseline))},
        worst,
        clock,
        _bands(judged, baseline),
    )


def excesses(judged: Evaluation, baseline: Evaluation | None) -> dict[str, Score]:
    """Return by how much each score of the judged exceeds the human–human baseline.

    A baseline that is better than its ideal by chance counts as the ideal, as in the verdict.
    """
    others = {} if baseline is None else baseline.scores
    return {
        name: excess_over(score, _against(baseline, name))
        for name, score in judged.scores.items()
        if name in others
    }


def _separation(judged: Evaluation, baseline: Evaluation | None) -> Separation | None:
    """Return the probe whose excess has the highest lower end, or None where there was no test."""
    found = []
    for probe in PROBES:
        name = f"c2st_{probe}_auc"
        if name in judged.scores:
            measured = None if baseline is None else baseline.scores.get(name)
            against = _against(baseline, name)
            found.append(Separation(probe, judged.scores[name], measured, against, judged.users))

    def surely(one: Separation) -> float:
        return one.excess.value if one.excess.low is None else one.excess.low

    return max(found, key=surely, default=None)


def _copied(judged: Evaluation, baseline: Evaluation | None) -> Copied | None:
    score = judged.scores.get("copying")
    if score is None or score.p_value is None:
        return None
    # New gestures of the train people are nearer to the train set too than those of others.
    excess = excess_over(score, _against(baseline, "copying"))
    lowest = score.value if score.low is None else score.low
    # Few bootstrap replicates cannot give a smaller p-value than this.
    least = 1 / (1 + len(score.replicates.values)) if score.replicates else 0.0
    sure = score.p_value <= max(_P_VALUE, least) and _surely_above(excess)
    return Copied(score, judged.exact_copies) if lowest > 0.5 and sure else None


def _shortfalls(
    kind: str, judged: Evaluation, baseline: Evaluation | None
) -> tuple[Shortfall, ...]:
    """Return the shares of a kind that are surely below what the baseline reaches."""
    low = []
    for name in _SHARES[kind]:
        if name not in judged.scores:
            continue
        score, other = judged.scores[name], _against(baseline, name)
        excess = excess_over(score, other)
        if excess.value < -_SHARE and (excess.high is None or excess.high < 0):
            low.append(Shortfall(name, score.value, other.value))
    return tuple(low)


def _worst(judged: Evaluation, separation: Separation | None) -> dict[str, FeatureComparison]:
    """Return the features that give the judged away most, where it is separable or far off."""
    if separation is None or not judged.features:
        return {}
    if separation.excess.value <= CLOSE and separation.kind != "told_apart":
        return {}
    return {name: judged.features[name] for name in judged.worst_features(_NAMED)}


def _bands(judged: Evaluation, baseline: Evaluation | None) -> dict[str, float]:
    """Return the bands whose power is off: from people's, and from what the baseline's is."""
    others = {} if baseline is None else baseline.spectra
    off = {}
    for band, power in judged.spectra.items():
        if power.ratio is None:
            continue
        other = others[band].ratio if band in others else None
        excess = excess_over(power.ratio, other or Score(1.0))
        if _surely_off(power.ratio, 1.0) and _surely_off(excess, 0.0):
            off[band] = power.ratio.value
    return off


def _surely_above(excess: Score) -> bool:
    """Return whether an excess is more than negligible, and its whole interval above 0."""
    return excess.value > NEGLIGIBLE and (excess.low is None or excess.low > 0)


def _surely_off(score: Score, ideal: float) -> bool:
    """Return whether a ratio of powers is off by more than a trifle, and surely."""
    low, high = (score.value if end is None else end for end in (score.low, score.high))
    return abs(score.value - ideal) > _RATIO and not low <= ideal <= high


def _against(baseline: Evaluation | None, name: str) -> Score:
    """Return the baseline's score; the ideal where it was not measured, or is better by chance."""
    ideal = MEASURES[name].ideal
    scores: Mapping[str, Score] = {} if baseline is None else baseline.scores
    other = scores.get(name, Score(ideal))
    return other if MEASURES[name].worse(other.value, ideal) > 0 else Score(ideal)
