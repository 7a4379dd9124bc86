"""Training the student: a diffusion model's training, on a teacher's paths instead of gestures."""

import math
from functools import cached_property

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.codec import valid_steps
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.samplers import make_sampler
from humouse.diffusion.training.batches import NoisyShard
from humouse.diffusion.training.distillation.teacher_paths import (
    PathBatches,
    TeacherPaths,
    calls,
    draw_paths,
)
from humouse.diffusion.training.learner import DiffusionLearner
from humouse.progress import progress_bar
from humouse.randomness import derive_seed
from humouse.settings import DistilledSettings
from humouse.training.batches import Batches
from humouse.training.context import TrainingContext

_BATCH = 64


class DistillLearner(DiffusionLearner):
    """Trains a copy of the teacher to follow its paths in a few DDIM steps.

    The teacher's network may take its previous answer as an input; the student's does not: x_t alone
    decides where the teacher's path leads.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
        teacher: The trained model.

    Raises:
        InputError: The numbers of steps do not go together.
    """

    settings: DistilledSettings

    def __init__(
        self, settings: DistilledSettings, context: TrainingContext, teacher: DiffusionModel
    ) -> None:
        self.teacher = teacher
        teacher.denoiser.to(context.accelerator.device)
        how = settings.distillation
        n = how.pairs + settings.logging.num_eval_samples
        total, shown = calls(n, how.teacher_steps), context.accelerator.is_main_process
        with progress_bar("the teacher's paths", total, shown=shown) as advance:
            paths = draw_paths(
                teacher,
                n,
                steps=how.steps,
                teacher_steps=how.teacher_steps,
                seed=derive_seed(settings.seed, "pairs"),
                progress=advance,
            )
        self.paths, self.validation_paths = paths[: how.pairs], paths[how.pairs :]
        super().__init__(settings, context)
        self.network.load_state_dict(
            student_weights(teacher.denoiser.network.state_dict(), self.network.state_dict())
        )
        self.optimiser.ema.load(self.network.state_dict())

    def _batches(self, denoiser: Denoiser) -> Batches[NoisyShard]:
        accelerator = self.accelerator
        return PathBatches(
            self.paths,
            denoiser.schedule,
            self.context.gestures_per_step,
            self.settings.seed,
            rank=accelerator.process_index,
            processes=accelerator.num_processes,
        )

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return how far the student ends from the teacher, and what samples show where it is due.

        "val_loss" is the mean squared distance, on the codec's scale, between what both make of the
        same noise, held out; "teacher_val_loss" is that of the teacher itself in as few steps.
        """
        self.average.network.load_state_dict(self.optimiser.ema.weights)
        scores = {
            "val_loss": distance(self.average, self.validation_paths),
            "teacher_val_loss": self._teacher_distance,
        }
        if not scored:
            return scores, {}
        model = DiffusionModel(
            codec=self.context.codec, settings=self.settings, denoiser=self.average
        )
        samples, pictures = self.validation.score(model)
        return scores | samples, pictures

    @cached_property
    def _teacher_distance(self) -> float:
        own = self.teacher.settings.model.self_condition
        return distance(self.teacher.denoiser, self.validation_paths, self_condition=own)


def student_weights(teacher: dict[str, Tensor], student: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the teacher's weights as the student's network takes them.

    Where the teacher reads its previous answer too, the student lacks those input channels; without
    them it answers as the teacher does without a previous answer.

    Args:
        teacher: Weights of a network.
        student: Weights of the same network, with or without self-conditioning.
    """
    fitted = dict(teacher)
    for name, weights in student.items():
        extra = teacher[name].shape[1] - weights.shape[1] if weights.ndim > 1 else 0
        if extra:  # channels of x, then as many of the previous answer, then of the position
            given = teacher[name]
            fitted[name] = torch.cat([given[:, :extra], given[:, 2 * extra :]], 1)
    return fitted


@torch.no_grad()
def distance(denoiser: Denoiser, paths: TeacherPaths, *, self_condition: bool = False) -> float:
    """Return the mean squared distance of DDIM samples from the ends of the paths.

    Args:
        denoiser: Samples from the paths' noise, in as many steps as they have.
        paths: Noise and ends; the mean is over their valid steps and channels.
        self_condition: Hand each answer to the next call.
    """
    device = next(denoiser.parameters()).device
    sampler = make_sampler("ddim", denoiser.schedule, paths.steps)
    total = 0.0
    for rows in paths.lengths.argsort(stable=True).split(_BATCH):
        part = paths[rows].trimmed()
        mask = valid_steps(part.lengths, part.x.shape[2])
        samples = sampler(
            denoiser,
            part.x[:, 0].to(device),
            mask.to(device),
            cond=None if part.cond is None else part.cond.to(device),
            self_condition=self_condition,
        )
        total += float((samples.cpu() - part.x[:, -1]).double().square().sum())
    return total / (int(paths.lengths.sum()) * math.prod(paths.x.shape[3:]))
