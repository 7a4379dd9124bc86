"""Training the diffusion model (§4)."""

import copy
from contextlib import nullcontext

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from humouse.data.augment import AugmentRules
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import DiffusionModel, build_denoiser
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.training.batches import NoisyBatches, NoisyPlan, NoisyShard
from humouse.diffusion.training.starting import start_from
from humouse.diffusion.training.validation import Validation
from humouse.randomness import derive_seed, seeded
from humouse.settings import TrainSettings
from humouse.training.batches import Batches
from humouse.training.context import TrainingContext
from humouse.training.learner import NetworkLearner
from humouse.training.optimisation import NetworkOptimiser


class DiffusionLearner(NetworkLearner[NoisyShard, nn.Module]):
    """Trains the network by denoising people's gestures.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
    """

    def __init__(self, settings: TrainSettings, context: TrainingContext) -> None:
        s = settings
        self.settings = settings
        self.context = context
        self.accelerator = accelerator = context.accelerator
        self.validation = Validation.choose(
            context.val,
            context.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            denoiser = build_denoiser(s, context.codec)
        start_from(denoiser.network, s.start_from, decoder=False)
        self.batches = self._batches(denoiser)
        self.average: Denoiser = copy.deepcopy(denoiser).to(accelerator.device).eval()
        denoiser = denoiser.to(accelerator.device)
        self.optimiser = NetworkOptimiser(denoiser.network, s.optim, accelerator)
        weighted = s.diffusion.min_snr_weight
        self.min_snr_gamma = s.diffusion.min_snr_gamma if weighted else None
        self.loss = accelerator.prepare(_Loss(denoiser, self.min_snr_gamma))

    def _batches(self, denoiser: Denoiser) -> Batches[NoisyShard]:
        s, context = self.settings, self.context
        plan = NoisyPlan(
            batch_size=context.gestures_per_step,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            cond_dropout=s.model.cond_dropout,
            balance=s.data.balance,
            low_noise=s.diffusion.low_noise_share,
            self_condition=s.diffusion.self_condition_prob if s.model.self_condition else 0.0,
        )
        return NoisyBatches(
            context.train,
            context.codec,
            denoiser.schedule,
            AugmentRules(**vars(s.data.augment)),
            plan,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the validation loss, and the scores and pictures of samples where they are due."""
        self.average.network.load_state_dict(self.optimiser.ema.weights)
        scores = {"val_loss": self.validation.loss(self.average, self.min_snr_gamma)}
        if not scored:
            return scores, {}
        model = DiffusionModel(
            codec=self.context.codec, settings=self.settings, denoiser=self.average
        )
        samples, pictures = self.validation.score(model)
        return scores | samples, pictures

    def add_gradients(self, shard: NoisyShard, step: int) -> float:
        """Add the gradients of a shard's loss; return the loss over all processes."""
        accelerator = self.accelerator
        total = torch.zeros((), device=accelerator.device)
        parts = self._parts(shard)
        key = derive_seed(self.settings.seed, "dropout", step, accelerator.process_index)
        with seeded(accelerator.device, key):
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                with nullcontext() if last else accelerator.no_sync(self.loss):
                    loss = self.loss(part.to(accelerator.device)) / shard.total_values
                    # Processes' gradients are averaged; the loss is a sum over them.
                    accelerator.backward(loss * accelerator.num_processes)
                total += loss.detach()
        reduced: Tensor = accelerator.reduce(total, "sum")
        return float(reduced)

    def _parts(self, shard: NoisyShard) -> list[NoisyBatch]:
        """Cut a shard, sorted by length, into batches padded no more than each needs.

        Quarters where lengths differ: on SapiMouse they halve the work that goes into padding.
        """
        size = self.settings.data.batch_size
        lengths = shard.batch.mask.sum(1)
        if int(lengths[0]) != int(lengths[-1]):
            size = -(-size // 4)
        return [shard.batch[i : i + size].trimmed() for i in range(0, len(shard.batch), size)]


class _Loss(nn.Module):
    """A denoiser's loss as a module, so that data-parallel wrappers see the whole computation."""

    def __init__(self, denoiser: Denoiser, min_snr_gamma: float | None) -> None:
        super().__init__()
        self.denoiser = denoiser
        self.min_snr_gamma = min_snr_gamma

    def forward(self, batch: NoisyBatch) -> Float[Tensor, ""]:
        return self.denoiser.loss(batch, min_snr_gamma=self.min_snr_gamma)
