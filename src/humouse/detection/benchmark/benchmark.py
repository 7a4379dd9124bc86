"""`Benchmark`: everything that the settings of a benchmark name, loaded and checked."""

from pathlib import Path

from humouse.data.prepared import load_split
from humouse.data.preprocess import preprocess
from humouse.detection.benchmark.dataset import BenchmarkData, Sizes
from humouse.detection.benchmark.design import Design, check_mixes
from humouse.detection.benchmark.fold import Fold, all_folds
from humouse.detection.benchmark.predictions import Predictions
from humouse.detection.names import GENERATED
from humouse.detection.registry import DetectorSpec, select_detectors, view_checkpoints
from humouse.detection.samples.negatives import check_model_share
from humouse.detection.samples.people import ACROSS, EVALUATE
from humouse.detection.samples.sources import negative_sources
from humouse.detection.samples.views import FeatureViews
from humouse.errors import InputError
from humouse.settings import BenchmarkSettings


class Benchmark:
    """Design, data and detectors of a benchmark.

    Args:
        settings: The whole configuration.

    Raises:
        InputError: A setting, the data or a checkpoint cannot be used.
    """

    def __init__(self, settings: BenchmarkSettings) -> None:
        s = settings
        check_settings(s)
        self.settings = s
        self.folder = Path(s.out_dir)
        self.sources = negative_sources(
            s.families, models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}, files=s.files
        )
        if sum(family not in GENERATED for family in self.sources) < 2:
            raise InputError("families: at least two are needed, to hold one out")
        views = _views(s)
        self.specs: list[DetectorSpec] = select_detectors(s.detectors, views.names)
        self.design = Design(
            mixes=tuple(check_mixes(s.mixes, list(self.sources))),
            families=tuple(self.sources),
            seeds=s.seeds,
            replicates=s.replicates,
        )
        evaluated = {EVALUATE: preprocess(load_split(Path(s.dir) / s.split))}
        if s.across is not None:
            evaluated[ACROSS] = preprocess(load_split(Path(s.across) / "val"))
        self.data = BenchmarkData(
            self.folder / "material",
            preprocess(load_split(Path(s.dir) / "train")),
            evaluated,
            self.sources,
            views,
            Sizes(s.n, s.bots_per_family, s.model_share),
            s.calibration_share,
        )
        for seed in range(s.seeds):
            self.data.check_calibration(seed)
        self.scores = self.folder / "scores"

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


def _views(s: BenchmarkSettings) -> FeatureViews:
    checkpoints = view_checkpoints(s.detectors, s.diffusion_ckpt, s.gan_ckpt)
    return FeatureViews.load(checkpoints["diffusion"], checkpoints["gan"], s.feature_mode)


def check_settings(s: BenchmarkSettings) -> None:
    """Raise InputError for the first setting that makes no sense."""
    at_least = {
        "n": (s.n, 20),
        "bots_per_family": (s.bots_per_family, 10),
        "seeds": (s.seeds, 1),
        "replicates": (s.replicates, 0),
        "workers": (s.workers, 1),
    }
    for name, (value, least) in at_least.items():
        if value < least:
            raise InputError(f"{name}={value}: must be at least {least}")
    if s.split not in ("val", "test"):
        raise InputError(f"split={s.split}: choose val or test; detectors are fitted on train")
    check_model_share(s.model_share)
