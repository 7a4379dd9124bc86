"""Negatives: movements of bots and models, by family, with people's own goals and timing.

Scripted bots take the goals and durations of the given people; a model's samples take their lengths
and those conditions that the model has. So a detector can only use how a movement is made, not
where it goes (§8B).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from humouse.bots.families import FAMILIES
from humouse.codec import merge_zero_moves
from humouse.detection.names import GENERATED, SCRIPTED
from humouse.detection.samples.labelled import (
    LabelledMovements,
    concatenate_labelled,
    label_movements,
)
from humouse.detection.samples.sources import NegativeSource, NegativeSources
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories, concatenate

_ATTEMPTS = 5


def negative_counts(families: Sequence[str], n: int, *, model_share: float) -> dict[str, int]:
    """Return how many negatives of each family a detector is fitted on, or calibrated on.

    All scripted families, and those read from files, share n equally. Samples of models come on top,
    `model_share` · n of each model's family, so that adding a model takes no scripted bot away.

    Args:
        families: The families that negatives are drawn from.
        n: How many gestures people have.
        model_share: Samples of each model's family, as a share of n.

    Raises:
        InputError: `model_share` is not above 0, or there are models only.
    """
    check_model_share(model_share)
    models = [family for family in families if family in GENERATED]
    others = [family for family in families if family not in GENERATED]
    counts = mixture_counts(dict.fromkeys(others, 1.0), others, n)
    return {**counts, **dict.fromkeys(models, max(1, round(n * model_share)))}


def check_model_share(model_share: float) -> None:
    """Raise InputError unless the share is above 0."""
    if not model_share > 0:
        raise InputError(f"model_share={model_share:g}: must be above 0")


def mixture_counts(
    mixture: Mapping[str, float], available: Sequence[str], n: int
) -> dict[str, int]:
    """Return how many of n movements each family makes, by weight.

    Args:
        mixture: Weight of each family; `SCRIPTED` stands for every scripted one, in equal parts.
        available: The families that there are.
        n: How many in all.

    Raises:
        InputError: A family is not there, a weight is not positive, or there is none.
    """
    weights: dict[str, float] = {}
    for name, weight in mixture.items():
        if not 0 <= weight < np.inf:
            raise InputError(f"mixture.{name}={weight}: must be a number, at least 0")
        scripted = [family for family in available if family in FAMILIES]
        names = scripted if name == SCRIPTED else [name]
        for family in names:
            if family not in available:
                raise InputError(
                    f"mixture.{name}: no such family here; there are {', '.join(available)}, and "
                    f"{SCRIPTED} for every scripted one"
                )
            weights[family] = weights.get(family, 0) + weight / len(names)
    total = sum(weights.values())
    if not total:
        raise InputError("mixture: empty; give a weight above 0 to a family, e.g. mixture.bots=1")
    edges = np.rint(np.cumsum([0, *weights.values()]) / total * n).astype(int)
    return dict(zip(weights, np.diff(edges).tolist(), strict=True))


def make_negatives(
    counts: Mapping[str, int],
    sources: NegativeSources,
    people: Trajectories,
    *,
    seed: int,
    role: str | None = None,
    progress: Callable[[str], None] | None = None,
) -> LabelledMovements:
    """Return the given number of negatives of each family; the same for the same arguments.

    Args:
        counts: Family → how many, as `negative_counts` or `mixture_counts` say.
        sources: As `negative_sources` returned them.
        people: Whose goals and timing the bots take over.
        seed: Of everything random.
        role: See `make_family`.
        progress: Called with the name of each family made.

    Raises:
        InputError: No movement is asked for; see also `make_family`.
    """
    if sum(counts.values()) < 1:
        raise InputError(f"n={sum(counts.values())}: ask for at least 1 movement")
    parts = []
    for family, count in counts.items():
        if count:
            parts.append(make_family(family, sources, people, count, seed=seed, role=role))
        if progress is not None:
            progress(family)
    return concatenate_labelled(parts)


def make_family(
    family: str,
    sources: NegativeSources,
    people: Trajectories,
    n: int,
    *,
    seed: int,
    role: str | None = None,
) -> LabelledMovements:
    """Return n movements of a family, in equal parts of each variant, zero moves merged.

    A movement that does not move is made anew.

    Args:
        family: One of `sources`.
        sources: As `negative_sources` returned them.
        people: Whose goals and timing the bots take over.
        n: How many movements.
        seed: Of everything random.
        role: One of `ROLES`: movements from a file cannot be made anew, so each role gets a part of
            its own; None for all of them.

    Raises:
        InputError: There is no such family, or fewer movements can be made than asked.
    """
    if family not in sources:
        raise InputError(f"{family}: no such family here; there are {', '.join(sources)}")
    if not len(people):
        raise InputError(f"people ({people.origin}): no movements; give recorded gestures")
    variants = sources[family]
    counts = [len(part) for part in np.array_split(np.arange(n), len(variants))]
    parts = []
    for source, count in zip(variants, counts, strict=True):
        if count:
            key = derive_seed(seed, "negatives", source.variant)
            made = _moving(source, people, count, key, role)
            parts.append(label_movements(made.trimmed(), family, source.variant))
    return concatenate_labelled(parts)


def _moving(
    source: NegativeSource, people: Trajectories, n: int, seed: int, role: str | None
) -> Trajectories:
    """Return n movements, none of which stands still once its zero moves are merged."""
    made = merge_zero_moves(source.make(people, n, seed, role))
    for attempt in range(_ATTEMPTS):
        moving = (made.lengths >= 1).nonzero()[:, 0]
        missing = n - len(moving)
        if not missing:
            return made
        again = source.make(people, missing, derive_seed(seed, "again", attempt), role)
        made = concatenate([made[moving], merge_zero_moves(again)], made.origin)
    raise InputError(f"{source.variant}: makes movements that do not move; take another model")
