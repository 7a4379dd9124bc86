"""The report of one evaluation: verdict first, then what it rests on, then how to repeat it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from markupsafe import Markup

from humouse.errors import InputError
from humouse.eval.metrics.copying import Neighbour
from humouse.eval.run import SIDES, EvaluationRun
from humouse.report.evaluation import pictures as plots
from humouse.report.evaluation.gestures import (
    Drawing,
    drawings,
    is_nominal,
    pairs,
    replay,
    typical,
)
from humouse.report.evaluation.scores import all_sides, as_csv, gauge, score_groups
from humouse.report.page import render, write_page
from humouse.trajectories import Trajectories

_DRAWINGS = 24
_REPLAYED = 36
_PAIRS = 12
_OPEN_FEATURES = 12


def write_report(run: EvaluationRun, path: Path | None = None) -> Path:
    """Write the report of a run as one HTML file that needs nothing else; return where.

    The same run gives the same bytes. What a run lacks (references, features, curves, spectra,
    neighbours), the page leaves out.

    Args:
        run: What to report.
        path: Where; by default report.html in the run's folder.

    Raises:
        InputError: A file of the run is missing, damaged, or does not belong to it, or the page
            cannot be written.
    """
    path = run.folder / "report.html" if path is None else Path(path)
    with _belonging(run):
        context = _context(run)
    return write_page(path, render("report.html.j2", run.digest, context), run.digest)


@contextmanager
def _belonging(run: EvaluationRun) -> Iterator[None]:
    """Name the folder whose parts do not fit together."""
    try:
        yield
    except (KeyError, IndexError) as error:
        raise InputError(
            f"{run.folder}: the files below data/ are not those of its scores ({error} is not in "
            "them); evaluate again"
        ) from error


def _context(run: EvaluationRun) -> dict[str, Any]:
    judged = run.generated
    people, generated = run.movements("people"), run.movements("generated")
    groups = score_groups(run)
    nominal = is_nominal(people) and is_nominal(generated)
    return {
        "run": run,
        "gauge": gauge(run, groups),
        "nominal": nominal,
        "judged": judged,
        "sides": SIDES,
        "groups": groups,
        "sizes": f"{judged.gestures:,} movements per set",
        "people_drawings": drawings(people, _DRAWINGS),
        "generated_drawings": drawings(generated, _DRAWINGS),
        "people_words": typical(people),
        "generated_words": typical(generated),
        "replay": replay({"people": people, "generated": generated}, _REPLAYED),
        "profile": plots.profile_picture(people, generated, nominal),
        "speed_facts": plots.speed_facts(people, generated, nominal),
        "features": _features(run, nominal),
        "open_features": len(judged.worst_features(_OPEN_FEATURES)),
        "spectrum": _spectrum(run, people, generated, nominal),
        "bands": _bands(run),
        "prd": plots.prd_picture(run),
        "roc": plots.roc_picture(judged),
        "pairs": _pairs(run, generated),
        "table": all_sides(run),
        "csv": as_csv({run.generated.fake: run}),
    }


def _features(run: EvaluationRun, nominal: bool) -> list[plots.FeaturePanel]:
    if not run.generated.features:
        return []
    tables = run.features("people"), run.features("generated")
    return plots.feature_panels(run.generated, *tables, nominal)


def _spectrum(
    run: EvaluationRun, people: Trajectories, generated: Trajectories, nominal: bool
) -> Markup | None:
    if not run.generated.spectra:
        return None
    return plots.spectrum_picture(people, generated, run.generated, nominal)


def _bands(run: EvaluationRun) -> list[dict[str, Any]]:
    """Return each band of the spectrum with the judged ratio and the baseline's."""
    baseline = run.baseline.spectra if run.baseline else {}
    return [
        {"name": band, "judged": one, "baseline": baseline.get(band)}
        for band, one in run.generated.spectra.items()
    ]


def _pairs(run: EvaluationRun, generated: Trajectories) -> list[tuple[Neighbour, Drawing]]:
    if not run.generated.neighbours:
        return []
    return pairs(generated, run.movements("nearest"), run.generated.neighbours, _PAIRS)
