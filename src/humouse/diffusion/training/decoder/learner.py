"""The decoder's learner: network, average and optimiser, and what one step does to them."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.codec import CONDITIONS, EventCodec
from humouse.data.augment import AugmentRules
from humouse.diffusion.model import DECODER, Model, build_decoder
from humouse.diffusion.objective import NoisyBatch
from humouse.diffusion.training.batches import Draws, Share, StepBatches
from humouse.diffusion.training.decoder.likelihood import from_time, log_likelihood, roughly
from humouse.diffusion.training.decoder.validation import DecoderCheck
from humouse.errors import InputError
from humouse.randomness import derive_seed, seeded
from humouse.settings import DecodedSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.ema import EMA
from humouse.training.learner import BadLossError, Learner, Material
from humouse.training.optimiser import learning_rate

_PARTS = 4


class DecoderLearner(Learner):
    """What training changes: the decoder; the diffusion model beside it stays as it is.

    Args:
        settings: The whole configuration.
        material: Codec, splits, accelerator.
        model: The trained diffusion model.

    Raises:
        InputError: There are several processes.
    """

    def __init__(self, settings: DecodedSettings, material: Material, model: Model) -> None:
        s = settings
        self.settings, self.material, self.model = settings, material, model
        self.accelerator = material.accelerator
        if self.accelerator.num_processes > 1:
            raise InputError("a decoder trains in one process; start it without accelerate launch")
        if not isinstance(material.codec, EventCodec):
            raise ValueError("a decoder writes events")
        self.codec = material.codec
        self.check = DecoderCheck.choose(
            material.val,
            material.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            network = build_decoder(material.config, material.codec)
        moves_px = material.codec.canonicalize(material.train).deltas[..., :2]
        network.longest_px.copy_(moves_px.abs().amax((0, 1)))
        self.average = copy.deepcopy(network).to(self.accelerator.device).eval()
        self.network = network.to(self.accelerator.device)
        self.ema = EMA(self.network, s.optim.ema_decay)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=s.optim.lr,
            betas=(s.optim.betas[0], s.optim.betas[1]),
            weight_decay=s.optim.weight_decay,
            fused=True,
        )
        self.batches = StepBatches(
            material.train,
            material.codec,
            model.denoiser.schedule,
            AugmentRules(**vars(s.data.augment)),
            Draws(material.gestures_per_step, s.seed, len(CONDITIONS), 0.0, self_condition=0.0),
        )

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters."""
        return sum(weights.numel() for weights in self.average.parameters())

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the weights of the whole model: the diffusion's, and the decoder's average."""
        decoder = {DECODER + name: weights for name, weights in self.ema.weights.items()}
        return {**self.model.denoiser.network.state_dict(), **decoder}

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's."""
        return {
            "model": self.network.state_dict(),
            "ema": self.averaged(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": {},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.network.load_state_dict(saved.model)
        self.ema.load({name: saved.ema[DECODER + name] for name in self.ema.weights})
        self.optimizer.load_state_dict(saved.optimizer)

    def step(self, share: Share, step: int, steps: int) -> dict[str, float]:  # type: ignore[override]
        """Take optimiser step `step` (from 0) of `steps`; return the loss and the gradient's norm.

        Raises:
            BadLossError: One of the two is not finite.
        """
        optim = self.settings.optim
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(optim, step, steps)
        loss = self._gradient(share, step)
        clip = optim.grad_clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise BadLossError(f"the loss is {loss:g} and the gradient's norm {norm:g}")
        self.optimizer.step()
        self.ema.update(self.network, step)
        return {"loss": loss, "grad_norm": norm}

    def _gradient(self, share: Share, step: int) -> float:
        """Add up the gradients of a share's parts; return the nats per event."""
        batch = from_time(share.batch, self.settings.decoder.t_min)
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
            off = roughly(len(part), self.settings.decoder)
            return -log_likelihood(self.network, self.codec, schedule, part, off).sum()

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the nats per event of validation people, and the scores of samples where due."""
        self.average.load_state_dict(self.ema.weights)
        schedule, how = self.model.denoiser.schedule, self.settings.decoder
        numbers = self.check.nats(self.average, schedule, how)
        if not scored:
            return numbers, {}
        m = self.material
        model = Model(
            m.codec, m.config, {}, m.path, 0, denoiser=self.model.denoiser, decoder=self.average
        )
        samples, pictures = self.check.score(model)
        return numbers | samples, pictures
