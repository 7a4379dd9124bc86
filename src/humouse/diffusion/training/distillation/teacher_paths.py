"""Training data of a student: a teacher's sampling paths from noise to movements.

The paths lie in memory as float32, N · (steps + 1) · T · C values: 16,384 paths of 4 steps are 71 MB
at T = 72 and C = 3. They follow from the teacher and the seed, so that a resumed run draws them again.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import valid_steps
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.samplers import DPMSolverPP2M
from humouse.diffusion.training.batches import NoisyShard
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.training.batches import Batches

_BATCH = 64


@dataclass(frozen=True, eq=False)
class TeacherPaths:
    """A teacher's paths at the times of a student.

    Args:
        times: [P] the student's times, the noisiest first, 0 last.
        x: [N, P, T, C] x at these times: noise first, clean data last; zero at padding.
        lengths: [N] number of valid steps of x.
        cond: [N, K] the teacher's conditions, on the network's scale, or None.
    """

    times: Float[Tensor, "P"]
    x: Float[Tensor, "N P T C"]
    lengths: Int[Tensor, "N"]
    cond: Float[Tensor, "N K"] | None

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, rows: slice | Tensor) -> "TeacherPaths":
        cond = None if self.cond is None else self.cond[rows]
        return TeacherPaths(self.times, self.x[rows], self.lengths[rows], cond)

    @property
    def steps(self) -> int:
        """The number k of the student's steps; P = k + 1."""
        return len(self.times) - 1

    def trimmed(self) -> "TeacherPaths":
        """Return the same paths with no more padding than the longest needs."""
        x = self.x[:, :, : int(self.lengths.max())]
        return TeacherPaths(self.times, x, self.lengths, self.cond)

    def segments(
        self, rows: Int[Tensor, "B"], first: Int[Tensor, "B"], schedule: Schedule
    ) -> NoisyBatch:
        """Return one segment of each of these paths, as a batch of ordinary denoising.

        A DDIM step lands on the teacher's x_s exactly if the answer at (x_t, t) is
        x̂0 = (x_s − (σ_s/σ_t) x_t) / (α_s − (σ_s/σ_t) α_t), which in the last step is the clean data
        (Salimans & Ho 2202.00512, section 3). x_t is this x̂0 under the noise (x_t − α_t x̂0)/σ_t, so
        the usual objective on both regresses it. Measured on v, an error of x̂0 weighs 1/σ_t²; where
        times are spread evenly over the angle atan(σ/α), as the cosine schedule's are, that is the
        squared error of the landing point up to a constant: no segment starves.

        Args:
            rows: Which paths.
            first: [B] from which of the student's times each segment starts, 0 to k − 1.
            schedule: The schedule of teacher and student.
        """
        t, s = self.times[first], self.times[first + 1]
        (alpha_t, sigma_t), (alpha_s, sigma_s) = (
            [part[:, None, None] for part in schedule(time)] for time in (t, s)
        )
        x_t, x_s = self.x[rows, first].double(), self.x[rows, first + 1].double()
        kept = sigma_s / sigma_t
        x0 = (x_s - kept * x_t) / (alpha_s - kept * alpha_t)
        return NoisyBatch(
            x0=x0.float(),
            mask=valid_steps(self.lengths[rows], self.x.shape[2]),
            cond=None if self.cond is None else self.cond[rows],
            t=t.float(),
            eps=((x_t - alpha_t * x0) / sigma_t).float(),
            self_condition=torch.zeros(len(rows), dtype=torch.bool),
        )


def teacher_solver(schedule: Schedule, steps: int, teacher_steps: int) -> DPMSolverPP2M:
    """Return the teacher's solver, DPM-Solver++(2M), which passes through a student's times.

    Its first time is the noisiest that this rule takes, a little below the student's.

    Args:
        schedule: The schedule of teacher and student.
        steps: The student's steps k.
        teacher_steps: The teacher's, a multiple of k.

    Raises:
        InputError: The teacher's steps are no multiple of the student's, or too many.
    """
    if steps < 1:
        raise InputError(f"steps={steps}: must be at least 1")
    if teacher_steps < steps or teacher_steps % steps:
        raise InputError(f"teacher_steps={teacher_steps}: must be a multiple of steps={steps}")
    times = schedule.times(teacher_steps)
    times[0] = schedule.times(1, lambda_min=DPMSolverPP2M.lambda_min)[0]
    if not bool((times.diff() < 0).all()):
        raise InputError(
            f"teacher_steps={teacher_steps}: more than the schedule has; ask for fewer"
        )
    return DPMSolverPP2M(schedule, times)


