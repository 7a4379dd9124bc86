"""Steering a denoiser: classifier-free guidance (§5), and endpoints by constraint."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from humouse.codec import Codec
from humouse.diffusion.denoiser import Denoise


class Guided:
    """A denoiser steered by its condition (Ho & Salimans 2207.12598).

    x̂0 = x̂0(null) + scale · (x̂0(cond) − x̂0(null)). Linear in x̂0, so the same as guiding ε or v.
    One call of the network answers both halves.

    Args:
        denoise: A denoiser with the condition as an input; NaN entries mean "not given".
        scale: γ; 1 is the plain conditional answer.
        rescale: φ in 0…1; how far to bring the spread, which grows with the scale, back to the
            conditional answer's (Lin et al. 2305.08891, section 3.4).
    """

    def __init__(self, denoise: Denoise, *, scale: float = 1.0, rescale: float = 0.0) -> None:
        self.denoise = denoise
        self.scale = scale
        self.rescale = rescale

    def __call__(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None,
        x0_prev: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B T C"]:
        """Return the guided x̂0 [B, T, C]."""
        if cond is None or self.scale == 1:
            return self.denoise(x_t, t, mask, cond, x0_prev)
        x_twice, t_twice, mask_twice = (torch.cat([part, part]) for part in (x_t, t, mask))
        both = torch.cat([cond, torch.full_like(cond, torch.nan)])
        previous = None if x0_prev is None else torch.cat([x0_prev, x0_prev])
        given, null = self.denoise(x_twice, t_twice, mask_twice, both, previous).chunk(2)
        return rescaled(null + self.scale * (given - null), given, mask, self.rescale)


class ToGoal:
    """A denoiser whose every answer ends at its goal.

    Projecting x̂0 at each step (as in Song et al. 2011.13456, appendix I, for linear constraints)
    lets later steps, which see the projected answer through x_t, adapt the rest of the movement.

    Args:
        denoise: The denoiser.
        codec: Its `reaching` changes steps so that they add up to a goal.
        goal_px: [B, 2] the goals, NaN where there is none.
    """

    def __init__(self, denoise: Denoise, codec: Codec, goal_px: Float[Tensor, "B 2"]) -> None:
        self.denoise = denoise
        self.codec = codec
        self.goal_px = goal_px

    def __call__(
        self,
        x_t: Float[Tensor, "B T C"],
        t: Float[Tensor, "B"],
        mask: Bool[Tensor, "B T"],
        cond: Float[Tensor, "B K"] | None,
        x0_prev: Float[Tensor, "B T C"] | None,
    ) -> Float[Tensor, "B T C"]:
        """Return x̂0 [B, T, C], its steps adding up to the goals."""
        return self.codec.reaching(self.denoise(x_t, t, mask, cond, x0_prev), mask, self.goal_px)


def rescaled(
    guided: Float[Tensor, "B T C"],
    given: Float[Tensor, "B T C"],
    mask: Bool[Tensor, "B T"],
    rescale: float,
) -> Float[Tensor, "B T C"]:
    """Bring each sample's standard deviation over valid steps back towards the conditional one's."""
    if rescale == 0:
        return guided
    ratio = _std(given, mask) / _std(guided, mask).clamp_min(1e-8)
    return guided * (rescale * ratio + (1 - rescale))[:, None, None]


def _std(x: Float[Tensor, "B T C"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B"]:
    valid = mask[..., None]
    count = (mask.sum(1) * x.shape[2]).clamp_min(2)
    mean = (x * valid).sum((1, 2)) / count
    centred = (x - mean[:, None, None]) * valid
    return (centred.square().sum((1, 2)) / (count - 1)).sqrt()
