"""`Strokes`: the strokes of the Sigma-Lognormal model, and the movement that they make.

A stroke is the response to a motor command: after a cascade of many small delays, a speed of lognormal
shape along an arc (Plamondon 1995, doi:10.1007/BF00202785; O'Reilly & Plamondon
2009, doi:10.1016/j.patcog.2008.10.017):

    v_j(t) = D_j Λ(t) (cos φ_j(t), sin φ_j(t)),    Λ(t) = exp(−z² / 2) / (√(2π) σ_j (t − t0_j)),
    z = (ln(t − t0_j) − µ_j) / σ_j,    φ_j(t) = θs_j + (θe_j − θs_j) F(z),    F(z) = ½(1 + erf(z/√2)),

and a movement's velocity is the sum of its strokes'. As φ grows linearly with the share F of the
amplitude that is done, the path of a stroke is an arc of a circle, of length D F:

    ∫ v_j dt = D_j / (θe_j − θs_j) · (sin φ_j − sin θs_j, cos θs_j − cos φ_j),

so positions, and mean velocities during steps, need no quadrature.
"""

import math
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

STRAIGHT_RAD = 1e-5
"""Least bend of an arc, since the formula divides by the bend.

The path changes by half of it relative to its length, an error of −106 dB.
"""


@dataclass(frozen=True, eq=False)
class Strokes:
    """Strokes of B movements, in the order of their peaks; zeros past `count`.

    Args:
        amplitude_px: [B, K] D, length of the arc (px), above 0.
        onset_s: [B, K] t0, time of the command since the movement's first point (s).
        log_delay: [B, K] µ, ln of the median time in seconds from the command to the motion.
        log_response: [B, K] σ, spread of the logarithm of that time, above 0.
        angle_start_rad: [B, K] θs, direction from +x towards +y at the stroke's start.
        angle_end_rad: [B, K] θe, direction at its end; not wrapped, θe − θs is how far it bends.
        count: [B] number of strokes.
        snr_db: [B] 10 log10(Σ |v|² Δt / Σ |v − v̂|² Δt) over the steps of the movement that they
            were fitted to, or infinite where they are the movement; 0 for one without motion.
    """

    amplitude_px: Float[Tensor, "B K"]
    onset_s: Float[Tensor, "B K"]
    log_delay: Float[Tensor, "B K"]
    log_response: Float[Tensor, "B K"]
    angle_start_rad: Float[Tensor, "B K"]
    angle_end_rad: Float[Tensor, "B K"]
    count: Int[Tensor, "B"]
    snr_db: Float[Tensor, "B"]

    @property
    def mask(self) -> Bool[Tensor, "B K"]:
        """[B, K] True where there is a stroke."""
        places = torch.arange(self.amplitude_px.shape[1], device=self.count.device)
        return places < self.count[:, None]

    @property
    def peak_s(self) -> Float[Tensor, "B K"]:
        """[B, K] time of the highest speed since the movement's first point (s): t0 + e^(µ−σ²)."""
        return self.onset_s + (self.log_delay - self.log_response**2).exp()

    def __getitem__(self, rows: Tensor | slice) -> "Strokes":
        """Return the strokes of the chosen movements."""
        return Strokes(*(getattr(self, field.name)[rows] for field in fields(self)))


def path(strokes: Strokes, time_s: Float[Tensor, "B P"]) -> Float[Tensor, "B P 2"]:
    """Return [B, P, 2] the exact displacement by the strokes at each time (px).

    The mean velocity of a step is the difference between its two ends over its duration.

    Args:
        strokes: Strokes of B movements.
        time_s: [B, P] times since the movement's first point (s).
    """
    done, _ = _progress(strokes, time_s)
    start = strokes.angle_start_rad[..., None]
    way, _ = arc(done, start, strokes.angle_end_rad[..., None] - start)
    return (way * (strokes.amplitude_px * strokes.mask)[..., None, None]).sum(1).transpose(1, 2)


def velocity(strokes: Strokes, time_s: Float[Tensor, "B P"]) -> Float[Tensor, "B P 2"]:
    """Return [B, P, 2] the velocity of the strokes' sum at each time (px/s).

    Args:
        strokes: Strokes of B movements.
        time_s: [B, P] times since the movement's first point (s).
    """
    done, rate = _progress(strokes, time_s)
    start = strokes.angle_start_rad[..., None]
    _, direction = arc(done, start, strokes.angle_end_rad[..., None] - start)
    speed = rate * (strokes.amplitude_px * strokes.mask)[..., None]
    return (direction * speed[:, :, None]).sum(1).transpose(1, 2)


def _progress(
    strokes: Strokes, time_s: Float[Tensor, "B P"]
) -> tuple[Float[Tensor, "B K P"], Float[Tensor, "B K P"]]:
    """Return [B, K, P] the share of each stroke done by each time and its rate (1/s)."""
    since = time_s[:, None] - strokes.onset_s[..., None]
    after = since > 0
    since = torch.where(after, since, 1.0)
    # Entries without a stroke have spread 0; any other value works, as their amplitude is 0.
    spread = torch.where(strokes.mask, strokes.log_response, 1.0)[..., None]
    z = (since.log() - strokes.log_delay[..., None]) / spread
    rate = (-z * z / 2).exp() / (math.sqrt(2 * math.pi) * spread * since)
    return torch.where(after, normal_cdf(z), 0.0), torch.where(after, rate, 0.0)


def normal_cdf(z: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the standard normal distribution function at each z."""
    return torch.erf(z * math.sqrt(0.5)).mul_(0.5).add_(0.5)


def arc(
    done: Float[Tensor, "B K P"],
    start_rad: Float[Tensor, "B K 1"],
    bend_rad: Float[Tensor, "B K 1"],
) -> tuple[Float[Tensor, "B K 2 P"], Float[Tensor, "B K 2 P"]]:
    """Return positions along arcs of length 1, and the directions there as cosine and sine.

    Args:
        done: [B, K, P] completed share of the arc.
        start_rad: [B, K, 1] direction at its start.
        bend_rad: [B, K, 1] its total turn.
    """
    bend = never_straight(bend_rad)
    angle = start_rad + bend * done
    cos, sin = angle.cos(), angle.sin()
    position = torch.stack([sin - start_rad.sin(), start_rad.cos() - cos], 2) / bend[..., None]
    return position, torch.stack([cos, sin], 2)


def never_straight(bend_rad: Float[Tensor, "*S"]) -> Float[Tensor, "*S"]:
    """Return the bends, at least `STRAIGHT_RAD` in magnitude."""
    least = torch.where(bend_rad < 0, -STRAIGHT_RAD, STRAIGHT_RAD).to(bend_rad.dtype)
    return torch.where(bend_rad.abs() < STRAIGHT_RAD, least, bend_rad)
