"""A benchmark of detectors: every fold fitted once, everything kept on disk."""

from pathlib import Path

from humouse.data.prepared import load_split
from humouse.detection.benchmark.dataset import Material, Sizes
from humouse.detection.benchmark.design import check_mixes, training_set, training_sets
from humouse.detection.benchmark.fold import Trial
from humouse.detection.benchmark.predictions import Tally
from humouse.detection.names import GENERATED
from humouse.detection.registry import Member, checkpoints_seen, members
from humouse.detection.samples.negatives import makers
from humouse.detection.samples.people import ACROSS, EVALUATE, seen_as
from humouse.detection.samples.views import Views
from humouse.errors import InputError
from humouse.settings import BenchmarkSettings


class Benchmark:
    """Everything that the settings name, loaded.

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
        self.makers = makers(
            s.families, models={"gan": s.gan_ckpt, "diffusion": s.diffusion_ckpt}, files=s.files
        )
        if sum(family not in GENERATED for family in self.makers) < 2:
            raise InputError("families: at least two are needed, to hold one out")
        seen = checkpoints_seen(s.detectors, s.diffusion_ckpt, s.gan_ckpt)
        views = Views.load(seen["diffusion"], seen["gan"], s.feature_mode)
        self.members: list[Member] = members(s.detectors, views.names)
        self.mixes = check_mixes(s.mixes, list(self.makers))
        evaluated = {EVALUATE: seen_as(load_split(Path(s.dir) / s.split))}
        if s.across is not None:
            evaluated[ACROSS] = seen_as(load_split(Path(s.across) / "val"))
        self.material = Material(
            self.folder / "material",
            seen_as(load_split(Path(s.dir) / "train")),
            evaluated,
            self.makers,
            views,
            Sizes(s.n, s.bots_per_family, s.model_share),
            s.calibration_share,
        )
        for seed in range(s.seeds):
            self.material.check_calibration(seed)
        self.scores = self.folder / "scores"

    @property
    def trials(self) -> list[Trial]:
        """Every fit that the table needs."""
        families = list(self.makers)
        judged = {
            training: tuple(
                family
                for family in families
                if any(training_set(mix, family) == training for mix in self.mixes)
            )
            for training in training_sets(self.mixes, families)
        }
        return [
            trial
            for seed in range(self.settings.seeds)
            for trial in (
                Trial(seed, None, tuple(families)),
                *(Trial(seed, training, names) for training, names in judged.items()),
            )
        ]

    def is_done(self, trial: Trial) -> bool:
        """Return whether its scores are there."""
        return (self.scores / trial.place).is_file()

    def tally(self) -> Tally:
        """Return what every detector said."""
        return Tally(self.material, self.members, self.scores)


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
    if not s.model_share > 0:
        raise InputError(f"model_share={s.model_share:g}: must be above 0")
