"""The diffusion model's learner: network, average and optimiser, and what one step does to them (§4)."""

import copy
import math
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from matplotlib.figure import Figure
from torch import Tensor

from humouse.data.augment import AugmentRules
from humouse.diffusion.denoiser import Denoiser
from humouse.diffusion.model import Model, build_denoiser
from humouse.diffusion.objective import NoisyBatch, Objective
from humouse.diffusion.training.batches import Draws, Share, StepBatches
from humouse.diffusion.training.validation import Validation
from humouse.randomness import derive_seed, seeded
from humouse.settings import TrainSettings
from humouse.training.checkpoint import Checkpoint
from humouse.training.ema import EMA
from humouse.training.learner import BadLossError, Learner, Material
from humouse.training.optimiser import learning_rate


class DiffusionLearner(Learner):
    """What training changes, on this process's device.

    Args:
        settings: The whole configuration.
        material: Codec, splits, accelerator.
    """

    def __init__(self, settings: TrainSettings, material: Material) -> None:
        s = settings
        self.settings = settings
        self.material = material
        self.accelerator = accelerator = material.accelerator
        self.validation = Validation.choose(
            material.val,
            material.codec,
            s.logging.num_eval_samples,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            feature_mode=s.data.feature_mode,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(s.seed, "weights"))
            denoiser = build_denoiser(material.config, material.codec)
        self.batches = self._batches(denoiser)
        self.average: Denoiser = copy.deepcopy(denoiser).to(accelerator.device).eval()
        denoiser = denoiser.to(accelerator.device)
        self.ema = EMA(denoiser.network, s.optim.ema_decay)
        weighted = s.diffusion.min_snr_weight
        self.min_snr_gamma = s.diffusion.min_snr_gamma if weighted else None
        objective = Objective(denoiser, self.min_snr_gamma)
        optimizer = torch.optim.AdamW(
            objective.parameters(),
            lr=s.optim.lr,
            betas=(s.optim.betas[0], s.optim.betas[1]),
            weight_decay=s.optim.weight_decay,
            fused=True,
        )
        self.objective, self.optimizer = accelerator.prepare(objective, optimizer)
        self.network = accelerator.unwrap_model(self.objective).denoiser.network

    def _batches(self, denoiser: Denoiser) -> StepBatches:
        s, material = self.settings, self.material
        draws = Draws(
            batch_size=material.gestures_per_step,
            seed=s.seed,
            cond_dim=s.model.cond_dim,
            cond_dropout=s.model.cond_dropout,
            self_condition=s.diffusion.self_condition_prob if s.model.self_condition else 0.0,
        )
        return StepBatches(
            material.train,
            material.codec,
            denoiser.schedule,
            AugmentRules(**vars(s.data.augment)),
            draws,
            rank=self.accelerator.process_index,
            processes=self.accelerator.num_processes,
        )

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters."""
        return sum(weights.numel() for weights in self.average.parameters())

    def averaged(self) -> Mapping[str, Tensor]:
        """Return the averaged weights, of which a run keeps the best."""
        return self.ema.weights

    def measure(self, *, scored: bool) -> tuple[dict[str, float], dict[str, Figure]]:
        """Return the validation loss, and the scores and pictures of samples where they are due."""
        self.average.network.load_state_dict(self.ema.weights)
        scores = {"val_loss": self.validation.loss(self.average, self.min_snr_gamma)}
        if not scored:
            return scores, {}
        m = self.material
        model = Model(m.codec, m.config, {}, m.path, 0, denoiser=self.average)
        samples, pictures = self.validation.score(model)
        return scores | samples, pictures

    def state(self) -> dict[str, Any]:
        """Return the fields of a checkpoint that are the learner's."""
        scaler = self.accelerator.scaler
        return {
            "model": self.network.state_dict(),
            "ema": self.ema.weights,
            "optimizer": self.optimizer.state_dict(),
            "scaler": scaler.state_dict() if scaler is not None else {},
        }

    def load(self, saved: Checkpoint) -> None:
        """Take over the state in a checkpoint."""
        self.network.load_state_dict(saved.model)
        self.ema.load(saved.ema)
        self.optimizer.load_state_dict(saved.optimizer)
        if self.accelerator.scaler is not None and saved.scaler:
            self.accelerator.scaler.load_state_dict(saved.scaler)

    def step(self, share: Share, step: int, steps: int) -> dict[str, float]:  # type: ignore[override]
        """Take optimiser step `step` (from 0) of `steps`; return the loss and the gradient's norm.

        Raises:
            BadLossError: One of the two is not finite.
        """
        accelerator, optim = self.accelerator, self.settings.optim
        self.objective.train()
        self.optimizer.zero_grad(set_to_none=True)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(optim, step, steps)
        loss = self._gradient(share, step)
        clip = optim.grad_clip or math.inf
        norm = float(accelerator.clip_grad_norm_(self.objective.parameters(), clip))
        # A gradient scaler skips steps of infinite norm by itself, and lowers its scale.
        if not math.isfinite(loss) or (accelerator.scaler is None and not math.isfinite(norm)):
            raise BadLossError(f"the loss is {loss:g} and the gradient's norm {norm:g}")
        self.optimizer.step()
        self.ema.update(self.network, step)
        return {"loss": loss, "grad_norm": norm}

    def _gradient(self, share: Share, step: int) -> float:
        """Add up the gradients of a share's parts; return the loss over all processes."""
        accelerator = self.accelerator
        total = torch.zeros((), device=accelerator.device)
        parts = self._parts(share)
        key = derive_seed(self.settings.seed, "dropout", step, accelerator.process_index)
        with seeded(accelerator.device, key):
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                with nullcontext() if last else accelerator.no_sync(self.objective):
                    loss = self.objective(part.to(accelerator.device)) / share.total_values
                    # Processes' gradients are averaged; the loss is a sum over them.
                    accelerator.backward(loss * accelerator.num_processes)
                total += loss.detach()
        reduced: Tensor = accelerator.reduce(total, "sum")
        return float(reduced)

    def _parts(self, share: Share) -> list[NoisyBatch]:
        """Cut a share, sorted by length, into batches padded no more than each needs.

        Quarters where lengths differ: on SapiMouse they halve the work that goes into padding.
        """
        size = self.settings.data.batch_size
        lengths = share.batch.mask.sum(1)
        if int(lengths[0]) != int(lengths[-1]):
            size = -(-size // 4)
        return [share.batch[i : i + size].trimmed() for i in range(0, len(share.batch), size)]
