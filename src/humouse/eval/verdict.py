"""What the numbers say, in words: a headline and findings, each by a stated rule."""

from collections.abc import Iterator, Mapping

from humouse.eval.evaluation import Evaluation
from humouse.eval.resampling import excess_over
from humouse.eval.run import Finding
from humouse.eval.score import MEASURES, PROBES, Score

AT_THE_FLOOR = 0.03
"""An excess over other people's AUC below which a generator is said to be as hard to tell."""
_NEAR = 0.10
_SHARE = 0.05
_RATIO_DB = 1.0
_SURE = 0.01


def headline(judged: Evaluation, floor: Evaluation | None) -> str:
    """Return the verdict in a sentence: by the probe that tells the judged movements best."""
    probe = _best_probe(judged)
    if probe is None:
        return f"{judged.fake} was compared with {judged.real}, without a two-sample test."
    score = judged.scores[f"c2st_{probe}_auc"]
    told = f"the {probe} probe tells them from people's at AUC {_with_interval(score)}"
    if floor is None or f"c2st_{probe}_auc" not in floor.scores:
        return f"{judged.fake}: {told}; no floor was measured to read it against."
    other = floor.scores[f"c2st_{probe}_auc"]
    excess = excess_over(score, other)
    if excess.value <= AT_THE_FLOOR:
        word = "as hard to tell from people as other people are"
    elif not _surely_above(excess):
        word = "not surely easier to tell from people than other people are"
        if excess.value > _NEAR:
            word = "told from people, though not surely more easily than other people are"
    elif excess.value <= _NEAR:
        word = "close to people, but told from them"
    else:
        word = "told from people"
    return (
        f"{judged.fake} is {word}: {told}, where other people read {other.value:.2f} "
        f"(excess {_with_interval(excess, '+')})."
    )


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


def _best_probe(judged: Evaluation) -> str | None:
    """Return the probe with the highest AUC, or None where there was no test."""
    known = [probe for probe in PROBES if f"c2st_{probe}_auc" in judged.scores]
    return max(known, key=lambda probe: judged.scores[f"c2st_{probe}_auc"].value, default=None)


def _told(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    probe = _best_probe(judged)
    if probe is None:
        return
    name = f"c2st_{probe}_auc"
    score, other = judged.scores[name], _floor_of(floor, name)
    excess = excess_over(score, other)
    beyond = " beyond what other people are" if floor is not None else ""
    against = f"AUC {_with_interval(score)} against {other.value:.2f} ({probe})"
    more = f"{against}, {_with_interval(excess, '+')} more"
    if _surely_above(excess):
        text = f"Told apart{beyond}: {more}."
        yield Finding("told_apart", text)
    else:
        text = f"Not surely told apart{beyond}: {more}."
        yield Finding("not_told_apart", text)


def _copying(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    score = judged.scores.get("copying")
    if score is None or score.p_value is None or score.low is None:
        return
    # New gestures of the train people are nearer to the train set too than those of others.
    excess = excess_over(score, _floor_of(floor, "copying"))
    if score.low > 0.5 and score.p_value < _SURE and _surely_above(excess):
        exact = sum(neighbour.distance == 0 for neighbour in judged.neighbours)
        copies = f"; {exact} of the nearest are exact copies" if exact else ""
        yield Finding(
            "copying",
            f"Copies: a generated gesture lies nearer to the train set than a held-out person's with "
            f"chance {_with_interval(score)} (p = {score.p_value:.2g}){copies}.",
        )


def _modes(judged: Evaluation, floor: Evaluation | None) -> Iterator[Finding]:
    """Compare shares with what other people reach: recall tells of missing modes, precision of wrong."""
    for kind, names, text in (
        ("missing_modes", ("prd_recall", "knn_recall", "coverage"), "Misses ways that people move"),
        (
            "unreal",
            ("prd_precision", "knn_precision", "density"),
            "Makes moves that no person makes",
        ),
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
    probe = _best_probe(judged)
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
    off = []
    for band, power in judged.spectra.items():
        ratio = power.ratio
        if ratio is None or ratio.low is None or ratio.high is None:
            continue
        edge = 10 ** (_RATIO_DB / 10)
        if ratio.high < 1 / edge or ratio.low > edge:
            off.append(f"{band} {ratio.value:.2f}")
    if off:
        yield Finding("spectra", f"Power of the velocity over people's, by band: {', '.join(off)}.")


def _floor_of(floor: Evaluation | None, name: str) -> Score:
    """Return what other people score, or the ideal where that was not measured."""
    scores: Mapping[str, Score] = {} if floor is None else floor.scores
    return scores.get(name, Score(MEASURES[name].ideal))


def _with_interval(score: Score, sign: str = "") -> str:
    form = f"{sign}.2f"
    if score.low is None or score.high is None:
        return f"{score.value:{form}}"
    return f"{score.value:{form}} [{score.low:{form}}, {score.high:{form}}]"


def _short(value: float) -> str:
    return f"{value:.3g}"
