"""The autoencoder's learner: network, average and optimiser, and what one step does to them."""

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.data.augment import AugmentRules
from humouse.diffusion.latents.codec import LatentCodec, build_autoencoder
from humouse.diffusion.training.autoencoder.batches import Lesson, LessonBatches, LessonShare
from humouse.diffusion.training.autoencoder.cells import cells
from humouse.diffusion.training.autoencoder.objective import noisy, reconstruction_errors
from humouse.diffusion.training.autoencoder.validation import RoundTrip
from humouse.errors import InputError
from humouse.randomness import derive_seed
from humouse.settings import AutoencoderSettings
from humouse.training.batches import Draws
from humouse.training.checkpoint import Checkpoint
from humouse.training.ema import EMA
from humouse.training.learner import BadLossError, Learner, Material
from humouse.training.optimiser import learning_rate

_PARTS = 4


class AutoencoderLearner(Learner):
    """What training changes.

    Args:
        settings: The whole configuration.
        material: Codec, splits, accelerator.

    Raises:
        InputError: There are several processes, or too few validation gestures.
    """

    def __init__(self, settings: AutoencoderSettings, material: Material) -> None:
        s = settings
        self.settings = settings
        self.material = material
        self.device = material.accelerator.device
        if material.accelerator.num_processes > 1:
            raise InputError(
                "an autoencoder trains in one process; start it without accelerate launch"
            )
        self.check = RoundTrip.choose(
            material.val,
            material.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            network = build_autoencoder(material.config, material.codec)
        self.codec = LatentCodec(material.codec, copy.deepcopy(network))  # of the average
        self.network = network.to(self.device)
        self.ema = EMA(self.network, s.optim.ema_decay)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=s.optim.lr,
            betas=(s.optim.betas[0], s.optim.betas[1]),
            weight_decay=s.optim.weight_decay,
            fused=True,
        )
        self.batches = LessonBatches(
            material.train,
            material.codec,
            AugmentRules(**vars(s.data.augment)),
            Draws(material.gestures_per_step, s.seed),
            factor=network.factor,
            latent_channels=network.latent_channels,
        )

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters."""
        return sum(weights.numel() for weights in self.network.parameters())

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the averaged weights, of which a run keeps the best."""
        return self.ema.weights

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's."""
        return {
            "model": self.network.state_dict(),
            "ema": self.ema.weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": {},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.network.load_state_dict(saved.model)
        self.ema.load(saved.ema)
        self.optimizer.load_state_dict(saved.optimizer)

    def step(self, share: LessonShare, step: int, steps: int) -> dict[str, float]:  # type: ignore[override]
        """Take optimiser step `step` (from 0) of `steps`; return the loss and the gradient's norm.

        Raises:
            BadLossError: One of the two is not finite.
        """
        optim = self.settings.optim
        self.optimizer.zero_grad(set_to_none=True)
        lesson = share.lesson
        values, loss = int(lesson.mask.sum()) * lesson.x0.shape[2], 0.0
        # Sorted by length, neighbours need the same padding.
        size = -(-len(lesson) // _PARTS)
        for first in range(0, len(lesson), size):
            part = lesson[first : first + size].trimmed(self.network.factor).to(self.device)
            error = self._error_sum(part) / values
            error.backward()
            loss += float(error.detach())
        clip = optim.grad_clip or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(self.network.parameters(), clip))
        if not math.isfinite(loss) or not math.isfinite(norm):
            raise BadLossError(f"the loss is {loss:g} and the gradient's norm {norm:g}")
        (group,) = self.optimizer.param_groups
        group["lr"] = learning_rate(optim, step, steps)
        self.optimizer.step()
        self.ema.update(self.network, step)
        return {"loss": loss, "grad_norm": norm}

    def _error_sum(self, part: Lesson) -> Tensor:
        model = self.settings.model
        latents = self.network.encode(part.x0, part.mask)
        valid = self.network.latent_mask(part.mask)
        decoded = self.network.decode(
            noisy(latents, valid, part.noise, model.latent_noise), part.mask
        )
        ends = cells(self.material.codec, part.x0)
        return reconstruction_errors(
            decoded, part.x0, part.mask, ends, softness=model.cell_softness
        ).sum()

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the validation loss and the exact steps; where due, the gate's AUC and a picture."""
        self.codec.autoencoder.load_state_dict(self.ema.weights)
        numbers = self.check.numbers(self.codec, softness=self.settings.model.cell_softness)
        if not scored:
            return numbers, {}
        return numbers | self.check.gate(self.codec)[0], {
            "reconstructions": self.check.picture(self.codec)
        }
