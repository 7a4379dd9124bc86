"""The optimiser step of every learner: scheduled rate, clipped gradient, none if not finite."""

import math
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import torch
from accelerate import Accelerator
from torch import nn

from humouse.settings.training import AdamWSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.ema import EMA


class BadLossError(Exception):
    """The loss or the gradient stopped being finite; the weights are as they were before."""


@runtime_checkable
class Rate(Protocol):
    """A learning rate and its schedule."""

    lr: float
    lr_warmup_steps: int
    lr_decay: str


def learning_rate(optim: Rate, step: int, steps: int) -> float:
    """Return the learning rate of step `step` (from 0) of `steps`."""
    warm = optim.lr_warmup_steps
    if step < warm:
        return optim.lr * (step + 1) / warm
    if optim.lr_decay == "constant":
        return optim.lr
    return optim.lr * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


class GradientStep:
    """Takes an optimiser step with the gradients of some parameters.

    Args:
        parameters: The parameters to change.
        optimizer: Their optimiser.
        clip: Largest norm of the gradient; 0 for no clipping.
        loss: What the loss is called in messages.
        accelerator: Scaled the gradients, where it trains in fp16; None where nothing scales them.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        optimizer: torch.optim.Optimizer,
        *,
        clip: float = 0.0,
        loss: str = "the loss",
        accelerator: Accelerator | None = None,
    ) -> None:
        self.parameters = list(parameters)
        self.optimizer = optimizer
        self.clip = clip or math.inf
        self.loss = loss
        self.accelerator = accelerator

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        self.optimizer.zero_grad(set_to_none=True)

    def take(self, loss: float, rate: float) -> float:
        """Take the step; return the norm of the gradient before it was clipped.

        Args:
            loss: What was differentiated.
            rate: The learning rate.

        Raises:
            BadLossError: The loss or the norm is not finite.
        """
        norm = self._clipped()
        if not math.isfinite(loss) or (self.scaler is None and not math.isfinite(norm)):
            raise BadLossError(f"{self.loss} is {loss:g} and the gradient's norm {norm:g}")
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        return norm

    @property
    def scaler(self) -> Any:
        """The gradient scaler, which skips steps of infinite norm by itself, or None."""
        return None if self.accelerator is None else self.accelerator.scaler

    def _clipped(self) -> float:
        if self.accelerator is None:
            return float(nn.utils.clip_grad_norm_(self.parameters, self.clip))
        return float(self.accelerator.clip_grad_norm_(self.parameters, self.clip))


NetworkT = TypeVar("NetworkT", bound=nn.Module)


class NetworkOptimiser(Generic[NetworkT]):
    """Trains one network by AdamW and averages its weights.

    Args:
        network: On its device.
        optim: Rates, decays and clipping.
        accelerator: Scales the gradients where it trains in fp16; None where nothing does.
    """

    def __init__(
        self, network: NetworkT, optim: AdamWSettings, accelerator: Accelerator | None = None
    ) -> None:
        self.network = network
        self.optim = optim
        self.ema = EMA(network, optim.ema_decay)
        optimizer = adamw(network, optim.lr, optim.betas, optim.weight_decay)
        if accelerator is not None:
            optimizer = accelerator.prepare(optimizer)
        self.gradient = GradientStep(
            network.parameters(), optimizer, clip=optim.grad_clip, accelerator=accelerator
        )

    def clear(self) -> None:
        """Forget the gradients of the step before."""
        self.gradient.clear()

    def take(self, loss: float, step: int, steps: int) -> dict[str, float]:
        """Take optimiser step `step` (from 0) of `steps`; return the loss and the gradient's norm.

        Raises:
            BadLossError: One of the two is not finite.
        """
        norm = self.gradient.take(loss, learning_rate(self.optim, step, steps))
        self.ema.update(self.network, step)
        return {"loss": loss, "grad_norm": norm}

    def state(self) -> dict[str, Any]:
        """Return the fields model, ema, optimizer and scaler of a checkpoint."""
        scaler = self.gradient.scaler
        return {
            "model": self.network.state_dict(),
            "ema": self.ema.weights,
            "optimizer": self.gradient.optimizer.state_dict(),
            "scaler": {} if scaler is None else scaler.state_dict(),
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.network.load_state_dict(saved.model)
        self.ema.load(saved.ema)
        self.gradient.optimizer.load_state_dict(saved.optimizer)
        if self.gradient.scaler is not None and saved.scaler:
            self.gradient.scaler.load_state_dict(saved.scaler)


def adamw(
    network: nn.Module, lr: float, betas: Iterable[float], weight_decay: float
) -> torch.optim.AdamW:
    """Return an AdamW optimiser of a network's parameters."""
    first, second = betas
    return torch.optim.AdamW(
        network.parameters(), lr=lr, betas=(first, second), weight_decay=weight_decay, fused=True
    )
