"""The base of trained models: their record, checks of sample requests, and sampling in batches."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from humouse.codec import CONDITIONS, Codec, Frame, check_condition_values, in_pixels
from humouse.errors import InputError, OutOfRangeWarning
from humouse.settings import GanTrainSettings, TrainSettings
from humouse.trajectories import Trajectories


@dataclass(frozen=True)
class CheckpointRecord:
    """Where a trained model came from.

    Args:
        path: The checkpoint.
        step: Optimiser steps that it was trained for.
        data: The dataset that it was trained on.
    """

    path: Path
    step: int
    data: dict[str, Any]


@dataclass(frozen=True, eq=False)
class SampleRequest:
    """A request for n movements.

    Args:
        n: How many.
        seed: Movement i depends on the model, the seed, its conditions and i alone; 0 or more.
        seq_len: Steps of each; None draws lengths as the train split has them.
        cond: [K] or [n, K], the first K of `CONDITIONS`; NaN where not given.
        like: n movements that fit the codec: sample i takes the i-th one's number of steps, its
            frame, and those of its conditions that the model has. Instead of seq_len and cond.
        first: Number i of the first movement, above 0 for a part of a longer request.
    """

    n: int
    _: KW_ONLY
    seed: int
    seq_len: int | None = None
    cond: Float[Tensor, "*n K"] | None = None
    like: Trajectories | None = None
    first: int = 0


@dataclass(frozen=True, eq=False)
class Batch:
    """Movements that are made together.

    Args:
        places: [B] which of the request's movements they are, from 0.
        rows: [B] their numbers, which seed their noise.
        frame: Their frames.
        given: [B, K] the conditions asked of them; None for none.
        seed: The request's.
    """

    places: Int[Tensor, "B"]
    rows: Int[Tensor, "B"]
    frame: Frame
    given: Float[Tensor, "B K"] | None
    seed: int


@dataclass(frozen=True, eq=False)
class Plan:
    """What is drawn of a request before its movements are made.

    Args:
        request: The request, for n movements.
        frame: Their frames.
        given: [n, K] the conditions asked of them; None for none.
        batches: Each movement is in one; the longest movements of each part come first.
    """

    request: SampleRequest
    frame: Frame
    given: Float[Tensor, "n K"] | None
    batches: list[Batch]


@dataclass(frozen=True, kw_only=True)
class TrainedModel(ABC):
    """A trained model, whatever its kind; a subclass adds the networks.

    Args:
        codec: Turns samples into movements.
        settings: The configuration that it was trained with.
        record: The checkpoint that it came from; None for a model that is being trained.
    """

    codec: Codec
    settings: TrainSettings | GanTrainSettings
    record: CheckpointRecord | None = None

    family: ClassVar[str]
    part_size: ClassVar[int] = 2**12
    """Movements that are sorted by length and cut into batches together.

    Small enough to be held, and to be lost when a run is killed; large enough that few batches mix short
    movements with long ones. A part has the same batches whoever makes it.
    """

    @property
    def origin(self) -> str:
        """Origin of the movements that it makes."""
        return f"{self.family}:{self.settings.experiment_name}"

    @property
    def cond_dim(self) -> int:
        """Number of conditions that it was trained with."""
        return self.settings.model.cond_dim

    @property
    def path(self) -> Path:
        """The checkpoint that it came from."""
        return self._from_checkpoint().path

    @property
    def step(self) -> int:
        """Optimiser steps that it was trained for."""
        return self._from_checkpoint().step

    @property
    def data(self) -> dict[str, Any]:
        """The dataset that it was trained on."""
        return self._from_checkpoint().data

    def _from_checkpoint(self) -> CheckpointRecord:
        if self.record is None:
            raise ValueError(f"{self.origin} is being trained: it comes from no checkpoint")
        return self.record

    @property
    def title(self) -> str:
        """What messages call it: its checkpoint, if it came from one."""
        return self.origin if self.record is None else str(self.record.path)

    def to(self: "Model", device: torch.device | str) -> "Model":
        """Move the networks to a device, and return the model."""
        for part in vars(self).values():
            if isinstance(part, nn.Module):
                part.to(device)
        return self

    def in_setup(self: "Model", name: str) -> "Model":
        """Return the same model, sampling as one of the set-ups that it was trained on.

        Raises:
            InputError: It was trained on none of this name.
        """
        return replace(self, codec=self.codec.in_setup(name))

    def in_style_of(self: "Model", movements: Trajectories) -> "Model":
        """Return the same model, sampling as another set-up: its clock, its pixels and its speeds.

        Args:
            movements: 200 or more, of at least 5 people of that set-up.

        Raises:
            InputError: They are too few, or of too few people, or the model knows of no style.
        """
        return replace(self, codec=self.codec.in_style_of(movements))

    @property
    def rule_record(self) -> dict[str, Any] | None:
        """How it samples, for manifests; None where there is nothing to choose."""
        return None

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Movements at a time."""

    @property
    @abstractmethod
    def calls_per_batch(self) -> int:
        """How often a batch reports progress."""

    def calls(self, n: int) -> int:
        """Return how often `sample` calls `progress` for n movements."""
        parts, rest = divmod(n, self.part_size)
        batches = parts * -(-self.part_size // self.batch_size) + -(-rest // self.batch_size)
        return batches * self.calls_per_batch

    def check(self, request: SampleRequest) -> None:
        """Raise InputError, naming the argument, for the first that this model cannot serve."""
        check_request(self, request)

    def sample(
        self,
        n: int,
        *,
        seed: int,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        like: Trajectories | None = None,
        progress: Callable[[], None] | None = None,
    ) -> Trajectories:
        """Return n movements, in px and ms; the arguments are those of a `SampleRequest`.

        `humouse sample` makes the same ones, on one thread. What a movement is made beside, and how many
        threads torch uses, decides the last bits of floating-point numbers: of movements in the canonical
        frame, which are not rounded; hardly ever of events.

        Args:
            n: How many.
            seed: Decides them; 0 or more.
            seq_len: Steps of each, or None.
            cond: Conditions, or None.
            like: Movements to take the place of, or None.
            progress: Called as often as `calls` says.

        Raises:
            InputError: A number is out of range, or the model has fewer conditions.
        """
        request = SampleRequest(n, seed=seed, seq_len=seq_len, cond=cond, like=like)
        x0, frame = self.sample_deltas(request, progress)
        return self.codec.decode(x0, frame, origin=self.origin)

    def sample_deltas(
        self,
        request: SampleRequest,
        progress: Callable[[], None] | None = None,
    ) -> tuple[Float[Tensor, "n T C"], Frame]:
        """Return what `sample` decodes: normalised deltas [n, T, C] on the CPU, and their frames.

        Args:
            request: What is asked for.
            progress: Called as often as `calls` says.
        """
        self.check(request)
        plan = self.plan(request)
        return self.assembled(plan, (self.make(batch, progress) for batch in plan.batches))

    def plan(self, request: SampleRequest) -> Plan:
        """Return the frames of a request that `check` has passed, cut into batches."""
        frame, given = self._frames(request)
        batches = []
        for part in torch.arange(request.n).split(self.part_size):
            # Similar lengths run together, so that little work goes into padding.
            sorted_places = part[frame.lengths[part].argsort(stable=True)]
            # The longest first: what is left for the end, when some processes have nothing to do, is short.
            for places in reversed(sorted_places.split(self.batch_size)):
                asked = None if given is None else given[places]
                rows = request.first + places
                batches.append(Batch(places, rows, frame[places], asked, request.seed))
        return Plan(request, frame, given, batches)

    def make(
        self, batch: Batch, progress: Callable[[], None] | None = None
    ) -> Float[Tensor, "B T C"]:
        """Return the normalised deltas of a batch, on the CPU.

        Args:
            batch: Of a plan.
            progress: Called `calls_per_batch` times.

        Raises:
            InputError: What the weights make is NaN or infinite.
        """
        tick = progress or (lambda: None)
        made = self._sample_batch(batch.rows, batch.frame, batch.given, batch.seed, tick).cpu()
        if not bool(made.isfinite().all()):
            raise InputError(
                f"{self.title}: its weights make what is NaN or infinite; train it again, or take another"
            )
        return made

    def assembled(
        self, plan: Plan, made: Iterable[Float[Tensor, "B t C"]]
    ) -> tuple[Float[Tensor, "n T C"], Frame]:
        """Return what `sample_deltas` does.

        Args:
            plan: The request's.
            made: What `make` returned for each batch, in their order.
        """
        codec, request = self.codec, plan.request
        steps = codec.sequence_length if request.seq_len is None else request.seq_len
        x0 = torch.zeros(request.n, int(codec.steps(torch.tensor(steps))), codec.channels)
        for batch, part in zip(plan.batches, made, strict=True):
            x0[batch.places, : part.shape[1]] = part
        frame = plan.frame
        return x0, frame if plan.given is None else codec.frame_given(frame, plan.given, x0)

    @abstractmethod
    def _sample_batch(
        self,
        rows: Int[Tensor, "B"],
        frame: Frame,
        given: Float[Tensor, "B K"] | None,
        seed: int,
        progress: Callable[[], None],
    ) -> Float[Tensor, "B T C"]:
        """Return normalised deltas of some of the movements of a request.

        Args:
            rows: Their numbers.
            frame: Their frames.
            given: The conditions asked of them.
            seed: The request's.
            progress: Called `calls_per_batch` times.
        """

    def _frames(self, request: SampleRequest) -> tuple[Frame, Float[Tensor, "n K"] | None]:
        """Return the frames of n movements, and the conditions asked of them, or None.

        Conditions that the request leaves out are drawn from the train split's joint distribution,
        given those that it sets.

        Raises:
            ValueError: `like` stands for another number, or beside a length or conditions.
        """
        n, cond, like = request.n, request.cond, request.like
        if like is None:
            given = None if cond is None else cond.float().cpu().expand(n, cond.shape[-1])
            frame = self.codec.draw_frames(
                n, seed=request.seed, seq_len=request.seq_len, given=given, first=request.first
            )
            return frame, in_pixels(given, frame.pixel_ratio)
        if len(like) != n or request.seq_len is not None or cond is not None:
            raise ValueError("like stands for n movements, and takes the place of seq_len and cond")
        frame = self.codec.encode(like)[1]
        frame = self.codec.styled(frame, seed=request.seed, first=request.first)
        return frame, frame.conditions[:, : self.cond_dim] if self.cond_dim else None


Model = TypeVar("Model", bound=TrainedModel)


def check_request(model: TrainedModel, request: SampleRequest) -> None:
    """Raise InputError, naming the argument, for the first that this model cannot serve."""
    n, seed, seq_len = request.n, request.seed, request.seq_len
    if n < 1:
        raise InputError(f"n={n}: ask for at least 1 movement")
    if seed < 0:
        raise InputError(f"seed={seed}: must be at least 0")
    shortest, longest = model.codec.length_range()
    if seq_len is not None and not shortest <= seq_len <= longest:
        seen = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
        raise InputError(
            f"seq_len={seq_len}: {model.title} makes movements of {seen} steps; ask for that, or train "
            "with another data.sequence_length"
        )
    if request.cond is not None:
        check_condition(model, n, request.cond)


def check_condition(model: TrainedModel, n: int, cond: Tensor) -> None:
    """Raise InputError for conditions that this model was not trained with, or impossible ones."""
    known, cond = ", ".join(CONDITIONS[: model.cond_dim]) or "none", cond.float()
    if cond.ndim not in (1, 2):
        raise InputError(f"cond: {cond.ndim} dimensions; give [K], or [n, K]")
    if not 1 <= cond.shape[-1] <= model.cond_dim:
        raise InputError(
            f"cond: {cond.shape[-1]} conditions given, {model.title} knows: {known}; train with "
            "model.cond_dim=… for more"
        )
    missing = len(CONDITIONS) - cond.shape[-1]
    check_condition_values(torch.nn.functional.pad(cond, (0, missing), value=torch.nan), n)
    _warn_of_range(model, cond)
    _warn_of_short_paths(cond)


def _warn_of_range(model: TrainedModel, cond: Tensor) -> None:
    """Warn of conditions outside what the model was trained on."""
    for place in range(cond.shape[-1]):
        values = cond[..., place]
        low, high = model.codec.condition_range(CONDITIONS[place])
        outside = values[(values < low) | (values > high)]  # NaN is neither
        if len(outside):
            warnings.warn(
                f"cond: {CONDITIONS[place]} {float(outside[0]):g} lies outside what {model.title} was "
                f"trained on, {low:g} to {high:g}; expect less human-like movements",
                OutOfRangeWarning,
                stacklevel=3,
            )


def _warn_of_short_paths(cond: Tensor) -> None:
    """Warn of paths that are shorter than the straight line to their goal."""
    path = CONDITIONS.index("path_px")
    if cond.shape[-1] <= path:
        return
    rows = cond.reshape(-1, cond.shape[-1])
    distance = rows[:, :2].norm(dim=1)
    short = rows[rows[:, path] < distance]  # NaN is not
    if len(short):
        asked, least = float(short[0, path]), float(short[0, :2].norm())
        warnings.warn(
            f"cond: path_px {asked:g} is shorter than the straight line to its goal, {least:g} px; the "
            f"goal is reached all the same: give path_px from {least:g} on, or leave it out",
            OutOfRangeWarning,
            stacklevel=3,
        )


def announce(model: TrainedModel) -> None:
    """Print which checkpoint is used: by default it is the newest."""
    print(f"checkpoint: {model.path} ({model.settings.experiment_name}, step {model.step:,})")
