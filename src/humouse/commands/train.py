"""`humouse train`: train a diffusion model."""

from pathlib import Path

from humouse.diffusion.train import train
from humouse.settings import TrainSettings


def run(settings: TrainSettings) -> Path:
    """Train as the settings say; return the path of the checkpoint."""
    return train(settings)
