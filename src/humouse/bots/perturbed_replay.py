"""Replay of recorded gestures with small changes, as by a bot that has recorded a person."""

import math
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from humouse.bots.bot import check_request
from humouse.bots.random_streams import BLOCK, RandomStreams, rows_to_make
from humouse.bots.replay import Replay
from humouse.bots.scripted import check_not_negative
from humouse.errors import InputError
from humouse.trajectories import Trajectories

# Below 1, so that time never runs backwards.
MOST_WARP = 0.9


class PerturbedReplay(Replay):
    """Replays recorded gestures turned, scaled and warped in time, put back on whole px and ms.

    With every setting at 0 it is `Replay`, but for the users.

    Args:
        people: Recorded movements.
        turn_deg: Standard deviation of the angle by which a gesture is turned.
        scale: Standard deviation of the logarithm of its size's factor.
        stretch: Standard deviation of the logarithm of its duration's factor.
        warp: Largest relative change of its local speed of time, at most `MOST_WARP`.
        jitter_px: Standard deviation of noise added to each point but the first and the last.

    Raises:
        InputError: There are no movements; a setting is negative or too great.
    """

    name = "perturbed_replay"

    def __init__(
        self,
        people: Trajectories,
        *,
        turn_deg: float = 10.0,
        scale: float = 0.1,
        stretch: float = 0.1,
        warp: float = 0.3,
        jitter_px: float = 0.0,
    ) -> None:
        super().__init__(people)
        check_not_negative(
            turn_deg=turn_deg, scale=scale, stretch=stretch, warp=warp, jitter_px=jitter_px
        )
        if warp > MOST_WARP:
            raise InputError(f"warp={warp:g}: must be at most {MOST_WARP:g}")
        self._turn_rad, self._scale = math.radians(turn_deg), scale
        self._stretch, self._warp, self._jitter_px = stretch, warp, jitter_px

    def sample(
        self,
        n: int,
        *,
        seq_len: int | None = None,
        cond: Float[Tensor, "*n K"] | None = None,
        seed: int,
    ) -> Trajectories:
        """Return n changed recordings, without users; see `Replay.sample`."""
        check_request(n, seq_len, cond, seed)
        blocks = (n - 1) // BLOCK
        more = blocks * BLOCK + rows_to_make(n - blocks * BLOCK)
        recorded = super().sample(more, seq_len=seq_len, cond=cond, seed=seed)
        deltas = torch.empty_like(recorded.deltas)
        for number in range(blocks + 1):
            part = recorded[number * BLOCK : (number + 1) * BLOCK]
            streams = RandomStreams(seed, self.name, number, rows=len(part))
            deltas[number * BLOCK : (number + 1) * BLOCK] = self._changed(part, streams)
        return replace(recorded, deltas=deltas, user=None)[:n].trimmed()

    def _changed(self, recorded: Trajectories, streams: RandomStreams) -> Float[Tensor, "B T 3"]:
        """Return the changed steps of at most a block; past a movement's end they are not zeroed."""
        B, T = recorded.deltas.shape[:2]
        size, turn, slowing = streams.normal("similarity", 3).split(1, 1)
        change = torch.polar((self._scale * size).exp(), self._turn_rad * turn)
        place = torch.view_as_complex(recorded.deltas[..., :2].contiguous()).cumsum(1) * change
        place_px = torch.view_as_real(place)
        if self._jitter_px:
            inner = torch.arange(1, T + 1) < recorded.lengths[:, None]
            noise_px = self._jitter_px * streams.normal_steps("jitter", T)
            place_px = place_px + torch.where(inner[..., None], noise_px, 0.0)
        total_ms = recorded.duration_ms[:, None]
        share = recorded.deltas[..., 2].cumsum(1) / total_ms.clamp(min=1)
        strength, phase = streams.uniform("warp", 2).split(1, 1)
        warped = warp(share, self._warp * strength, phase)
        times_ms = warped * total_ms * (self._stretch * slowing).exp()
        points = torch.cat([place_px, times_ms[..., None]], 2).round()
        return points.diff(dim=1, prepend=points.new_zeros(B, 1, 3))


def warp(
    share: Float[Tensor, "B T"], strength: Float[Tensor, "B 1"], phase: Float[Tensor, "B 1"]
) -> Float[Tensor, "B T"]:
    """Return [B, T] shares of the duration, alternately faster and slower; 0 and 1 are fixed.

    u + w (sin(2π(u + φ)) − sin 2πφ) / 2π, whose slope stays within 1 ± w.

    Args:
        share: [B, T] u, 0 to 1.
        strength: [B, 1] w, below 1.
        phase: [B, 1] φ, in turns.
    """
    turn = 2 * math.pi
    wave = (turn * (share + phase)).sin() - (turn * phase).sin()
    return share + strength / turn * wave
