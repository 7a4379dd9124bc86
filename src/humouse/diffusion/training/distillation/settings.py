"""Checks of distillation's settings, and the student's configuration."""

from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.training.derived import check_own_checkpoint, inherit_config
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import Distillation, DistilledSettings, DistillSettings
from humouse.settings.checks import check_at_least


def check_distill_settings(settings: DistillSettings) -> None:
    """Raise InputError for the first of distilling's own settings that makes no sense."""
    check_at_least({"steps": (settings.steps, 1), "pairs": (settings.pairs, 1)})
    if settings.teacher is None:
        raise InputError("teacher: name the checkpoint to distil; humouse train makes one")


def check_teacher(settings: DistillSettings, teacher: DiffusionModel) -> None:
    """Raise InputError if a model cannot be distilled."""
    check_own_checkpoint(settings, teacher, "the teacher")
    if teacher.distillation is not None:
        raise InputError(
            f"{teacher.path}: distilled itself, to {teacher.distillation.steps} steps; distil the model "
            f"that it was made from, {teacher.distillation.teacher}"
        )
    if teacher.decoder_settings is not None:
        raise InputError(
            f"{teacher.path}: hands over to a decoder, which needs few steps as it is; distil the model "
            f"without it, {teacher.decoder_settings.model}"
        )


def student_settings(settings: DistillSettings, teacher: DiffusionModel) -> DistilledSettings:
    """Return the configuration of the student: the teacher's, but for what distilling changes."""
    s = settings
    # There is nothing to regularise or to leave out: every segment has one right answer.
    network = {"self_condition": False, "dropout": 0.0}
    diffusion = {"min_snr_weight": False, "self_condition_prob": 0.0}
    return DistilledSettings(
        **inherit_config(s, teacher.settings, network=network, diffusion=diffusion),
        optim=s.optim,
        distillation=Distillation(
            teacher=str(teacher.path),
            teacher_sha256=sha256(teacher.path),
            steps=s.steps,
            teacher_steps=s.teacher_steps,
            pairs=s.pairs,
        ),
    )
