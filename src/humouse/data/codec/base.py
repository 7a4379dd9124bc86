"""What every codec shares: statistics fitted on the train split, and the prior of frames."""

import math
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.data.codec.frame import CONDITIONS, Frame, conditions_of, valid_steps
from humouse.errors import InputError
from humouse.randomness import generator
from humouse.trajectories import Trajectories

_PRIOR_ROWS = 8192


class Codec(ABC):
    """Turns `Trajectories` into normalised [B, T, C] tensors and back.

    Fit it on the train split only; `state_dict` goes into the checkpoint.

    Args:
        sequence_length: T, the number of steps of a full tensor.
        normalize: Standardise each channel by its mean and standard deviation on the train split.
    """

    name: ClassVar[str]
    channel_names: tuple[str, ...]

    def __init__(self, *, sequence_length: int, normalize: bool = True) -> None:
        if sequence_length < 2:
            raise InputError(f"data.sequence_length={sequence_length}: must be at least 2")
        self.sequence_length = sequence_length
        self.normalize = normalize
        self.mean = torch.zeros(1)
        self.std = torch.ones(1)
        self.prior: Frame | None = None
        self.trained_lengths = (sequence_length, sequence_length)
        self.condition_mean = torch.zeros(len(CONDITIONS))
        self.condition_std = torch.ones(len(CONDITIONS))

    @property
    def channels(self) -> int:
        """C, the number of channels."""
        return len(self.channel_names)

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return the arguments that make an equal, unfitted codec."""

    @abstractmethod
    def fits(self, trajectories: Trajectories) -> Bool[Tensor, "B"]:
        """[B] True for movements that `encode` accepts."""

    @abstractmethod
    def _to_channels(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]: ...

    @abstractmethod
    def _from_channels(self, x: Float[Tensor, "B T C"], frame: Frame) -> Float[Tensor, "B T 3"]: ...

    @abstractmethod
    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements as this codec sees them, for comparing real with generated.

        Both sides of a comparison go through it, so that neither owes a difference to the codec.
        """

    def length_range(self) -> tuple[int, int]:
        """Return the shortest and the longest sequence that the model was trained on."""
        return self.trained_lengths

    def fit(self, train: Trajectories) -> "Codec":
        """Learn the channels' mean and spread, and the prior of frames, from the train split.

        Raises:
            InputError: The split holds no movement that fits.
        """
        train = train[self.fits(train)]
        if not len(train):
            raise InputError(
                f"{train.origin}: no gesture fits codec '{self.name}' with "
                f"data.sequence_length={self.sequence_length}; choose a greater one"
            )
        x, frame = self._to_channels(train)
        valid = x[valid_steps(frame.lengths, x.shape[1])].double()
        self.mean, self.std = torch.zeros(self.channels), torch.ones(self.channels)
        if self.normalize:
            self.mean = valid.mean(0).float()
            self.std = valid.std(0, correction=0).clamp_min(1e-8).float()
        self.trained_lengths = int(frame.lengths.min()), int(frame.lengths.max())
        rows = torch.randperm(len(frame), generator=generator("prior"))[:_PRIOR_ROWS]
        self.prior = frame[rows]
        raw = self._raw_condition(conditions_of(train))
        self.condition_mean = raw.mean(0)
        self.condition_std = raw.std(0, correction=0).clamp_min(1e-6)
        return self

    def encode(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        """Return x0 [B, T, C], standardised and zero at padding, and the frame to decode it with.

        Raises:
            ValueError: A movement does not fit (see `fits`).
        """
        if not bool(self.fits(trajectories).all()):
            raise ValueError(f"a movement does not fit codec '{self.name}'; filter with fits()")
        x, frame = self._to_channels(trajectories)
        mask = valid_steps(frame.lengths, x.shape[1])[..., None]
        return torch.where(mask, (x - self.mean.to(x)) / self.std.to(x), x.new_zeros(())), frame

    def decode(
        self, x0: Float[Tensor, "B T C"], frame: Frame, *, origin: str = "generated"
    ) -> Trajectories:
        """Return the movements that x0 [B, T, C] stands for, in px and ms."""
        deltas = self._from_channels(x0 * self.std.to(x0) + self.mean.to(x0), frame)
        mask = valid_steps(frame.lengths, x0.shape[1])[..., None]
        deltas = torch.where(mask, deltas, deltas.new_zeros(()))
        return Trajectories(deltas, frame.lengths, frame.start, None, origin)

    def draw_frames(self, n: int, *, seed: int, seq_len: int | None = None) -> Frame:
        """Draw frames of n movements from the train split's joint distribution.

        Args:
            n: How many.
            seed: Frame i depends on the seed and i alone.
            seq_len: Gives all of them this many steps instead.
        """
        if self.prior is None:
            raise ValueError("the codec is not fitted")
        index = [_draw(len(self.prior), seed, i) for i in range(n)]
        frame = self.prior[torch.tensor(index, dtype=torch.long)]
        if seq_len is None:
            return frame
        return replace(frame, lengths=torch.full_like(frame.lengths, seq_len))

    def frame_given(
        self, frame: Frame, cond: Float[Tensor, "B K"], x0: Float[Tensor, "B T C"]
    ) -> Frame:
        """Return `frame` changed to what the conditions ask for, where it is the frame's to give.

        Args:
            frame: As drawn from the prior.
            cond: [B, K] conditions in px and ms, NaN where not given.
            x0: [B, T, C] the samples that will be decoded with it.
        """
        return frame

    def condition(self, trajectories: Trajectories, cond_dim: int) -> Float[Tensor, "B K"] | None:
        """Return the first `cond_dim` of CONDITIONS [B, K] in px and ms, or None for 0 of them."""
        return conditions_of(trajectories)[:, :cond_dim] if cond_dim else None

    def encode_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        """Return conditions in px and ms on the network's scale; NaN (not given) stays NaN."""
        K = cond.shape[1]
        full = torch.full((len(cond), len(CONDITIONS)), math.nan, device=cond.device)
        full[:, :K] = cond
        mean, std = self.condition_mean.to(cond), self.condition_std.to(cond)
        return ((self._raw_condition(full) - mean) / std)[:, :K]

    def _raw_condition(self, cond: Float[Tensor, "B 4"]) -> Float[Tensor, "B 4"]:
        goal = torch.asinh(cond[:, :2] / 10.0)
        return torch.cat([goal, torch.log1p(cond[:, 2:])], 1)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to make this codec again: plain values and tensors."""
        return {
            "name": self.name,
            "settings": self.settings(),
            "mean": self.mean,
            "std": self.std,
            "trained_lengths": list(self.trained_lengths),
            "condition_mean": self.condition_mean,
            "condition_std": self.condition_std,
            "prior": None if self.prior is None else self.prior.state(),
        }


def _draw(n: int, seed: int, index: int) -> int:
    return int(torch.randint(n, (1,), generator=generator(seed, "frame", index)))
