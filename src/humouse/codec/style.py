"""The style of a set-up: how its clock ticks and its pointer moves, from a handful of gestures."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Int16, Int64
from torch import Tensor

from humouse.errors import InputError, OutOfRangeWarning
from humouse.ragged import Movements
from humouse.trajectories import Trajectories

FEWEST_PEOPLE = 5
"""People whose gestures are pooled at least: a style is a set-up's, not a person's."""
GESTURES = 32
"""Gestures that are pooled for a style."""
FEWEST_GESTURES = 50
GOOD_GESTURES = 200
"""Gestures that `style_from` needs, and those from which on a style is as good as it gets."""
_SLOWEST_STEP_MS = 1000
_SIZES = (8, 16, 32, 64)
_OWN_SHARE = 0.5
_BLOCK_ROWS = 2048

_DT_MS = torch.tensor(
    [*range(2, 25), 28, 32, 33, 35, 40, 48, 56, 64, 80, 100, 112, 128, 160, 250, 500.0]
)
_DT_CLASSES_MS = torch.tensor([6, 10, 13, 16, 18, 25, 41, 91, 141.0])
_EXACT_PX = 4
EXACT_MS = 512
"""Time steps of 1, 2, … ms that a style counts one by one; the last class has all longer ones, too."""
_MOVE_PX = torch.tensor([1, 2, 3, 4, 6, 9, 14, 22, 35, 60, 120.0])
_SPEED_PX_PER_MS = torch.tensor([0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 4.0])
_JUMP = torch.tensor([-1.2, -0.8, -0.5, -0.3, -0.15, -0.05, 0.05, 0.15, 0.3, 0.5, 0.8, 1.2])
_PEAK = 0.3
_LONG_ENOUGH_PX = 3
_MOST_STEPS_APART = 9
_BLOCKS = (
    len(_DT_MS) + 1,
    (len(_DT_CLASSES_MS) + 1) ** 2,
    _EXACT_PX**2,
    len(_MOVE_PX) + 1,
    len(_SPEED_PX_PER_MS) + 1,
    len(_JUMP) + 1,
    _MOST_STEPS_APART,
    EXACT_MS,
)
STYLE_SHARES = sum(_BLOCKS)
"""S, the number of shares that describe a style; the last `EXACT_MS` are those of single time steps."""


def style_counts(movements: Trajectories) -> Float[Tensor, "B S"]:
    """Return [B, S] how many of each movement's steps fall into each class.

    Eight blocks of classes: the time step; it and the one before, together; |dx| and |dy| below 4 px,
    together; the greater of the two; the speed; how much longer a step is than its neighbours; how many
    steps lie between two that are much longer, as where a mouse is polled more slowly than it reports; the
    time step to the ms.

    Args:
        movements: As an `EventCodec` sees them.
    """
    valid = movements.mask
    moves, dt_ms = movements.deltas[..., :2].abs(), movements.deltas[..., 2].contiguous()
    clock = torch.bucketize(dt_ms, _DT_CLASSES_MS.to(dt_ms), right=True)
    pair = clock[:, :-1] * (len(_DT_CLASSES_MS) + 1) + clock[:, 1:]
    exact = moves.clamp(max=_EXACT_PX - 1).long()
    longest = moves.amax(-1)
    speed = moves.norm(dim=-1) / dt_ms.clamp(min=1)
    blocks = [
        (torch.bucketize(dt_ms, _DT_MS.to(dt_ms), right=True), valid),
        (pair, valid[:, 1:]),
        (exact[..., 0] * _EXACT_PX + exact[..., 1], valid),
        (torch.bucketize(longest, _MOVE_PX.to(dt_ms), right=True), valid),
        (torch.bucketize(speed, _SPEED_PX_PER_MS.to(dt_ms), right=True), valid),
        *_jumps(moves.norm(dim=-1), valid),
        (dt_ms.long().clamp(1, EXACT_MS) - 1, valid),
    ]
    return torch.cat(
        [_counted(*block, size) for block, size in zip(blocks, _BLOCKS, strict=True)], 1
    )


def _jumps(
    length_px: Float[Tensor, "B T"], valid: Bool[Tensor, "B T"]
) -> list[tuple[Int[Tensor, "B t"], Bool[Tensor, "B t"]]]:
    """Return the classes of the last two blocks of moves, and which of them count."""
    around = (length_px[:, :-2] + length_px[:, 2:]) / 2
    counts = valid[:, 2:] & (around >= _LONG_ENOUGH_PX)
    jump = ((length_px[:, 1:-1] + 0.5) / (around + 0.5)).log()
    peak = counts & (jump > _PEAK)
    step = torch.arange(peak.shape[1], device=peak.device).expand_as(peak)
    latest = torch.where(peak, step, -1).cummax(1).values if peak.shape[1] else step
    before = torch.nn.functional.pad(latest, (1, 0), value=-1)[:, :-1]
    apart = (step - before).clamp(1, _MOST_STEPS_APART) - 1
    return [
        (torch.bucketize(jump, _JUMP.to(jump), right=True), counts),
        (apart, peak & (before >= 0)),
    ]


def _counted(
    index: Int[Tensor, "B T"], valid: Bool[Tensor, "B T"], size: int
) -> Float[Tensor, "B n"]:
    counts = torch.zeros(len(index), size, device=index.device)
    return counts.scatter_add_(1, index, valid.float())


def style_of(counts: Float[Tensor, "*B S"]) -> Float[Tensor, "*B S"]:
    """Return the style of pooled counts: the square root of each class's share of its block."""
    shares = [
        block / block.sum(-1, keepdim=True).clamp(min=1) for block in counts.split(_BLOCKS, -1)
    ]
    return torch.cat(shares, -1).sqrt()


