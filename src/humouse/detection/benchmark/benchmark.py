"""`Benchmark`: the design, the data and the fits of a benchmark, and which of it is done."""

from dataclasses import dataclass
from pathlib import Path

from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import Design
from humouse.detection.benchmark.fold import Fitting, Fold, all_folds
from humouse.detection.benchmark.predictions import Predictions
from humouse.detection.samples.people import people_of, split_by_user
from humouse.detection.setups.fit import FEWEST_GESTURES
from humouse.errors import InputError


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Design, data and fits of a benchmark.

    Args:
        folder: Where everything that it makes lies.
        design: Which families are held out, over which mixes, set-ups and seeds.
        data: Movements to evaluate on, in a folder of their own.
        fitting: How detectors are fitted.

    Raises:
        InputError: A set-up has too few people's gestures to calibrate on.
    """

    folder: Path
    design: Design
    data: BenchmarkData
    fitting: Fitting

    def __post_init__(self) -> None:
        for name, people in self.data.people.items():
            for seed in range(self.design.seeds):
                _, kept = split_by_user(people.train, self.fitting.calibration_share, seed)
                if len(kept) < FEWEST_GESTURES:
                    raise InputError(
                        f"calibration: {len(kept):,} gestures of {len(people_of(kept))} people of {name}; "
                        f"at least {FEWEST_GESTURES} are needed; raise calibration_share, or give more "
                        "people"
                    )

    @property
    def scores(self) -> Path:
        """Folder of the scores of every fold."""
        return self.folder / "scores"

    @property
    def folds(self) -> list[Fold]:
        """Every fit that the tables need."""
        return all_folds(self.design)

    def is_done(self, fold: Fold) -> bool:
        """Return whether its scores are there."""
        return (self.scores / fold.file).is_file()

    def predictions(self) -> Predictions:
        """Return the scores of every fold, blended and with verdicts when they are asked for."""
        return Predictions(self.data, self.fitting.specs, self.scores)
