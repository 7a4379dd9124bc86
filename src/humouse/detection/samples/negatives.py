"""Negatives: movements of bots and models, by family, with people's own goals and timing.

Scripted bots take the goals and durations of the given people; a model's samples take their lengths
and those conditions that the model has. So a detector can only use how a movement is made, not
where it goes (§8B).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class NegativePart:
    """Movements of one variant that are made together.

    Args:
        family: The family.
        variant: Number of the variant in its family.
        n: How many movements.
        seed: Of everything random in them.
    """

    family: str
    variant: int
    n: int
    seed: int


def negative_parts(
    counts: Mapping[str, int],
    sources: NegativeSources,
    *,
    seed: int,
    size: int | None = None,
) -> list[NegativePart]:
    """Return the parts in which negatives are made: family by family, each in equal shares of its variants.

    Args:
        counts: Family → how many, as `negative_counts` or `mixture_counts` say.
        sources: As `negative_sources` returned them.
        seed: Of everything random.
        size: Most movements in a part, each of which has a seed of its own; None makes all of a variant in
            one. Up to `size` movements of a variant are the same either way. Those of a file are one part,
            since each of them is given once.

    Raises:
        InputError: No movement is asked for, there is no such family, or a file has fewer movements.
    """
    if sum(counts.values()) < 1:
        raise InputError(f"n={sum(counts.values())}: ask for at least 1 movement")
    parts = []
    for family, n in counts.items():
        if family not in sources:
            raise InputError(f"{family}: no such family here; there are {', '.join(sources)}")
        variants = sources[family]
        shares = [len(share) for share in np.array_split(np.arange(n), len(variants))]
        for variant, (source, count) in enumerate(zip(variants, shares, strict=True)):
            most = count
            if source.available is None:
                most = size or count
            elif source.available < count:
                raise InputError(
                    f"{family}: its file holds {source.available:,} movements that move, and {count:,} are "
                    "needed; give more, or ask for fewer"
                )
            for number, first in enumerate(range(0, count, max(1, most))):
                key = (source.variant, number) if number else (source.variant,)
                own = derive_seed(seed, "negatives", *key)
                parts.append(NegativePart(family, variant, min(most, count - first), own))
    return parts


def make_part(
    part: NegativePart, sources: NegativeSources, people: Trajectories, *, role: str | None = None
) -> Trajectories:
    """Return the movements of a part, zero moves merged; one that does not move is made anew.

    Args:
        part: As `negative_parts` returned it.
        sources: As `negative_sources` returned them.
        people: Whose goals and timing the bots take over.
        role: See `make_family`.

    Raises:
        InputError: There are no people, or fewer movements can be made than asked.
    """
    if not len(people):
        raise InputError(f"people ({people.origin}): no movements; give recorded gestures")
    source = sources[part.family][part.variant]
    return _moving(source, people, part.n, part.seed, role).trimmed()


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

    Args:
        family: One of `sources`.
        sources: As `negative_sources` returned them.
        people: Whose goals and timing the bots take over.
        n: How many movements.
        seed: Of everything random.
        role: One of `ROLES`: movements from a file cannot be made anew, so each role gets a part of
            its own; None for all of them.

    Raises:
        InputError: There is no such family, no movement is asked for, or fewer can be made than asked.
    """
    return concatenate_labelled(
        [
            label_movements(
                make_part(part, sources, people, role=role),
                family,
                sources[family][part.variant].variant,
            )
            for part in negative_parts({family: n}, sources, seed=seed)
        ]
    )


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
