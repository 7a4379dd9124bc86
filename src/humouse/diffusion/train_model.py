"""The whole model in one job: the diffusion model, then a decoder for it."""

from collections.abc import Iterable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from humouse.diffusion.model import DIFFUSION, DiffusionModel, build_denoiser, load_model
from humouse.diffusion.train import fitted_codec, train, train_decoder
from humouse.diffusion.training.decoder.learner import DecoderLearner
from humouse.diffusion.training.decoder.settings import check_decoder_settings, decoded_settings
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.diffusion.training.settings import check_settings
from humouse.errors import InputError
from humouse.files import alone_in, set_aside
from humouse.progress import JobProgress, Stage, duration
from humouse.settings import (
    DecodedSettings,
    DecoderModelSettings,
    DecoderStageSettings,
    DecoderTrainingSettings,
    TrainDecoderSettings,
    TrainModelSettings,
    TrainSettings,
)
from humouse.settings.checks import check_at_least
from humouse.training.data import TrainingData
from humouse.training.rehearsal import rehearse
from humouse.training.resuming import checkpoint_to_resume
from humouse.training.run_settings import RunSettings, checkpoint_path, run_folder


def check_model_settings(settings: TrainModelSettings) -> None:
    """Raise InputError for the first setting of either stage that makes no sense."""
    check_settings(settings)
    stage = settings.decoder
    if stage is None:
        return
    if settings.data.codec != "event" or settings.data.autoencoder is not None:
        raise InputError(
            "decoder=events: a decoder writes events, and this model learns something else; give "
            "decoder=none, or data.codec=event and data.autoencoder=null"
        )
    if not settings.data.merge_zero_moves:
        raise InputError(
            "data.merge_zero_moves=false: a decoder needs steps that all move; give true, or decoder=none"
        )
    check_at_least({"decoder.batch_size": (stage.batch_size, 1)})
    theirs, own = diffusion_stage(settings), decoder_stage(settings, stage)
    check_decoder_settings(own)
    try:
        check_settings(decoded_settings(own, theirs))
    except InputError as error:  # names optim.lr what is decoder.optim.lr here
        raise InputError(f"decoder.{error}") from error


def diffusion_stage(settings: TrainModelSettings) -> TrainSettings:
    """Return the settings of the diffusion model, which has a name of its own beside a decoder."""
    own = _part(settings, TrainSettings)
    if settings.decoder is not None:
        own["experiment_name"] += "_diffusion"
    return TrainSettings(**own)


def decoder_stage(
    settings: TrainModelSettings, stage: DecoderStageSettings
) -> TrainDecoderSettings:
    """Return the settings with which `humouse train decoder` does the same as the second stage."""
    return TrainDecoderSettings(
        ckpt=str(checkpoint_path(diffusion_stage(settings))),
        experiment_name=settings.experiment_name,
        seed=settings.seed,
        device=settings.device,
        resume=settings.resume,
        checkpoint_dir=settings.checkpoint_dir,
        data_dir=settings.data.dir,
        decoder=DecoderModelSettings(**_part(stage, DecoderModelSettings)),
        **_part(stage, DecoderTrainingSettings),
    )


def _part(settings: Any, schema: type) -> dict[str, Any]:
    return {field.name: getattr(settings, field.name) for field in fields(schema)}


def train_model(settings: TrainModelSettings, data: TrainingData) -> Path:
    """Train a diffusion model, and then its decoder where it is to have one; return the checkpoint.

    With `resume`, a job that was interrupted or killed goes on where it was, in either stage, and
    ends with the weights of one that was not.

    Args:
        settings: The whole configuration, checked.
        data: The splits that it names.

    Raises:
        InputError: The data or a checkpoint to resume cannot be used, or the loss stopped being
            finite.
        KeyboardInterrupt: The job was interrupted; the checkpoint of its stage is written.
    """
    first = diffusion_stage(settings)
    if settings.decoder is None:
        return train(first, data)
    second = decoder_stage(settings, settings.decoder)
    decoded = decoded_settings(second, first)
    _check_own(first, decoded)
    stages = _rehearsed(first, decoded, data)
    if any(stage.left_s(0.0) for stage in stages):
        print(_announcement(stages))
    with alone_in(run_folder(decoded)), JobProgress(stages) as display:
        if not settings.resume:
            # What an earlier job of this name left must not be taken for this one's second stage.
            set_aside(checkpoint_path(decoded))
        path = train(first, data, partial(display.stage, 0))
        decoded = decoded_settings(second, first, path)
        return train_decoder(decoded, data, load_model(path), partial(display.stage, 1))


def _check_own(first: RunSettings, second: RunSettings) -> None:
    """Raise InputError if a job would go on from a second stage without its first."""
    own, before = checkpoint_path(second), checkpoint_path(first)
    if second.resume and own.is_file() and not before.is_file():
        raise InputError(
            f"{own}: the diffusion model that it goes on from, {before}, is not there; give another "
            "experiment_name, or resume=false to begin a new one"
        )


def _rehearsed(first: TrainSettings, decoded: DecodedSettings, data: TrainingData) -> list[Stage]:
    """Return both stages with the time that their steps take on this machine."""
    codec = fitted_codec(first, data)
    model = DiffusionModel(codec=codec, settings=first, denoiser=build_denoiser(first, codec))
    # The decoder first: it refuses several processes, before those have to agree on anything.
    decoder = rehearse(
        "decoder",
        decoded,
        data,
        codec,
        lambda context: DecoderLearner(decoded, context, model),
        done=_steps_done(decoded),
        amp=decoded.optim.amp,
    )
    diffusion = rehearse(
        "diffusion",
        first,
        data,
        codec,
        partial(DiffusionLearner, first),
        done=_steps_done(first),
        amp=first.optim.amp,
        accumulate=first.optim.grad_accum,
    )
    return [diffusion, decoder]


def _steps_done(settings: RunSettings) -> int:
    saved = checkpoint_to_resume(settings, DIFFUSION)
    return 0 if saved is None else saved.step


def _announcement(stages: Iterable[Stage]) -> str:
    """Return the sentence that says how long the job takes."""
    parts = {stage.name: stage.left_s(0.0) for stage in stages if stage.done < stage.steps}
    shares = ", ".join(f"{name} {duration(seconds)}" for name, seconds in parts.items())
    return f"This takes about {duration(sum(parts.values()))} on this machine ({shares})."
