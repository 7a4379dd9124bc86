"""Validation of the decoder: its likelihood, and scores of fresh samples."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec, valid_steps
from humouse.codec.style import StylePool
from humouse.diffusion.decoder.network import EventDecoder
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.noise.schedule import Schedule
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.training.decoder.likelihood import (
    conditioning_noise,
    from_t_min,
    log_likelihood,
)
from humouse.randomness import generator
from humouse.settings import DecoderModelSettings
from humouse.training.validation import SampleCheck

_BATCH = 64


@dataclass(frozen=True)
class DecoderCheck(SampleCheck):
    """A fixed set of validation gestures, and the measures of a decoder on it."""

    @torch.no_grad()
    def nats(
        self, decoder: EventDecoder, schedule: Schedule, how: DecoderModelSettings
    ) -> dict[str, float]:
        """Return the nats per event, as "val_loss", and those of dx, dy and dt alone.

        At noise times spread evenly over those learned from.
        """
        if not isinstance(self.codec, EventCodec):
            raise ValueError("a decoder writes events")
        x0, frame = self.codec.encode(self.people)
        B, T, _ = x0.shape
        g = generator(self.seed, "validation loss")
        whole = NoisyBatch(
            x0=x0,
            mask=valid_steps(frame.lengths, T),
            cond=self.codec.conditions_for(frame, len(CONDITIONS)),
            t=schedule.training_time((torch.arange(B) + 0.5) / B)[torch.randperm(B, generator=g)],
            eps=torch.randn(x0.shape, generator=g),
            self_condition=torch.zeros(B, dtype=torch.bool),
            style=self._styles(decoder, g),
        )
        whole = from_t_min(whole[frame.lengths.argsort(stable=True)], how.t_min)
        device = next(decoder.parameters()).device
        total = torch.zeros(3, dtype=torch.float64)
        for first in range(0, B, _BATCH):
            part = whole[first : first + _BATCH].trimmed().to(device)
            noise = conditioning_noise(len(part), how, g)
            nats = log_likelihood(decoder, self.codec, schedule, part, noise)
            total -= nats.double().sum(0).cpu()
        dx, dy, dt = (total / int(frame.lengths.sum())).tolist()
        return {"val_loss": dx + dy + dt, "val_dx": dx, "val_dy": dy, "val_dt": dt}

    def _styles(self, decoder: EventDecoder, g: torch.Generator) -> Float[Tensor, "B S"] | None:
        """Return a style for each gesture, of the same people's others."""
        if decoder.style is None:
            return None
        pool = StylePool.of(self.people, self.codec.canonicalize)
        return pool.for_training(torch.arange(len(self.people)), g)

    def score(self, model: DiffusionModel) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the scores of fresh samples of the model, and pictures; see `score_samples`."""
        return self.score_samples(model.sample(len(self.people), seed=self.seed))
