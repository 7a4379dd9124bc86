"""Negatives: movements that no person made, mixed by named weights, on people's own errands (§8B).

Scripted bots run the errands of the people given; a model's samples take the lengths, and the
conditions that it knows, of their movements. A detector is then left with how a movement is made,
not with where it goes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from humouse.bots.families import FAMILIES, Variant
from humouse.bots.families import family as variants_of
from humouse.bots.movement_file import read_movements
from humouse.codec import merge_zero_moves
from humouse.detection.names import GENERATED, HUMAN, MEAN
from humouse.detection.samples.labelled import Evidence, evidence_of, joined
from humouse.errors import InputError
from humouse.generator import Generator, load_generator
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories, concatenate

SCRIPTED = "bots"
"""In a mixture: every scripted family, in equal parts."""

_TAKEN = (*FAMILIES, *GENERATED, HUMAN, SCRIPTED, MEAN)
_PLAIN = re.compile(r"[\w-]+")

_ATTEMPTS = 5

PARTS = 4
"""Movements from a file cannot be made anew: so many roles get other ones each."""

Progress = Callable[[str], None] | None


@dataclass(frozen=True)
class Maker:
    """One way to make negatives.

    Args:
        variant: What it is called.
        make: From people, a number, a seed and a part (see `make_family`) to so many movements, whose
            `user` is the person whose errand it ran, if that is known.
        trained_on: The dataset of a trained model, None of other makers.
    """

    variant: str
    make: Callable[[Trajectories, int, int, int | None], Trajectories]
    trained_on: Mapping[str, Any] | None = None


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
        if paths:
            made[family] = _generators(family, [Path(path) for path in paths], device)
    for name, path in (files or {}).items():
        if name in _TAKEN:
            raise InputError(f"files.{name}: there is such a family already; choose another name")
        if not _PLAIN.fullmatch(name):
            raise InputError(f"files.{name}: name it in letters, digits, - and _")
        made[name] = (_filed(name, path),)
    return made


def make_family(
    family: str,
    makers: Makers,
    people: Trajectories,
    n: int,
    *,
    seed: int,
    part: int | None = None,
) -> Evidence:
    """Return n movements of a family, in equal parts of each variant, zero moves merged.

    A movement that does not move is made anew.

    Args:
        family: One of `makers`.
        makers: As `makers` returned them.
        people: Whose errands to run.
        n: How many movements.
        seed: Of everything random.
        part: Which of `PARTS` parts of a file's movements to take; None for all of them.

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
            key = derive_seed(seed, "negatives", maker.variant)
            made = _moving(maker, people, count, key, part)
            parts.append(evidence_of(made.trimmed(), family, maker.variant))
    return joined(parts)


def _moving(
    maker: Maker, people: Trajectories, n: int, seed: int, part: int | None
) -> Trajectories:
    """Return n movements, none of which stands still once its zero moves are merged."""
    made = merge_zero_moves(maker.make(people, n, seed, part))
    for attempt in range(_ATTEMPTS):
        moving = (made.lengths >= 1).nonzero()[:, 0]
        missing = n - len(moving)
        if not missing:
            return made
        again = maker.make(people, missing, derive_seed(seed, "again", attempt), part)
        made = concatenate([made[moving], merge_zero_moves(again)], made.origin)
    raise InputError(f"{maker.variant}: makes movements that do not move; take another model")


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
    part: int | None = None,
    progress: Progress = None,
) -> Evidence:
    """Return a mixture of negatives; the same for the same arguments.

    Args:
        mixture: See `shares`.
        makers: As `makers` returned them.
        people: Whose errands to run.
        n: How many; §8B takes as many as people have.
        seed: Of everything random.
        part: See `make_family`.
        progress: Called with the name of each family made.

    Raises:
        InputError: See `makers`, `shares` and `make_family`.
    """
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    parts = []
    for family, count in shares(mixture, list(makers), n).items():
        if count:
            parts.append(make_family(family, makers, people, count, seed=seed, part=part))
        if progress is not None:
            progress(family)
    return joined(parts)


def _scripted(variant: Variant) -> Maker:
    def make(people: Trajectories, n: int, seed: int, part: int | None) -> Trajectories:
        bot = variant.make(people)
        return _run_for(people, bot.source_indices(n, seed=seed).numpy(), bot.sample(n, seed=seed))

    return Maker(variant.name, make)


def _run_for(people: Trajectories, rows: np.ndarray, made: Trajectories) -> Trajectories:
    """Return the movements with the names of those whose errands they ran."""
    return replace(made, user=None if people.user is None else people.user[rows])


def _generators(family: str, paths: Sequence[Path], device: str) -> tuple[Maker, ...]:
    """Return what makes the samples of each checkpoint of one family."""
    if family not in GENERATED:
        raise InputError(f"{family}: models make {' or '.join(GENERATED)}")
    makers = []
    for path in paths:
        generator = load_generator(path, device)
        if generator.model.family != family:
            raise InputError(
                f"{family}_ckpt: {path} holds a {generator.model.family}; it would be held out as "
                f"{family}, and fitted on all the same: name it under {generator.model.family}_ckpt"
            )
        makers.append(_generated(generator, path))
    names = [maker.variant for maker in makers]
    if len(set(names)) < len(names):
        raise InputError(f"{family}_ckpt: two checkpoints have one name; give each its own")
    return tuple(makers)


def _generated(generator: Generator, path: Path) -> Maker:
    def make(people: Trajectories, n: int, seed: int, part: int | None) -> Trajectories:
        fits = generator.codec.fits(people).nonzero()[:, 0].numpy()
        if not len(fits):
            raise InputError(
                f"{path}: none of {len(people):,} movements of {people.origin} fits its codec; take "
                "a model of these people, or one with a greater data.sequence_length"
            )
        rng = np.random.default_rng(derive_seed(seed, "errands"))
        rows = np.concatenate([rng.permutation(fits) for _ in range(-(-n // len(fits)))])[:n]
        return _run_for(people, rows, generator.sample(n, like=people[rows], seed=seed))

    return Maker(path.stem, make, generator.data)


def _filed(name: str, path: str | Path) -> Maker:
    movements = read_movements(path)
    moving = (merge_zero_moves(movements).lengths >= 1).nonzero()[:, 0].numpy()
    shuffled = np.random.default_rng(derive_seed("file")).permutation(moving)

    def make(people: Trajectories, n: int, seed: int, part: int | None) -> Trajectories:
        own = shuffled if part is None else shuffled[part::PARTS]
        if len(own) < n:
            share = "" if part is None else f", {len(own):,} of them for each role,"
            raise InputError(
                f"{path}: holds {len(moving):,} movements that move{share} and {n:,} are needed; give "
                "more, or ask for fewer"
            )
        return movements[np.sort(np.random.default_rng(seed).permutation(own)[:n])]

    return Maker(name, make)
