"""Sampling: a trained GAN → movements, each the same whatever stands beside it in the batch."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.codec import Frame, valid_steps
from humouse.gan.model import Model
from humouse.gan.models import Latent
from humouse.randomness import generator
from humouse.trained_model import asked, check_request
from humouse.trajectories import Trajectories

BATCH = 64


def sample(
    model: Model,
    n: int,
    *,
    seq_len: int | None = None,
    cond: Float[Tensor, "*n K"] | None = None,
    like: Trajectories | None = None,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> Trajectories:
    """Return n movements from the model, in px and ms.

    Args:
        model: The trained GAN.
        n: How many.
        seq_len: Steps of each; None draws lengths as the train split has them.
        cond: [K] or [n, K], the first K of goal_dx_px, goal_dy_px, duration_ms, path_px; NaN where
            not given.
        like: n movements that fit the codec: sample i takes the place of the i-th, with its number
            of steps, what else the codec keeps beside the steps, and the conditions that the model
            knows. Instead of seq_len and cond.
        seed: Movement i depends on the model, the seed, its conditions and i alone; 0 or more.
        progress: Called after each batch of `BATCH`.

    Raises:
        InputError: A number is out of range, or the model knows fewer conditions.
    """
    x0, frame = sample_deltas(
        model, n, seq_len=seq_len, cond=cond, like=like, seed=seed, progress=progress
    )
    return model.codec.decode(x0, frame, origin=model.origin)


def sample_deltas(
    model: Model,
    n: int,
    *,
    seq_len: int | None = None,
    cond: Float[Tensor, "*n K"] | None = None,
    like: Trajectories | None = None,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> tuple[Float[Tensor, "n T C"], Frame]:
    """Return what `sample` decodes: normalised deltas [n, T, C] on the CPU, and their frames."""
    check_request(model, n, seq_len, cond, seed)
    codec = model.codec
    frame, given = asked(model, n, seq_len, cond, like, seed)
    x0 = torch.zeros(n, codec.sequence_length if seq_len is None else seq_len, codec.channels)
    # Alike lengths run together, so that little work goes into padding.
    for rows in frame.lengths.argsort(stable=True).split(BATCH):
        part = _made(model, rows, frame[rows], seed)
        x0[rows, : part.shape[1]] = part.cpu()
        if progress is not None:
            progress()
    return x0, frame if given is None else codec.frame_given(frame, given, x0)


@torch.no_grad()
def _made(
    model: Model,
    rows: Int[Tensor, "B"],
    frame: Frame,
    seed: int,
) -> Float[Tensor, "B T C"]:
    device = next(model.pair.parameters()).device
    T = int(frame.lengths.max())
    latent = _latent(model, rows, seed, T, device)
    told = model.codec.conditions_for(frame, model.cond_dim)
    mask = valid_steps(frame.lengths.to(device), T)
    return model.pair.generator(latent, mask, None if told is None else told.to(device))


def _latent(model: Model, rows: Tensor, seed: int, T: int, device: torch.device) -> Latent:
    network = model.pair.generator
    shape = (model.codec.sequence_length, network.step_noise)
    movement, steps = [], []
    for row in rows.tolist():
        g = generator(seed, "sample", row)
        movement.append(torch.randn(network.latent_dim, generator=g))
        # Drawn at full length and cut: a movement's noise must not depend on its neighbours'.
        steps.append(torch.randn(shape, generator=g)[:T])
    return Latent(torch.stack(movement).to(device), torch.stack(steps).to(device))
