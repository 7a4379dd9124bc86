"""Validation of the diffusion model: a loss, and scores of fresh samples."""

from dataclasses import dataclass

import torch
from matplotlib.figure import Figure

from humouse.codec import valid_steps
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.randomness import generator
from humouse.training.validation import SampleCheck

_BATCH = 64


@dataclass(frozen=True)
class Validation(SampleCheck):
    """A fixed set of validation gestures, and the measures of a model on it."""

    @torch.no_grad()
    def loss(self, denoiser: Denoiser, min_snr_gamma: float | None = None) -> float:
        """Return the masked loss, weighted as in training, at evenly spread noise times."""
        x0, frame = self.codec.encode(self.people)
        B, T, C = x0.shape
        g = generator(self.seed, "validation loss")
        mask = valid_steps(self.codec.steps(frame.lengths), T)
        whole = NoisyBatch(
            x0=x0,
            mask=mask,
            cond=self.codec.conditions_for(frame, self.cond_dim),
            t=denoiser.schedule.training_time((torch.arange(B) + 0.5) / B),
            eps=torch.randn(B, T, C, generator=g),
            self_condition=torch.zeros(B, dtype=torch.bool),
        )[frame.lengths.argsort(stable=True)]
        device = next(denoiser.parameters()).device
        # Sorting by length must not tie noise times to lengths.
        whole = NoisyBatch(**{**vars(whole), "t": whole.t[torch.randperm(B, generator=g)]})
        parts = (whole[i : i + _BATCH].trimmed().to(device) for i in range(0, B, _BATCH))
        total = sum(float(denoiser.loss(part, min_snr_gamma=min_snr_gamma)) for part in parts)
        return total / (int(mask.sum()) * C)

    def score(self, model: DiffusionModel) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the scores of fresh samples of the model, and pictures; see `score_samples`."""
        return self.score_samples(model.sample(len(self.people), seed=self.seed))
