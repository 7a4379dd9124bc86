"""The base of all codecs: statistics fitted on the train split, and the prior of frames."""

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int
from torch import Tensor

from humouse.codec.frame import Frame, in_pixels, valid_steps
from humouse.codec.priors.setups import SetupPrior
from humouse.codec.style import StylePool, check_style_source
from humouse.errors import InputError
from humouse.points import MOST_STEPS
from humouse.ragged import Movements, Ragged
from humouse.settings.choices import CONDITIONS
from humouse.trajectories import Trajectories

_REHEARSED = 4
_STATISTICS = (
    "mean",
    "std",
    "condition_mean",
    "condition_std",
    "condition_low",
    "condition_high",
)


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
        if not 2 <= sequence_length <= MOST_STEPS:
            raise InputError(
                f"data.sequence_length={sequence_length}: must lie between 2 and {MOST_STEPS:,}, the "
                "steps of the longest movement that is read"
            )
        self.sequence_length = sequence_length
        self.normalize = normalize
        self.mean = torch.zeros(1)
        self.std = torch.ones(1)
        self.prior: SetupPrior | None = None
        self.trained_lengths = (sequence_length, sequence_length)
        self.condition_mean = torch.zeros(len(CONDITIONS))
        self.condition_std = torch.ones(len(CONDITIONS))
        self.condition_low = torch.full((len(CONDITIONS),), -math.inf)
        self.condition_high = torch.full((len(CONDITIONS),), math.inf)

    @property
    def channels(self) -> int:
        """C, the number of channels."""
        return len(self.channel_names)

    @property
    def native(self) -> "Codec":
        """The codec of single steps: itself, or the one below a codec of latents."""
        return self

    def steps(self, lengths: Int[Tensor, "*B"]) -> Int[Tensor, "*B"]:
        """Return how many valid steps x0 has for movements of these lengths."""
        return lengths

    def expanded(self, x0: Float[Tensor, "B T C"], frame: Frame) -> Float[Tensor, "B T C"]:
        """Return the native codec's x0 for this codec's x0."""
        return x0

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

    def recorded(
        self, movements: Trajectories, frame: Frame, *, seed: int, first: int = 0
    ) -> Trajectories:
        """Return decoded movements as a device would have recorded them: as they are, if they are events.

        Args:
            movements: What `decode` returned.
            frame: Their frames.
            seed: Of what is drawn for it.
            first: Number of the first movement.
        """
        return movements

    def check_recorded(self) -> None:  # noqa: B027 — events need nothing for it
        """Raise InputError if `recorded` cannot say how a device would have recorded a movement."""

    @abstractmethod
    def canonicalize(self, trajectories: Trajectories) -> Trajectories:
        """Return the movements as this codec represents them, for comparing real with generated.

        Both sides of a comparison go through it, so that no difference comes from the codec.
        """

    def length_range(self) -> tuple[int, int]:
        """Return the fewest and the most steps of a sample: those that the model was trained on."""
        return self.trained_lengths

    def fitting(self, movements: Movements) -> Int[Tensor, "n"]:
        """[n] numbers of the movements that `encode` accepts."""
        fits = [self.fits(block) for block in Ragged.of(movements).blocks()]
        return torch.cat(fits).nonzero().squeeze(1)

    def fit(self, train: Movements) -> "Codec":
        """Learn the channels' mean and spread, and the prior of frames, from the train split.

        Raises:
            InputError: The split holds no movement that fits.
        """
        train = Ragged.of(train)
        train = train.only(self.fitting(train))
        if not len(train):
            raise InputError(
                f"{train.origin}: no gesture fits codec '{self.name}' with "
                f"data.sequence_length={self.sequence_length}; choose a greater one"
            )
        self._fit_clocks(train)
        valid, frame = self._valid_steps(train)
        self.mean, self.std = torch.zeros(self.channels), torch.ones(self.channels)
        if self.normalize:
            self.mean = valid.mean(0).float()
            self.std = valid.std(0, correction=0).clamp_min(1e-8).float()
        self.trained_lengths = int(frame.lengths.min()), int(frame.lengths.max())
        self.prior = self._prior_of(train, frame)
        self.condition_low, self.condition_high = _range(frame.conditions)
        raw = self._raw_condition(frame.conditions)
        self.condition_mean = raw.mean(0)
        self.condition_std = raw.std(0, correction=0).clamp_min(1e-6)
        return self

    def _fit_clocks(self, train: Ragged) -> None:  # noqa: B027 — a codec of latents needs none
        """Learn what the codec must know of its recorders' clocks, from movements that fit."""

    def _valid_steps(self, train: Ragged) -> tuple[Float64[Tensor, "S C"], Frame]:
        """Return the channels of all valid steps, one movement after the other, and the frames."""
        # Changing a movement never makes it longer, so that there is room for all.
        valid = torch.empty(
            int(self.steps(train.lengths).sum()), self.channels, dtype=torch.float64
        )
        count, frames = 0, []
        for block in train.blocks():
            x, frame = self._to_channels(block)
            inside = x[valid_steps(self.steps(frame.lengths), x.shape[1])]
            valid[count : count + len(inside)] = inside
            count += len(inside)
            frames.append(frame)
        return valid[:count], Frame.joined(frames)

    def encode(self, trajectories: Trajectories) -> tuple[Float[Tensor, "B T C"], Frame]:
        """Return x0 [B, T, C], standardised and zero at padding, and the frame to decode it with.

        Raises:
            ValueError: A movement does not fit (see `fits`).
        """
        if not bool(self.fits(trajectories).all()):
            raise ValueError(f"a movement does not fit codec '{self.name}'; filter with fits()")
        x, frame = self._to_channels(trajectories)
        mask = valid_steps(self.steps(frame.lengths), x.shape[1])[..., None]
        return torch.where(mask, (x - self.mean.to(x)) / self.std.to(x), x.new_zeros(())), frame

    def decode(
        self, x0: Float[Tensor, "B T C"], frame: Frame, *, origin: str = "generated"
    ) -> Trajectories:
        """Return the movements of x0 [B, T, C], in px and ms."""
        deltas = self._from_channels(x0 * self.std.to(x0) + self.mean.to(x0), frame)
        mask = valid_steps(frame.lengths, deltas.shape[1])[..., None]
        deltas = torch.where(mask, deltas, deltas.new_zeros(()))
        start = frame.start
        if frame.pixel_ratio is not None:
            px = 1 / frame.pixel_ratio[:, None].to(start)
            start = start * px
            deltas = torch.cat([deltas[..., :2] * px[:, None].to(deltas), deltas[..., 2:]], -1)
        return Trajectories(deltas, frame.lengths, start, None, origin)

    def draw_frames(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        given: Float[Tensor, "n K"] | None = None,
        first: int = 0,
    ) -> Frame:
        """Draw frames of n movements from the train split's joint distribution.

        Args:
            n: How many.
            seed: Frame i depends only on the seed, i and what is given of it.
            seq_len: How many steps all of them have.
            given: [n, K] the first K of CONDITIONS in px and ms, NaN where not given. The rest is drawn
                from the prior, conditional on these.
            first: Number i of the first movement.
        """
        if self.prior is None:
            raise ValueError("the codec is not fitted")
        ratio = self.prior.pixel_ratios(n, seed=seed, first=first)
        lengths, start, conditions = self.prior.draw(
            n, seed=seed, seq_len=seq_len, given=in_pixels(given, ratio), first=first
        )
        if seq_len is None:
            lengths = lengths.clamp(*self.trained_lengths)
        drawn = replace(Frame.of_conditions(lengths, start, conditions), pixel_ratio=ratio)
        return self.styled(drawn, seed=seed, first=first)

    def styled(self, frame: Frame, *, seed: int, first: int = 0) -> Frame:
        """Return the frames with a style each, drawn for their conditions; as they are without styles.

        Args:
            frame: Of n movements.
            seed: The style of frame i depends only on the seed, i and the conditions.
            first: Number i of the first movement.
        """
        if self.prior is None:
            return frame
        return replace(frame, style=self.prior.styles(frame.conditions, seed=seed, first=first))

    def in_setup(self, name: str) -> "Codec":
        """Return the same codec, whose prior is one set-up's alone.

        Raises:
            InputError: The model was trained on none of this name.
        """
        if self.prior is None:
            raise ValueError("the codec is not fitted")
        return self._with_prior(self.prior.only(name))

    def in_style_of(self, movements: Trajectories) -> "Codec":
        """Return the same codec, whose prior is that of movements of another set-up.

        Args:
            movements: Of at least `FEWEST_PEOPLE` people of one set-up.

        Raises:
            InputError: They are too few, or of too few people, or do not fit; or the codec has no styles.
        """
        seen, ratio = self._on_screens(movements)
        fits = self.fits(seen)
        fitting = seen[fits]
        check_style_source(fitting, left_out=len(movements) - len(fitting))
        pool = self._style_pool(fitting)
        if pool is None:
            raise InputError(
                f"style_from: styles are of events, and codec '{self.name}' has none; give ckpt=pretrained, "
                "or train a model with: humouse train experiment=setups"
            )
        prior = SetupPrior.fit(
            self.encode(fitting)[1],
            Ragged.of(fitting),
            pool,
            nameless=True,
            pixel_ratio=ratio[fits.numpy()],
        )
        return self._with_prior(prior)

    def with_people(self, people: Trajectories) -> "Codec":
        """Return the same codec, whose prior is that of other people's movements.

        Args:
            people: Their movements; those that do not fit are left out.

        Raises:
            InputError: None of them fits.
        """
        fitting = people[self.fits(people)]
        if not len(fitting):
            raise InputError(f"{people.origin}: no movement fits the model")
        return self._with_prior(self._prior_of(fitting, self.encode(fitting)[1]))

    def _prior_of(self, train: Movements, frame: Frame) -> SetupPrior:
        return SetupPrior.fit(frame, Ragged.of(train), self._style_pool(train))

    def _with_prior(self, prior: SetupPrior) -> "Codec":
        other = copy.copy(self)
        other.prior = prior
        return other

    def _on_screens(self, movements: Trajectories) -> tuple[Trajectories, Float64[np.ndarray, "B"]]:
        """Return movements in whole pixels of their people's screens, and the pixel ratios of these."""
        return movements, np.ones(len(movements))

    def _style_pool(self, train: Movements) -> StylePool | None:
        """Return the gestures that styles are pooled from; None for a codec without styles."""
        return None

    def frame_given(
        self, frame: Frame, cond: Float[Tensor, "B K"], x0: Float[Tensor, "B T C"]
    ) -> Frame:
        """Return `frame` with the given conditions that the frame determines.

        Args:
            frame: Drawn from the prior.
            cond: [B, K] conditions in px and ms, NaN where not given.
            x0: [B, T, C] the samples that will be decoded with it.
        """
        return frame

    def conditions_for(self, frame: Frame, cond_dim: int) -> Float[Tensor, "B K"] | None:
        """Return the first `cond_dim` conditions on the network's scale, or None for 0 of them."""
        return self.encode_condition(frame.conditions[:, :cond_dim]) if cond_dim else None

    def reaching(
        self, x0: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"], goal_px: Float[Tensor, "B 2"]
    ) -> Float[Tensor, "B T C"]:
        """Return x0 changed so that its steps add up to the goals; unchanged where a codec has no such form.

        Args:
            x0: [B, T, C].
            mask: [B, T] True where valid.
            goal_px: [B, 2], NaN where there is none.
        """
        return x0

    def condition_range(self, name: str) -> tuple[float, float]:
        """Return the range of one of CONDITIONS on the train split, without its outermost 0.2%."""
        index = CONDITIONS.index(name)
        return float(self.condition_low[index]), float(self.condition_high[index])

    def encode_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        """Return conditions in px and ms on the network's scale; NaN (not given) stays NaN.

        Values outside the train split's range are clamped to it: no network was trained on them.
        """
        K = cond.shape[1]
        full = torch.full((len(cond), len(CONDITIONS)), math.nan, device=cond.device)
        low, high = self.condition_low[:K].to(cond), self.condition_high[:K].to(cond)
        full[:, :K] = cond.maximum(low).minimum(high)
        mean, std = self.condition_mean.to(cond), self.condition_std.to(cond)
        return ((self._raw_condition(full) - mean) / std)[:, :K]

    def _raw_condition(self, cond: Float[Tensor, "B K"]) -> Float[Tensor, "B K"]:
        goal = torch.asinh(cond[:, :2] / 10.0)
        sizes, shares = torch.log1p(cond[:, 2:4]), cond[:, 6:]
        return torch.cat([goal, sizes, cond[:, 4:6].clamp(min=0.1).log(), shares], 1)

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to make this codec again: plain values and tensors."""
        return {
            "name": self.name,
            "settings": self.settings(),
            **{name: getattr(self, name) for name in _STATISTICS},
            "trained_lengths": list(self.trained_lengths),
            "prior": None if self.prior is None else self.prior.state(),
            "prior_kind": None if self.prior is None else type(self.prior).__name__,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the statistics that `state_dict` returned.

        Raises:
            ValueError: Its prior is one that this version does not know.
        """
        for name in _STATISTICS:
            setattr(self, name, state[name])
        shortest, longest = state["trained_lengths"]
        self.trained_lengths = shortest, longest
        kind = state["prior_kind"]
        self.prior = None if kind is None else SetupPrior.from_state(state["prior"], kind)

    def rehearse(self) -> None:
        """Draw a few frames and decode zeros with them, to see that sampling will work.

        A codec that was loaded may be damaged, or made by a stranger. It shows here, not in the middle of a
        job.

        Raises:
            ValueError: Something of it is not finite, or has not the size that belongs to it.
        """
        C, K = self.channels, len(CONDITIONS)
        for name in ("mean", "std"):
            _check_finite(name, getattr(self, name), C)
        for name in ("condition_mean", "condition_std"):
            _check_finite(name, getattr(self, name), K)
        if self.prior is None:
            return
        frame = self.draw_frames(_REHEARSED, seed=0)
        for name in ("start", "conditions"):
            _check_finite(name, getattr(frame, name))
        steps = int(self.steps(frame.lengths).max())
        movements = self.decode(torch.zeros(_REHEARSED, steps, C), frame)
        _check_finite("scale", movements.deltas)
        self.conditions_for(frame, K)


def _check_finite(name: str, values: Tensor, count: int | None = None) -> None:
    if not bool(values.isfinite().all()):
        raise ValueError(f"its {name} holds a number that is not finite")
    if count is not None and values.shape not in ((count,), (1,)):
        raise ValueError(f"its {name} has {values.numel()} numbers, not {count}")


def _range(conditions: Float[Tensor, "B K"]) -> tuple[Float[Tensor, "K"], Float[Tensor, "K"]]:
    # Not the extremes, which belong to a single gesture.
    low, high = conditions.quantile(torch.tensor([0.001, 0.999]).to(conditions), dim=0)
    return low, high