def draw_paths(
    teacher: DiffusionModel,
    n: int,
    *,
    steps: int,
    teacher_steps: int,
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> TeacherPaths:
    """Return n paths; path i depends on the teacher, the steps, the seed and i alone.

    Lengths and conditions are drawn from the prior, as in sampling without any set.

    Args:
        teacher: The trained model.
        n: How many.
        steps: The student's steps k.
        teacher_steps: Network calls of the teacher per path, a multiple of `steps`.
        seed: 0 or more.
        progress: Called after each of `calls(n, teacher_steps)` network calls.

    Raises:
        InputError: The numbers of steps do not go together.
    """
    codec, schedule = teacher.codec, teacher.denoiser.schedule
    solver = teacher_solver(schedule, steps, teacher_steps)
    every = teacher_steps // steps
    frame = codec.draw_frames(n, seed=seed)
    cond = codec.conditions_for(frame, teacher.cond_dim)
    device = next(teacher.denoiser.parameters()).device
    lengths = codec.steps(frame.lengths)
    shape = int(codec.steps(torch.tensor(codec.sequence_length))), codec.channels
    x = torch.zeros(n, steps + 1, int(lengths.max()), codec.channels)
    # Similar lengths run together, so that little work goes into padding.
    for rows in lengths.argsort(stable=True).split(_BATCH):
        longest = int(lengths[rows].max())
        mask = valid_steps(lengths[rows], longest)
        streams = [generator(seed, "pair", row) for row in rows.tolist()]
        noise = torch.stack([torch.randn(shape, generator=one)[:longest] for one in streams])
        passed = [noise]
        path = solver.path(
            teacher.denoiser,
            noise.to(device),
            mask.to(device),
            cond=None if cond is None else cond[rows].to(device),
            self_condition=teacher.settings.model.self_condition,
        )
        for number, x_t in enumerate(path, 1):
            progress()
            if number % every == 0:
                passed.append(x_t.cpu())
        x[rows, :, :longest] = torch.stack(passed, 1) * mask[:, None, :, None]
    return TeacherPaths(schedule.times(steps), x, lengths, cond)


def calls(n: int, teacher_steps: int) -> int:
    """Return how often `draw_paths` reports progress."""
    return -(-n // _BATCH) * teacher_steps


class PathBatches(Batches[NoisyShard]):
    """Item k is what step k learns from: one segment of each of a batch of paths.

    Args:
        paths: The paths.
        schedule: The schedule of teacher and student.
        batch_size: Paths a step, over all processes.
        seed: Seed of the run.
        rank: This process's number.
        processes: How many there are.
    """

    def __init__(
        self,
        paths: TeacherPaths,
        schedule: Schedule,
        batch_size: int,
        seed: int,
        *,
        rank: int = 0,
        processes: int = 1,
    ) -> None:
        self.paths = paths
        self.schedule = schedule
        self.batch_size = batch_size
        self.seed = seed
        self.rank = rank
        self.processes = processes

    @property
    def steps_per_epoch(self) -> int:
        """Steps that see as many paths as there are, rounded up."""
        return -(-len(self.paths) // self.batch_size)

    def __getitem__(self, step: int) -> NoisyShard:
        g, B, k = generator(self.seed, "jump", step), self.batch_size, self.paths.steps
        rows = torch.randint(len(self.paths), (B,), generator=g)
        # Every segment as often as any other, but for a remainder that moves on.
        segments = (torch.arange(B) + torch.randint(k, (1,), generator=g)) % k
        order = self.paths.lengths[rows].argsort(stable=True)[self.rank :: self.processes]
        batch = self.paths.segments(rows[order], segments[order], self.schedule)
        values = int(self.paths.lengths[rows].sum()) * self.paths.x.shape[3]
        return NoisyShard(batch, gestures=None, total_values=values)
