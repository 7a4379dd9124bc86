"""`Benchmark`: the design, the data and the detectors of a benchmark, and which of it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from humouse.detection.benchmark.dataset import BenchmarkData
from humouse.detection.benchmark.design import Design
from humouse.detection.benchmark.fold import Fold, all_folds
from humouse.detection.benchmark.predictions import Predictions
from humouse.detection.registry import DetectorSpec


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Design, data and detectors of a benchmark.

    Args:
        folder: Where everything that it makes lies.
        design: Which families are held out, over which mixes and seeds.
        data: Labelled movements, in a folder of their own.
        specs: The detectors.

    Raises:
        InputError: Too few people's gestures are left to fix a threshold on.
    """

    folder: Path
    design: Design
    data: BenchmarkData
    specs: Sequence[DetectorSpec]

    def __post_init__(self) -> None:
        for seed in range(self.design.seeds):
            self.data.check_calibration(seed)

    @property
    def scores(self) -> Path:
        """Folder of the scores of every fold."""
        return self.folder / "scores"

    @property
    def folds(self) -> list[Fold]:
        """Every fit that the table needs."""
        return all_folds(self.design)

    def is_done(self, fold: Fold) -> bool:
        """Return whether its scores are there."""
        return (self.scores / fold.file).is_file()

    def predictions(self) -> Predictions:
        """Return the scores of every fold, blended and calibrated when they are asked for."""
        return Predictions(self.data, self.specs, self.scores)
