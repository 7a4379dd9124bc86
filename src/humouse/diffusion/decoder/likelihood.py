"""What the decoder learns from: how likely people's events are, given noisy versions of them."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.data.codec import EventCodec
from humouse.diffusion.decoder.network import EventDecoder, Told
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.objective import NoisyBatch


def log_likelihood(
    decoder: EventDecoder,
    codec: EventCodec,
    schedule: Schedule,
    batch: NoisyBatch,
    off: Float[Tensor, "B 3"],
) -> Float[Tensor, "V 3"]:
    """Return log p(event | x_t, the events before) of each valid event: dx, dy and dt (nats).

    Args:
        decoder: The decoder.
        codec: Says which events x0 stands for.
        schedule: The diffusion's.
        batch: Clean movements, noise and its times, all conditions.
        off: By how much what the decoder is told is off: goals (px), durations (as a share); see
            `roughly`.

    Raises:
        ValueError: The batch has no conditions.
    """
    if batch.cond is None:
        raise ValueError("a decoder is told all conditions")
    alpha, sigma = schedule(batch.t)
    valid = batch.mask[..., None]
    noisy = alpha[:, None, None] * batch.x0 + sigma[:, None, None] * batch.eps
    events = codec.events(batch.x0) * valid
    ends = events.sum(1)
    unit = torch.ones_like(ends)
    unit[:, 2] = ends[:, 2]
    told = Told(
        x_t=noisy * valid,
        level=torch.stack([alpha, sigma], 1),
        cond=batch.cond,
        ends=(ends + off.to(ends) * unit).round(),
        mask=batch.mask,
    )
    return decoder(events, told)


def roughly(
    count: int, goal_px: float, time: float, rng: torch.Generator | None = None
) -> Float[Tensor, "B 3"]:
    """Return how far off a decoder is told goals and durations in training: normal deviates.

    Told the exact time, it adds up ticks of a clock and knows what is left to the millisecond; told
    the exact goal, it makes up for a pixel in the last step. Its own draws never meet such sums, and
    what it has not met it cannot mend.

    Args:
        count: B.
        goal_px: Deviation of the goals, along each axis.
        time: Deviation of the durations, as a share of them.
        rng: Where the chance comes from; None for the global one.
    """
    return torch.randn(count, 3, generator=rng) * torch.tensor([goal_px, goal_px, time])


def from_time(batch: NoisyBatch, least: float) -> NoisyBatch:
    """Return the batch with its noise times moved from (0, 1] to (least, 1]."""
    return replace(batch, t=least + (1 - least) * batch.t)
