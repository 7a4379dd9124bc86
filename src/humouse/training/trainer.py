"""The training loop: a run that is killed at any moment resumes bit for bit."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import torch
from accelerate.utils import broadcast_object_list
from torch.utils.data import DataLoader

from humouse.codec import Codec
from humouse.errors import InputError
from humouse.files import alone_with, set_aside, versions
from humouse.progress import progress_bar
from humouse.training.batches import Shard
from humouse.training.checkpoint import Checkpoint, Kind
from humouse.training.context import TrainingContext, training_context
from humouse.training.data import TrainingData
from humouse.training.journal import METRICS_FILE, Journal, Means
from humouse.training.learner import Learner
from humouse.training.optimisation import BadLossError
from humouse.training.resuming import check_resumable, data_record
from humouse.training.run_settings import RunSettings, planned_steps, run_folder
from humouse.training.stopping import Stopped, stop_signals
from humouse.training.validation import BestScore

MakeLearner = Callable[[TrainingContext], Learner[Any]]
Bar = Callable[..., AbstractContextManager[Callable[..., None]]]
"""Shows a run's progress: takes its steps, `done=` and `shown=`, and gives what advances it."""

TRAINING_BAR: Bar = partial(progress_bar, "training")


def run_training(
    settings: RunSettings,
    data: TrainingData,
    codec: Codec,
    make: MakeLearner,
    *,
    kind: Kind,
    saved: Checkpoint | None = None,
    amp: bool = False,
    accumulate: int = 1,
    bar: Bar = TRAINING_BAR,
) -> Path:
    """Train a model; return the path of its checkpoint.

    Args:
        settings: The whole configuration, checked.
        data: The splits that it names.
        codec: Fitted on the train split.
        make: Makes the learner.
        kind: What the checkpoint holds.
        saved: The checkpoint to resume from; None to start.
        amp: Whether to use half precision where the device is fast at it.
        accumulate: Batches summed into one step.
        bar: Shows the progress.

    Raises:
        InputError: The checkpoint is of another run, the loss stopped being finite, another run writes
            the same checkpoint, or nothing can be written there.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    with training_context(settings, data, codec, amp=amp, accumulate=accumulate) as context:
        if saved is not None:
            check_resumable(saved, context)
        with _alone(settings, context):
            trainer = Trainer(settings, context, make(context), kind, saved)
            with stop_signals() as stopped:
                return trainer.run(stopped, bar)


@contextmanager
def _alone(settings: RunSettings, context: TrainingContext) -> Iterator[None]:
    """Let no other run write this one's checkpoint or metrics; the first of its processes sees to it."""
    with ExitStack() as stack:
        if context.accelerator.is_main_process:
            stack.enter_context(alone_with(context.path))
            stack.enter_context(alone_with(run_folder(settings) / METRICS_FILE))
        yield


