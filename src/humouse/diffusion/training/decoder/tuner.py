"""Tuning a decoder against a critic, so that its own movements become more like people's.

Likelihood trains each event given people's events before it. When sampling, a decoder follows its own
events, and errors accumulate (exposure bias). The critic's log-odds estimate
log p(people) − log p(decoder) of a movement; the policy gradient on them (Yu et al. 1609.05473, with
the critic's answer before each event as the baseline) descends KL(decoder, people). The likelihood of
people's events, which is KL(people, decoder), is trained beside it, so that no mode is dropped.
"""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from humouse.codec import EventCodec
from humouse.diffusion.decoder.network import DRAWS_PER_EVENT, Conditioning, progress
from humouse.diffusion.model import DiffusionModel
from humouse.diffusion.noisy_batch import NoisyBatch
from humouse.diffusion.samplers import make_sampler
from humouse.diffusion.training.batches import NoisyShard
from humouse.diffusion.training.decoder.critic import Critic
from humouse.diffusion.training.decoder.learner import DecoderLearner, decoder_weights
from humouse.randomness import derive_seed, seeded
from humouse.settings import TunedSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.context import TrainingContext
from humouse.training.optimisation import GradientStep, adamw

_LOG_ODDS_CAP = 5.0
"""Log-odds are clamped to ± this: larger ones show how well the critic memorised the samples."""
_LOG_PROB_FLOOR = -12.0


