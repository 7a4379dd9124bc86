"""The training loop: it can be killed at any moment and goes on bit for bit."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast_object_list
from torch.utils.data import DataLoader

from humouse.codec import Codec, codec_from_state
from humouse.codec.from_settings import make_codec
from humouse.data.dataset import dataset
from humouse.data.splits import held_out_gestures
from humouse.errors import InputError
from humouse.files import back_up, versions
from humouse.progress import progress_bar
from humouse.training.batches import StepShare
from humouse.training.checkpoint import Checkpoint
from humouse.training.device import mixed_precision, resolve_device
from humouse.training.journal import Journal, Means
from humouse.training.learner import BadLossError, Learner, Material
from humouse.training.resuming import check_resumable, data_record
from humouse.training.run_settings import RunSettings
from humouse.training.stopping import Stopped, stop_signals
from humouse.training.validation import BestScore
from humouse.trajectories import Trajectories

MakeLearner = Callable[[Material], Learner]
Restore = Callable[[Mapping[str, Any]], Codec]


def run_training(
    settings: RunSettings,
    kind: str,
    make: MakeLearner,
    *,
    amp: bool = False,
    accumulate: int = 1,
    codec: Codec | None = None,
    restored: Restore = codec_from_state,
) -> Path:
    """Train a model as its settings say; return the path of its checkpoint.

    Args:
        settings: The whole configuration, checked.
        kind: What the checkpoint holds; one of `KINDS`.
        make: Makes the learner.
        amp: Whether to use half precision where the device is fast at it.
        accumulate: Batches summed into one step.
        codec: Fitted already; None to fit the settings' own on the train split.
        restored: Makes the codec that a checkpoint to resume holds.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    device = resolve_device(settings.device)
    precision = mixed_precision(device, amp)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=precision)
    try:
        trainer = Trainer(
            settings,
            accelerator,
            kind,
            make,
            accumulate=accumulate,
            codec=codec,
            restored=restored,
        )
        with stop_signals() as stopped:
            return trainer.run(stopped)
    finally:
        accelerator.free_memory()
        AcceleratorState._reset_state(reset_partial_state=not accelerator.use_distributed)


