"""From the numbers of an evaluation to a run on disk: the verdict in words, and what it rests on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from humouse.eval.pair import Pair
from humouse.eval.run import FILES, EvaluationRun
from humouse.eval.verdict import excesses, verdict
from humouse.eval.with_references import Compared
from humouse.eval.wording import findings, headline
from humouse.files import set_aside_in
from humouse.trajectories import Trajectories


def conclude(folder: Path, result: Compared, provenance: Mapping[str, Any]) -> EvaluationRun:
    """Return the run with what its numbers say.

    Args:
        folder: Where it is to lie.
        result: The evaluations.
        provenance: What made them.
    """
    judged, baseline = result.evaluations["generated"], result.evaluations.get("other_people")
    found = verdict(judged, baseline)
    return EvaluationRun(
        folder=folder,
        evaluations=result.evaluations,
        headline=headline(judged, found),
        excess=excesses(judged, baseline),
        findings=findings(found),
        provenance=dict(provenance),
    )


def save_with_data(run: EvaluationRun, pair: Pair, train: Trajectories) -> None:
    """Write the scores, and the movements and features that they were taken on.

    An earlier evaluation in that folder is set aside.

    Raises:
        InputError: A file cannot be written.
    """
    set_aside_in(run.folder, FILES)
    nearest = train[[one.train for one in run.generated.neighbours]]
    for name, movements in (("people", pair.real), ("generated", pair.fake), ("nearest", nearest)):
        movements.save(run.folder / "data" / f"{name}.parquet")
    tables = pair.real_features, pair.fake_features
    for name, table in zip(("people", "generated"), tables, strict=True):
        table.save(run.folder / "data" / f"{name}_features.parquet")
    run.save()
