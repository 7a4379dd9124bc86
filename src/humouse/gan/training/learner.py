"""Training the GAN: one step of the discriminator, then one of the generator."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor, nn

from humouse.data.augment import AugmentRules
from humouse.errors import InputError
from humouse.gan.model import GanModel
from humouse.gan.models.pair import GanPair
from humouse.gan.straight_through import on_grid
from humouse.gan.training.batches import GanBatch, GanBatches
from humouse.gan.training.diffusion_comparison import DrawLike, GeneratorComparison
from humouse.gan.training.objective import discriminator_loss, generator_loss, gradient_penalty
from humouse.settings import GanOptimSettings, GanTrainSettings
from humouse.training.batches import BatchPlan, Shard
from humouse.training.checkpoint import Checkpoint
from humouse.training.context import TrainingContext
from humouse.training.ema import EMA
from humouse.training.learner import Learner
from humouse.training.optimisation import GradientStep, learning_rate
from humouse.training.validation import SampleCheck

# A convolution costs less on short rows; an LSTM's cost is per step, for any number of rows.
_PART = {"conv": 16, "lstm": 32}


class GanLearner(Learner[Shard[GanBatch]]):
    """Trains generator and discriminator, one step each in turn.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
        draw_like: Makes the samples that `use_diffusion_eval` compares with; None for no comparison.

    Raises:
        InputError: There are several processes, or too few validation gestures.
    """

    def __init__(
        self,
        settings: GanTrainSettings,
        context: TrainingContext,
        draw_like: DrawLike | None = None,
    ) -> None:
        s = settings
        self.settings = settings
        self.context = context
        self.accelerator = context.accelerator
        if self.accelerator.num_processes > 1:
            raise InputError("a GAN trains in one process; start it without accelerate launch")
        self.validation = SampleCheck.choose(
            context.val,
            context.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            feature_mode=s.data.feature_mode,
        )
        people = self.validation.people
        self.comparison = None
        if draw_like is not None:
            self.comparison = GeneratorComparison(
                draw_like, self.validation, context.train, len(people)
            )
        device = self.accelerator.device
        self.pair = GanPair(s, context.codec).to(device)
        self.average = GanPair(s, context.codec).to(device).eval()
        self.ema = EMA(self.pair, s.optim.ema_decay)
        self.generator_gradient = _gradient_step(
            "generator", self.pair.generator, s.optim.lr, s.optim
        )
        self.discriminator_gradient = _gradient_step(
            "discriminator", self.pair.discriminator, s.optim.discriminator_lr, s.optim
        )
        self.batches = self._batches()

    def _batches(self) -> GanBatches:
        s, context = self.settings, self.context
        return GanBatches(
            context.train,
            context.codec,
            AugmentRules(**vars(s.data.augment)),
            BatchPlan(
                context.gestures_per_step,
                s.seed,
                s.model.cond_dim,
                s.model.cond_dropout,
                s.data.balance,
            ),
            latent_dim=self.pair.generator.latent_dim,
            step_noise=self.pair.generator.step_noise,
        )

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters of both."""
        return sum(weights.numel() for weights in self.pair.parameters())

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the averaged weights of both, of which a run keeps the best."""
        return self.ema.weights

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's."""
        return {
            "model": self.pair.state_dict(),
            "ema": self.ema.weights,
            "optimizer": {name: one.state_dict() for name, one in self._optimizers().items()},
            "scaler": {},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.pair.load_state_dict(saved.model)
        self.ema.load(saved.ema)
        for name, optimizer in self._optimizers().items():
            optimizer.load_state_dict(saved.optimizer[name])

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator": self.generator_gradient.optimizer,
            "discriminator": self.discriminator_gradient.optimizer,
        }

    def step(self, shard: Shard[GanBatch], step: int, steps: int) -> dict[str, float]:
        """Take step `step` (from 0) of `steps` with the discriminator, then with the generator.

        Raises:
            BadLossError: A loss or a gradient is not finite; the generator has not moved.
        """
        o = self.settings.optim
        relative_rate = learning_rate(o, step, steps) / o.lr
        parts = [part.to(self.accelerator.device) for part in self._parts(shard.batch)]
        fakes = [self.generate(part) for part in parts]
        numbers = self._discriminator_step(parts, fakes, step, relative_rate * o.discriminator_lr)
        numbers["loss"] = self._generator_step(parts, fakes, relative_rate * o.lr)
        self.ema.update(self.pair, step)
        return numbers

    def _parts(self, batch: GanBatch) -> list[GanBatch]:
        """Cut a batch, sorted by length, into parts padded no more than each needs."""
        size = _PART[self.settings.model.kind]
        return [batch[i : i + size].trimmed() for i in range(0, len(batch), size)]

    def generate(self, part: GanBatch) -> Float[Tensor, "B T C"]:
        """Return generated movements on the codec's grid, with gradients."""
        x = self.pair.generator(part.latent, part.mask, part.cond)
        return on_grid(x, part.mask, self.context.codec)

    def _discriminator_step(
        self, parts: list[GanBatch], fakes: list[Tensor], step: int, rate: float
    ) -> dict[str, float]:
        o = self.settings.optim
        self.discriminator_gradient.clear()
        count = sum(map(len, parts))
        strength = o.r1_gamma * o.r1_interval if step % o.r1_interval == 0 else 0.0
        sums = {"discriminator_loss": 0.0, "right": 0.0, "r1": 0.0}
        for part, fake in zip(parts, fakes, strict=True):
            scores, fake_scores, penalty = self._scores(part, fake.detach(), bool(strength))
            loss = discriminator_loss(scores, fake_scores, o.loss)
            ((loss + strength * penalty) / count).backward()
            right = (scores > 0).sum() + (fake_scores < 0).sum()
            for name, value in zip(sums, (loss, right / 2, penalty), strict=True):
                sums[name] += float(value.detach()) / count
        if not strength:
            del sums["r1"]
        self.discriminator_gradient.take(sums["discriminator_loss"], rate)
        return sums

    def _scores(
        self, part: GanBatch, fake: Tensor, penalised: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the discriminator's scores of recorded and generated movements, and R1 if it is due."""
        network = self.pair.discriminator
        if penalised:
            scores, penalty = gradient_penalty(network, part.x0, part.mask, part.cond)
            return scores, network(fake, part.mask, part.cond), penalty
        # Both in one pass: the layers are too small to fill a core.
        cond = None if part.cond is None else part.cond.repeat(2, 1)
        both = network(torch.cat([part.x0, fake]), part.mask.repeat(2, 1), cond)
        return both[: len(part)], both[len(part) :], both.new_zeros(())

    def _generator_step(self, parts: list[GanBatch], fakes: list[Tensor], rate: float) -> float:
        network = self.pair.discriminator
        self.generator_gradient.clear()
        count, total = sum(map(len, parts)), 0.0
        network.requires_grad_(False)
        for part, fake in zip(parts, fakes, strict=True):
            loss = generator_loss(network(fake, part.mask, part.cond), self.settings.optim.loss)
            (loss / count).backward()
            total += float(loss.detach()) / count
        network.requires_grad_(True)
        self.generator_gradient.take(total, rate)
        return total

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the scores and pictures of samples of the averaged generator, where they are due."""
        if not scored:
            return {}, {}
        self.average.load_state_dict(self.ema.weights)
        model = GanModel(codec=self.context.codec, settings=self.settings, pair=self.average)
        people = self.validation.people
        # Beside another model's, on the same lengths and conditions.
        like = None if self.comparison is None else people
        made = model.sample(len(people), like=like, seed=self.settings.seed)
        scores, pictures = self.validation.score_samples(made)
        if self.comparison is not None and scores:
            scores |= self.comparison.measure(model, made, scores)
        return scores, pictures


def _gradient_step(
    player: str, network: nn.Module, lr: float, optim: GanOptimSettings
) -> GradientStep:
    betas = (optim.betas[0], optim.betas[1])
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, betas=betas, fused=True)
    return GradientStep(network.parameters(), optimizer, loss=f"the {player}'s loss")
