"""What the decoder learns from: how likely people's events are, given noisy versions of them."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec
from humouse.diffusion.decoder.network import Conditioning, EventDecoder, progress
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.objective import NoisyBatch
from humouse.settings import DecoderModelSettings


def log_likelihood(
    decoder: EventDecoder,
    codec: EventCodec,
    schedule: Schedule,
    batch: NoisyBatch,
    off: Float[Tensor, "B D"],
) -> Float[Tensor, "V 3"]:
    """Return log p(event | x_t, the events before) of each valid event: dx, dy and dt (nats).

    Args:
        decoder: The decoder.
        codec: Says which events x0 stands for.
        schedule: The diffusion's.
        batch: Clean movements, noise and its times, all conditions.
        off: [B, 4 + K] by how much what the decoder is told is off; see `roughly`.

    Raises:
        ValueError: The batch has no conditions.
    """
    if batch.cond is None:
        raise ValueError("a decoder is told all conditions")
    alpha, sigma = schedule(batch.t)
    valid = batch.mask[..., None]
    noisy = alpha[:, None, None] * batch.x0 + sigma[:, None, None] * batch.eps
    events = codec.events(batch.x0) * valid
    ends = progress(events).sum(1)
    unit = torch.cat([torch.ones_like(ends[:, :2]), ends[:, 2:]], 1)
    told = Conditioning(
        x_t=noisy * valid,
        level=torch.stack([alpha, sigma], 1),
        cond=batch.cond + off[:, 4:].to(batch.cond),
        ends=(ends + off[:, :4].to(ends) * unit).round(),
        mask=batch.mask,
    )
    return decoder(events, told)


def roughly(
    count: int, how: DecoderModelSettings, rng: torch.Generator | None = None
) -> Float[Tensor, "B D"]:
    """Return how far off a decoder is told its errand in training: normal deviates.

    Told the exact time, it adds up ticks of a clock and knows what is left to the millisecond; told
    the exact goal, it makes up for a pixel in the last step; told the exact way or share of ticks, it
    knows what the last steps must be. Its own draws never meet such sums, and what it has not met it
    cannot mend.

    Args:
        count: B.
        how: The deviations.
        rng: Where the chance comes from; None for the global one.

    Returns:
        [B, 4 + K] along each axis of the goal (px), of the duration and the way (as shares of them),
        and of each condition (on the network's scale).
    """
    ends = [how.goal_noise_px, how.goal_noise_px, how.duration_noise, how.path_noise]
    scale = torch.tensor(ends + [how.cond_noise] * len(CONDITIONS))
    return torch.randn(count, len(scale), generator=rng) * scale


def from_time(batch: NoisyBatch, least: float) -> NoisyBatch:
    """Return the batch with its noise times moved from (0, 1] to (least, 1]."""
    return replace(batch, t=least + (1 - least) * batch.t)