def check_style_source(movements: Trajectories, *, left_out: int = 0) -> None:
    """Raise InputError if movements are not enough for the style of a set-up; warn if they are few.

    Args:
        movements: Those that fit the codec.
        left_out: How many did not.
    """
    people = 1 if movements.user is None else len(set(movements.user.tolist()))
    lost = f" ({left_out:,} more do not fit the model)" if left_out else ""
    if len(movements) < FEWEST_GESTURES:
        raise InputError(
            f"style_from: {len(movements):,} movements{lost}; a style needs at least {FEWEST_GESTURES}, "
            f"better {GOOD_GESTURES}, of {FEWEST_PEOPLE} people or more"
        )
    usual_ms = float(movements.deltas[..., 2][movements.mask].median())
    if usual_ms > _SLOWEST_STEP_MS:
        raise InputError(
            f"style_from: the usual step from point to point takes {usual_ms:,.0f} ms; if the times are in "
            "microseconds, give time_unit=us"
        )
    if people < FEWEST_PEOPLE:
        whose = (
            "movements without people's names" if movements.user is None else f"of {people} people"
        )
        raise InputError(
            f"style_from: {whose}; a style is that of a set-up, not of a person, and needs at least "
            f"{FEWEST_PEOPLE} people: name their column (columns.user=…), or add people"
        )
    if len(movements) < GOOD_GESTURES:
        warnings.warn(
            f"style_from: {len(movements):,} movements; with fewer than {GOOD_GESTURES} the samples are "
            "less like the set-up",
            OutOfRangeWarning,
            stacklevel=2,
        )


@dataclass(frozen=True, eq=False)
class _Counts:
    """Counts of N gestures, without the zeros: a gesture's steps fall into few of the classes.

    Args:
        kind: [Z] the class of each count.
        count: [Z] how many of a gesture's steps fall into it.
        first: [N] where a gesture's counts begin.
        kinds: [N] how many they are.
    """

    kind: Int16[Tensor, "Z"]
    count: Int16[Tensor, "Z"]
    first: Int64[Tensor, "N"]
    kinds: Int64[Tensor, "N"]

    @classmethod
    def of(cls, parts: Iterable[tuple[Int64[Tensor, "b"], Float[Tensor, "b S"]]]) -> "_Counts":
        """Return the counts of all gestures.

        Args:
            parts: The numbers of some gestures, and their counts.
        """
        rows, kinds, kind, count = [], [], [], []
        for numbers, counts in parts:
            row, column = counts.nonzero(as_tuple=True)
            rows.append(numbers)
            kinds.append(torch.bincount(row, minlength=len(counts)))
            kind.append(column.short())
            count.append(counts[row, column].short())
        order, sizes = torch.cat(rows).argsort(), torch.cat(kinds)
        first = sizes.cumsum(0) - sizes
        return cls(torch.cat(kind), torch.cat(count), first[order], sizes[order])

    def sums(
        self, gestures: Int64[Tensor, "n"], row: Int64[Tensor, "n"], B: int
    ) -> Float[Tensor, "B S"]:
        """Return [B, S] the counts of gestures, added up.

        Args:
            gestures: Their numbers.
            row: [n] which sum each of them goes to.
            B: How many sums.
        """
        kinds = self.kinds[gestures]
        before = kinds.cumsum(0) - kinds
        place = torch.arange(int(kinds.sum()))
        place += (self.first[gestures] - before).repeat_interleave(kinds)
        target = row.repeat_interleave(kinds) * STYLE_SHARES + self.kind[place]
        sums = torch.zeros(B * STYLE_SHARES)
        sums.index_add_(0, target, self.count[place].float())  # exact: whole numbers below 2^24
        return sums.unflatten(0, (B, STYLE_SHARES))


