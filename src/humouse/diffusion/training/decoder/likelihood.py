"""The decoder's objective: the likelihood of people's events, given noisy versions of them."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec
from humouse.diffusion.decoder.network import Conditioning, EventDecoder, progress
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.settings import DecoderModelSettings


def log_likelihood(
    decoder: EventDecoder,
    codec: EventCodec,
    schedule: Schedule,
    batch: NoisyBatch,
    noise: Float[Tensor, "B D"],
) -> Float[Tensor, "V 3"]:
    """Return log p(event | x_t, the events before) of each valid event: dx, dy and dt (nats).

    Args:
        decoder: The decoder.
        codec: Turns x0 into events.
        schedule: The diffusion's.
        batch: Clean movements, noise and its times, all conditions.
        noise: [B, 4 + K] on goal, duration, path and conditions; see `conditioning_noise`.

    Raises:
        ValueError: The batch has no conditions.
    """
    if batch.cond is None:
        raise ValueError("a decoder needs all conditions")
    alpha, sigma = schedule(batch.t)
    valid = batch.mask[..., None]
    noisy = alpha[:, None, None] * batch.x0 + sigma[:, None, None] * batch.eps
    events = codec.events(batch.x0) * valid
    ends = progress(events).sum(1)
    unit = torch.cat([torch.ones_like(ends[:, :2]), ends[:, 2:]], 1)
    conditioning = Conditioning(
        x_t=noisy * valid,
        level=torch.stack([alpha, sigma], 1),
        cond=batch.cond + noise[:, 4:].to(batch.cond),
        ends=(ends + noise[:, :4].to(ends) * unit).round(),
        mask=batch.mask,
        style=batch.style,
    )
    return decoder(events, conditioning)


def conditioning_noise(
    count: int, how: DecoderModelSettings, rng: torch.Generator | None = None
) -> Float[Tensor, "B D"]:
    """Return the noise on a decoder's conditioning in training: normal deviates.

    Given exact totals, the decoder learns to count down and infers the last steps: the ticks that are
    left of the duration, the last pixel to the goal. At sampling time its own steps do not add up to
    exact totals, so its errors show.

    Args:
        count: B.
        how: The standard deviations.
        rng: Source of randomness; None for torch's global one.

    Returns:
        [B, 4 + K] along each axis of the goal (px), of the duration and the path (as shares of them),
        and of each condition (on the network's scale).
    """
    ends = [how.goal_noise_px, how.goal_noise_px, how.duration_noise, how.path_noise]
    scale = torch.tensor(ends + [how.cond_noise] * len(CONDITIONS))
    return torch.randn(count, len(scale), generator=rng) * scale


def from_t_min(batch: NoisyBatch, t_min: float) -> NoisyBatch:
    """Return the batch with its noise times mapped from (0, 1] to (t_min, 1]."""
    return replace(batch, t=t_min + (1 - t_min) * batch.t)
