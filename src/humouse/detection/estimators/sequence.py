"""The detector on steps: a small convolutional net on each movement's dx, dy and dt."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from humouse.detection.checks import check_steps
from humouse.detection.estimators.anomalies import synthetic_anomalies
from humouse.eval.probes.sequence_fit import FitSettings, LabelledSteps, fit_net, net_answers
from humouse.eval.probes.sequence_net import SequenceNet
from humouse.eval.probes.step_channels import step_channels
from humouse.randomness import generator
from humouse.trajectories import Trajectories, concatenate

_MOST_SHIFT = 50.0


class SequenceDetector(ClassifierMixin, BaseEstimator):
    """Classifies movements of any length as people's or bots' by their steps, without features.

    The same seed, movements and number of threads give the same answers; torch's global generator
    stays as it was. Padding and neighbours in a batch take no part.

    To generalise to unknown bots it is also fitted on synthetic anomalies (`synthetic_anomalies`),
    labelled as bots: new ones in each epoch.

    Args:
        epochs: Passes over the movements.
        anomalies_per_gesture: Synthetic anomalies in an epoch, for each gesture of a person.
        width: Channels of the net's layers.
        batch_size: Movements that a step of the optimiser sees.
        learning_rate: Its peak, on a one-cycle schedule.
        weight_decay: Of AdamW.
        clock_shift_ms: The most by which the fit shifts all time steps of a movement.
        seed: Of the weights, the batches and the augmentation.
        device: Where the net runs.
    """

    net_: SequenceNet
    classes_: np.ndarray

    def __init__(
        self,
        *,
        epochs: int = 8,
        anomalies_per_gesture: float = 1.0,
        width: int = 32,
        batch_size: int = 64,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-2,
        clock_shift_ms: int = 1,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        self.epochs = epochs
        self.anomalies_per_gesture = anomalies_per_gesture
        self.width = width
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clock_shift_ms = clock_shift_ms
        self.seed = seed
        self.device = device

    def fit(self, X: Trajectories, y: Any, sample_weight: Any = None) -> "SequenceDetector":
        """Fit the detector.

        Args:
            X: B movements of both.
            y: [B] 0 or False for a person's, 1 or True for a bot's.
            sample_weight: [B] weight of each; None for equal weights.

        Raises:
            InputError: A movement has no steps.
            ValueError: There is one class only, another number of labels or weights than movements,
                or a setting is out of range.
        """
        if min(self.epochs, self.width, self.batch_size) < 1:
            raise ValueError("epochs, width and batch_size must be at least 1")
        if not 0 <= self.anomalies_per_gesture < np.inf:
            raise ValueError("anomalies_per_gesture must be a number, at least 0")
        is_bot, weight = _checked(X, y, sample_weight)
        self.classes_ = np.array([0, 1])
        check_steps(X)
        net = SequenceNet(self.width, generator(self.seed, "weights")).to(self.device)
        net.standardise(*step_channels(X.to(self.device)))
        self._fit_net(net, _TrainingData(X.trimmed().to("cpu"), is_bot, weight))
        self.net_ = net.requires_grad_(False)
        # Synthetic anomalies bias the logit: the intercept is fitted to the movements given.
        shift = _intercept_shift(self.decision_function(X), is_bot.numpy(), weight.numpy())
        self.net_.answer.bias.add_(shift)
        return self

    def decision_function(self, X: Trajectories) -> Float[np.ndarray, "B"]:
        """Return [B] logits, higher for what looks more like a bot's movement.

        Raises:
            InputError: A movement has no steps.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        check_steps(X)
        return net_answers(self.net_, X, self.device).cpu().double().numpy()

    def predict_proba(self, X: Trajectories) -> Float[np.ndarray, "B 2"]:
        """Return [B, 2] the probability of a person and of a bot; raises as `decision_function`."""
        bot = expit(self.decision_function(X))
        return np.stack([1 - bot, bot], 1)

    def predict(self, X: Trajectories) -> Int[np.ndarray, "B"]:
        """Return [B] 1 for what is more likely a bot's; raises as `decision_function`."""
        return (self.decision_function(X) > 0).astype(np.int64)

    def step_evidence(self, X: Trajectories) -> Float[np.ndarray, "B T"]:
        """Return [B, T] by how much the logit falls if a step is hidden; 0 at padding.

        Positive for steps that are evidence of a bot. They do not add up to the logit, because steps
        interact. Takes T passes for a movement.

        Raises:
            InputError: A movement has no steps.
            NotFittedError: `fit` was not called.
        """
        check_is_fitted(self)
        check_steps(X)
        evidence = np.zeros(X.deltas.shape[:2])
        for row in range(len(X)):
            steps, lengths = step_channels(X[[row]].to(self.device))
            n = int(lengths[0])
            valid = steps.new_ones(n + 1, 1, n)
            seen = torch.cat([valid[:1, 0], 1 - torch.eye(n).to(steps)])[:, None]
            logit = self.net_(steps.expand(n + 1, -1, -1), valid, seen).double()
            evidence[row, :n] = (logit[0] - logit[1:]).cpu().numpy()
        return evidence

    def _fit_net(self, net: SequenceNet, data: "_TrainingData") -> None:
        people = (data.is_bot == 0).nonzero()[:, 0]
        anomalies = round(self.anomalies_per_gesture * len(people))
        settings = FitSettings(
            self.epochs, self.batch_size, self.learning_rate, self.weight_decay, self.seed
        )
        epochs = (self._epoch(number, data, people, anomalies) for number in range(self.epochs))
        fit_net(net, epochs, len(data.movements) + anomalies, settings)

    def _epoch(
        self, number: int, data: "_TrainingData", people: Int[Tensor, "P"], anomalies: int
    ) -> LabelledSteps:
        """Return the movements and new anomalies, labelled as bots, all on shifted clocks."""
        rng = generator(self.seed, "corruption", number)
        rows = people[torch.randint(len(people), (anomalies,), generator=rng)]
        made = synthetic_anomalies(data.movements[rows], rng)
        shown = concatenate([data.movements, made], data.movements.origin)
        steps, lengths = step_channels(
            shift_clocks(shown, self.clock_shift_ms, rng).to(self.device)
        )
        target = torch.cat([data.is_bot, data.is_bot.new_ones(anomalies)])
        weight = torch.cat([data.weight, data.weight[rows]])
        return LabelledSteps(steps, lengths, target.to(steps), weight.to(steps))


