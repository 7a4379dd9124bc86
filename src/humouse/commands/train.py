"""`humouse train`: train a diffusion model, and its decoder."""

from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.train_model import check_model_settings, train_model
from humouse.settings import TrainModelSettings
from humouse.settings.compose import shell_word


def run(settings: TrainModelSettings) -> Path:
    """Train as the settings say; return the path of the checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_model_settings(settings)
    path = train_model(settings, training_data(settings.data))
    print(f"The model is {path}. Sample from it: humouse sample {shell_word('ckpt', str(path))}")
    return path
