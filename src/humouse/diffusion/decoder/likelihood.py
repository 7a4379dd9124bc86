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
    told_time: Float[Tensor, "B"],
) -> Float[Tensor, "V 3"]:
    """Return log p(event | x_t, the events before) of each valid event: dx, dy and dt (nats).

    Args:
        decoder: The decoder.
        codec: Says which events x0 stands for.
        schedule: The diffusion's.
        batch: Clean movements, noise and its times, all conditions.
        told_time: What each duration is multiplied by before the decoder is told; see `roughly`.

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
    ends[:, 2] = (ends[:, 2] * told_time.to(ends)).round()
    told = Told(
        x_t=noisy * valid,
        level=torch.stack([alpha, sigma], 1),
        cond=batch.cond,
        ends=ends,
        mask=batch.mask,
    )
    return decoder(events, told)


def roughly(count: int, jitter: float, rng: torch.Generator | None = None) -> Float[Tensor, "B"]:
    """Return factors around 1, normal with a deviation of `jitter`.

    A decoder that is told the exact time in training adds up ticks of a clock and knows what is left
    to the millisecond. Its own draws never meet such a sum, and what it has not met it cannot mend.
    """
    return 1 + jitter * torch.randn(count, generator=rng)


def from_time(batch: NoisyBatch, least: float) -> NoisyBatch:
    """Return the batch with its noise times moved from (0, 1] to (least, 1]."""
    return replace(batch, t=least + (1 - least) * batch.t)