@dataclass(frozen=True, eq=False)
class _TrainingData:
    movements: Trajectories
    is_bot: Float[Tensor, "B"]
    weight: Float[Tensor, "B"]


def shift_clocks(movements: Trajectories, most_ms: int, rng: torch.Generator) -> Trajectories:
    """Return the movements with all time steps of each longer or shorter by the same random time.

    Otherwise people whose clock is absent from the fit would look like bots.

    Args:
        movements: B movements; their time steps stay at least 1 ms.
        most_ms: The largest shift, in whole ms.
        rng: Draws the shifts.
    """
    shift_ms = torch.randint(-most_ms, most_ms + 1, (len(movements), 1), generator=rng)
    dt_ms = (movements.deltas[..., 2] + shift_ms).clamp(min=1) * movements.mask
    deltas = torch.cat([movements.deltas[..., :2], dt_ms[..., None]], -1)
    return replace(movements, deltas=deltas)


def _checked(X: Trajectories, y: Any, sample_weight: Any) -> tuple[Tensor, Tensor]:
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


def _intercept_shift(
    logits: Float[np.ndarray, "B"], is_bot: Float[np.ndarray, "B"], weight: Float[np.ndarray, "B"]
) -> float:
    """Return what to add to the logits for their mean probability to be the share of bots.

    Bisection, because there need not be a root: where one class has all the weight, a bound is the
    answer.
    """
    low, high = -_MOST_SHIFT, _MOST_SHIFT
    for _ in range(60):
        middle = (low + high) / 2
        too_low = weight @ (expit(logits + middle) - is_bot) < 0
        low, high = (middle, high) if too_low else (low, middle)
    return (low + high) / 2
