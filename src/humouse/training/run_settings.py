"""The settings that every training run has, and checks of them."""

from pathlib import Path
from typing import Protocol, runtime_checkable

from humouse.codec import CONDITIONS
from humouse.errors import InputError
from humouse.eval.plausibility import FEWEST
from humouse.settings import AdamWSettings, DataSettings, EarlyStoppingSettings, LoggingSettings
from humouse.settings.checks import (
    check_above_zero,
    check_at_least,
    check_below_one,
    check_seed,
    check_shares,
)
from humouse.training.optimisation import Rate


@runtime_checkable
class RunOptim(Rate, Protocol):
    """What every run's section `optim` has."""

    betas: list[float]
    ema_decay: float
    epochs: int
    max_steps: int | None


@runtime_checkable
class RunModel(Protocol):
    """What every run's section `model` has."""

    @property
    def cond_dim(self) -> int:
        """Number of conditions to learn."""

    @property
    def cond_dropout(self) -> float:
        """Share of training gestures that come without conditions."""


@runtime_checkable
class RunSettings(Protocol):
    """What every run's configuration has, whatever it trains."""

    experiment_name: str
    seed: int
    device: str
    resume: bool
    checkpoint_dir: str
    data: DataSettings
    logging: LoggingSettings

    @property
    def model(self) -> RunModel:
        """The model."""

    @property
    def optim(self) -> RunOptim:
        """Optimisation."""

    @property
    def early_stopping(self) -> EarlyStoppingSettings:
        """When to stop."""


def checkpoint_path(settings: RunSettings) -> Path:
    """Return where a run's checkpoint goes."""
    return Path(settings.checkpoint_dir) / f"{settings.experiment_name}.pt"


def run_folder(settings: RunSettings) -> Path:
    """Return where a run's metrics and pictures go."""
    return Path(settings.logging.dir) / settings.experiment_name


def planned_steps(settings: RunSettings, steps_per_epoch: int) -> int:
    """Return how many steps a run takes that nothing stops early."""
    steps = settings.optim.epochs * steps_per_epoch
    most = settings.optim.max_steps
    return steps if most is None else min(steps, most)


def check_run_settings(settings: RunSettings) -> None:
    """Raise InputError for the first shared setting that makes no sense."""
    s = settings
    check_at_least(
        {
            "data.batch_size": (s.data.batch_size, 1),
            "data.num_workers": (s.data.num_workers, 0),
            "model.cond_dim": (s.model.cond_dim, 0),
            "optim.epochs": (s.optim.epochs, 1),
            "optim.max_steps": (1 if s.optim.max_steps is None else s.optim.max_steps, 1),
            "optim.lr_warmup_steps": (s.optim.lr_warmup_steps, 0),
            "logging.log_interval": (s.logging.log_interval, 1),
            "logging.eval_interval": (s.logging.eval_interval, 0),
            "logging.sample_interval": (s.logging.sample_interval, 0),
            "logging.num_eval_samples": (s.logging.num_eval_samples, FEWEST),
            "logging.checkpoint_interval": (s.logging.checkpoint_interval, 0),
            "early_stopping.patience": (s.early_stopping.patience, 0),
        }
    )
    check_shares(
        {
            "model.cond_dropout": s.model.cond_dropout,
            "optim.ema_decay": s.optim.ema_decay,
            "data.balance": s.data.balance,
        }
    )
    check_below_one({"data.held_out_share": s.data.held_out_share})
    check_seed(s.seed)
    check_above_zero({"optim.lr": s.optim.lr})
    if len(s.optim.betas) != 2 or not all(0 <= beta < 1 for beta in s.optim.betas):
        raise InputError(f"optim.betas={s.optim.betas}: give two numbers in 0…1, below 1")
    if s.model.cond_dim == 1:
        raise InputError(
            "model.cond_dim=1: half a goal says nothing; 2 is goal_dx_px and goal_dy_px"
        )
    if s.model.cond_dim > len(CONDITIONS):
        raise InputError(
            f"model.cond_dim={s.model.cond_dim}: there are {len(CONDITIONS)} conditions to learn"
        )
    if not s.experiment_name or "/" in s.experiment_name:
        raise InputError(f"experiment_name={s.experiment_name!r}: give a plain file name")


def check_adamw_settings(optim: AdamWSettings) -> None:
    """Raise InputError for the first setting of AdamW alone that makes no sense."""
    check_at_least(
        {
            "optim.weight_decay": (optim.weight_decay, 0),
            "optim.grad_clip": (optim.grad_clip, 0),
        }
    )
