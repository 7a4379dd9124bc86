"""Fits and evaluates the net on steps, for both the two-sample probe and the sequence detector."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from humouse.eval.probes.sequence_net import SequenceNet
from humouse.eval.probes.step_channels import CHANNELS, step_channels
from humouse.trajectories import Trajectories

_ROWS_AT_A_TIME = 256
_LENGTH_NOISE = 0.1
_WARM_UP_SHARE = 0.25


@dataclass(frozen=True)
class FitSettings:
    """How the net is fitted.

    Args:
        epochs: Passes over the movements.
        batch_size: Movements that a step of the optimiser sees.
        learning_rate: Its peak, on a one-cycle schedule.
        weight_decay: Of AdamW.
        seed: Of the batches and the flips.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    seed: int


@dataclass(frozen=True, eq=False)
class LabelledSteps:
    """The movements of one epoch, as the net takes them.

    Args:
        steps: [B, 3, T] companded steps.
        lengths: [B] how many of them are valid.
        target: [B] 1 for the positive class, 0 for the other.
        weight: [B] how much each counts in the loss.
    """

    steps: Float[Tensor, "B C T"]
    lengths: Int[Tensor, "B"]
    target: Float[Tensor, "B"]
    weight: Float[Tensor, "B"]


def fit_net(
    net: SequenceNet, epochs: Iterable[LabelledSteps], rows: int, settings: FitSettings
) -> None:
    """Fit the net's weights by AdamW on the weighted binary cross-entropy.

    Args:
        net: Already standardised; changed in place.
        epochs: What each epoch sees, `settings.epochs` of them.
        rows: Movements in each epoch.
        settings: How.
    """
    batches = math.ceil(rows / settings.batch_size)
    optimiser = torch.optim.AdamW(
        net.parameters(),
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        settings.learning_rate,
        total_steps=settings.epochs * batches,
        pct_start=_WARM_UP_SHARE,
    )
    rng = np.random.default_rng(settings.seed)
    for shown in epochs:
        for batch in length_buckets(shown.lengths, batches, rng):
            steps, valid = cut_to_longest(shown.steps, shown.lengths, batch)
            logit = net(steps * random_flips(len(batch), rng).to(steps), valid)
            loss = F.binary_cross_entropy_with_logits(
                logit, shown.target[batch], shown.weight[batch]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()


@torch.no_grad()
def net_answers(
    net: SequenceNet,
    movements: Trajectories,
    device: str | torch.device,
    link: Callable[[Tensor], Tensor] = torch.positive,
) -> Float[Tensor, "B"]:
    """Return [B] the net's answers; padding and neighbours in a batch take no part.

    Args:
        net: Fitted.
        movements: B movements.
        device: Where the net runs.
        link: From logits to answers, batch by batch: vectorised functions round the last elements of
            a tensor differently.
    """
    steps, lengths = step_channels(movements.to(device))
    answers = steps.new_zeros(len(lengths))
    # split gives an empty batch one empty part, which has no longest movement.
    parts = lengths.argsort(stable=True).split(_ROWS_AT_A_TIME) if len(lengths) else ()
    for rows in parts:
        answers[rows] = link(net(*cut_to_longest(steps, lengths, rows)))
    return answers


def cut_to_longest(
    steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"], rows: Int[Tensor, "b"]
) -> tuple[Float[Tensor, "b C t"], Float[Tensor, "b 1 t"]]:
    """Return the rows cut to the longest of them, and their mask: 1 where a step is valid."""
    longest = max(1, int(lengths[rows].max()))
    valid = torch.arange(longest, device=steps.device) < lengths[rows, None]
    return steps[rows, :, :longest], valid[:, None].to(steps)


def length_buckets(
    lengths: Int[Tensor, "B"], batches: int, rng: np.random.Generator
) -> Iterator[Int[Tensor, "b"]]:
    """Yield all rows in batches of similar length, shuffled anew on each call."""
    noisy = lengths.cpu().numpy() * rng.lognormal(0, _LENGTH_NOISE, len(lengths))
    buckets = np.array_split(np.argsort(noisy), batches)
    for place in rng.permutation(batches):
        yield torch.from_numpy(buckets[place]).to(lengths.device)


def random_flips(n: int, rng: np.random.Generator) -> Float[Tensor, "n C 1"]:
    """Return [n, 3, 1] signs that flip dx and dy of each movement at random, and leave dt."""
    signs = np.ones((n, CHANNELS, 1))
    signs[:, :2] = rng.choice([-1.0, 1.0], (n, 2, 1))
    return torch.from_numpy(signs)
