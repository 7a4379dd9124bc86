"""What a benchmark comes to, in a few sentences and one gauge."""

from dataclasses import dataclass

from humouse.detection.benchmark.findings import TransferResult, WorstPerson, findings
from humouse.detection.benchmark.headline import ENOUGH, fullest, headline_detector
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called, counted
from humouse.detection.names import BLEND, GENERATED, MEAN
from humouse.eval.statistics.score import Score
from humouse.report.detection.tables import percent, percent_interval
from humouse.report.dots import Scale
from humouse.report.wording import number

_PERCENT = Scale(0.0, 1.0, tuple((k / 4, f"{25 * k}%") for k in range(5)))


def headline(result: BenchmarkResult) -> str:
    """Return the verdict: the share of bots caught of families held out, and the hardest of them."""
    shares = _scores(result, "tpr_at_1")
    scripted = {family: one for family, one in shares.items() if family not in (MEAN, *GENERATED)}
    if not shares:
        return _by_area(result)
    parts = []
    if scripted:
        hardest = min(scripted, key=lambda one: scripted[one].value)
        parts.append(
            f"{percent(_mean(shares, scripted).value, 0)} of scripted bots it never trained on"
        )
        if len(scripted) > 1:
            worst = percent(scripted[hardest].value, 0)
            parts.append(f"of the hardest kind, {called(hardest)}, {worst}")
    for family, words in (
        ("gan", "a GAN's movements"),
        ("diffusion", "a diffusion model's movements"),
    ):
        if family in shares:
            parts.append(f"of {words}, {percent(shares[family].value, 0)}")
    return f"At a 1% false-alarm rate, {_all_of(result)} {'; '.join(parts)}."


def _by_area(result: BenchmarkResult) -> str:
    """Return the verdict where people are too few for a share caught at 1%."""
    areas = _scores(result, "roc_auc")
    if not areas:
        return "Nothing was measured."
    kinds = {family: one for family, one in areas.items() if family != MEAN}
    hardest = min(kinds, key=lambda one: kinds[one].value)
    start = _all_of(result, "separates")
    return (
        f"{start[0].upper()}{start[1:]} {len(kinds)} kinds of bots that it never trained on from people "
        f"at ROC-AUC {number(kinds[hardest].value)} or more; {called(hardest)} is the hardest."
    )


def _all_of(result: BenchmarkResult, verb: str = "catches") -> str:
    about = headline_detector(result)
    return (
        f"the {'blend of all detectors' if about == BLEND else f'{called(about)} detector'} {verb}"
    )


def statements(result: BenchmarkResult) -> list[str]:
    """Return what belongs to the verdict: how many kinds are caught, and the false alarms."""
    shares = {k: one for k, one in _scores(result, "tpr_at_1").items() if k != MEAN}
    said = []
    if shares:
        enough = sum(one.value >= ENOUGH for one in shares.values())
        said.append(
            f"{enough} of {len(shares)} kinds of bots are caught in {ENOUGH:.0%} of their movements or "
            "more."
        )
    found = findings(result)
    said += [_strangers(one) for one in found if isinstance(one, WorstPerson)]
    across = [one for one in found if isinstance(one, TransferResult) and one.fpr is not None]
    said += [
        f"On the devices of another dataset, {one.evaluated_on}, {percent(one.fpr or 0.0)} of people's "
        "movements are flagged."
        for one in across
    ]
    if said and not across:
        said.append("People on other devices were not tested; across=FOLDER tests them.")
    return said


def _strangers(alarms: WorstPerson) -> str:
    worst = counted(alarms.rate, alarms.gestures)
    return (
        f"False alarms: {percent(alarms.overall)} of the movements of {_people(alarms.people)} who took "
        f"no part in training are flagged, where 1% was intended. The worst person: {worst}."
    )


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


@dataclass(frozen=True)
class GaugeMark:
    """A share caught on the gauge.

    Args:
        family: Whose.
        text: What to call it, and its value.
        x: Where it stands, in units of the drawing.
        low: Where its interval begins, or None.
        high: Where it ends.
    """

    family: str
    text: str
    x: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Gauge:
    """The shares caught of each kind of bots, and their mean, on one line.

    Args:
        scale: From 0 to 100%.
        mean: Of the scripted kinds; None where there is none.
        kinds: One a kind, the hardest first.
    """

    scale: Scale
    mean: GaugeMark | None
    kinds: list[GaugeMark]

    @property
    def words(self) -> str:
        """What it shows."""
        mean = [] if self.mean is None else [self.mean.text]
        return "; ".join([*mean, *(one.text for one in self.kinds)])


def gauge(result: BenchmarkResult) -> Gauge | None:
    """Return the gauge of the headline detector; None where no share caught was measured."""
    shares = _scores(result, "tpr_at_1")
    kinds = sorted((k for k in shares if k != MEAN), key=lambda one: (shares[one].value, one))
    scripted = {k: shares[k] for k in kinds if k not in GENERATED}
    if not kinds:
        return None
    mean = _mean(shares, scripted) if scripted else None
    return Gauge(
        _PERCENT,
        None if mean is None else _mark(MEAN, f"mean of {len(scripted)} scripted kinds", mean),
        [_mark(family, called(family), shares[family]) for family in kinds],
    )


def _mark(family: str, name: str, share: Score) -> GaugeMark:
    text = f"{name} {percent(share.value)} {percent_interval(share)}".strip()
    if share.low is None or share.high is None:
        return GaugeMark(family, text, _PERCENT.at(share.value))
    return GaugeMark(family, text, *map(_PERCENT.at, (share.value, share.low, share.high)))


def _mean(shares: dict[str, Score], scripted: dict[str, Score]) -> Score:
    """Return the mean over scripted families, as it was measured or from them."""
    values = [one.value for one in scripted.values()]
    return shares.get(MEAN) or Score(sum(values) / len(values))


def _scores(result: BenchmarkResult, name: str) -> dict[str, Score]:
    """Return that score of the headline detector in the fullest mix, by family."""
    about, mix = headline_detector(result), fullest(result)
    return {
        cell.family: cell.scores[name]
        for cell in result.cells
        if (cell.detector, cell.mix) == (about, mix) and name in cell.scores
    }
