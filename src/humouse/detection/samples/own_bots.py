"""`OwnBots`: movements of one's own bots, seen in training or held out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from humouse.data.movement_file import read_movements
from humouse.detection.samples.sources import NegativeSource, NegativeSources, check_family_name
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

FEWEST = 50
"""Movements of a bot that a file must hold."""

_SHARE_KEPT = 0.4
_WEIGHT = 0.1


@dataclass(frozen=True, eq=False)
class OwnBots:
    """Files of movements, each a family.

    Args:
        sources: Family → what gives its movements to fit on; families held out have none.
        kept: Family → movements that no detector is fitted on.
        held_out: Families that are not trained on at all.
    """

    sources: NegativeSources
    kept: Mapping[str, Trajectories]
    held_out: Sequence[str]

    @classmethod
    def read(cls, files: Mapping[str, str], held_out: Sequence[str], seed: int) -> "OwnBots":
        """Return the bots in these files.

        Args:
            files: Name → file.
            held_out: Which of them are to be evaluated on alone.
            seed: Of which movements are kept apart.

        Raises:
            InputError: A file cannot be read or has too few movements, or a name is taken or unknown.
        """
        for name in held_out:
            if name not in files:
                raise InputError(f"bots.held_out: {name} is not among bots.files")
        sources: dict[str, tuple[NegativeSource, ...]] = {}
        kept = {}
        for name, path in files.items():
            check_family_name("bots.files", name)
            movements = read_movements(path)
            if len(movements) < FEWEST:
                raise InputError(
                    f"bots.files.{name}: {Path(path)} holds {len(movements):,} movements; at least {FEWEST} "
                    "are needed"
                )
            order = np.random.default_rng(derive_seed(seed, name)).permutation(len(movements))
            apart = len(order) if name in held_out else round(_SHARE_KEPT * len(order))
            kept[name] = movements[np.sort(order[:apart])]
            if name not in held_out:
                sources[name] = (_repeated(name, movements[np.sort(order[apart:])]),)
        return cls(sources, kept, tuple(held_out))

    def mixed_into(self, mixture: Mapping[str, float]) -> dict[str, float]:
        """Return the mixture with a tenth of its weight besides for each family that is seen."""
        total = sum(mixture.values())
        own = {name: _WEIGHT * total for name in self.sources if name not in mixture}
        return {**mixture, **own}


def _repeated(name: str, movements: Trajectories) -> NegativeSource:
    """Return the source of a file's movements, each as often as it takes."""

    def make(people: Trajectories, n: int, seed: int, role: str | None) -> Trajectories:
        rng = np.random.default_rng(seed)
        rounds = -(-n // len(movements))
        rows = np.concatenate([rng.permutation(len(movements)) for _ in range(rounds)])[:n]
        return movements[rows]

    return NegativeSource(name, make)
