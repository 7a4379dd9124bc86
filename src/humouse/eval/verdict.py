"""What the numbers say, in words: a headline and findings, each by a stated rule."""

from collections.abc import Iterator, Mapping

from humouse.eval.result import Evaluation
from humouse.eval.run import Finding
from humouse.eval.statistics.resampling import excess_over
from humouse.eval.statistics.score import MEASURES, PROBES, Score

AT_THE_FLOOR = 0.03
"""An excess over other people's AUC below which a generator is said to be as hard to tell."""
_NEAR = 0.10
_SHARE = 0.05
_RATIO = 0.2
_SURE = 0.01


def headline(judged: Evaluation, floor: Evaluation | None) -> str:
    """Return the verdict in a sentence: by the probe that most surely tells it from people.

    That is the one whose excess over other people has the highest lower end.
    """
    probe = _best_probe(judged, floor)
    if probe is None:
        return f"{judged.fake} was compared with {judged.real}, without a two-sample test."
    name = f"c2st_{probe}_auc"
    score = judged.scores[name]
    told = f"the {probe} probe separates its movements from people's at AUC {_with_interval(score)}"
    if floor is None or name not in floor.scores:
        return f"{judged.fake}: {told}; no floor was measured to read it against."
    other = _floor_of(floor, name)
    over = "" if other.value == floor.scores[name].value else f" over {other.value:.2f}"
    excess = excess_over(score, other)
    copies = ", and copies its train set" if any(_copying(judged, floor)) else ""
    return (
        f"{judged.fake} is {_in_words(excess)}{copies}: {told}, where other people read "
        f"{floor.scores[name].value:.2f} (excess{over} {_with_interval(excess, '+')})."
    )


def _in_words(excess: Score) -> str:
    """Return what an excess in AUC over other people means."""
    highest = excess.value if excess.high is None else excess.high
    if excess.value <= AT_THE_FLOOR and highest <= _NEAR:
        return "as hard to tell from people as other people are"
    if not _surely_above(excess):
        if excess.value > _NEAR:
            return "told from people, though not surely more easily than other people are"
        return "not surely easier to tell from people than other people are"
    return "close to people, but told from them" if excess.value <= _NEAR else "told from people"


def excesses(judged: Evaluation, floor: Evaluation | None) -> dict[str, Score]:
    """Return by how much each score of the judged exceeds other people's."""
    others = {} if floor is None else floor.scores
    return {
        name: excess_over(score, others[name])
        for name, score in judged.scores.items()
        if name in others
    }


def findings(judged: Evaluation, floor: Evaluation | None) -> tuple[Finding, ...]:
    """Return what the numbers say, the weightiest first.

    Args:
        judged: The evaluation to read.
        floor: The same of other people; without it a score is held against its ideal.
    """
    rules = (_told, _copying, _modes, _gives_away, _spectra)
    return tuple(finding for rule in rules for finding in rule(judged, floor))


def _best_probe(judged: Evaluation, floor: Evaluation | None) -> str | None:
    """Return the probe whose excess is the surest, or None where there was no test."""
    known = [probe for probe in PROBES if f"c2st_{probe}_auc" in judged.scores]

    def surely(probe: str) -> float:
        name = f"c2st_{probe}_auc"
        excess = excess_over(judged.scores[name], _floor_of(floor, name))
        return excess.value if excess.low is None else excess.low

    return max(known, key=surely, default=None)


