"""`humouse train`: train a diffusion model."""

from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.train import train
from humouse.diffusion.training.settings import check_settings
from humouse.settings import TrainSettings


def run(settings: TrainSettings) -> Path:
    """Train as the settings say; return the path of the checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    return train(settings, training_data(settings.data))
