"""Damped least squares (Levenberg–Marquardt) for the strokes of many movements at once.

Every row has its own damping (Marquardt's, in proportion to the diagonal: it falls after a step that
reduced the loss and grows after one that did not) and leaves when it converges. A parameter at a bound
is fixed for a step whose gradient points beyond the bound.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from humouse.features.strokes.curve import FitTarget, slopes

_DAMPING = 1e-2
_EASED, _LEAST_DAMPING = 0.2, 1e-7
_STIFFENED, _MOST_DAMPING = 8.0, 1e6
# Keeps the matrix regular where two strokes coincide, or one has no effect.
_RIDGE = 1e-9
_NO_LOSS = 1e-10


@dataclass(frozen=True, eq=False)
class _State:
    """Rows that have not converged: their parameters, and the normal equations there."""

    row: Int[Tensor, "B"]
    parameters: Float[Tensor, "B 6 K"]
    loss: Float[Tensor, "B"]
    matrix: Float[Tensor, "B P P"]
    descent: Float[Tensor, "B P"]
    damping: Float[Tensor, "B"]

    def __getitem__(self, rows: Tensor) -> "_State":
        return _State(
            self.row[rows],
            self.parameters[rows],
            self.loss[rows],
            self.matrix[rows],
            self.descent[rows],
            self.damping[rows],
        )


def refine(
    parameters: Float[Tensor, "B 6 K"], target: FitTarget, iterations: int, least_gain: float
) -> tuple[Float[Tensor, "B 6 K"], Float[Tensor, "B"]]:
    """Return [B, 6, K] parameters of no greater loss, and the loss [B] itself.

    The loss is Σ |v − v̂|² Δt over Σ |v|² Δt. Source: Marquardt 1963, doi:10.1137/0111030.

    Args:
        parameters: [B, 6, K] strokes to start from, inside the target's bounds.
        target: The steps to fit.
        iterations: Most steps to try.
        least_gain: A row has converged when a step reduces its loss by less than this share.
    """
    refined, final = parameters.clone(), target.scale.clone()
    loss, matrix, descent = _normal_equations(parameters, target)
    row = torch.arange(len(loss), device=loss.device)
    state = _State(row, parameters, loss, matrix, descent, torch.full_like(loss, _DAMPING))
    for left in reversed(range(iterations)):
        state, gain = _step(state, target)
        helped = gain > 0
        done = (helped & (gain < least_gain)) | (state.damping > _MOST_DAMPING)
        done |= state.loss < _NO_LOSS
        over = done if left else torch.ones_like(done)
        leaving = state.row[over]
        refined[leaving], final[leaving] = state.parameters[over], state.loss[over]
        staying = (~over).nonzero()[:, 0]
        if len(staying) == 0:
            break
        if len(staying) < len(over):
            state, target = state[staying], target[staying]
    return refined, final


def _step(state: _State, target: FitTarget) -> tuple[_State, Float[Tensor, "B"]]:
    """Return the rows after a step, and by which share the loss of each fell; 0 where it did not."""
    tried = target.clamp(state.parameters + _direction(state, target))
    loss, matrix, descent = _normal_equations(tried, target)
    helped = loss < state.loss
    gain = torch.where(helped, 1 - loss / state.loss.clamp(min=1e-300), 0.0)
    eased = (state.damping * _EASED).clamp(min=_LEAST_DAMPING)
    damping = torch.where(helped, eased, state.damping * _STIFFENED)
    # Few steps fail: undoing those costs less than selecting for every row.
    back = (~helped).nonzero()[:, 0]
    for new, old in (
        (tried, state.parameters),
        (loss, state.loss),
        (matrix, state.matrix),
        (descent, state.descent),
    ):
        new[back] = old[back]
    return _State(state.row, tried, loss, matrix, descent, damping), gain


def _direction(state: _State, target: FitTarget) -> Float[Tensor, "B 6 K"]:
    shape = state.parameters.shape
    low = (state.parameters <= target.low[..., None]).flatten(1)
    high = (state.parameters >= target.high[..., None]).flatten(1)
    held = (low & (state.descent < 0)) | (high & (state.descent > 0))
    free = (~held).to(state.loss.dtype)
    matrix = state.matrix * free[:, :, None] * free[:, None]
    diagonal = matrix.diagonal(dim1=1, dim2=2)
    ridge = _RIDGE * diagonal.amax(1, keepdim=True) + 1e-300
    diagonal += state.damping[:, None] * diagonal + ridge + held.to(free.dtype)
    factor, failed = torch.linalg.cholesky_ex(matrix)
    step = torch.cholesky_solve((state.descent * free)[..., None], factor)[..., 0]
    usable = (failed == 0)[:, None] & step.isfinite()
    return torch.where(usable, step, 0.0).reshape(shape)


def _normal_equations(
    parameters: Float[Tensor, "B 6 K"], target: FitTarget
) -> tuple[Float[Tensor, "B"], Float[Tensor, "B P P"], Float[Tensor, "B P"]]:
    """Return the loss, J Jᵀ and J r, where r is the residual of the target."""
    slope = slopes(parameters, target)
    # The displacement of a stroke is its own derivative by ln D.
    rest = torch.nn.functional.pad(target.steps, (0, 1)).sub_(slope[:, 0].sum(1)).flatten(1)
    flat = slope.flatten(3).flatten(1, 2)
    descent = (flat @ rest[..., None])[..., 0]
    return rest.square().sum(1), flat @ flat.transpose(1, 2), descent
