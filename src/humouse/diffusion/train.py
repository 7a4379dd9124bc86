"""Training (§3, §4): a loop over steps that can be killed at any moment and goes on bit for bit."""

import copy
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import broadcast_object_list
from torch.utils.data import DataLoader

from humouse.artefact import set_aside, versions
from humouse.data.augment import AugmentRules
from humouse.data.codec import codec_from_state
from humouse.data.command import dataset
from humouse.data.prepared import Prepared
from humouse.diffusion.batches import Draws, Share, StepBatches
from humouse.diffusion.checkpoint import Checkpoint, Model, build_denoiser
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.journal import Journal
from humouse.diffusion.learner import BadLossError, Learner
from humouse.diffusion.precision import mixed_precision
from humouse.diffusion.sample import resolve_device
from humouse.diffusion.stopping import Stopped, stop_signals
from humouse.diffusion.train_settings import (
    check_settings,
    differences,
    make_codec,
)
from humouse.diffusion.validation import BestScore, Validation
from humouse.errors import InputError
from humouse.launch import launch
from humouse.progress import progress_bar
from humouse.randomness import derive_seed
from humouse.settings import TrainSettings


def train(settings: TrainSettings) -> Path:
    """Train a model as the settings say; return the path of its checkpoint.

    Raises:
        InputError: A setting, the data or a checkpoint to resume cannot be used, or the loss
            stopped being finite.
        KeyboardInterrupt: The run was interrupted; its checkpoint is written.
    """
    check_settings(settings)
    device = resolve_device(settings.device)
    precision = mixed_precision(device, settings.optim.amp)
    accelerator = Accelerator(cpu=device.type == "cpu", mixed_precision=precision)
    try:
        trainer = Trainer(settings, accelerator)
        with stop_signals() as stopped:
            return trainer.run(stopped)
    finally:
        accelerator.free_memory()
        AcceleratorState._reset_state(reset_partial_state=not accelerator.use_distributed)


