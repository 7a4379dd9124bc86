"""The design of a benchmark: mixes, families, seeds, and the family that each fit leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass

from humouse.bots.families import FAMILIES
from humouse.detection.names import GENERATED
from humouse.errors import InputError, nearest
from humouse.settings.choices import MIXES


@dataclass(frozen=True)
class Design:
    """What is measured.

    Args:
        mixes: What detectors are fitted on, in order; the last is the fullest.
        families: The families held out, each in turn.
        seeds: Repetitions.
        replicates: Bootstrap replicates of people behind each interval.
    """

    mixes: tuple[str, ...]
    families: tuple[str, ...]
    seeds: int
    replicates: int

    @property
    def scripted(self) -> tuple[str, ...]:
        """The scripted families, which means are over."""
        return tuple(family for family in self.families if family in FAMILIES)

    @property
    def steps(self) -> int:
        """How often `aggregate` calls its `progress`."""
        return len(self.mixes) * (len(self.families) + 1)


@dataclass(frozen=True)
class TrainingSet:
    """The families that negatives are drawn from.

    Args:
        mix: One of `MIXES`.
        without: A family of the mix that is held out, or None.
    """

    mix: str
    without: str | None

    @property
    def name(self) -> str:
        """What its files are called."""
        return self.mix if self.without is None else f"{self.mix} without {self.without}"

    def families(self, available: Sequence[str]) -> list[str]:
        """Return those of the families there are that negatives are drawn from."""
        return [
            family
            for family in available
            if family != self.without and (family not in GENERATED or family in generated(self.mix))
        ]


def generated(mix: str) -> tuple[str, ...]:
    """Return the families of trained models in a mix."""
    return GENERATED if mix == "all" else tuple(mix.split("+")[1:])


def check_mixes(mixes: Sequence[str], available: Sequence[str]) -> list[str]:
    """Return the mixes in the order of the tables.

    Raises:
        InputError: One is unknown, needs a model that is not there, or there is none.
    """
    for mix in mixes:
        if mix not in MIXES:
            raise InputError(f"mixes: {mix}: no such mix; {nearest(mix, MIXES)}")
        for family in generated(mix):
            if family not in available:
                raise InputError(
                    f"mixes: {mix} needs the family {family}; name its checkpoint, {family}_ckpt=[…], or "
                    "leave the mix out"
                )
    if not mixes:
        raise InputError(f"mixes: none; choose from {', '.join(MIXES)}")
    return [mix for mix in MIXES if mix in mixes]


def training_set(mix: str, held_out: str) -> TrainingSet:
    """Return what a detector is fitted on for one cell of the table.

    Two cells can share a fit: without its GAN, "bots+gan" is "bots".
    """
    kept = [family for family in generated(mix) if family != held_out]
    fitted = "all" if len(kept) == len(GENERATED) else "+".join(["bots", *kept])
    scripted = held_out not in GENERATED
    return TrainingSet(fitted, held_out if scripted else None)


def training_sets(mixes: Sequence[str], families: Sequence[str]) -> list[TrainingSet]:
    """Return each training set of the whole table once, and each mix with nothing held out."""
    whole = [TrainingSet(mix, None) for mix in mixes]
    cells = [training_set(mix, family) for mix in mixes for family in families]
    return list(dict.fromkeys([*whole, *cells]))
