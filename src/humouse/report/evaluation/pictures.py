"""The pictures of a report, each with a title and its content in words."""

from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from torch import Tensor

from humouse.eval.result import Evaluation, FeatureComparison
from humouse.eval.run import SIDES, EvaluationRun
from humouse.eval.statistics.score import PROBES
from humouse.features import FeatureTable
from humouse.features.names import readable
from humouse.features.spectra import BANDS_HZ
from humouse.figures.comparison import feature_overlay, velocity_spectra
from humouse.figures.profiles import prd_curves, roc_curves, speed_quartiles, velocity_profile
from humouse.report.picture import inline_svg
from humouse.report.wording import brief, number
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class FeaturePanel:
    """One feature on both sides.

    Args:
        name: The feature.
        about: Its numbers.
        unit: As `unit_words`.
        picture: Its histograms.
    """

    name: str
    about: FeatureComparison
    unit: str
    picture: Markup


def unit_words(unit: str, nominal: bool = False) -> str:
    """Return a unit as it is written: nothing for a share or count; "nominal …" in the canonical frame."""
    if unit in ("1", "count"):
        return ""
    return f"nominal {unit}" if nominal and unit not in ("rad", "dB") else unit


def feature_panels(
    evaluation: Evaluation, people: FeatureTable, generated: FeatureTable, nominal: bool
) -> list[FeaturePanel]:
    """Return a panel for each feature that varies, the one that gives away most first.

    Raises:
        KeyError: A table lacks one of them.
    """
    panels: list[FeaturePanel] = []
    figure = None
    for place, name in enumerate(evaluation.ranked_features()):
        about = evaluation.features[name]
        real, fake = (side[name].astype(np.float64) for side in (people, generated))
        unit = unit_words(about.unit, nominal)
        figure = feature_overlay(real, fake, unit=unit, labels=("people", "generated"), onto=figure)
        words = (
            f"Histograms over the movements. People: mean {brief(about.real_mean)}, standard "
            f"deviation {brief(about.real_std)}. Generated: mean {brief(about.fake_mean)}, "
            f"standard deviation {brief(about.fake_std)}. Unit: {unit or 'none'}."
        )
        beyond = [text.get_text().strip("◂▸ ") for text in figure.axes[0].texts]
        if beyond:
            words += f" Off the axis: generated ones, {' and '.join(beyond)}."
        picture = inline_svg(
            figure, key=f"feature-{place}", title=readable(name), description=words
        )
        panels.append(FeaturePanel(name, about, unit, picture))
    return panels


def profile_picture(people: Trajectories, generated: Trajectories, nominal: bool) -> Markup:
    """Return the speed over a movement's time."""
    unit, parts = unit_words("px/s", nominal), []
    for word, side in (("People", people), ("Generated", generated)):
        middle = speed_quartiles(side)[1]
        peak = int(np.argmax(middle))
        at = (peak + 0.5) / len(middle)
        parts.append(f"{word}: the median peaks at {middle[peak]:.0f} {unit}, {at:.0%} of the way")
    figure = velocity_profile(people, generated)
    figure.axes[0].set_ylabel(f"speed ({unit})")
    return inline_svg(
        figure,
        key="profile",
        title="Speed over the share of a movement's time, median and middle half",
        description=". ".join(parts) + ".",
    )


def speed_facts(
    people: Trajectories, generated: Trajectories, nominal: bool
) -> list[tuple[str, str, str]]:
    """Return what is typical of both sides' speed: what, people's, the generated ones'."""
    unit = unit_words("px/s", nominal)
    theirs, its = (_typical(side, unit) for side in (people, generated))
    facts = [(label, theirs[label], its[label]) for label in theirs]
    return facts[:2] if nominal else facts  # the frame fixes the others


def _typical(side: Trajectories, unit: str) -> dict[str, str]:
    middle = speed_quartiles(side)[1]
    peak = int(np.argmax(middle))
    seconds = side.duration_ms[side.duration_ms > 0] / 1000
    paths = side.path_px[side.duration_ms > 0]
    return {
        "peak of the median speed": f"{middle[peak]:,.0f} {unit}",
        "when it peaks, share of the time": f"{(peak + 0.5) / len(middle):.0%}",
        "median of the mean speed": f"{_median(paths / seconds):,.0f} {unit}",
        "median path": f"{_median(side.path_px):,.0f} px",
        "median time": f"{_median(side.duration_ms):,.0f} ms",
        "median number of steps": f"{_median(side.lengths.double()):,.0f}",
    }


def _median(values: Tensor) -> float:
    return float(values.median()) if len(values) else 0.0


def spectrum_picture(
    people: Trajectories, generated: Trajectories, about: Evaluation, nominal: bool
) -> Markup:
    """Return the power of the velocity by frequency."""
    figure = velocity_spectra(
        people, generated, bands_hz=BANDS_HZ, size_in=(4.6, 4.2), titled=False
    )
    figure.axes[1].set_xlabel(f"frequency ({unit_words('Hz', nominal)})")
    for axes in figure.axes:
        axes.tick_params(labelsize=8)
        axes.xaxis.label.set_fontsize(9)
        axes.yaxis.label.set_fontsize(9)
        if axes.get_legend():
            axes.legend(axes.get_lines(), ["people", "generated"], frameon=False, fontsize=8.5)
    ratios = [
        f"{band}: {number(one.ratio.value, 2)} times people's"
        for band, one in about.spectra.items()
        if one.ratio is not None
    ]
    return inline_svg(
        figure,
        key="spectrum",
        title="Power of the velocity by frequency, median and middle half; below, their difference",
        description="Generated power by band. " + "; ".join(ratios) + ".",
    )


def prd_picture(run: EvaluationRun) -> Markup | None:
    """Return precision over recall for all sides that have it, or None where none has."""
    curves, words = {}, []
    for side, called in SIDES.items():
        one = run.evaluations.get(side)
        if one is None or not one.curves.get("prd"):
            continue
        curves[called] = one.curves["prd"]
        both = [
            f"{word} {number(one.scores[name].value)}"
            for word, name in (("precision", "prd_precision"), ("recall", "prd_recall"))
            if name in one.scores
        ]
        words.append(f"{called}: {', '.join(both) or 'no score'}")
    if not curves:
        return None
    return inline_svg(
        prd_curves(curves),
        key="prd",
        title="Precision over recall",
        description="; ".join(words) + ".",
    )


def roc_picture(evaluation: Evaluation) -> Markup | None:
    """Return the probes' ROC curves, or None where there are none."""
    curves = {}
    for probe in PROBES:
        points = evaluation.curves.get(f"roc_{probe}")
        if points:
            auc = evaluation.scores.get(f"c2st_{probe}_auc")
            curves[f"{probe}, AUC {number(auc.value)}" if auc else probe] = points
    if not curves:
        return None
    return inline_svg(
        roc_curves(curves),
        key="roc",
        title="How well each probe finds what is generated: true over false positive rate",
        description="; ".join(curves) + ".",
    )
