"""`humouse tune`: a decoded model → one trained against a critic of its own movements.

The result is a checkpoint of a decoded model again; the critic is not saved in it.
"""

from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.model import DIFFUSION, load_model
from humouse.diffusion.training.decoder.tuner import DecoderTuner
from humouse.diffusion.training.decoder.tuner_settings import (
    check_model,
    check_tuner_settings,
    tuned_settings,
)
from humouse.diffusion.training.derived import check_same_data
from humouse.diffusion.training.settings import check_settings
from humouse.settings import TuneSettings
from humouse.training.resuming import checkpoint_to_resume
from humouse.training.trainer import run_training


def run(settings: TuneSettings) -> Path:
    """Tune a decoder as the settings say; return the path of the tuned model's checkpoint.

    Raises:
        InputError: A setting, the model, the data or a checkpoint to resume cannot be used, or the
            loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_tuner_settings(settings)
    model = load_model(settings.ckpt)
    check_model(settings, model)
    tuned = tuned_settings(settings, model)
    check_settings(tuned)
    data = training_data(tuned.data)
    check_same_data(data, model)
    return run_training(
        tuned,
        data,
        model.codec,
        lambda context: DecoderTuner(tuned, context, model),
        kind=DIFFUSION,
        saved=checkpoint_to_resume(tuned, DIFFUSION),
    )
