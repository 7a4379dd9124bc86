"""A two-sample probe on the steps themselves: a small convolutional net that sees no features.

It may find differences that no named feature measures. It is fitted many times, on a few thousand
movements each time, so it has to learn fast and must not memorise people: about 17,000 parameters,
every layer pooled straight into a linear answer, and random flips of the movements.
"""

from itertools import repeat

import numpy as np
import torch
from jaxtyping import Bool, Float

from humouse.eval.probes.sequence_fit import FitSettings, LabelledSteps, fit_net, net_answers
from humouse.eval.probes.sequence_net import SequenceNet
from humouse.eval.probes.step_channels import step_channels
from humouse.randomness import generator
from humouse.trajectories import Trajectories


class SequenceProbe:
    """Classifies movements as real or not by their steps; scikit-learn's `fit` and `predict_proba`.

    The same seed, movements and number of threads give the same answers; torch's global generator
    stays as it was. Padding takes no part.

    Args:
        epochs: Passes over the movements.
        seed: Of the weights, the batches and the flips.
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
        """Learn to separate real movements from others.

        Args:
            movements: B movements of both kinds; user and origin are not looked at.
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
        shown = LabelledSteps(
            steps, lengths, torch.from_numpy(is_real).to(steps), steps.new_ones(len(steps))
        )
        settings = FitSettings(
            self.epochs, self.batch_size, self.learning_rate, self.weight_decay, self.seed
        )
        fit_net(net, repeat(shown, self.epochs), len(steps), settings)
        self._net = net
        return self

    def predict_proba(self, movements: Trajectories) -> Float[np.ndarray, "B"]:
        """Return [B] the probability that each movement is real.

        Raises:
            ValueError: `fit` was not called.
        """
        if self._net is None:
            raise ValueError("call fit first")
        return net_answers(self._net, movements, self.device, torch.sigmoid).double().cpu().numpy()
