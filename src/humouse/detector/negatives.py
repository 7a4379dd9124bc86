"""Negatives: movements that no person made, mixed by named weights, on people's own errands (§8B).

Scripted bots run the errands of the people given; a model's samples take the lengths, and the
conditions that it knows, of their movements. A detector is then left with how a movement is made,
not with where it goes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from humouse.bots.families import FAMILIES, Variant
from humouse.bots.families import family as variants_of
from humouse.bots.movement_file import read_movements
from humouse.data.codec import merge_zero_moves
from humouse.detector.evidence import HUMAN, Evidence, evidence_of, joined
from humouse.detector.result import GENERATED
from humouse.errors import InputError
from humouse.generator import Generator, load_generator
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

SCRIPTED = "bots"
"""In a mixture: every scripted family, in equal parts."""

Progress = Callable[[str], None] | None


@dataclass(frozen=True)
class Maker:
    """One way to make negatives.

    Args:
        variant: What it is called.
        make: From people, a number and a seed to so many movements, whose `user` is the person whose
            errand it ran, if that is known.
    """

    variant: str
    make: Callable[[Trajectories, int, int], Trajectories]


Makers = Mapping[str, tuple[Maker, ...]]
"""Family → its variants; a family is held out whole."""


def makers(
    families: Sequence[str] | None = None,
    *,
    models: Mapping[str, Sequence[str | Path]] | None = None,
    files: Mapping[str, str | Path] | None = None,
    device: str = "cpu",
) -> dict[str, tuple[Maker, ...]]:
    """Return what makes each family of bots.

    Args:
        families: Scripted families; None for all of `FAMILIES`.
        models: Checkpoints of "gan" and of "diffusion"; a family without any is left out.
        files: Name → a file of movements that some other program made, each a family of its own.
        device: Where the models run.

    Raises:
        InputError: There is no such family, a checkpoint or a file cannot be used, or a name is
            taken.
    """
    chosen = list(FAMILIES) if families is None else list(families)
    made = {name: tuple(map(_scripted, variants_of(name))) for name in chosen}
    for family, paths in (models or {}).items():
        if family not in GENERATED:
            raise InputError(f"{family}: models make {' or '.join(GENERATED)}")
        if paths:
            made[family] = tuple(_generated(load_generator(path, device), path) for path in paths)
    for name, path in (files or {}).items():
        if name in made or name in (HUMAN, SCRIPTED):
            raise InputError(f"files.{name}: there is such a family already; choose another name")
        made[name] = (_filed(name, path),)
    return made


def make_family(
    family: str, makers: Makers, people: Trajectories, n: int, *, seed: int
) -> Evidence:
    """Return n movements of a family, in equal parts of each variant, zero moves merged.

    Args:
        family: One of `makers`.
        makers: As `makers` returned them.
        people: Whose errands to run.
        n: How many movements.
        seed: Of everything random.

    Raises:
        InputError: There is no such family, or fewer movements can be made than asked.
    """
    if family not in makers:
        raise InputError(f"{family}: no such family here; there are {', '.join(makers)}")
    if not len(people):
        raise InputError(f"people ({people.origin}): no movements; give recorded gestures")
    variants = makers[family]
    counts = [len(part) for part in np.array_split(np.arange(n), len(variants))]
    parts = []
    for maker, count in zip(variants, counts, strict=True):
        if count:
            made = maker.make(people, count, derive_seed(seed, "negatives", maker.variant))
            parts.append(evidence_of(merge_zero_moves(made).trimmed(), family, maker.variant))
    return joined(parts)


def shares(mixture: Mapping[str, float], available: Sequence[str], n: int) -> dict[str, int]:
    """Return how many of n movements each family makes.

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
    mixture: Mapping[str, float],
    makers: Makers,
    people: Trajectories,
    n: int,
    *,
    seed: int,
    progress: Progress = None,
) -> Evidence:
    """Return a mixture of negatives; the same for the same arguments.

    Args:
        mixture: See `shares`.
        makers: As `makers` returned them.
        people: Whose errands to run.
        n: How many; §8B takes as many as people have.
        seed: Of everything random.
        progress: Called with the name of each family made.

    Raises:
        InputError: See `makers`, `shares` and `make_family`.
    """
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    parts = []
    for family, count in shares(mixture, list(makers), n).items():
        if count:
            parts.append(make_family(family, makers, people, count, seed=seed))
        if progress is not None:
            progress(family)
    return joined(parts)


def _scripted(variant: Variant) -> Maker:
    def make(people: Trajectories, n: int, seed: int) -> Trajectories:
        bot = variant.make(people)
        return _run_for(people, bot.followed(n, seed=seed).numpy(), bot.sample(n, seed=seed))

    return Maker(variant.name, make)


def _run_for(people: Trajectories, rows: np.ndarray, made: Trajectories) -> Trajectories:
    """Return the movements with the names of those whose errands they ran."""
    return replace(made, user=None if people.user is None else people.user[rows])


def _generated(generator: Generator, path: str | Path) -> Maker:
    def make(people: Trajectories, n: int, seed: int) -> Trajectories:
        fits = generator.codec.fits(people).nonzero()[:, 0].numpy()
        if not len(fits):
            raise InputError(
                f"{path}: none of {len(people):,} movements of {people.origin} fits its codec; take "
                "a model of these people, or one with a greater data.sequence_length"
            )
        rng = np.random.default_rng(derive_seed(seed, "errands"))
        rows = np.concatenate([rng.permutation(fits) for _ in range(-(-n // len(fits)))])[:n]
        return _run_for(people, rows, generator.sample(n, like=people[rows], seed=seed))

    return Maker(Path(path).stem, make)


def _filed(name: str, path: str | Path) -> Maker:
    movements = read_movements(path)

    def make(people: Trajectories, n: int, seed: int) -> Trajectories:
        if len(movements) < n:
            raise InputError(
                f"{path}: holds {len(movements):,} movements, {n:,} are needed; give more, or ask "
                "for fewer"
            )
        return movements[np.sort(np.random.default_rng(seed).permutation(len(movements))[:n])]

    return Maker(name, make)
