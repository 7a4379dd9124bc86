"""The detector on steps: a small convolutional net on each movement's dx and dy on one clock."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import functional as F

from humouse.detection.checks import check_steps
from humouse.detection.estimators.step_net import StepNet
from humouse.eval.probes.sequence_fit import length_buckets
from humouse.randomness import generator
from humouse.steps import Steps
from humouse.trajectories import Trajectories

_WARM_UP_SHARE = 0.2
_ROWS_AT_A_TIME = 512


class SequenceDetector(ClassifierMixin, BaseEstimator):
    """Classifies movements of any length as people's or bots' by their steps, without features.

    Movements lie on one clock (`detection.samples.one_clock`): the net does not look at dt. It is fitted on
    mirrored movements and movements with their axes exchanged, too. The same seed, movements and number
    of threads give the same answers; torch's global generator stays as it was. Padding and neighbours in
    a batch take no part.

    Args:
        epochs: Passes over the movements.
        width: Channels of the net's layers.
        batch_size: Movements that a step of the optimiser sees.
        learning_rate: Its peak, on a one-cycle schedule.
        weight_decay: Of AdamW.
        seed: Of the weights, the batches and the mirroring.
        device: Where the net is fitted.
    """

    net_: StepNet
    classes_: np.ndarray

    def __init__(
        self,
        *,
        epochs: int = 10,
        width: int = 48,
        batch_size: int = 128,
        learning_rate: float = 4e-3,
        weight_decay: float = 1e-2,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.epochs = epochs
        self.width = width
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.seed = seed
        self.device = device

    def fit(self, X: Trajectories | Steps, y: Any, sample_weight: Any = None) -> "SequenceDetector":
        """Fit the detector.

        Args:
            X: B movements of both, on one clock.
            y: [B] 0 or False for a person's, 1 or True for a bot's.
            sample_weight: [B] weight of each; None for equal weights.

        Raises:
            InputError: A movement has no steps.
            ValueError: There is one class only, another number of labels or weights than movements,
                or a setting is out of range.
        """
        if min(self.epochs, self.width, self.batch_size) < 1:
            raise ValueError("epochs, width and batch_size must be at least 1")
        is_bot, weight = _checked(X, y, sample_weight)
        self.classes_ = np.array([0, 1])
        check_steps(X)
        net = StepNet(self.width, generator(self.seed, "weights")).to(self.device)
        moves_px, lengths = (part.to(self.device) for part in _moves(X))
        self._fit_net(net, moves_px, lengths, is_bot.to(moves_px), weight.to(moves_px))
        self.net_ = net.cpu().requires_grad_(False)
        return self

    @torch.no_grad()
    def decision_function(self, X: Trajectories | Steps) -> Float[np.ndarray, "B"]:
        """Return [B] logits, higher for what looks more like a bot's movement.

        Raises:
            InputError: A movement has no steps.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        check_steps(X)
        moves_px, lengths = _moves(X)
        answers = moves_px.new_zeros(len(lengths))
        parts = lengths.argsort(stable=True).split(_ROWS_AT_A_TIME) if len(lengths) else ()
        for rows in parts:
            longest = int(lengths[rows].max())
            answers[rows] = self.net_(moves_px[rows, :longest], lengths[rows])
        return answers.double().numpy()

    def predict_proba(self, X: Trajectories | Steps) -> Float[np.ndarray, "B 2"]:
        """Return [B, 2] the probability of a person and of a bot; raises as `decision_function`."""
        bot = expit(self.decision_function(X))
        return np.stack([1 - bot, bot], 1)

    def predict(self, X: Trajectories | Steps) -> Int[np.ndarray, "B"]:
        """Return [B] 1 for what is more likely a bot's; raises as `decision_function`."""
        return (self.decision_function(X) > 0).astype(np.int64)

    def _fit_net(
        self,
        net: StepNet,
        moves_px: Float[Tensor, "B T 2"],
        lengths: Int[Tensor, "B"],
        target: Float[Tensor, "B"],
        weight: Float[Tensor, "B"],
    ) -> None:
        batches = -(-len(lengths) // self.batch_size)
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            self.learning_rate,
            total_steps=self.epochs * batches,
            pct_start=_WARM_UP_SHARE,
        )
        for batch, mirrored in self._batches(lengths, batches):
            longest = int(lengths[batch].max())
            logit = net(mirrored(moves_px[batch, :longest]), lengths[batch])
            loss = F.binary_cross_entropy_with_logits(logit, target[batch], weight[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()

    def _batches(
        self, lengths: Int[Tensor, "B"], batches: int
    ) -> Iterator[tuple[Int[Tensor, "b"], "_Mirrored"]]:
        rng = np.random.default_rng(self.seed)
        for _ in range(self.epochs):
            for batch in length_buckets(lengths, batches, rng):
                yield batch, _Mirrored.draw(len(batch), rng)


class _Mirrored:
    """Flips dx and dy of each movement at random, and exchanges them: what is left and up is no evidence."""

    def __init__(self, signs: Float[Tensor, "b 1 2"], exchanged: Tensor) -> None:
        self.signs = signs
        self.exchanged = exchanged

    @classmethod
    def draw(cls, n: int, rng: np.random.Generator) -> "_Mirrored":
        signs = torch.from_numpy(rng.choice([-1.0, 1.0], (n, 1, 2)))
        return cls(signs, torch.from_numpy(rng.random((n, 1, 1)) < 0.5))

    def __call__(self, moves_px: Float[Tensor, "b T 2"]) -> Float[Tensor, "b T 2"]:
        flipped = moves_px * self.signs.to(moves_px)
        return torch.where(self.exchanged.to(flipped.device), flipped.flip(2), flipped)


def _moves(movements: Trajectories | Steps) -> tuple[Float[Tensor, "B T 2"], Int[Tensor, "B"]]:
    """Return what the net looks at of each movement, and how many steps it has."""
    steps = movements.as_steps().trimmed()
    moves_px = np.ascontiguousarray(steps.deltas[..., :2])
    return torch.from_numpy(moves_px), torch.from_numpy(steps.lengths)


def _checked(X: Trajectories | Steps, y: Any, sample_weight: Any) -> tuple[Tensor, Tensor]:
    """Return labels and weights, of mean 1, as [B] tensors."""
    labels = np.asarray(y)
    weight = np.ones(len(X)) if sample_weight is None else np.asarray(sample_weight, float)
    for name, values in (("labels", labels), ("weights", weight)):
        if values.shape != (len(X),):
            raise ValueError(f"{len(X)} movements need as many {name}, not shape {values.shape}")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels must be 0 for a person or 1 for a bot")
    if len(np.unique(labels)) < 2:
        raise ValueError("one class only: a detector needs movements of people and of bots")
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        raise ValueError("weights must be finite, at least 0, and not all 0")
    return torch.from_numpy(labels.astype(float)), torch.from_numpy(weight / weight.mean())
