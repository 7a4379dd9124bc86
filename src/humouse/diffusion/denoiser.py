"""A denoiser answers E[x0 | x_t], whatever its network predicts; samplers need nothing else."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

from jaxtyping import Bool, Float
from torch import Tensor, nn

from humouse.diffusion.noise.schedule import Schedule
from humouse.errors import InputError


@runtime_checkable
class Denoise(Protocol):
    """Anything that answers E[x0 | x_t]: the trained denoiser, a guided one, a closed form."""

    def __call__(
        self, x_t: Tensor, t: Tensor, mask: Tensor, cond: Tensor | None, x0_prev: Tensor | None
    ) -> Tensor:
        """Return x̂0 [B, T, C] for x_t [B, T, C] at times t [B]."""
        ...


class Denoiser(nn.Module):
    """A network with the schedule and the parametrisation that make its output an x̂0.

    | objective | network predicts     | x̂0                       |
    |-----------|----------------------|--------------------------|
    | "v"       | v = α ε − σ x0       | α x_t − σ v              |
    | "eps"     | ε                    | (x_t − σ ε) / α          |
    | "x0"      | x0                   | the output               |

    ("v" from Salimans & Ho, 2202.00512; for "eps" α is kept above 10⁻³, for it divides by zero at
    terminal noise, which is one of the reasons to prefer v.)

    Args:
        network: (x_t, t, mask, cond, x0_prev) ↦ prediction [B, T, C].
        schedule: t ↦ (α_t, σ_t).
        objective: "v", "eps" or "x0".
    """

    def __init__(self, network: nn.Module, schedule: Schedule, objective: str = "v") -> None:
        super().__init__()
        if objective not in TARGETS:
            choices = ", ".join(TARGETS)
            raise InputError(f"diffusion.objective={objective}: unknown; choose one of {choices}")
        self.network = network
        self.schedule = schedule
        self.objective = objective

    def forward(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
        x0_prev: Float[Tensor, "B T C"] | None = None,
    ) -> Float[Tensor, "B T C"]:
        """Return x̂0 [B, T, C], zero at padding."""
        x0, _ = self.predict(x_t, t, mask, cond, x0_prev)
        return x0

    def predict(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None = None,
        x0_prev: Float[Tensor, "B T C"] | None = None,
    ) -> tuple[Float[Tensor, "B T C"], Float[Tensor, "B T C"]]:
        """Return (x̂0, the network's own prediction), both [B, T, C], float32."""
        prediction = self.network(x_t, t, mask, cond, x0_prev).to(x_t.dtype)
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        x0 = _TO_X0[self.objective](x_t, prediction, alpha, sigma)
        return x0 * mask[..., None], prediction

    def target(
        self,
        x0: Float[Tensor, "B T C"],
        eps: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
    ) -> Float[Tensor, "B T C"]:
        """Return what the network should predict for this signal and noise."""
        alpha, sigma = (part[:, None, None] for part in self.schedule(t))
        return TARGETS[self.objective](x0, eps, alpha, sigma)


TARGETS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "v": lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0,
    "eps": lambda x0, eps, alpha, sigma: eps,
    "x0": lambda x0, eps, alpha, sigma: x0,
}

_TO_X0: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "v": lambda x_t, v, alpha, sigma: alpha * x_t - sigma * v,
    "eps": lambda x_t, eps, alpha, sigma: (x_t - sigma * eps) / alpha.clamp_min(1e-3),
    "x0": lambda x_t, x0, alpha, sigma: x0,
}
