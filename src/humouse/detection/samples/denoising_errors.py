"""How well a diffusion model denoises a movement: low where it finds people's movements likely."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import coerce_to_codec, valid_steps
from humouse.detection.checks import check_steps
from humouse.diffusion.model import DiffusionModel
from humouse.features import FeatureTable
from humouse.randomness import generator
from humouse.trajectories import Trajectories

LEVELS = (3.0, 2.0, 1.0, 0.0)
"""λ = log(α/σ) of each noise level, of those at which people and bots differ most.

For the same number of passes, more draws at fewer levels separate better: the noise of one draw hides
small differences.
"""
DRAWS = 2
"""Noise draws that an error is averaged over."""
_ROWS_AT_A_TIME = 128


def denoising_table(
    model: DiffusionModel,
    movements: Trajectories,
    *,
    seed: int = 0,
    levels: Sequence[float] = LEVELS,
    draws: int = DRAWS,
    progress: Callable[[], None] | None = None,
) -> FeatureTable:
    """Return how far the model's estimate of x0 is from each movement, at some noise levels.

    At noise level λ, x_t = α x0 + σ ε. The error of a channel is that of v, |x̂0 − x0|² / σ²,
    averaged over valid steps and draws of ε; an average of it over all levels, weighted, bounds the
    likelihood (Kingma et al. 2107.00630). ε is a pure function of (seed, level, draw), the same for
    all movements, so that a row depends on its movement alone.

    Args:
        model: The trained model; its own conditions are taken from the movements.
        movements: B movements, any; see `coerce_to_codec`.
        seed: Of the noise.
        levels: λ of each noise level.
        draws: Noise draws that an error is averaged over.
        progress: Called after each batch of movements.

    Returns:
        [B, levels × C] columns denoising_error_CHANNEL_LEVEL, level 0 the first.

    Raises:
        InputError: A movement has no steps.
    """
    codec, device = model.codec, next(model.denoiser.parameters()).device
    check_steps(movements)
    taken = coerce_to_codec(movements.to("cpu"), codec)
    x0, frame = codec.encode(taken)
    conditions = codec.conditions_for(frame, model.cond_dim)
    encoded = None if conditions is None else conditions.to(device)
    noise = _noise(seed, len(levels), draws, x0.shape[1], codec.channels).to(device)
    values = torch.zeros(len(taken), len(levels), codec.channels)
    parts = frame.lengths.argsort(stable=True).split(_ROWS_AT_A_TIME) if len(taken) else ()
    for rows in parts:
        steps = codec.steps(frame.lengths[rows])
        T = int(steps.max())
        mask = valid_steps(steps, T).to(device)
        part = x0[rows, :T].to(device)
        given = None if encoded is None else encoded[rows]
        values[rows] = _errors(model, part, mask, given, levels, noise[:, :, :T]).cpu()
        if progress is not None:
            progress()
    names = [f"denoising_error_{c}_{k}" for k in range(len(levels)) for c in codec.channel_names]
    units = ("1",) * len(names)
    return FeatureTable(values.flatten(1), tuple(names), units, movements.user)


@torch.no_grad()
def _errors(
    model: DiffusionModel,
    x0: Float[Tensor, "B T C"],
    mask: Bool[Tensor, "B T"],
    cond: Float[Tensor, "B K"] | None,
    levels: Sequence[float],
    noise: Float[Tensor, "levels draws T C"],
) -> Float[Tensor, "B levels C"]:
    schedule = model.denoiser.schedule
    valid, steps = mask[..., None], mask.sum(1, keepdim=True)
    errors = x0.new_zeros(len(x0), len(levels), x0.shape[2])
    for number, level in enumerate(levels):
        # The greatest time that is no noisier than the level: on a grid, the nearest to it.
        t = schedule.times(1, lambda_min=level)[:1].to(x0)
        alpha, sigma = schedule(t)
        for eps in noise[number]:
            x_t = (alpha * x0 + sigma * eps) * valid
            answer = model.denoiser(x_t, t.expand(len(x0)), mask, cond)
            squared = ((answer - x0) / sigma).square() * valid
            errors[:, number] += squared.sum(1) / (steps * len(noise[number]))
    return errors


def _noise(seed: int, levels: int, draws: int, T: int, C: int) -> Float[Tensor, "levels draws T C"]:
    return torch.stack(
        [
            torch.stack(
                [
                    torch.randn(T, C, generator=generator(seed, "denoising", level, draw))
                    for draw in range(draws)
                ]
            )
            for level in range(levels)
        ]
    )
