"""The GAN's learner: two networks, their average and optimisers, and what one step does to them."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.data.augment import AugmentRules
from humouse.errors import InputError
from humouse.gan.model import Model
from humouse.gan.models.pair import Pair
from humouse.gan.sampling import sample
from humouse.gan.straight_through import on_grid
from humouse.gan.training.batches import Deal, DealBatches, DealShare
from humouse.gan.training.diffusion_comparison import DrawLike, GeneratorComparison
from humouse.gan.training.objective import discriminator_loss, generator_loss, gradient_penalty
from humouse.settings import GanTrainSettings
from humouse.training.batches import Draws
from humouse.training.checkpoint import Checkpoint
from humouse.training.ema import EMA
from humouse.training.learner import BadLossError, Learner, Material
from humouse.training.optimiser import learning_rate
from humouse.training.validation import SampleCheck

# Short rows are cheap for a convolution; an LSTM pays for each step whatever the number of rows.
_PART = {"conv": 16, "lstm": 32}


class GanLearner(Learner):
    """What training changes.

    Args:
        settings: The whole configuration.
        material: Codec, splits, accelerator.
        draw_like: Makes the samples that `use_diffusion_eval` compares with; None for no comparison.

    Raises:
        InputError: There are several processes, or too few validation gestures.
    """

    def __init__(
        self, settings: GanTrainSettings, material: Material, draw_like: DrawLike | None = None
    ) -> None:
        s = settings
        self.settings = settings
        self.material = material
        self.accelerator = material.accelerator
        if self.accelerator.num_processes > 1:
            raise InputError("a GAN trains in one process; start it without accelerate launch")
        self.validation = SampleCheck.choose(
            material.val,
            material.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            feature_mode=s.data.feature_mode,
        )
        people = self.validation.people
        self.comparison = None
        if draw_like is not None:
            self.comparison = GeneratorComparison(
                draw_like, self.validation, material.train, len(people)
            )
        device = self.accelerator.device
        self.pair = Pair(material.config, material.codec).to(device)
        self.average = Pair(material.config, material.codec).to(device).eval()
        self.ema = EMA(self.pair, s.optim.ema_decay)
        betas = (s.optim.betas[0], s.optim.betas[1])
        self.optimizers = {
            name: torch.optim.Adam(network.parameters(), lr=rate, betas=betas, fused=True)
            for name, network, rate in (
                ("generator", self.pair.generator, s.optim.lr),
                ("discriminator", self.pair.discriminator, s.optim.discriminator_lr),
            )
        }
        self.batches = DealBatches(
            material.train,
            material.codec,
            AugmentRules(**vars(s.data.augment)),
            Draws(material.gestures_per_step, s.seed, s.model.cond_dim, s.model.cond_dropout),
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
            "optimizer": {name: one.state_dict() for name, one in self.optimizers.items()},
            "scaler": {},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.pair.load_state_dict(saved.model)
        self.ema.load(saved.ema)
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(saved.optimizer[name])

    def step(self, share: DealShare, step: int, steps: int) -> dict[str, float]:  # type: ignore[override]
        """Let the discriminator take step `step` (from 0) of `steps`, then the generator.

        Raises:
            BadLossError: A loss or a gradient is not finite; neither has moved, or only the
                discriminator.
        """
        o = self.settings.optim
        course = learning_rate(o, step, steps) / o.lr
        parts = [part.to(self.accelerator.device) for part in self._parts(share.deal)]
        made = [self._made(part) for part in parts]
        numbers = self._discriminate(parts, made, step, course * o.discriminator_lr)
        numbers["loss"] = self._generate(parts, made, course * o.lr)
        self.ema.update(self.pair, step)
        return numbers

    def _parts(self, deal: Deal) -> list[Deal]:
        """Cut a batch, sorted by length, into parts padded no more than each needs."""
        size = _PART[self.settings.model.kind]
        return [deal[i : i + size].trimmed() for i in range(0, len(deal), size)]

    def _made(self, part: Deal) -> Tensor:
        x = self.pair.generator(part.latent, part.mask, part.cond)
        return on_grid(x, part.mask, self.material.codec)

    def _discriminate(
        self, parts: list[Deal], made: list[Tensor], step: int, rate: float
    ) -> dict[str, float]:
        o = self.settings.optim
        optimizer = self.optimizers["discriminator"]
        optimizer.zero_grad(set_to_none=True)
        count = sum(map(len, parts))
        strength = o.r1_gamma * o.r1_interval if step % o.r1_interval == 0 else 0.0
        sums = {"discriminator_loss": 0.0, "right": 0.0, "r1": 0.0}
        for part, fake in zip(parts, made, strict=True):
            scores, fake_scores, penalty = self._judged(part, fake.detach(), bool(strength))
            loss = discriminator_loss(scores, fake_scores, o.loss)
            ((loss + strength * penalty) / count).backward()
            right = (scores > 0).sum() + (fake_scores < 0).sum()
            for name, value in zip(sums, (loss, right / 2, penalty), strict=True):
                sums[name] += float(value.detach()) / count
        if not strength:
            del sums["r1"]
        _update(optimizer, rate, sums["discriminator_loss"], "discriminator")
        return sums

    def _judged(self, part: Deal, fake: Tensor, penalised: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return the scores of recordings and of what was made, and R1 if it is due."""
        network = self.pair.discriminator
        if penalised:
            scores, penalty = gradient_penalty(network, part.x0, part.mask, part.cond)
            return scores, network(fake, part.mask, part.cond), penalty
        # Both in one pass: the layers are too small to fill a core.
        cond = None if part.cond is None else part.cond.repeat(2, 1)
        both = network(torch.cat([part.x0, fake]), part.mask.repeat(2, 1), cond)
        return both[: len(part)], both[len(part) :], both.new_zeros(())

    def _generate(self, parts: list[Deal], made: list[Tensor], rate: float) -> float:
        network, optimizer = self.pair.discriminator, self.optimizers["generator"]
        optimizer.zero_grad(set_to_none=True)
        count, total = sum(map(len, parts)), 0.0
        network.requires_grad_(False)
        for part, fake in zip(parts, made, strict=True):
            loss = generator_loss(network(fake, part.mask, part.cond), self.settings.optim.loss)
            (loss / count).backward()
            total += float(loss.detach()) / count
        network.requires_grad_(True)
        _update(optimizer, rate, total, "generator")
        return total

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the scores and pictures of samples of the averaged generator, where they are due."""
        if not scored:
            return {}, {}
        self.average.load_state_dict(self.ema.weights)
        m = self.material
        model = Model(m.codec, m.config, {}, m.path, 0, pair=self.average)
        people = self.validation.people
        # Beside another model's, on the same lengths and conditions.
        like = None if self.comparison is None else people
        made = sample(model, len(people), like=like, seed=self.settings.seed)
        scores, pictures = self.validation.judged(made)
        if self.comparison is not None and scores:
            scores |= self.comparison.measure(model, made, scores)
        return scores, pictures


def _update(optimizer: torch.optim.Optimizer, rate: float, loss: float, player: str) -> None:
    (group,) = optimizer.param_groups
    norm = float(torch.nn.utils.get_total_norm([p.grad for p in group["params"]]))
    if not math.isfinite(loss) or not math.isfinite(norm):
        raise BadLossError(f"the {player}'s loss is {loss:g} and its gradient's norm {norm:g}")
    group["lr"] = rate
    optimizer.step()
