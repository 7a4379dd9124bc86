"""`humouse distill`: a trained diffusion model → one that samples in a few steps.

The teacher maps noise to movements with a fine solver. The student, initialised as its copy, learns
to reach points of the teacher's path in k DDIM steps from the same noise (knowledge distillation of
the sampling path: Luhman & Luhman 2101.02388 for one step, here one segment per step as in Salimans
& Ho 2202.00512). The result is an ordinary diffusion checkpoint that samples with exactly k steps.
"""

from pathlib import Path

from humouse.commands.dataset import training_data
from humouse.diffusion.model import DIFFUSION, load_model
from humouse.diffusion.training.derived import check_same_data
from humouse.diffusion.training.distillation.learner import DistillLearner
from humouse.diffusion.training.distillation.settings import (
    check_distill_settings,
    check_teacher,
    student_settings,
)
from humouse.diffusion.training.distillation.teacher_paths import teacher_solver
from humouse.diffusion.training.settings import check_settings
from humouse.settings import DistillSettings
from humouse.training.resuming import checkpoint_to_resume
from humouse.training.trainer import run_training


def run(settings: DistillSettings) -> Path:
    """Distil a model as the settings say; return the path of the student's checkpoint.

    Raises:
        InputError: A setting, the teacher, the data or a checkpoint to resume cannot be used, or
            the loss stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_distill_settings(settings)
    teacher = load_model(settings.teacher)
    check_teacher(settings, teacher)
    student = student_settings(settings, teacher)
    check_settings(student)
    teacher_solver(teacher.denoiser.schedule, settings.steps, settings.teacher_steps)
    data = training_data(student.data)
    check_same_data(data, teacher)
    return run_training(
        student,
        data,
        teacher.codec,
        lambda context: DistillLearner(student, context, teacher),
        kind=DIFFUSION,
        saved=checkpoint_to_resume(student, DIFFUSION),
        amp=student.optim.amp,
        accumulate=student.optim.grad_accum,
    )
