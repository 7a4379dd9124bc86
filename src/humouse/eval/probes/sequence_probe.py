"""A two-sample probe on the steps themselves: a small convolutional net that sees no features.

What no named feature measures, it may find. It is fitted many times, on a few thousand movements
each time, so it learns fast and has little to remember people by: about 17,000 parameters, every
layer pooled straight into a linear answer, mirrored movements.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from humouse.eval.probes.sequence_net import SequenceNet
from humouse.eval.probes.step_channels import batches_alike, random_flips, shortened, step_channels
from humouse.randomness import generator
from humouse.trajectories import Trajectories

_ROWS_AT_A_TIME = 256


class SequenceProbe:
    """Tells real movements from others by their steps; scikit-learn's `fit` and `predict_proba`.

    The same seed, movements and number of threads give the same answers; torch's global generator
    stays as it was. Padding takes no part.

    Args:
        epochs: Passes over the movements.
        seed: Of the weights, the batches and the mirroring.
        device: Where the net runs.
        width: Channels of its layers.
        batch_size: Movements that a step of the optimiser sees.
        learning_rate: Its peak, on a one-cycle schedule.
        weight_decay: Of AdamW.
    """

    def __init__(
        self,
        *,
        epochs: int = 10,
        seed: int = 0,
        device: str | torch.device = "cpu",
        width: int = 32,
        batch_size: int = 64,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-2,
    ) -> None:
        if min(epochs, width, batch_size) < 1:
            raise ValueError("epochs, width and batch_size must be at least 1")
        self.epochs = epochs
        self.seed = seed
        self.device = torch.device(device)
        self.width = width
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self._net: SequenceNet | None = None

    def fit(self, movements: Trajectories, is_real: Bool[np.ndarray, "B"]) -> "SequenceProbe":
        """Learn to tell them apart.

        Args:
            movements: B movements of both kinds; who and what made them is not looked at.
            is_real: [B] which of them are real.

        Raises:
            ValueError: There is only one kind, or another number of labels.
        """
        if len(is_real) != len(movements):
            raise ValueError(f"{len(movements)} movements need as many labels, not {len(is_real)}")
        if not 0 < is_real.sum() < len(is_real):
            raise ValueError("a probe needs movements of both kinds")
        steps, lengths = step_channels(movements.to(self.device))
        net = SequenceNet(self.width, generator(self.seed, "weights")).to(self.device)
        net.standardise(steps, lengths)
        self._train(net, steps, lengths, torch.from_numpy(is_real).to(steps))
        self._net = net
        return self

    def predict_proba(self, movements: Trajectories) -> Float[np.ndarray, "B"]:
        """Return [B] the probability that each movement is real.

        Raises:
            ValueError: `fit` was not called.
        """
        if self._net is None:
            raise ValueError("call fit first")
        steps, lengths = step_channels(movements.to(self.device))
        answers = steps.new_zeros(len(lengths))
        with torch.no_grad():
            # An empty batch is split into one empty part, which has no longest movement.
            parts = lengths.argsort(stable=True).split(_ROWS_AT_A_TIME) if len(lengths) else ()
            for rows in parts:
                answers[rows] = self._net(*shortened(steps, lengths, rows)).sigmoid()
        return answers.cpu().double().numpy()

    def _train(self, net: SequenceNet, steps: Tensor, lengths: Tensor, target: Tensor) -> None:
        per_epoch = -(-len(lengths) // self.batch_size)
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.learning_rate, total_steps=self.epochs * per_epoch, pct_start=0.25
        )
        rng = np.random.default_rng(self.seed)
        for _ in range(self.epochs):
            for rows in batches_alike(lengths, per_epoch, rng):
                batch, valid = shortened(steps, lengths, rows)
                logit = net(batch * random_flips(len(rows), rng).to(batch), valid)
                loss = F.binary_cross_entropy_with_logits(logit, target[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
