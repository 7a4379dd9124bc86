"""What a codec takes out of a movement, and what a model can be asked for."""

from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from humouse.errors import InputError
from humouse.trajectories import Trajectories

CONDITIONS = ("goal_dx_px", "goal_dy_px", "duration_ms", "path_px")
"""What a model can be asked for, in this order; a model with `cond_dim = k` knows the first k."""


@dataclass(frozen=True, eq=False)
class Frame:
    """What encoding takes out of each movement, kept so that decoding can put it back.

    Args:
        lengths: [B] number of steps.
        start: [B, 2] first position (px).
        angle: [B] direction of the net displacement (rad, from +x towards +y).
        path_px: [B] length of the path (px).
        duration_ms: [B] duration (ms).
    """

    lengths: Int[Tensor, "B"]
    start: Float[Tensor, "B 2"]
    angle: Float[Tensor, "B"]
    path_px: Float[Tensor, "B"]
    duration_ms: Float[Tensor, "B"]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, index: slice | Tensor) -> "Frame":
        return Frame(**{field.name: getattr(self, field.name)[index] for field in fields(self)})

    def state(self) -> dict[str, Tensor]:
        """Return the parts as a dictionary of tensors."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def conditions_of(trajectories: Trajectories) -> Float[Tensor, "B 4"]:
    """[B, 4] all of CONDITIONS, as the movements have them."""
    rest = torch.stack([trajectories.duration_ms, trajectories.path_px], 1)
    return torch.cat([trajectories.net_px, rest], 1)


def check_condition_values(cond: Float[Tensor, "*n K"], n: int) -> None:
    """Raise InputError if the first K of CONDITIONS cannot be asked of n movements.

    Args:
        cond: [K] or [n, K] in px and ms, NaN where not given.
        n: How many movements.
    """
    K = cond.shape[-1]
    if cond.ndim == 2 and len(cond) not in (1, n):
        raise InputError(f"cond: {len(cond)} rows for n={n} movements; give one row, or one each")
    if bool(cond.isinf().any()):
        raise InputError("cond: infinite; give px and ms, or NaN for what is not asked")
    if K > 1 and bool((cond[..., 0].isnan() != cond[..., 1].isnan()).any()):
        raise InputError("cond: half a goal; give both goal_dx_px and goal_dy_px, or NaN for both")
    for place in range(2, K):
        if bool((cond[..., place] <= 0).any()):
            least = float(cond[..., place].nan_to_num(torch.inf).min())
            raise InputError(
                f"cond: {CONDITIONS[place]} {least:g}; must be above 0, or NaN for what is not asked"
            )


def valid_steps(lengths: Int[Tensor, "B"], T: int) -> Bool[Tensor, "B T"]:
    """[B, T] True where a step is valid."""
    return torch.arange(T, device=lengths.device) < lengths[:, None]


def pad_to(deltas: Float[Tensor, "B t C"], T: int) -> Float[Tensor, "B T C"]:
    """Return the steps padded with zeros, or cut, to T."""
    # A negative pad crops: movements were merged or checked to be no longer than T.
    return torch.nn.functional.pad(deltas, (0, 0, 0, T - deltas.shape[1]))
