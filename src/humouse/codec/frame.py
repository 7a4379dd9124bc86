"""`Frame`, which encoding removes and decoding restores, and the conditions of a model."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.errors import InputError
from humouse.settings.choices import CONDITIONS
from humouse.trajectories import Trajectories

TARGET_CONDITIONS = CONDITIONS[:4]
"""The conditions of a scripted bot."""

CONDITION_GROUPS = (0, 0, 1, 2, 3, 4, 4, 5, 5)
"""Group of each of `CONDITIONS`: those of a group are given or dropped together in training."""

_SHARES = tuple(place for place, name in enumerate(CONDITIONS) if name.endswith("_share"))
_ON_TICK_MS = 1.0
_SMALL_PX = 1.0


@dataclass(frozen=True, eq=False)
class Frame:
    """What encoding takes out of each movement and decoding puts back.

    Args:
        lengths: [B] number of steps.
        start: [B, 2] first position (px).
        angle: [B] direction of the net displacement (rad, from +x towards +y).
        path_px: [B] length of the path (px).
        duration_ms: [B] duration (ms).
        conditions: [B, K] all of CONDITIONS.
        goal_px: [B, 2] required net displacement of a decoded movement (px); NaN where free.
        style: [B, S] of the set-ups, for a decoder (see `humouse.codec.style`); None for none.
        pixel_ratio: [B] of the screens. The px of all other fields are a screen's own pixels, and a decoded
            movement is in px; None where these are the same.
    """

    lengths: Int[Tensor, "B"]
    start: Float[Tensor, "B 2"]
    angle: Float[Tensor, "B"]
    path_px: Float[Tensor, "B"]
    duration_ms: Float[Tensor, "B"]
    conditions: Float[Tensor, "B K"]
    goal_px: Float[Tensor, "B 2"]
    style: Float[Tensor, "B S"] | None = None
    pixel_ratio: Float[Tensor, "B"] | None = None

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: slice | Tensor) -> "Frame":
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen: dict[str, Any] = {
            name: None if part is None else part[index] for name, part in parts.items()
        }
        return Frame(**chosen)

    @classmethod
    def joined(cls, parts: "Sequence[Frame]") -> "Frame":
        """Return all frames of `parts`, which have no style and no pixel ratio."""
        shared = [f.name for f in fields(cls) if f.default is MISSING]
        return cls(**{name: torch.cat([getattr(one, name) for one in parts]) for name in shared})

    @classmethod
    def of(cls, trajectories: Trajectories) -> "Frame":
        """Return the frames of movements."""
        return cls.of_conditions(
            trajectories.lengths, trajectories.start, conditions_of(trajectories)
        )

    @classmethod
    def of_conditions(
        cls,
        lengths: Int[Tensor, "B"],
        start: Float[Tensor, "B 2"],
        conditions: Float[Tensor, "B K"],
    ) -> "Frame":
        """Return the frames of movements to be made with these conditions."""
        dx, dy, duration_ms, path_px = conditions[:, :4].unbind(1)
        free = torch.full_like(start, torch.nan)
        return cls(lengths, start, torch.atan2(dy, dx), path_px, duration_ms, conditions, free)


def conditions_of(trajectories: Trajectories) -> Float[Tensor, "B K"]:
    """Return [B, K] all of CONDITIONS of movements; shares are 0 without steps."""
    deltas, mask = trajectories.deltas, trajectories.mask
    steps = trajectories.lengths.clamp(min=1).to(deltas)
    chord_px, path_px = trajectories.net_px.norm(dim=1), trajectories.path_px
    ascending = deltas[..., 2].masked_fill(~mask, torch.inf).sort(1).values
    middle = (trajectories.lengths - 1).clamp(min=0)[:, None] // 2
    if deltas.shape[1]:
        tick_ms = torch.where(trajectories.lengths > 0, ascending.gather(1, middle)[:, 0], 0)
    else:
        tick_ms = steps * 0
    moves = deltas[..., :2].abs()

    def share(where: Tensor) -> Tensor:
        return (where & mask).sum(1) / steps

    rest = [
        trajectories.duration_ms,
        path_px,
        path_px / chord_px.clamp(min=1),
        tick_ms,
        share((deltas[..., 2] - tick_ms[:, None]).abs() <= _ON_TICK_MS),
        share((moves == 0).any(-1)),
        share((moves <= _SMALL_PX).all(-1)),
    ]
    return torch.cat([trajectories.net_px, torch.stack(rest, 1)], 1)


def in_pixels(
    cond: Float[Tensor, "B K"] | None, ratio: Float[Tensor, "B"] | None
) -> Float[Tensor, "B K"] | None:
    """Return the first K of CONDITIONS, given in px and ms, in pixels of screens of these ratios."""
    if cond is None or ratio is None:
        return cond
    scale = torch.ones_like(cond)
    for place, name in enumerate(CONDITIONS[: cond.shape[1]]):
        if name.endswith("_px"):
            scale[:, place] = ratio.to(cond)
    return cond * scale


def condition_vector(**values: float | int) -> Float[Tensor, "K"]:
    """Return [K] conditions by name, NaN where not given, up to the last one given.

    Args:
        **values: Any of CONDITIONS: a goal and a path in px, a duration and a tick in ms, the rest
            without unit.

    Raises:
        InputError: A name is unknown, or none is given.
    """
    unknown = [name for name in values if name not in CONDITIONS]
    if unknown or not values:
        wrong = f"cond: {unknown[0]} is unknown" if unknown else "cond: empty"
        raise InputError(f"{wrong}; the known ones are {', '.join(CONDITIONS)}")
    vector = torch.full((1 + max(map(CONDITIONS.index, values)),), torch.nan)
    for name, value in values.items():
        vector[CONDITIONS.index(name)] = value
    return vector


def check_condition_values(cond: Float[Tensor, "*n K"], n: int) -> None:
    """Raise InputError if these cannot be the first K of CONDITIONS of n movements.

    Args:
        cond: [K] or [n, K] in px and ms, NaN where not given.
        n: How many movements.
    """
    K = cond.shape[-1]
    if cond.ndim == 2 and len(cond) not in (1, n):
        raise InputError(f"cond: {len(cond)} rows for n={n} movements; give one row, or one each")
    if bool(cond.isinf().any()):
        raise InputError("cond: infinite; give px and ms, or NaN where not given")
    if K > 1 and bool((cond[..., 0].isnan() != cond[..., 1].isnan()).any()):
        raise InputError("cond: half a goal; give both goal_dx_px and goal_dy_px, or NaN for both")
    for place in range(2, K):
        least = float(cond[..., place].nan_to_num(torch.inf).min())
        if place in _SHARES:
            most = float(cond[..., place].nan_to_num(-torch.inf).max())
            if least < 0 or most > 1:
                wrong = least if least < 0 else most
                raise InputError(
                    f"cond: {CONDITIONS[place]} {wrong:g}; must lie in 0…1, or NaN where not given"
                )
        elif least <= 0:
            raise InputError(
                f"cond: {CONDITIONS[place]} {least:g}; must be above 0, or NaN where not given"
            )


def valid_steps(lengths: Int[Tensor, "B"], T: int) -> Bool[Tensor, "B T"]:
    """Return [B, T] True where a step is valid."""
    return torch.arange(T, device=lengths.device) < lengths[:, None]


def pad_to(deltas: Float[Tensor, "B t C"], T: int) -> Float[Tensor, "B T C"]:
    """Return the steps padded with zeros, or cut, to T."""
    # A negative pad crops: movements were merged or checked to be no longer than T.
    return torch.nn.functional.pad(deltas, (0, 0, 0, T - deltas.shape[1]))
