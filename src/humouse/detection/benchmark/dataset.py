"""`BenchmarkData`: movements of people and bots to evaluate on, as detectors see them, kept on disk.

Bots take the goals of the people whom they are compared with. Each family is evaluated with its own
timing and as a browser delivers it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from humouse.data.movement_file import read_movements
from humouse.detection.benchmark.delivery import as_delivered
from humouse.detection.calibration.calibration import check_disjoint
from humouse.detection.names import BROWSER, HUMAN, OWN
from humouse.detection.samples.labelled import LabelledMovements, label_movements
from humouse.detection.samples.negatives import make_family
from humouse.detection.samples.one_clock import OneClock
from humouse.detection.samples.people import EVALUATE, subsample
from humouse.detection.samples.sources import NegativeSources, check_family_name
from humouse.detection.samples.views import look
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

_BROWSER_SUFFIX = f"_{BROWSER}"


@dataclass(frozen=True)
class People:
    """People of one set-up.

    Args:
        train: Movements to fit and calibrate on.
        evaluated: Those of other people, to evaluate on.

    Raises:
        InputError: A person is among both.
    """

    train: Trajectories
    evaluated: Trajectories

    def __post_init__(self) -> None:
        check_disjoint(self.train.user, self.evaluated.user)


@dataclass(frozen=True)
class Part:
    """A part of the data: movements of one family, or of people.

    Args:
        setup: Whose goals they have, or whose they are; None for movements from a file.
        family: A family of bots, or `HUMAN`.
    """

    setup: str | None
    family: str

    @property
    def folder(self) -> Path:
        """Its folder below that of the data."""
        setup = "files" if self.setup is None else f"people {quote(self.setup, safe='')}"
        return Path(setup) / self.family


@dataclass(frozen=True)
class Sizes:
    """Numbers of movements to evaluate on.

    Args:
        people: Gestures of each set-up's people.
        bots: Movements of each family.
    """

    people: int
    bots: int


BotFiles = Mapping[str, Mapping[str, Trajectories]]
"""Family → delivery → movements from a file."""


def read_files(files: Mapping[str, str]) -> dict[str, dict[str, Trajectories]]:
    """Return the movements in files, by family and delivery.

    A file named …_60hz holds what a browser delivered of the family that the rest of its name says.

    Raises:
        InputError: A file cannot be used, or a name is taken.
    """
    found: dict[str, dict[str, Trajectories]] = {}
    for name, path in files.items():
        family = name.removesuffix(_BROWSER_SUFFIX)
        check_family_name("files", family)
        delivery = OWN if family == name else BROWSER
        found.setdefault(family, {})[delivery] = read_movements(path)
    return found


Delivered = tuple[str, LabelledMovements]
"""A delivery, and the movements delivered so."""


class BenchmarkData:
    """Movements to evaluate on, made where they are missing.

    Args:
        folder: Where they lie.
        people: Set-up → its people.
        sources: What makes each family of bots and models.
        families: Those held out that `sources` make.
        files: Those held out that come from files.
        clock: The one that detectors look at movements by.
        sizes: Numbers of movements.
    """

    def __init__(
        self,
        folder: Path,
        people: Mapping[str, People],
        sources: NegativeSources,
        families: Sequence[str],
        files: BotFiles,
        clock: OneClock,
        sizes: Sizes,
    ) -> None:
        self.folder = folder
        self.people = people
        self.sources = sources
        self.made = tuple(families)
        self.files = files
        self.clock = clock
        self.sizes = sizes

    @property
    def families(self) -> tuple[str, ...]:
        """The families held out."""
        return (*self.made, *self.files)

    @property
    def parts(self) -> list[Part]:
        """Everything there is to make."""
        return [
            *(Part(setup, family) for setup in self.people for family in (HUMAN, *self.made)),
            *(Part(None, family) for family in self.files),
        ]

    def deliveries(self, family: str) -> tuple[str, ...]:
        """Return how a family's movements are delivered; people's come as recorded."""
        if family == HUMAN or (family in self.files and BROWSER not in self.files[family]):
            return (OWN,) if family == HUMAN else (OWN, BROWSER)
        return tuple(self.files[family]) if family in self.files else (OWN, BROWSER)

    def is_made(self, part: Part) -> bool:
        """Return whether a part is there."""
        last = self.folder / part.folder / self.deliveries(part.family)[-1]
        return (last / "kinds.parquet").is_file()

    def make(self, part: Part) -> list[Delivered]:
        """Return a part's movements as detectors see them, by delivery."""
        seen = []
        for delivery, made in self._deliveries(part):
            views, rows = look(made.movements.as_steps(), self.clock)
            seen.append((delivery, replace(made.rows(rows), views=views)))
        return seen

    def keep(self, part: Part, made: Sequence[Delivered]) -> None:
        """Write a part, each delivery whole or not at all."""
        for delivery, seen in made:
            seen.save(self.folder / part.folder / delivery)

    def load(self, setup: str, family: str, delivery: str) -> LabelledMovements:
        """Return the movements of a family, or of people, that are evaluated with a set-up's people."""
        part = Part(None if family in self.files else setup, family)
        return LabelledMovements.load(self.folder / part.folder / delivery)

    def _deliveries(self, part: Part) -> Iterator[Delivered]:
        seed = derive_seed("material", part.setup or "", part.family)
        made = None
        for delivery in self.deliveries(part.family):
            if delivery == OWN or (
                part.family in self.files and delivery in self.files[part.family]
            ):
                made = self._made(part, delivery, seed)
                yield delivery, made
            elif made is not None:
                delivered = as_delivered(made.movements, seed)
                yield delivery, replace(made, movements=delivered)

    def _made(self, part: Part, delivery: str, seed: int) -> LabelledMovements:
        if part.setup is None:
            movements = self.files[part.family][delivery]
            return label_movements(movements, part.family, part.family)
        people = subsample(self.people[part.setup].evaluated, self.sizes.people, 0)
        if part.family == HUMAN:
            return label_movements(people, HUMAN, HUMAN)
        return make_family(
            part.family, self.sources, people, self.sizes.bots, seed=seed, role=EVALUATE
        )