class Trainer:
    """One training run.

    Args:
        settings: The whole configuration, a dataclass.
        accelerator: Knows the device, the precision and the other processes.
        kind: What the checkpoint holds; one of `KINDS`.
        make: Makes the learner.
        accumulate: Batches summed into one step.
        codec: Fitted already; None to fit the settings' own on the train split.
        restored: Makes the codec that a checkpoint to resume holds.
    """

    def __init__(
        self,
        settings: RunSettings,
        accelerator: Accelerator,
        kind: str,
        make: MakeLearner,
        *,
        accumulate: int = 1,
        codec: Codec | None = None,
        restored: Restore = codec_from_state,
    ) -> None:
        self.settings = settings
        self.accelerator = accelerator
        self.kind = kind
        self.main = accelerator.is_main_process
        self.path = Path(settings.checkpoint_dir) / f"{settings.experiment_name}.pt"
        self.folder = Path(settings.logging.dir) / settings.experiment_name
        self.config: dict[str, Any] = asdict(settings)  # type: ignore[call-overload]
        per_step = settings.data.batch_size * accumulate * accelerator.num_processes
        self.gestures_per_step = per_step
        with accelerator.main_process_first():
            self.data = dataset(settings.data, shown=self.main)
            train = self.data.split("train")
        kept, _ = held_out_gestures(len(train), settings.data.held_out_share)
        train = train[torch.from_numpy(kept)]
        saved = self._saved()
        if saved is None:
            self.codec = make_codec(settings.data).fit(train) if codec is None else codec
        else:
            check_resumable(saved, self.path, self.config, self.data, per_step)
            self.codec = restored(saved.codec)
        self.rows = self.codec.fits(train).nonzero().squeeze(1)
        self.left_out = len(train) - len(self.rows)
        torch.backends.cudnn.benchmark = True
        self.learner = make(self._material(train[self.rows]))
        self.steps = settings.optim.epochs * self.learner.batches.steps_per_epoch
        if settings.optim.max_steps is not None:
            self.steps = min(self.steps, settings.optim.max_steps)
        self.step = 0
        self.best = BestScore(settings.early_stopping.score, settings.early_stopping.patience)
        self.best_weights: dict[str, torch.Tensor] | None = None
        if saved is not None:
            self._restore(saved)

    def _material(self, train: Trajectories) -> Material:
        return Material(
            accelerator=self.accelerator,
            codec=self.codec,
            train=train,
            val=self.data.split("val"),
            config=self.config,
            path=self.path,
            gestures_per_step=self.gestures_per_step,
        )

    def _saved(self) -> Checkpoint | None:
        if not self.settings.resume:
            return None
        if not self.path.is_file():
            self._say(f"resume=true, but there is no {self.path} yet: starting anew")
            return None
        return Checkpoint.load(self.path, self.kind)

    def _say(self, line: str) -> None:
        if self.main:
            print(line)

    def _set_aside(self) -> None:
        """Keep what an earlier run of this name left: a new one never destroys it."""
        if self.settings.resume or not self.main:
            return
        for path in (self.path, self.folder):
            if kept := back_up(path):
                self._say(f"{path} exists: kept as {kept} (resume=true goes on from it instead)")

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

    def run(self, stopped: Stopped) -> Path:
        """Train to the end, to early stopping or to a signal."""
        self._set_aside()
        journal = Journal(self.folder, self.config, self.step) if self.main else None
        self._announce()
        try:
            with progress_bar("training", self.steps, done=self.step, shown=self.main) as advance:
                self._steps(journal, advance, stopped)
        finally:
            if journal is not None:
                journal.close()
        if self._agreed(stopped.now):
            raise KeyboardInterrupt(f"({self.path} holds step {self.step:,}; resume=true goes on)")
        self._report()
        return self.path

    def _steps(
        self, journal: Journal | None, advance: Callable[[str], None], stopped: Stopped
    ) -> None:
        log = self.settings.logging
        loader = iter(self._loader())
        means = Means()
        while self.step < self.steps and not self.best.exhausted:
            numbers = self._one_step(next(loader))
            means.add(numbers)
            if journal is not None and self.step % log.log_interval == 0:
                journal.scalars(self.step, means.taken())
            advance(f"loss {numbers['loss']:.3f}")
            self._round(journal)
            interrupted = self._agreed(stopped.now)
            if self._due(log.checkpoint_interval) or self._last or interrupted:
                self._save()
            if interrupted:
                return

    def _announce(self) -> None:
        name = self.data.manifest["origin"]
        self._say(
            f"{self.settings.experiment_name}: {len(self.rows):,} gestures of {name}, "
            f"{self.learner.parameter_count / 1e6:.2f}M parameters, {self.steps:,} steps on "
            f"{self.accelerator.device} ({self.accelerator.mixed_precision} mixed precision)"
        )
        if self.left_out:
            self._say(
                f"left out: {self.left_out:,} gestures that codec {self.codec.name} cannot hold "
                f"(longer than T = {self.codec.sequence_length}, without a path, or with 0 ms steps)"
            )
        if self.step:
            self._say(f"resuming {self.path} after step {self.step:,}")

    def _loader(self) -> DataLoader[Any]:
        # More loaders than spare cores would only take time from the network.
        spare = (torch.get_num_threads() if self.accelerator.device.type == "cuda" else 0) - 1
        workers = max(0, min(self.settings.data.num_workers, spare))
        return DataLoader(
            self.learner.batches,
            batch_size=None,
            sampler=range(self.step, self.steps),
            num_workers=workers,
            pin_memory=self.accelerator.device.type == "cuda",
            generator=torch.Generator(),  # else it draws a seed from the global one
        )

    def _one_step(self, share: StepShare) -> dict[str, float]:
        try:
            numbers = self.learner.step(share, self.step, self.steps)
        except BadLossError as error:
            self._stop_on_bad_loss(error, share)
        self.step += 1
        return dict(numbers)

    def _stop_on_bad_loss(self, error: BadLossError, share: StepShare) -> NoReturn:
        rows = ", ".join(str(row) for row in self.rows[share.gestures].tolist())
        good = f"{self.path} is good" if self.path.is_file() else "no checkpoint was written yet"
        raise InputError(
            f"step {self.step + 1}: {error}; stopped before they reached the weights; {good}; try a lower "
            f"optim.lr, optim.amp=false, or look at the batch: rows {rows} of "
            f"{self.data.folder / 'train.parquet'}"
        ) from error

    @property
    def _last(self) -> bool:
        return self.step >= self.steps or self.best.exhausted

    def _due(self, interval: int) -> bool:
        return interval > 0 and self.step % interval == 0

    def _epochs_due(self, interval: int) -> bool:
        return interval > 0 and self.step % (interval * self.learner.batches.steps_per_epoch) == 0

    def _round(self, journal: Journal | None) -> None:
        """Measure on the validation split where it is due, and keep the best weights."""
        log = self.settings.logging
        ended = self.step == self.steps
        scored = self._epochs_due(log.sample_interval) or (ended and log.sample_interval > 0)
        if not (scored or ended or self._epochs_due(log.eval_interval)):
            return
        improved = False
        if journal is not None:
            scores, pictures = self.learner.measure(scored=scored)
            journal.pictures(self.step, pictures)
            if scores:
                journal.scalars(self.step, scores)
            improved = self.best.improves(scores)
        state = broadcast_object_list([improved, self.best.state()])
        early = self.settings.early_stopping
        self.best = BestScore(early.score, early.patience, state[1])
        if state[0]:
            averaged = self.learner.averaged()
            self.best_weights = {name: value.cpu().clone() for name, value in averaged.items()}

    def _agreed(self, flag: bool) -> bool:
        """Return whether any process raised its flag: all of them must stop at the same step."""
        if self.accelerator.num_processes == 1:
            return flag
        raised = torch.tensor(float(flag), device=self.accelerator.device)
        return bool(self.accelerator.reduce(raised, "sum") > 0)

    def _save(self) -> None:
        if self.main:
            Checkpoint(
                kind=self.kind,
                config=self.config,
                versions=versions(),
                data=data_record(self.data, self.gestures_per_step),
                codec=self.codec.state_dict(),
                step=self.step,
                history=self.best.state(),
                best=self.best_weights,
                **self.learner.state(),
            ).save(self.path)
        self.accelerator.wait_for_everyone()

    def _report(self) -> None:
        if self.best.exhausted:
            self._say(f"stopped early: {self.best.score} did not improve any more")
        self._say(f"checkpoint: {self.path} (step {self.step:,})")
        self._say(f"metrics and pictures: {self.folder}/")
