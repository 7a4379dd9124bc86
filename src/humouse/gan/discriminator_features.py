"""A trained discriminator's features and scores of movements of any origin (§8B.3)."""

from collections.abc import Callable

import torch
from torch import Tensor

from humouse.codec import coerce_to_codec, valid_steps
from humouse.features import FeatureTable
from humouse.gan.model import GanModel
from humouse.trajectories import Trajectories

_BATCH = 256


def discriminator_table(
    model: GanModel, movements: Trajectories, progress: Callable[[], None] | None = None
) -> FeatureTable:
    """Return the penultimate features of the averaged discriminator, one row per movement.

    Row i depends on movement i alone. The discriminator gets no condition: a movement's own condition
    always matches it, so it says nothing. Movements that do not fit the codec are changed to fit (see
    `coerce_to_codec`).

    Args:
        model: The trained GAN.
        movements: In px and ms.
        progress: Called after each batch of 256.

    Returns:
        D columns, discriminator_000, discriminator_001, …
    """
    values = _in_batches(model, movements, model.pair.discriminator.features, progress)
    names = tuple(f"discriminator_{column:03d}" for column in range(values.shape[1]))
    return FeatureTable(values.cpu().numpy(), names, ("1",) * len(names), movements.user)


def discriminator_scores(model: GanModel, movements: Trajectories) -> Tensor:
    """Return [B] the averaged discriminator's scores, higher for what looks more like a recording.

    Args:
        model: The trained GAN.
        movements: As `discriminator_table` takes them.
    """
    return _in_batches(model, movements, model.pair.discriminator, None)


@torch.no_grad()
def _in_batches(
    model: GanModel,
    movements: Trajectories,
    network: Callable[..., Tensor],
    progress: Callable[[], None] | None,
) -> Tensor:
    """Return a network's answers for encoded movements, batched by length."""
    device = next(model.pair.parameters()).device
    x0, frame = model.codec.encode(coerce_to_codec(movements, model.codec))
    parts: list[Tensor] = []
    steps = model.codec.steps(frame.lengths)
    order = steps.argsort(stable=True)
    for rows in order.split(_BATCH):
        T = int(steps[rows].max())
        mask = valid_steps(steps[rows], T)
        parts.append(network(x0[rows, :T].to(device), mask.to(device), None).cpu())
        if progress is not None:
            progress()
    answers = torch.cat(parts)
    return torch.empty_like(answers).index_copy_(0, order, answers)
