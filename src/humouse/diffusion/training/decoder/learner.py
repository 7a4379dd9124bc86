"""Training the decoder by likelihood."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec
from humouse.data.augment import AugmentRules
from humouse.diffusion.decoder.network import EventDecoder
from humouse.diffusion.model import DECODER, DiffusionModel, build_decoder
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.training.batches import NoisyBatches, NoisyPlan, NoisyShard
from humouse.diffusion.training.decoder.likelihood import (
    conditioning_noise,
    from_t_min,
    log_likelihood,
)
from humouse.diffusion.training.decoder.validation import DecoderCheck
from humouse.diffusion.training.starting import start_from
from humouse.errors import InputError
from humouse.randomness import derive_seed, seeded
from humouse.settings import DecodedSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.context import TrainingContext
from humouse.training.learner import NetworkLearner
from humouse.training.optimisation import NetworkOptimiser

_PARTS = 12


class DecoderLearner(NetworkLearner[NoisyShard, EventDecoder]):
    """Trains the decoder; the diffusion model beside it stays as it is.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
        model: The trained diffusion model.

    Raises:
        InputError: There are several processes.
    """

    def __init__(
        self, settings: DecodedSettings, context: TrainingContext, model: DiffusionModel
    ) -> None:
        s = settings
        self.settings, self.context, self.model = settings, context, model
        self.accelerator = context.accelerator
        if self.accelerator.num_processes > 1:
            raise InputError("a decoder trains in one process; start it without accelerate launch")
        if not isinstance(context.codec, EventCodec):
            raise ValueError("a decoder writes events")
        self.codec = context.codec
        self.check = DecoderCheck.choose(
            context.val,
            context.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            network = build_decoder(s.decoder, context.codec)
        start_from(network, s.start_from, decoder=True)
        seen = map(context.codec.canonicalize, context.train.blocks())
        longest_px = [block.deltas[..., :2].abs().amax((0, 1)) for block in seen]
        network.longest_px.copy_(torch.stack(longest_px).amax(0))
        self.average = copy.deepcopy(network).to(self.accelerator.device).eval()
        self.optimiser = NetworkOptimiser(network.to(self.accelerator.device), s.optim)
        self.batches = NoisyBatches(
            context.train,
            context.codec,
            model.denoiser.schedule,
            AugmentRules(**vars(s.data.augment)),
            NoisyPlan(
                context.gestures_per_step,
                s.seed,
                len(CONDITIONS),
                0.0,
                s.data.balance,
                self_condition=0.0,
                styles=s.decoder.style > 0,
                virtual=s.decoder.virtual,
            ),
        )

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the weights of the whole model: the diffusion's, and the decoder's average."""
        decoder = {DECODER + name: weights for name, weights in self.optimiser.ema.weights.items()}
        return {**self.model.denoiser.network.state_dict(), **decoder}

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's; the average is the whole model's."""
        return self.optimiser.state() | {"ema": self.averaged()}

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.optimiser.load(replace(saved, ema=decoder_weights(saved.ema)))

    def add_gradients(self, shard: NoisyShard, step: int) -> float:
        """Add the gradients of a shard's likelihood; return the nats per event."""
        batch = from_t_min(shard.batch, self.settings.decoder.t_min)
        events, total = int(batch.mask.sum()), 0.0
        # Sorted by length, neighbours need the same padding.
        size = -(-len(batch) // _PARTS)
        with seeded(self.accelerator.device, derive_seed(self.settings.seed, "decoder", step)):
            for first in range(0, len(batch), size):
                part = batch[first : first + size].trimmed().to(self.accelerator.device)
                loss = self._nats(part) / events
                loss.backward()
                total += float(loss.detach())
        return total

    def _nats(self, part: NoisyBatch) -> Tensor:
        schedule = self.model.denoiser.schedule
        with self.accelerator.autocast():
            noise = conditioning_noise(len(part), self.settings.decoder)
            return -log_likelihood(self.network, self.codec, schedule, part, noise).sum()

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the nats per event of validation people, and the scores of samples where due."""
        self.average.load_state_dict(self.optimiser.ema.weights)
        schedule, how = self.model.denoiser.schedule, self.settings.decoder
        numbers = self.check.nats(self.average, schedule, how)
        if not scored:
            return numbers, {}
        model = DiffusionModel(
            codec=self.codec,
            settings=self.settings,
            denoiser=self.model.denoiser,
            decoder=self.average,
        )
        samples, pictures = self.check.score(model)
        return numbers | samples, pictures


def decoder_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the decoder's weights among those of a whole model."""
    return {
        name.removeprefix(DECODER): value
        for name, value in weights.items()
        if name.startswith(DECODER)
    }