class Trainer:
    """One training run.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
        learner: The model in training, made from these.
        kind: What the checkpoint holds.
        saved: The checkpoint to resume from; None to start.

    Raises:
        InputError: The checkpoint does not fit the learner.
    """

    def __init__(
        self,
        settings: RunSettings,
        context: TrainingContext,
        learner: Learner[Any],
        kind: Kind,
        saved: Checkpoint | None = None,
    ) -> None:
        self.settings, self.context, self.learner, self.kind = settings, context, learner, kind
        self.accelerator, self.path = context.accelerator, context.path
        self.folder = run_folder(settings)
        self.main = context.accelerator.is_main_process
        self.steps = planned_steps(settings, learner.batches.steps_per_epoch)
        self.step = 0
        self.best = BestScore(settings.early_stopping.score, settings.early_stopping.patience)
        self.best_weights: dict[str, torch.Tensor] | None = None
        self.has_checkpoint = saved is not None
        if saved is not None:
            self._restore(saved)

    def _restore(self, saved: Checkpoint) -> None:
        try:
            self.learner.load(saved)
        except (KeyError, ValueError, TypeError, RuntimeError) as error:
            reason = str(error).split("\n")[0]
            raise InputError(
                f"{self.path}: does not fit this version of humouse ({reason})"
            ) from error
        self.step = saved.step
        early = self.settings.early_stopping
        self.best = BestScore(early.score, early.patience, saved.history)
        # Weights that no later ones are compared with would be served for ever.
        log = self.settings.logging
        scored = log.eval_interval if early.score == "val_loss" else log.sample_interval
        self.best_weights = saved.best if scored and self.best.best is not None else None

    def run(self, stopped: Stopped, bar: Bar = TRAINING_BAR) -> Path:
        """Train to the end, to early stopping or to a signal."""
        journal = Journal(self.folder, self.context.config, self.step) if self.main else None
        self._announce()
        try:
            with bar(self.steps, done=self.step, shown=self.main) as advance:
                self._steps(journal, advance, stopped)
        finally:
            if journal is not None:
                journal.close()
        if self._any_process(stopped.now):
            raise KeyboardInterrupt(f"({self.path} holds step {self.step:,}; resume=true goes on)")
        self._report()
        return self.path

    def _steps(
        self, journal: Journal | None, advance: Callable[[str], None], stopped: Stopped
    ) -> None:
        log = self.settings.logging
        loader = iter(self._loader())
        means = Means()
        while not self._ended:
            numbers = self._one_step(next(loader))
            means.add(numbers)
            if journal is not None and self.step % log.log_interval == 0:
                journal.scalars(self.step, means.pop())
            advance(f"loss {numbers['loss']:.3f}")
            self._round(journal)
            interrupted = self._any_process(stopped.now)
            if self._due(log.checkpoint_interval) or self._ended or interrupted:
                self._save()
            if interrupted:
                return

    def _loader(self) -> DataLoader[Any]:
        on_gpu = self.accelerator.device.type == "cuda"
        # More loaders than spare cores would only take time from the network.
        spare = (torch.get_num_threads() if on_gpu else 0) - 1
        return DataLoader(
            self.learner.batches,
            batch_size=None,
            sampler=range(self.step, self.steps),
            num_workers=max(0, min(self.settings.data.num_workers, spare)),
            pin_memory=on_gpu,
            generator=torch.Generator(),  # else it draws a seed from the global one
        )

    def _one_step(self, shard: Shard[Any]) -> dict[str, float]:
        try:
            numbers = self.learner.step(shard, self.step, self.steps)
        except BadLossError as error:
            self._stop_on_bad_loss(error, shard)
        self.step += 1
        return dict(numbers)

    def _stop_on_bad_loss(self, error: BadLossError, shard: Shard[Any]) -> NoReturn:
        good = f"{self.path} is good" if self.has_checkpoint else "no checkpoint was written yet"
        remedy = "try a lower optim.lr or optim.amp=false"
        if shard.gestures is not None:
            rows = ", ".join(map(str, self.context.train_rows[shard.gestures].tolist()))
            file = self.context.prepared.folder / "train.parquet"
            remedy += f", or look at the batch: rows {rows} of {file}"
        raise InputError(
            f"step {self.step + 1}: {error}; stopped before they reached the weights; {good}; {remedy}"
        ) from error

    @property
    def _ended(self) -> bool:
        return self.step >= self.steps or self.best.exhausted

    def _due(self, interval: int) -> bool:
        return interval > 0 and self.step % interval == 0

    def _epochs_due(self, interval: int) -> bool:
        return interval > 0 and self.step % (interval * self.learner.batches.steps_per_epoch) == 0

    def _round(self, journal: Journal | None) -> None:
        """Measure on the validation split where it is due, and keep the best weights."""
        log = self.settings.logging
        last = self.step == self.steps
        scored = self._epochs_due(log.sample_interval) or (last and log.sample_interval > 0)
        if not (scored or last or self._epochs_due(log.eval_interval)):
            return
        improved = False
        if journal is not None:
            scores, pictures = self.learner.measure(scored=scored)
            journal.pictures(self.step, pictures)
            if scores:
                journal.scalars(self.step, scores)
            improved = self.best.improves(scores)
        improved, state = broadcast_object_list([improved, self.best.state()])
        early = self.settings.early_stopping
        self.best = BestScore(early.score, early.patience, state)
        if improved:
            averaged = self.learner.averaged()
            self.best_weights = {name: value.cpu().clone() for name, value in averaged.items()}

    def _any_process(self, flag: bool) -> bool:
        """Return whether any process raised its flag: all of them must stop at the same step."""
        if self.accelerator.num_processes == 1:
            return flag
        raised = torch.tensor(float(flag), device=self.accelerator.device)
        return bool(self.accelerator.reduce(raised, "sum") > 0)

    def _save(self) -> None:
        if self.main:
            if not self.has_checkpoint:
                set_aside(self.path)
            Checkpoint(
                kind=self.kind.name,
                config=self.context.config,
                versions=versions(),
                data=data_record(self.context),
                codec=self.context.codec.state_dict(),
                step=self.step,
                history=self.best.state(),
                best=self.best_weights,
                **self.learner.state(),
            ).save(self.path)
        self.has_checkpoint = True
        self.accelerator.wait_for_everyone()

    def _announce(self) -> None:
        context, codec = self.context, self.context.codec
        self._say(
            f"{self.settings.experiment_name}: {len(context.train):,} gestures of "
            f"{context.prepared.manifest['origin']}, "
            f"{self.learner.parameter_count / 1e6:.2f}M parameters, {self.steps:,} steps on "
            f"{self.accelerator.device} ({self.accelerator.mixed_precision} mixed precision)"
        )
        if context.left_out:
            self._say(
                f"left out: {context.left_out:,} gestures that codec {codec.name} cannot hold "
                f"(longer than T = {codec.sequence_length}, without a path, or with 0 ms steps)"
            )
        if self.step:
            self._say(f"resuming {self.path} after step {self.step:,}")
        elif self.settings.resume:
            self._say(f"resume=true, but there is no {self.path} yet: starting from the beginning")
        elif self.path.is_file():
            self._say(
                f"{self.path} exists: kept until the first checkpoint (resume=true goes on from it)"
            )

    def _report(self) -> None:
        if self.best.exhausted:
            self._say(f"stopped early: {self.best.score} no longer improved")
        self._say(f"checkpoint: {self.path} (step {self.step:,})")
        self._say(f"metrics and pictures: {self.folder}/")

    def _say(self, line: str) -> None:
        if self.main:
            print(line)
