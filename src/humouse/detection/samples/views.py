"""Feature views: tables of features, of denoising errors and of discriminator features."""

from dataclasses import dataclass
from pathlib import Path

from humouse.detection.samples.denoising_errors import denoising_table
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.model import load_model as load_diffusion
from humouse.errors import InputError
from humouse.features import FeatureTable, feature_table
from humouse.features.modes import DETECTOR_MODES
from humouse.gan.discriminator_features import discriminator_table
from humouse.gan.model import GanModel
from humouse.gan.model import load_model as load_gan
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class FeatureViews:
    """The views that can be computed with the models at hand.

    Args:
        diffusion: Its denoising errors are the view "denoising"; None for no such view.
        gan: Its discriminator's penultimate features are the view "discriminator"; None for no such
            view.
        feature_mode: Which of `DETECTOR_MODES` the view "features" holds.
    """

    diffusion: DiffusionModel | None = None
    gan: GanModel | None = None
    feature_mode: str = "neuromotor"

    @classmethod
    def load(
        cls,
        diffusion: str | Path | None,
        gan: str | Path | None,
        feature_mode: str = "neuromotor",
        device: str = "cpu",
    ) -> "FeatureViews":
        """Return the views of these checkpoints.

        Raises:
            InputError: One of them is missing, or of another kind; there is no such mode.
        """
        if feature_mode not in DETECTOR_MODES:
            raise InputError(f"feature_mode={feature_mode}: choose {' or '.join(DETECTOR_MODES)}")
        return cls(
            None if diffusion is None else load_diffusion(diffusion, device),
            None if gan is None else load_gan(gan, device),
            feature_mode,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The views that `featurize` returns."""
        models = {"discriminator": self.gan, "denoising": self.diffusion}
        return ("features", *(name for name, model in models.items() if model is not None))

    def featurize(self, movements: Trajectories) -> dict[str, FeatureTable]:
        """Return a table of B rows for each of `names`.

        Args:
            movements: B movements, as `data.preprocess` gives them.

        Raises:
            InputError: A movement has no steps.
        """
        groups = DETECTOR_MODES[self.feature_mode]
        views = {"features": feature_table(movements, groups)}
        if self.gan is not None:
            views["discriminator"] = discriminator_table(self.gan, movements)
        if self.diffusion is not None:
            views["denoising"] = denoising_table(self.diffusion, movements)
        return views