def _told(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    probe = _best_probe(judged, floor)
    if probe is None:
        return
    name = f"c2st_{probe}_auc"
    score, other = judged.scores[name], _floor_of(floor, name)
    excess = excess_over(score, other)
    beyond = " beyond what other people are" if floor is not None else ""
    against = f"AUC {_with_interval(score)} against {other.value:.2f} ({probe})"
    more = f"{against}, an excess of {_with_interval(excess, '+')}"
    if _surely_above(excess):
        text = f"Told apart{beyond}: {more}."
        yield Finding("told_apart", text)
    elif excess.value > AT_THE_FLOOR:
        text = f"Cannot be decided with {judged.users or 'so few'} people: {more}."
        yield Finding("undecided", text)
    else:
        text = f"Not told apart{beyond}: {more}."
        yield Finding("not_told_apart", text)


def _copying(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    score = judged.scores.get("copying")
    if score is None or score.p_value is None:
        return
    # New gestures of the train people are nearer to the train set too than those of others.
    excess = excess_over(score, _floor_of(floor, "copying"))
    lowest = score.value if score.low is None else score.low
    # Few bootstrap replicates cannot give a smaller p-value than this.
    least = 1 / (1 + len(score.replicates.values)) if score.replicates else 0.0
    if lowest > 0.5 and score.p_value <= max(_SURE, least) and _surely_above(excess):
        copies = f"; {judged.exact_copies:,} are exact copies" if judged.exact_copies else ""
        yield Finding(
            "copying",
            f"Copies: a generated gesture lies nearer to the train set than a held-out person's with "
            f"chance {_with_interval(score)} (p = {score.p_value:.2g}){copies}.",
        )


def _modes(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    """Compare shares with what other people reach: recall tells of missing modes, precision of wrong.

    Not coverage and density: each falls where the other kind of fault thins the samples out.
    """
    for kind, names, text in (
        ("missing_modes", ("prd_recall", "knn_recall"), "Misses ways that people move"),
        ("unreal", ("prd_precision", "knn_precision"), "Makes moves that no person makes"),
    ):
        low = []
        for name in names:
            if name not in judged.scores:
                continue
            score, other = judged.scores[name], _floor_of(floor, name)
            excess = excess_over(score, other)
            if excess.value < -_SHARE and (excess.high is None or excess.high < 0):
                low.append(f"{MEASURES[name].label} {score.value:.2f} against {other.value:.2f}")
        if low:
            yield Finding(kind, f"{text}: {', '.join(low)}.")


def _surely_above(excess: Score) -> bool:
    """Return whether an excess is more than a trifle, and its whole interval above 0."""
    return excess.value > AT_THE_FLOOR and (excess.low is None or excess.low > 0)


def _gives_away(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    probe = _best_probe(judged, floor)
    if probe is None or not judged.features:
        return
    name = f"c2st_{probe}_auc"
    excess = excess_over(judged.scores[name], _floor_of(floor, name))
    if excess.value <= _NEAR and not _surely_above(excess):
        return
    worst = judged.worst_features(5)
    named = [
        f"{name} (mean {_short(one.fake_mean)} against {_short(one.real_mean)}"
        f"{'' if one.unit == '1' else ' ' + one.unit})"
        for name, one in ((name, judged.features[name]) for name in worst)
    ]
    yield Finding("gives_away", f"Given away by: {'; '.join(named)}.")
    clock = [name for name in worst[:3] if name.startswith("dt_")]
    if clock:
        yield Finding("clock", f"The recorder's clock is among the first: {', '.join(clock)}.")


def _spectra(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    """Name the bands whose power is off: from people's, and from what other people's is."""
    off = []
    for band, power in judged.spectra.items():
        if power.ratio is None:
            continue
        floors = {} if floor is None else floor.spectra
        other = floors[band].ratio if band in floors else None
        excess = excess_over(power.ratio, other or Score(1.0))
        if _surely_off(power.ratio, 1.0) and _surely_off(excess, 0.0):
            off.append(f"{band} {power.ratio.value:.2f}")
    if off:
        yield Finding("spectra", f"Power of the velocity over people's, by band: {', '.join(off)}.")


def _surely_off(score: Score, ideal: float) -> bool:
    """Return whether a ratio of powers is off by more than a trifle, and surely."""
    low, high = (score.value if end is None else end for end in (score.low, score.high))
    return abs(score.value - ideal) > _RATIO and not low <= ideal <= high


def _floor_of(floor: Evaluation | None, name: str) -> Score:
    """Return what other people score; the ideal where that was not measured, or is beaten by chance."""
    ideal = MEASURES[name].ideal
    scores: Mapping[str, Score] = {} if floor is None else floor.scores
    other = scores.get(name, Score(ideal))
    return other if MEASURES[name].worse(other.value, ideal) > 0 else Score(ideal)


def _with_interval(score: Score, sign: str = "") -> str:
    form = f"{sign}.2f"
    if score.low is None or score.high is None:
        return f"{score.value:{form}}"
    return f"{score.value:{form}} [{score.low:{form}}, {score.high:{form}}]"


def _short(value: float) -> str:
    return f"{value:.3g}"
