"""What a benchmark comes to, in a few sentences and one gauge."""

from dataclasses import dataclass

from humouse.bots.families import FAMILIES
from humouse.detection.benchmark.findings import People, Strangers, findings
from humouse.detection.benchmark.headline import (
    ENOUGH,
    MEANS,
    families_measured,
    headline_cell,
    headline_session,
)
from humouse.detection.benchmark.result import BenchmarkResult
from humouse.detection.benchmark.wording import called, counted
from humouse.detection.names import FILES_MEAN, GENERATED, MEAN
from humouse.eval.statistics.score import Score
from humouse.report.detection.tables import percent, percent_interval
from humouse.report.dots import Scale
from humouse.report.wording import number

_PERCENT = Scale(0.0, 1.0, tuple((k / 4, f"{25 * k}%") for k in range(5)))


_KINDS = (
    (FILES_MEAN, "bots from files"),
    (MEAN, "scripted bots"),
    ("gan", "a GAN's movements"),
    ("diffusion", "a diffusion model's movements"),
)


def headline(result: BenchmarkResult) -> str:
    """Return the verdict: the share of bots caught of families held out, and the hardest of them."""
    shares = _scores(result, "tpr_at_1")
    if not shares:
        return _by_area(result)
    parts = [
        f"{percent(share.value, 0)} of {words}"
        for name, words in _KINDS
        if (share := _mean(shares, name)) is not None
    ]
    kinds = {family: one for family, one in shares.items() if family not in MEANS}
    if len(kinds) > 1:
        hardest = min(kinds, key=lambda one: (kinds[one].value, one))
        parts.append(f"of the hardest kind, {called(hardest)}, {percent(kinds[hardest].value, 0)}")
    return (
        "Delivered as by a browser and never trained on, at a 1% false-alarm rate the detector catches "
        f"{'; '.join(parts)}."
    )


def _by_area(result: BenchmarkResult) -> str:
    """Return the verdict where people are too few for a share caught at 1%."""
    areas = _scores(result, "roc_auc")
    if not areas:
        return "Nothing was measured."
    kinds = {family: one for family, one in areas.items() if family not in MEANS}
    hardest = min(kinds, key=lambda one: kinds[one].value)
    return (
        f"The detector separates {len(kinds)} kinds of bots that it never trained on from people at "
        f"ROC-AUC {number(kinds[hardest].value)} or more; {called(hardest)} is the hardest."
    )


def statements(result: BenchmarkResult) -> list[str]:
    """Return what belongs to the verdict: sessions, and what is said of people."""
    said = _of_sessions(result)
    found = findings(result)
    said += [_of_people(one) for one in found if isinstance(one, People)]
    strangers = [one.alarms for one in found if isinstance(one, Strangers)]
    said += [
        f"Of people of {one.tested_on}, fitted without them: {percent(one.bot_at_1)} called a bot's, "
        f"{percent(one.unfamiliar_at_1)} unfamiliar."
        for one in strangers
    ]
    if said and not strangers:
        said.append("People of other set-ups were not tested; more_dirs=[FOLDER] tests them.")
    return said


def _of_sessions(result: BenchmarkResult) -> list[str]:
    shares = {k: one for k, one in _scores(result, "tpr_at_1").items() if k not in MEANS}
    if not shares:
        return []
    enough = sum(one.value >= ENOUGH for one in shares.values())
    text = f"{enough} of {len(shares)} kinds of bots are caught in {ENOUGH:.0%} of their movements"
    sessions = [headline_session(result, family, 5) for family in shares]
    tprs = [one.scores["tpr_at_1"].value for one in sessions if one and "tpr_at_1" in one.scores]
    if tprs:
        text += f", and {sum(one >= ENOUGH for one in tprs)} in so many sessions of 5 movements"
    return [f"{text}."]


def _of_people(one: People) -> str:
    alarms = one.alarms
    text = (
        f"Of the movements of {_people(len(alarms.rate_by_user))} of {alarms.tested_on} who took no part "
        f"in training, {percent(alarms.bot_at_1)} are called a bot's, where 1% may be, and "
        f"{percent(alarms.unfamiliar_at_1)} unfamiliar."
    )
    if alarms.worst is not None:
        who, rate = alarms.worst
        text += f" The worst person: {counted(rate, alarms.gestures_by_user[who])}."
    return text


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
    """Return the gauge; None where no share caught was measured."""
    shares = _scores(result, "tpr_at_1")
    kinds = sorted((k for k in shares if k not in MEANS), key=lambda one: (shares[one].value, one))
    scripted = [k for k in kinds if k in FAMILIES]
    if not kinds:
        return None
    mean = _mean(shares, MEAN)
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


def _mean(shares: dict[str, Score], name: str) -> Score | None:
    """Return a family's share, or that of a mean; of a single family of its kind, that one's."""
    if name not in MEANS or name in shares:
        return shares.get(name)
    known = (*FAMILIES, *GENERATED)
    own = [k for k in shares if (k in FAMILIES if name == MEAN else k not in known)]
    return shares[own[0]] if len(own) == 1 else None


def _scores(result: BenchmarkResult, name: str) -> dict[str, Score]:
    """Return that score of the blend in the main mix and set-up, by family, means included."""
    cells = [headline_cell(result, family) for family in (*families_measured(result), *MEANS)]
    return {one.family: one.scores[name] for one in cells if one and name in one.scores}
