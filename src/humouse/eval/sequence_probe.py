"""A two-sample probe on the steps themselves: a small convolutional net that sees no features.

What no named feature measures, it may find. It is fitted many times, on a few thousand movements
each time, so it learns fast and has little to remember people by: about 17,000 parameters, every
layer pooled straight into a linear answer, mirrored movements.
"""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from humouse.randomness import generator
from humouse.trajectories import Trajectories

_CHANNELS = 3
# Moves below it are seen linearly, above it logarithmically: 0, 1 and 2 px stay well apart.
_COMPANDING_PX = 0.5
# Waves of each standardised channel beside it: a millisecond at 16, or a pixel at 5, is about an
# eighth of a deviation, and takes far more passes to see without them than there are.
_FREQUENCIES = (1.0, 2.0, 4.0, 8.0)
# A channel that never changed in the fit says nothing: it must not drown the others later.
_LEAST_SPREAD = 0.05
_KERNEL = 5
_STRIDES = (1, 2, 2)
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
        self._net: _Net | None = None

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
        steps, lengths = _steps(movements.to(self.device))
        net = _Net(self.width, generator(self.seed, "weights")).to(self.device)
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
        steps, lengths = _steps(movements.to(self.device))
        answers = steps.new_zeros(len(lengths))
        with torch.no_grad():
            # An empty batch is split into one empty part, which has no longest movement.
            parts = lengths.argsort(stable=True).split(_ROWS_AT_A_TIME) if len(lengths) else ()
            for rows in parts:
                answers[rows] = self._net(*_shortened(steps, lengths, rows)).sigmoid()
        return answers.cpu().double().numpy()

    def _train(self, net: "_Net", steps: Tensor, lengths: Tensor, target: Tensor) -> None:
        per_epoch = -(-len(lengths) // self.batch_size)
        optimiser = torch.optim.AdamW(
            net.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay, fused=True
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.learning_rate, total_steps=self.epochs * per_epoch, pct_start=0.25
        )
        rng = np.random.default_rng(self.seed)
        for _ in range(self.epochs):
            for rows in _batches(lengths, per_epoch, rng):
                batch, valid = _shortened(steps, lengths, rows)
                logit = net(batch * _mirrors(len(rows), rng).to(batch), valid)
                loss = F.binary_cross_entropy_with_logits(logit, target[rows])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()


class _Net(nn.Module):
    """Step-wise embedding, three convolutions, mean and maximum of each, and a linear answer."""

    mean: Tensor
    spread: Tensor

    def __init__(self, width: int, rng: torch.Generator) -> None:
        super().__init__()
        inputs = _CHANNELS * (1 + 2 * len(_FREQUENCIES))
        self.embedding = _convolution(inputs, width, 1, 1, rng)
        self.convolutions = nn.ModuleList(
            [_convolution(width, width, _KERNEL, stride, rng) for stride in _STRIDES]
        )
        pooled = 2 * width * (1 + len(_STRIDES)) + 1
        self.answer = nn.utils.skip_init(nn.Linear, pooled, 1)
        nn.init.uniform_(self.answer.weight, -(pooled**-0.5), pooled**-0.5, generator=rng)
        nn.init.zeros_(self.answer.bias)
        # Of the three channels, and of the logarithm of the number of steps.
        self.register_buffer("mean", torch.zeros(_CHANNELS + 1))
        self.register_buffer("spread", torch.ones(_CHANNELS + 1))

    def standardise(self, steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"]) -> None:
        """Take on the means and deviations of what it will be fitted to."""
        valid = torch.arange(steps.shape[2], device=steps.device) < lengths[:, None]
        channels = steps.movedim(1, 2)[valid].double()
        size = _log_length(lengths).double()[:, None]
        for place, values in ((slice(_CHANNELS), channels), (slice(_CHANNELS, None), size)):
            if len(values):
                self.mean[place] = values.mean(0)
                self.spread[place] = values.std(0, correction=0).clamp(min=_LEAST_SPREAD)

    def forward(
        self, steps: Float[Tensor, "B C T"], valid: Float[Tensor, "B 1 T"]
    ) -> Float[Tensor, "B"]:
        """Return [B] logits; what `steps` hold where they are not `valid` does not matter."""
        size = (_log_length(valid.sum((1, 2)))[:, None] - self.mean[3:]) / self.spread[3:]
        scaled = (steps - self.mean[:3, None]) / self.spread[:3, None]
        turned = [scaled * frequency for frequency in _FREQUENCIES]
        waves = [wave for phase in turned for wave in (phase.sin(), phase.cos())]
        x = F.relu(self.embedding(torch.cat([scaled, *waves], 1))) * valid
        pooled = [size, *_pooled(x, valid)]
        for convolution, stride in zip(self.convolutions, _STRIDES, strict=True):
            # Every stride starts at the first step, so a valid place stays at the front.
            valid = valid[..., ::stride]
            x = (x[..., ::stride] + F.relu(convolution(x))) * valid
            pooled += _pooled(x, valid)
        return self.answer(torch.cat(pooled, 1))[:, 0]


def _convolution(
    inputs: int, outputs: int, kernel: int, stride: int, rng: torch.Generator
) -> nn.Conv1d:
    """Return a convolution of torch's usual initialisation, drawn from `rng`."""
    layer = nn.utils.skip_init(
        nn.Conv1d, inputs, outputs, kernel, stride=stride, padding=kernel // 2
    )
    bound = (inputs * kernel) ** -0.5
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -bound, bound, generator=rng)
    return layer


def _pooled(x: Float[Tensor, "B C T"], valid: Float[Tensor, "B 1 T"]) -> list[Tensor]:
    """Return the mean and the maximum over valid steps, [B, C] each; x is 0 elsewhere, never less."""
    return [x.sum(2) / valid.sum(2).clamp(min=1), x.amax(2)]


def _steps(movements: Trajectories) -> tuple[Float[Tensor, "B C T"], Int[Tensor, "B"]]:
    """Return [B, 3, T] companded dx and dy and the logarithm of dt, and the lengths."""
    deltas = movements.trimmed().deltas
    moves = torch.asinh(deltas[..., :2] / _COMPANDING_PX)
    steps = torch.cat([moves, deltas[..., 2:].log1p()], -1).transpose(1, 2).contiguous()
    # A net cannot look at nothing: movements without steps get one invalid place.
    return (steps if steps.shape[2] else F.pad(steps, (0, 1))), movements.lengths


def _shortened(
    steps: Float[Tensor, "B C T"], lengths: Int[Tensor, "B"], rows: Int[Tensor, "b"]
) -> tuple[Float[Tensor, "b C t"], Float[Tensor, "b 1 t"]]:
    """Return the rows at the length of the longest of them, and 1 where a step is valid."""
    longest = max(1, int(lengths[rows].max()))
    valid = torch.arange(longest, device=steps.device) < lengths[rows, None]
    return steps[rows, :, :longest], valid[:, None].to(steps)


def _log_length(lengths: Tensor) -> Tensor:
    return lengths.clamp(min=1).log()


def _batches(
    lengths: Int[Tensor, "B"], batches: int, rng: np.random.Generator
) -> Iterator[Int[Tensor, "b"]]:
    """Yield all rows in batches of about the same length, other ones each time, in random order."""
    like = lengths.cpu().numpy() * rng.lognormal(0, 0.1, len(lengths))
    parts = np.array_split(np.argsort(like), batches)
    for place in rng.permutation(batches):
        yield torch.from_numpy(parts[place]).to(lengths.device)


def _mirrors(n: int, rng: np.random.Generator) -> Float[Tensor, "n C 1"]:
    """Return [n, 3, 1] signs that turn left and right, and up and down, about at random."""
    signs = np.ones((n, _CHANNELS, 1))
    signs[:, :2] = rng.choice([-1.0, 1.0], (n, 2, 1))
    return torch.from_numpy(signs)
