"""`humouse distill`: a trained diffusion model → one that samples in a few steps.

The teacher takes noise to movements with a fine solver; a student, at first its copy, learns to land
where the teacher passed, in k DDIM steps from the same noise (knowledge distillation of the sampling
path: Luhman & Luhman 2101.02388 for one step, here one segment a step as in Salimans & Ho 2202.00512).
What comes out is an ordinary diffusion checkpoint that samples with k steps, and no other number.
"""

from pathlib import Path

from humouse.diffusion.latents.codec import restored
from humouse.diffusion.model import Model, load_model
from humouse.diffusion.training.distillation.learner import DistillLearner
from humouse.diffusion.training.distillation.teacher_paths import RecordingSolver
from humouse.diffusion.training.settings import check_settings
from humouse.diffusion.training.successor import check_own_data, check_successor, inherited
from humouse.errors import InputError
from humouse.files import sha256
from humouse.settings import (
    Distillation,
    DistilledSettings,
    DistillSettings,
)
from humouse.settings.checks import check_at_least
from humouse.training.checkpoint import DIFFUSION
from humouse.training.trainer import run_training


def run(settings: DistillSettings) -> Path:
    """Distil a model as the settings say; return the path of the student's checkpoint.

    Raises:
        InputError: A setting, the teacher, the data or a checkpoint to resume cannot be used, or
            the loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_at_least({"steps": (settings.steps, 1), "pairs": (settings.pairs, 1)})
    teacher = _teacher(settings)
    run = student_settings(settings, teacher)
    check_settings(run)
    RecordingSolver(teacher.denoiser.schedule, settings.steps).times(settings.teacher_steps)
    check_own_data(run, teacher, "data_dir")
    return run_training(
        run,
        DIFFUSION,
        lambda material: DistillLearner(run, material, teacher),
        amp=run.optim.amp,
        accumulate=run.optim.grad_accum,
        codec=teacher.codec,
        restored=restored,
    )


def _teacher(settings: DistillSettings) -> Model:
    if settings.teacher is None:
        raise InputError("teacher: name the checkpoint to distil; humouse train makes one")
    teacher = load_model(settings.teacher)
    check_successor(teacher, settings.checkpoint_dir, settings.experiment_name, "the teacher")
    if teacher.distilled_steps is not None:
        raise InputError(
            f"{teacher.path}: distilled itself, to {teacher.distilled_steps} steps; distil the model "
            f"that it was made from, {teacher.config['distillation']['teacher']}"
        )
    if teacher.decoder is not None:
        raise InputError(
            f"{teacher.path}: hands over to a decoder, which needs few steps as it is; distil the model "
            f"without it, {teacher.config['decoder']['model']}"
        )
    return teacher


def student_settings(settings: DistillSettings, teacher: Model) -> DistilledSettings:
    """Return the configuration of the student: the teacher's, but for what distilling changes.

    Raises:
        InputError: The teacher's configuration is another version's.
    """
    s = settings
    # There is nothing to regularise or to leave out: every segment has one right answer.
    network = {"self_condition": False, "dropout": 0.0}
    diffusion = {"min_snr_weight": False, "self_condition_prob": 0.0}
    return DistilledSettings(
        **inherited(s, teacher, network=network, diffusion=diffusion),
        optim=s.optim,
        distillation=Distillation(
            teacher=str(teacher.path),
            teacher_sha256=sha256(teacher.path),
            steps=s.steps,
            teacher_steps=s.teacher_steps,
            pairs=s.pairs,
        ),
    )
