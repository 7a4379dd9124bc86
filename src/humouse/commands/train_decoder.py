"""`humouse train decoder`: add a decoder of whole events to a diffusion model.

The result is a diffusion checkpoint that holds a decoder beside the network: sampling runs the
network down to the noise time `t_switch`, and the decoder from there.
"""

from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.model import load_model
from humouse.diffusion.train import train_decoder
from humouse.diffusion.training.decoder.settings import (
    check_decoder_settings,
    check_model,
    decoded_settings,
)
from humouse.diffusion.training.derived import check_same_data
from humouse.diffusion.training.settings import check_settings
from humouse.settings import TrainDecoderSettings


def run(settings: TrainDecoderSettings) -> Path:
    """Train a decoder as the settings say; return the path of the decoded model's checkpoint.

    Raises:
        InputError: A setting, the model, the data or a checkpoint to resume cannot be used, or the
            loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_decoder_settings(settings)
    model = load_model(settings.ckpt)
    check_model(settings, model)
    decoded = decoded_settings(settings, model.settings, model.path)
    check_settings(decoded)
    data = training_data(decoded.data)
    check_same_data(data, model)
    return train_decoder(decoded, data, model)