class Trainer:
    """One training run.

    Args:
        settings: The whole configuration.
        accelerator: Knows the device, the precision and the other processes.
    """

    def __init__(self, settings: TrainSettings, accelerator: Accelerator) -> None:
        self.settings = settings
        self.accelerator = accelerator
        self.main = accelerator.is_main_process
        self.path = Path(settings.checkpoint_dir) / f"{settings.experiment_name}.pt"
        self.folder = Path(settings.logging.dir) / settings.experiment_name
        self.config: dict[str, Any] = asdict(settings)
        with accelerator.main_process_first():
            self.data = dataset(settings.data, shown=self.main)
            self.train_split = self.data.split("train")
        saved = self._saved()
        if saved is None:
            self.codec = make_codec(settings.data).fit(self.train_split)
        else:
            self._check_resumable(saved)
            self.codec = codec_from_state(saved.codec)
        self.rows = self.codec.fits(self.train_split).nonzero().squeeze(1)
        self.left_out = len(self.train_split) - len(self.rows)
        self.train_split = self.train_split[self.rows]
        self.validation = Validation.choose(
            self.data.split("val"),
            self.codec,
            settings.logging.num_eval_samples,
            seed=settings.seed,
            cond_dim=settings.model.cond_dim,
            feature_mode=settings.data.feature_mode,
        )
        self._build()
        self.step = 0
        self.best = BestScore(settings.early_stopping.score, settings.early_stopping.patience)
        self.best_weights: dict[str, torch.Tensor] | None = None
        if saved is not None:
            self._restore(saved)

    def _saved(self) -> Checkpoint | None:
        if not self.settings.resume:
            return None
        if not self.path.is_file():
            self._say(f"resume=true, but there is no {self.path} yet: starting anew")
            return None
        return Checkpoint.load(self.path)

    def _say(self, line: str) -> None:
        if self.main:
            print(line)

    def _set_aside(self) -> None:
        """Keep what an earlier run of this name left: a new one never destroys it."""
        if self.settings.resume or not self.main:
            return
        for path in (self.path, self.folder):
            if kept := set_aside(path):
                self._say(f"{path} exists: kept as {kept} (resume=true goes on from it instead)")

    def _check_resumable(self, saved: Checkpoint) -> None:
        if changed := differences(saved.config, self.config):
            raise InputError(
                f"{self.path}: trained with other settings, so it cannot be resumed: "
                f"{'; '.join(changed)}; give the same ones, or another experiment_name"
            )
        per_step = saved.data["gestures_per_step"]
        if per_step != self._gestures_per_step:
            raise InputError(
                f"{self.path}: trained with {per_step} gestures a step over all processes, now it "
                f"would be {self._gestures_per_step}; use the same number of processes"
            )
        if saved.data["sha256"] != self.data.sha256:
            raise InputError(
                f"{self.path}: trained on other data than {self.data.folder} holds now; prepare "
                "the same data again, or give another experiment_name"
            )

    @property
    def _gestures_per_step(self) -> int:
        s = self.settings
        return s.data.batch_size * s.optim.grad_accum * self.accelerator.num_processes

    def _build(self) -> None:
        s = self.settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            denoiser = build_denoiser(self.config, self.codec)
        self.averaged: Denoiser = copy.deepcopy(denoiser).to(self.accelerator.device).eval()
        self.learner = Learner(denoiser, s, self.accelerator)
        torch.backends.cudnn.benchmark = True
        draws = Draws(
            batch_size=self._gestures_per_step,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            cond_dropout=s.model.cond_dropout,
            self_condition=s.diffusion.self_condition_prob if s.model.self_condition else 0.0,
        )
        self.batches = StepBatches(
            self.train_split,
            self.codec,
            denoiser.schedule,
            AugmentRules(**vars(s.data.augment)),
            draws,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )
        self.steps = s.optim.epochs * self.batches.steps_per_epoch
        if s.optim.max_steps is not None:
            self.steps = min(self.steps, s.optim.max_steps)

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
        self.best_weights = saved.best

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
        losses: list[float] = []
        while self.step < self.steps and not self.best.exhausted:
            loss, norm = self._one_step(next(loader))
            losses.append(loss)
            if journal is not None and self.step % log.log_interval == 0:
                journal.scalars(self.step, {"loss": sum(losses) / len(losses), "grad_norm": norm})
                losses.clear()
            advance(f"loss {loss:.3f}")
            self._round(journal)
            interrupted = self._agreed(stopped.now)
            if self._due(log.checkpoint_interval) or self._last or interrupted:
                self._save()
            if interrupted:
                return

    def _announce(self) -> None:
        name = self.data.manifest["origin"]
        parameters = sum(weights.numel() for weights in self.averaged.parameters())
        self._say(
            f"{self.settings.experiment_name}: {len(self.train_split):,} gestures of {name}, "
            f"{parameters / 1e6:.2f}M parameters, {self.steps:,} steps on "
            f"{self.accelerator.device} ({self.accelerator.mixed_precision} mixed precision)"
        )
        if self.left_out:
            self._say(
                f"left out: {self.left_out:,} gestures that codec {self.codec.name} cannot hold "
                f"(longer than T = {self.codec.sequence_length}, without a path, or with 0 ms steps)"
            )
        if self.step:
            self._say(f"resuming {self.path} after step {self.step:,}")

    def _loader(self) -> DataLoader[Share]:
        # More loaders than spare cores would only take time from the network.
        spare = (torch.get_num_threads() if self.accelerator.device.type == "cuda" else 0) - 1
        workers = max(0, min(self.settings.data.num_workers, spare))
        return DataLoader(
            self.batches,
            batch_size=None,
            sampler=range(self.step, self.steps),
            num_workers=workers,
            pin_memory=self.accelerator.device.type == "cuda",
            generator=torch.Generator(),  # else it draws a seed from the global one
        )

    def _one_step(self, share: Share) -> tuple[float, float]:
        try:
            loss, norm = self.learner.step(share, self.step, self.steps)
        except BadLossError as error:
            self._stop_on_bad_loss(error, share)
        self.step += 1
        return loss, norm

    def _stop_on_bad_loss(self, error: BadLossError, share: Share) -> NoReturn:
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
        per_epoch = self.batches.steps_per_epoch
        return interval > 0 and self.step % (interval * per_epoch) == 0

    def _round(self, journal: Journal | None) -> None:
        """Measure on the validation split where it is due, and keep the best weights."""
        log = self.settings.logging
        ended = self.step == self.steps
        scored = self._epochs_due(log.sample_interval) or (ended and log.sample_interval > 0)
        if not (scored or ended or self._epochs_due(log.eval_interval)):
            return
        improved = False
        if journal is not None:
            self.averaged.network.load_state_dict(self.learner.ema.weights)
            gamma = self.learner.min_snr_gamma
            scores = {"val_loss": self.validation.loss(self.averaged, gamma)}
            if scored:
                model = Model(self.averaged, self.codec, self.config, {}, self.path)
                samples, pictures = self.validation.score(model)
                scores |= samples
                journal.pictures(self.step, pictures)
            journal.scalars(self.step, scores)
            improved = self.best.improves(scores)
        state = broadcast_object_list([improved, self.best.state()])
        early = self.settings.early_stopping
        self.best = BestScore(early.score, early.patience, state[1])
        if state[0]:
            self.best_weights = {k: v.cpu().clone() for k, v in self.learner.ema.weights.items()}

    def _agreed(self, flag: bool) -> bool:
        """Return whether any process raised its flag: all of them must stop at the same step."""
        if self.accelerator.num_processes == 1:
            return flag
        raised = torch.tensor(float(flag), device=self.accelerator.device)
        return bool(self.accelerator.reduce(raised, "sum") > 0)

    def _save(self) -> None:
        if self.main:
            Checkpoint(
                config=self.config,
                versions=versions(),
                data=_data_record(self.data) | {"gestures_per_step": self._gestures_per_step},
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


def _data_record(data: Prepared) -> dict[str, Any]:
    manifest = data.manifest
    return {
        "folder": str(data.folder),
        "origin": manifest["origin"],
        "synthetic": data.synthetic,
        "sha256": data.sha256,
    }


def main() -> None:
    """Run `humouse train`."""
    launch(
        "diffusion/train",
        TrainSettings,
        lambda settings: (train(settings), None)[1],
        "humouse train — train a diffusion model of mouse movements",
    )


if __name__ == "__main__":
    main()
