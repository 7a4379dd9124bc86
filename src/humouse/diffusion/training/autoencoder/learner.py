"""Training the autoencoder."""

import copy

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.data.augment import AugmentRules
from humouse.diffusion.latents.autoencoder import TemporalAutoencoder
from humouse.diffusion.latents.codec import LatentCodec, build_autoencoder
from humouse.diffusion.training.autoencoder.batches import AutoencoderBatch, AutoencoderBatches
from humouse.diffusion.training.autoencoder.cells import cells
from humouse.diffusion.training.autoencoder.objective import noisy, reconstruction_errors
from humouse.diffusion.training.autoencoder.validation import RoundTrip
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.settings import AutoencoderSettings
from humouse.training.batches import BatchPlan, Shard
from humouse.training.context import TrainingContext
from humouse.training.learner import NetworkLearner
from humouse.training.optimisation import NetworkOptimiser

_PARTS = 4


class AutoencoderLearner(NetworkLearner[Shard[AutoencoderBatch], TemporalAutoencoder]):
    """Trains the autoencoder to reconstruct its input.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.

    Raises:
        InputError: There are several processes, or too few validation gestures.
    """

    def __init__(self, settings: AutoencoderSettings, context: TrainingContext) -> None:
        s = settings
        self.settings = settings
        self.context = context
        self.device = context.accelerator.device
        if context.accelerator.num_processes > 1:
            raise InputError(
                "an autoencoder trains in one process; start it without accelerate launch"
            )
        self.check = RoundTrip.choose(
            context.val,
            context.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            network = build_autoencoder(s.model, context.codec)
        self.codec = LatentCodec(context.codec, copy.deepcopy(network))  # of the average
        self.optimiser = NetworkOptimiser(network.to(self.device), s.optim)
        self.batches = AutoencoderBatches(
            context.train,
            context.codec,
            AugmentRules(**vars(s.data.augment)),
            BatchPlan(context.gestures_per_step, s.seed, balance=s.data.balance),
            factor=network.factor,
            latent_channels=network.latent_channels,
        )

    def add_gradients(self, shard: Shard[AutoencoderBatch], step: int) -> float:
        """Add the gradients of a shard's loss; return the loss."""
        batch = shard.batch
        values, total = int(batch.mask.sum()) * batch.x0.shape[2], 0.0
        # Sorted by length, neighbours need the same padding.
        size = -(-len(batch) // _PARTS)
        for first in range(0, len(batch), size):
            part = batch[first : first + size].trimmed(self.network.factor).to(self.device)
            loss = self._error_sum(part) / values
            loss.backward()
            total += float(loss.detach())
        return total

    def _error_sum(self, part: AutoencoderBatch) -> Tensor:
        model = self.settings.model
        latents = self.network.encode(part.x0, part.mask)
        valid = self.network.latent_mask(part.mask)
        decoded = self.network.decode(
            noisy(latents, valid, part.noise, model.latent_noise), part.mask
        )
        ends = cells(self.context.codec, part.x0)
        return reconstruction_errors(
            decoded, part.x0, part.mask, ends, softness=model.cell_softness
        ).sum()

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the validation loss and the exact steps; where due, the gate's AUC and a picture."""
        self.codec.autoencoder.load_state_dict(self.optimiser.ema.weights)
        numbers = self.check.numbers(self.codec, softness=self.settings.model.cell_softness)
        if not scored:
            return numbers, {}
        return numbers | self.check.gate(self.codec)[0], {
            "reconstructions": self.check.picture(self.codec)
        }