class StylePool:
    """Gestures of people, from which styles are pooled.

    A style is pooled from gestures of one person, or of the people of the same set-up whose gestures are
    most like that person's: the person and four others, where there are as many.

    Args:
        movements: N gestures.
        person: [N] numbers of the people, 0 … P − 1, each of whom has a gesture.
        setup: [P] numbers of their set-ups.
        seen: Returns gestures as an `EventCodec` sees them; None where they are so.
    """

    def __init__(
        self,
        movements: Movements,
        person: Int[Tensor, "N"],
        setup: Int[Tensor, "P"],
        seen: Callable[[Trajectories], Trajectories] | None = None,
    ) -> None:
        self.person = person
        self._rows = person.argsort(stable=True)
        self._sizes = torch.bincount(person)
        self._first = self._sizes.cumsum(0) - self._sizes
        own = torch.zeros(len(self._sizes), STYLE_SHARES)

        def counted() -> Iterator[tuple[Int64[Tensor, "b"], Float[Tensor, "b S"]]]:
            # Neighbours in length need the same padding.
            for rows in movements.lengths.argsort().split(_BLOCK_ROWS):
                some = movements[rows].trimmed()
                counts = style_counts(some if seen is None else seen(some))
                own.index_add_(0, person[rows], counts)
                yield rows, counts

        self._counts = _Counts.of(counted())
        far = torch.cdist(style_of(own), style_of(own))
        far = far.masked_fill(setup[:, None] != setup[None], torch.inf)
        kin = far.argsort(1)[:, :FEWEST_PEOPLE]
        # A set-up of fewer people: the person comes again.
        self.kin = torch.where(far.gather(1, kin).isinf(), kin[:, :1], kin)

    @classmethod
    def of(
        cls, movements: Movements, seen: Callable[[Trajectories], Trajectories] | None = None
    ) -> "StylePool":
        """Return the pool of these gestures; all are one person's where nobody is named.

        Args:
            movements: The gestures.
            seen: Returns gestures as an `EventCodec` sees them; None where they are so.
        """
        _, first, person = np.unique(movements.person, return_index=True, return_inverse=True)
        _, setup = np.unique(movements.setup[first], return_inverse=True)
        return cls(movements, torch.from_numpy(person), torch.from_numpy(setup), seen)

    def draw(self, person: Int[Tensor, "B"], g: torch.Generator) -> Float[Tensor, "B S"]:
        """Return [B, S] a style of each person's set-up, of gestures of the people most like them.

        Args:
            person: Their numbers.
            g: Source of randomness.
        """
        among = torch.randint(self.kin.shape[1], (len(person), GESTURES), generator=g)
        drawn = self._drawn(self.kin[person].gather(1, among), g)
        return style_of(self._sums(drawn, torch.ones_like(drawn, dtype=torch.bool)))

    def for_training(self, rows: Int[Tensor, "B"], g: torch.Generator) -> Float[Tensor, "B S"]:
        """Return [B, S] a style for each of these gestures, pooled from others than itself.

        From 8 to 64 gestures; half of the styles are of the person's own alone.

        Args:
            rows: The gestures' numbers.
            g: Source of randomness.
        """
        B, most = len(rows), max(_SIZES)
        person = self.person[rows]
        own = torch.rand(B, 1, generator=g) < _OWN_SHARE
        among = torch.randint(self.kin.shape[1], (B, most), generator=g)
        drawn = self._drawn(torch.where(own, person[:, None], self.kin[person].gather(1, among)), g)
        size = torch.tensor(_SIZES)[torch.randint(len(_SIZES), (B, 1), generator=g)]
        taken = (torch.arange(most) < size) & (drawn != rows[:, None])
        return style_of(self._sums(drawn, taken))

    def _sums(
        self, gestures: Int[Tensor, "B n"], taken: Bool[Tensor, "B n"]
    ) -> Float[Tensor, "B S"]:
        """Return [B, S] the counts of those gestures of each row that are taken, added up."""
        return self._counts.sums(gestures[taken], taken.nonzero()[:, 0], len(gestures))

    def _drawn(self, person: Int[Tensor, "B n"], g: torch.Generator) -> Int[Tensor, "B n"]:
        """Return the number of a gesture of each person."""
        place = (torch.rand(person.shape, generator=g) * self._sizes[person]).long()
        return self._rows[self._first[person] + place.minimum(self._sizes[person] - 1)]
