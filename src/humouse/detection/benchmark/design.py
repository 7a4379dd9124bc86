"""The design of a benchmark: mixes, families, set-ups, seeds, and what each fit leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass

from humouse.bots.families import FAMILIES
from humouse.detection.names import GENERATED, SCRIPTED
from humouse.errors import InputError, nearest
from humouse.settings.choices import MIXES


@dataclass(frozen=True)
class TrainingSet:
    """What a detector is fitted on.

    Args:
        mix: One of `MIXES`: what its negatives are.
        setups: Whose people.
        without: The scripted family that is left out of the mix, or None.
    """

    mix: str
    setups: tuple[str, ...]
    without: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        name = f"{self.mix} on {', '.join(self.setups)}"
        return name if self.without is None else f"{name} without {self.without}"

    def mixture(self, scripted: Sequence[str], model_share: float) -> dict[str, float]:
        """Return the weight of each family of negatives.

        Args:
            scripted: The scripted families that there are.
            model_share: Weight of each model's samples; composed and scripted bots have 1.
        """
        weights: dict[str, float] = {}
        for part in self.mix.split("+"):
            kept = [family for family in scripted if family != self.without]
            families = kept if part == SCRIPTED else [part]
            weight = model_share if part in GENERATED else 1.0
            weights |= dict.fromkeys(families, weight / len(families))
        return weights


@dataclass(frozen=True)
class Design:
    """What is measured.

    Args:
        mixes: What detectors are fitted on, in order; the first stands for the whole.
        families: The families held out.
        setups: Whose people; those of the first stand for the whole.
        seeds: Repetitions.
        replicates: Bootstrap replicates of people behind each interval.
    """

    mixes: tuple[str, ...]
    families: tuple[str, ...]
    setups: tuple[str, ...]
    seeds: int
    replicates: int

    @property
    def scripted(self) -> tuple[str, ...]:
        """The scripted families."""
        return tuple(family for family in self.families if family in FAMILIES)

    @property
    def files(self) -> tuple[str, ...]:
        """The families that come from files."""
        known = (*FAMILIES, *GENERATED)
        return tuple(family for family in self.families if family not in known)

    @property
    def steps(self) -> int:
        """How often `aggregate` calls its `progress`."""
        return len(self.mixes) * len(self.families) + len(self.whole)

    def training_set(self, mix: str, held_out: str) -> TrainingSet:
        """Return what is fitted on for one cell of the table; cells that can share a fit do."""
        parts = mix.split("+")
        kept = "+".join(part for part in parts if part != held_out)
        scripted = held_out in FAMILIES and SCRIPTED in parts
        return TrainingSet(kept, self.setups, held_out if scripted else None)

    @property
    def whole(self) -> tuple[TrainingSet, ...]:
        """What people are evaluated with: each mix; and the first, by what people it is fitted on.

        All of them, each set-up alone, and all but one.
        """
        several = [
            *((one,) for one in self.setups),
            *(tuple(other for other in self.setups if other != one) for one in self.setups),
        ]
        sets = [TrainingSet(mix, self.setups) for mix in self.mixes]
        sets += [TrainingSet(self.mixes[0], setups) for setups in several if setups]
        return tuple(dict.fromkeys(sets))

    def training_sets(self) -> dict[TrainingSet, tuple[str, ...]]:
        """Return each training set once, and the families that are held out of it."""
        held_out: dict[TrainingSet, list[str]] = {one: [] for one in self.whole}
        for mix in self.mixes:
            for family in self.families:
                own = held_out.setdefault(self.training_set(mix, family), [])
                if family not in own:
                    own.append(family)
        return {one: tuple(families) for one, families in held_out.items()}


def check_mixes(mixes: Sequence[str], available: Sequence[str]) -> list[str]:
    """Return the mixes in the order of the tables.

    Raises:
        InputError: One is unknown, needs a model that is not there, or there is none.
    """
    for mix in mixes:
        if mix not in MIXES:
            raise InputError(f"mixes: {mix}: no such mix; {nearest(mix, MIXES)}")
        for family in mix.split("+"):
            if family in GENERATED and family not in available:
                raise InputError(
                    f"mixes: {mix} needs the family {family}; name its checkpoint, {family}_ckpt=[…], or "
                    "leave the mix out"
                )
    if not mixes:
        raise InputError(f"mixes: none; choose from {', '.join(MIXES)}")
    return [mix for mix in MIXES if mix in mixes]