class DecoderTuner(DecoderLearner):
    """Tunes the decoder, and trains the critic that judges its movements.

    Args:
        settings: The whole configuration.
        context: Data, codec and device.
        model: The decoded model.
    """

    settings: TunedSettings

    def __init__(
        self, settings: TunedSettings, context: TrainingContext, model: DiffusionModel
    ) -> None:
        super().__init__(settings, context, model)
        if model.decoder is None:
            raise ValueError("there is no decoder to tune")
        trained = model.decoder.state_dict()
        self.network.load_state_dict(trained)
        self.optimiser.ema.load(trained)
        # The gradient is of the learned distribution, not of the narrowed one that sampling uses.
        self.network.draw_scale, self.network.draw_least = 1.0, 0.0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(settings.seed, "critic"))
            critic = Critic(dropout=settings.tuning.critic_dropout)
        self.critic = critic.to(self.accelerator.device)
        betas = (0.5, 0.99)
        optimizer = adamw(
            self.critic, settings.tuning.critic_lr, betas, settings.optim.weight_decay
        )
        self.critic_gradient = GradientStep(
            self.critic.parameters(), optimizer, clip=1.0, loss="the critic's loss"
        )

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's."""
        own, critic = super().state(), self.critic_gradient.optimizer.state_dict()
        return own | {
            "model": self._both().state_dict(),
            "optimizer": {"decoder": own["optimizer"], "critic": critic},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self._both().load_state_dict(saved.model)
        own = decoder_weights(saved.model)
        super().load(replace(saved, model=own, optimizer=saved.optimizer["decoder"]))
        self.critic_gradient.optimizer.load_state_dict(saved.optimizer["critic"])

    def _both(self) -> nn.ModuleDict:
        return nn.ModuleDict({"decoder": self.network, "critic": self.critic})

    def step(self, shard: NoisyShard, step: int, steps: int) -> dict[str, float]:
        """Take step `step` (from 0) of `steps` with the critic and, after its head start, the decoder.

        Raises:
            BadLossError: A loss or a gradient is not finite.
        """
        with seeded(self.accelerator.device, derive_seed(self.settings.seed, "tuner", step)):
            batch = shard.batch.trimmed().to(self.accelerator.device)
            given = self._conditioning(batch)
            uniform = torch.rand(*given.mask.shape, DRAWS_PER_EVENT, device=given.mask.device)
            self.network.eval()
            drawn = self.network.draw(given, uniform)
            numbers = self._critic_step(batch, given, drawn)
            head_start = self.settings.tuning.head_start
            if step < head_start:
                return numbers
            self.optimiser.clear()
            numbers |= self._policy_gradient(given, drawn)
            self.network.train()
            numbers["nats"] = self.add_gradients(shard, step)
            self.optimiser.take(numbers["nats"], step - head_start, steps - head_start)
        return numbers

    def _conditioning(self, batch: NoisyBatch) -> Conditioning:
        """Return what the decoder is given at the switch from the diffusion model, as in sampling."""
        if batch.cond is None or not isinstance(self.codec, EventCodec):
            raise ValueError("a decoder needs all conditions of events")
        schedule, t_switch = self.model.denoiser.schedule, self.settings.decoder.t_switch
        steps = self.settings.tuning.diffusion_steps
        sampler = make_sampler("dpm", schedule, steps, t_end=t_switch)
        noise = torch.randn(batch.x0.shape, device=batch.x0.device) * batch.mask[..., None]
        noisy = sampler(
            self.model.denoiser,
            noise,
            batch.mask,
            cond=batch.cond[:, : self.model.cond_dim] if self.model.cond_dim else None,
            self_condition=self.model.settings.model.self_condition,
        )
        level = torch.stack(schedule(torch.tensor(t_switch, dtype=torch.float64)))
        return Conditioning(
            x_t=noisy,
            level=level.to(noisy).expand(len(noisy), 2),
            cond=batch.cond,
            ends=progress(self._events(batch)).sum(1).round(),
            mask=batch.mask,
            style=batch.style,
        )

    def _events(self, batch: NoisyBatch) -> Float[Tensor, "B T 3"]:
        return self.codec.events(batch.x0) * batch.mask[..., None]

    def _log_odds(
        self, events: Float[Tensor, "B T 3"], given: Conditioning
    ) -> Float[Tensor, "B T+1"]:
        """Return the critic's answers, on noisy totals: it should not judge how exactly they are met."""
        how = self.settings.tuning
        ends = given.ends[:, :3].clone()
        ends[:, 2] *= 1 + how.critic_duration_noise * torch.randn(len(ends), device=ends.device)
        cond = given.cond + how.critic_cond_noise * torch.randn_like(given.cond)
        return self.critic(events, cond, ends, given.mask)

    def _critic_step(
        self, batch: NoisyBatch, given: Conditioning, drawn: Float[Tensor, "B T 3"]
    ) -> dict[str, float]:
        self.critic.train()
        losses, finals = [], []
        for events, answer in ((self._events(batch), 1.0), (drawn, 0.0)):
            log_odds = self._log_odds(events, given)
            valid = nn.functional.pad(given.mask, (1, 0), value=True)
            final = log_odds.gather(1, given.mask.sum(1, keepdim=True))[:, 0]
            for part in (log_odds[valid], final):
                losses.append(binary_cross_entropy_with_logits(part, torch.full_like(part, answer)))
            finals.append(final.detach())
        loss = torch.stack(losses).sum()
        self.critic_gradient.clear()
        loss.backward()
        self.critic_gradient.take(float(loss.detach()), self.settings.tuning.critic_lr)
        people, own = finals
        auc = (people[:, None] > own[None]).float().mean()
        return {"loss": float(loss.detach()), "critic_auc": float(auc)}

    def _policy_gradient(
        self, given: Conditioning, drawn: Float[Tensor, "B T 3"]
    ) -> dict[str, float]:
        """Add the gradient that raises the probability of what the critic takes for people's."""
        self.critic.eval()
        with torch.no_grad():
            log_odds = self._log_odds(drawn, given).clamp(-_LOG_ODDS_CAP, _LOG_ODDS_CAP)
            final = log_odds.gather(1, given.mask.sum(1, keepdim=True))
            gain = (final - log_odds[:, :-1])[given.mask]
            gain -= gain.mean()
        log_prob = self.network(drawn, given).clamp(min=_LOG_PROB_FLOOR).sum(1)
        (-(gain * log_prob).mean()).backward()
        return {"log_odds": float(final.mean())}
