"""What makes negatives: scripted bots, trained models, and files that another program wrote."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from humouse.bots.composed import compose
from humouse.bots.families import FAMILIES, Variant
from humouse.bots.families import family as variants_of
from humouse.codec import merge_zero_moves
from humouse.data.movement_file import read_movements
from humouse.detection.names import COMPOSED, FILES_MEAN, GENERATED, HUMAN, MEAN, SCRIPTED
from humouse.detection.samples.people import ROLES
from humouse.errors import InputError
from humouse.generator import load_generator
from humouse.randomness import derive_seed
from humouse.trained_model import TrainedModel
from humouse.trajectories import Trajectories

_TAKEN = (COMPOSED, *FAMILIES, *GENERATED, HUMAN, SCRIPTED, MEAN, FILES_MEAN)
_PLAIN = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class NegativeSource:
    """One way to make negatives; it can be pickled.

    Args:
        variant: What it is called.
        make: (people, n, seed, role) → n movements; see `make_family`. Their `user` is the person
            whose goal and timing a movement has, if that is known.
        trained_on: The dataset of a trained model, None of other sources.
        available: How many movements there are of it, each of which is given once; None where as many are
            made as are asked for.
    """

    variant: str
    make: Callable[[Trajectories, int, int, str | None], Trajectories]
    trained_on: Mapping[str, Any] | None = None
    available: int | None = None


NegativeSources = Mapping[str, tuple[NegativeSource, ...]]
"""Family → its variants; a family is held out whole."""


def negative_sources(
    families: Sequence[str] | None = None,
    *,
    models: Mapping[str, Sequence[str | Path]] | None = None,
    files: Mapping[str, str | Path] | None = None,
    device: str = "cpu",
) -> dict[str, tuple[NegativeSource, ...]]:
    """Return the sources of each family of bots.

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
    sources = {name: tuple(map(_scripted, variants_of(name))) for name in chosen}
    sources[COMPOSED] = (NegativeSource(COMPOSED, _composed),)
    for family, paths in (models or {}).items():
        if paths:
            sources[family] = _models(family, [Path(path) for path in paths], device)
    for name, path in (files or {}).items():
        check_family_name("files", name)
        sources[name] = (_file(name, path),)
    return sources


def _composed(people: Trajectories, n: int, seed: int, role: str | None) -> Trajectories:
    return compose(people, n, seed=seed)


def check_family_name(setting: str, name: str) -> None:
    """Raise InputError for a name that a family of one's own cannot have."""
    if name in _TAKEN:
        raise InputError(f"{setting}.{name}: there is such a family already; choose another name")
    if not _PLAIN.fullmatch(name):
        raise InputError(f"{setting}.{name}: name it in letters, digits, - and _")


def _scripted(variant: Variant) -> NegativeSource:
    return NegativeSource(variant.name, partial(_by_bot, variant))


def _by_bot(
    variant: Variant, people: Trajectories, n: int, seed: int, role: str | None
) -> Trajectories:
    bot = variant.make(people)
    return _with_users(people, bot.source_indices(n, seed=seed).numpy(), bot.sample(n, seed=seed))


def _with_users(people: Trajectories, rows: np.ndarray, made: Trajectories) -> Trajectories:
    """Return the movements with the names of the people whose recordings they follow."""
    return replace(made, user=None if people.user is None else people.user[rows])


def _models(family: str, paths: Sequence[Path], device: str) -> tuple[NegativeSource, ...]:
    """Return a source for each checkpoint of one family."""
    if family not in GENERATED:
        raise InputError(f"{family}: models make {' or '.join(GENERATED)}")
    sources = []
    for path in paths:
        generator = load_generator(path, device)
        if generator.family != family:
            raise InputError(
                f"{family}_ckpt: {path} holds a {generator.family}; it would be held out as "
                f"{family}, and fitted on all the same: name it under {generator.family}_ckpt"
            )
        make = partial(_by_model, generator, path)
        sources.append(NegativeSource(path.stem, make, generator.data))
    names = [source.variant for source in sources]
    if len(set(names)) < len(names):
        raise InputError(f"{family}_ckpt: two checkpoints have one name; give each its own")
    return tuple(sources)


def _by_model(
    generator: TrainedModel, path: Path, people: Trajectories, n: int, seed: int, role: str | None
) -> Trajectories:
    fits = generator.codec.fits(people).nonzero()[:, 0].numpy()
    if not len(fits):
        raise InputError(
            f"{path}: none of {len(people):,} movements of {people.origin} fits its codec; take "
            "a model of these people, or one with a greater data.sequence_length"
        )
    rng = np.random.default_rng(derive_seed(seed, "errands"))
    rows = np.concatenate([rng.permutation(fits) for _ in range(-(-n // len(fits)))])[:n]
    return _with_users(people, rows, generator.sample(n, like=people[rows], seed=seed))


def _file(name: str, path: str | Path) -> NegativeSource:
    """Return the source of a file's movements; each role gets different ones."""
    movements = read_movements(path)
    moving = (merge_zero_moves(movements).lengths >= 1).nonzero()[:, 0].numpy()
    shuffled = np.random.default_rng(derive_seed("file")).permutation(moving)
    make = partial(_from_file, movements, shuffled, path)
    return NegativeSource(name, make, available=len(moving))


def _from_file(
    movements: Trajectories,
    shuffled: np.ndarray,
    path: str | Path,
    people: Trajectories,
    n: int,
    seed: int,
    role: str | None,
) -> Trajectories:
    own = shuffled if role is None else shuffled[ROLES.index(role) :: len(ROLES)]
    if len(own) < n:
        raise InputError(
            f"{path}: holds {len(shuffled):,} movements that move, {len(own):,} of them for each role, "
            f"and {n:,} are needed; give more, or ask for fewer"
        )
    return movements[np.sort(np.random.default_rng(seed).permutation(own)[:n])]
