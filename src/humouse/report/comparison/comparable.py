"""Whether several evaluations measure the same thing, and what differs."""

from collections.abc import Sequence

from humouse.eval.run import EvaluationRun
from humouse.files import sha256

_SETTINGS = {
    "feature_mode": "the features: C2ST, MMD, PRD, k-NN and Wasserstein are not comparable",
    "probes": "the probes: the headlines may rest on different ones",
    "group_by_user": "whether a probe is scored on people it was not fitted on: C2ST is not "
    "comparable",
}
"""The settings that change what a score is, and what follows."""


def comparable(runs: Sequence[EvaluationRun]) -> bool:
    """Say whether one of the runs can be called better than another.

    That is so among runs against the same people, evaluated on the same features and folds.

    Raises:
        InputError: A run's people cannot be read.
    """
    alike = len({_people(run) for run in runs}) == 1
    settings = ("feature_mode", "group_by_user")
    return alike and all(
        len({_setting(run, name) for run in runs} - {None}) < 2 for name in settings
    )


def warnings_of(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> list[str]:
    """Return what keeps the runs' numbers from being compared, each in a sentence.

    Raises:
        InputError: A run's people cannot be read.
    """
    return [*_people_warnings(tags, runs), *_setting_warnings(tags, runs)]


def _people_warnings(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> list[str]:
    warnings = []
    people = [_people(run) for run in runs]
    marks = [sha256(run.folder / "data" / "people.parquet") for run in runs]
    for k in range(1, len(runs)):
        both = f"{tags[0]} and {tags[k]}"
        if people[0] != people[k]:
            warnings.append(
                f"{both} were compared with different people: their scores differ for that reason alone. "
                "Read the excess over each run's own baseline, not the values."
            )
        elif marks[0] != marks[k]:
            warnings.append(f"{both} were compared with different gestures of the same people.")
    sizes = {run.generated.gestures for run in runs}
    if len(sizes) > 1:
        counts = ", ".join(
            f"{tag} {run.generated.gestures:,}" for tag, run in zip(tags, runs, strict=True)
        )
        warnings.append(
            f"The runs differ in movements per set ({counts}): classifiers do better with more data."
        )
    return warnings


def _people(run: EvaluationRun) -> tuple[str, frozenset[str] | None]:
    """Return the people that a run was compared with: their source, and their names where they have any."""
    user = run.movements("people").user
    return run.generated.real, None if user is None else frozenset(user.tolist())


def _setting_warnings(tags: Sequence[str], runs: Sequence[EvaluationRun]) -> list[str]:
    """Return which settings keep the runs' scores from being compared."""
    warnings = []
    for name, meaning in _SETTINGS.items():
        values = [_setting(run, name) for run in runs]
        if len(set(values) - {None}) > 1:
            each = "; ".join(
                f"{tag} {value or 'not known'}" for tag, value in zip(tags, values, strict=True)
            )
            warnings.append(f"The runs differ in {name} ({each}), {meaning}.")
    return warnings


def _setting(run: EvaluationRun, name: str) -> str | None:
    """Return a setting in words, or None where the run does not say it."""
    settings = run.provenance.get("settings")
    value = settings.get(name) if isinstance(settings, dict) else None
    if isinstance(value, list):
        return ", ".join(sorted(map(str, value)))
    return None if value is None else str(value)
