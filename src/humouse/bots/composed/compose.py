"""`compose`: movements between people's end points, put together from parts block by block."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from jaxtyping import Complex, Float

from humouse.bots.bot import check_request, recorded_order
from humouse.bots.composed.corrections import Corrections, draw_corrections
from humouse.bots.composed.curves import by_arc_length, read
from humouse.bots.composed.delivery import deliver
from humouse.bots.composed.durations import draw_durations
from humouse.bots.composed.emission import draw_emission
from humouse.bots.composed.noise import Noise, draw_noise
from humouse.bots.composed.paths import draw_paths
from humouse.bots.composed.pauses import draw_pauses
from humouse.bots.composed.points import Arrived, Positions, Rows, Times, recorded_steps
from humouse.bots.composed.speeds import draw_speeds
from humouse.errors import InputError, nearest
from humouse.randomness import derive_seed
from humouse.trajectories import Trajectories

NAME = "composed"
PARTS = (
    "paths",
    "speeds",
    "durations",
    "corrections",
    "noise",
    "pauses",
    "emission",
    "delivery",
)
"""Names of the parts."""
BLOCK = 256
"""Movements drawn together, however few of them are needed."""
_NEAREST_PX = 3


def compose(
    people: Trajectories, n: int, *, seed: int, without: Collection[str] = ()
) -> Trajectories:
    """Return n movements, in whole px and ms, without steps of 0 ms or without motion.

    Each goes from the start to the goal of one person's movement; `user` names the person. No
    recording is taken again before all were. Every part has random numbers of its own, so leaving
    one out keeps what the others draw.

    Args:
        people: Recorded movements; those of less than 3 px from start to goal are left out.
        n: How many.
        seed: 0 or more. Movement i depends only on the people, the seed, `without` and i.
        without: Some of `PARTS`, in their plainest form: straight paths; minimum jerk; the person's
            duration; no corrections; no noise; no pauses; a point every 1 to 4 ms; delivered as
            emitted.

    Raises:
        InputError: An argument is out of range, or no movement of the people goes anywhere.
    """
    check_request(n, None, None, seed)
    for part in without:
        if part not in PARTS:
            raise InputError(f"without={part}: no such part; {nearest(part, list(PARTS))}")
    people = people.to("cpu")
    goals_px = people.net_px.round()
    usable = (goals_px.norm(dim=1) >= _NEAREST_PX).nonzero()[:, 0]
    if not len(usable):
        raise InputError(
            f"people ({people.origin}): none of {len(people)} movements ends {_NEAREST_PX} px or more "
            "from its start; give recorded gestures"
        )
    blocks = -(-n // BLOCK)
    rows = usable[recorded_order(len(usable), blocks * BLOCK, seed, NAME)].numpy()
    x, y = goals_px.double().numpy()[rows].T
    person_ms = people.duration_ms.double().numpy()[rows]
    made = []
    for block in range(blocks):
        here = slice(block * BLOCK, (block + 1) * BLOCK)
        draws: dict[str, _Draw] = {
            part: {
                "rng": np.random.default_rng(derive_seed(seed, NAME, block, part)),
                "plain": part in without,
            }
            for part in PARTS
        }
        made.append(recorded_steps(_block(x[here] + 1j * y[here], person_ms[here], draws)))
    lengths = np.concatenate([lengths for _, lengths in made])[:n]
    steps = np.concatenate([steps for steps, _ in made])[: lengths.sum()]
    start = people.start.round().numpy()[rows[:n]]
    user = None if people.user is None else people.user[rows[:n]]
    return Trajectories.from_steps(steps, lengths, start, user, NAME)


@dataclass(frozen=True)
class _Track:
    """The positions of n movements at any moment, from the start (px).

    Args:
        path: [n, K] of the main submovements, from 0 to 1.
        progress: [n, K] share of the path at equal shares of `over_ms`.
        over_ms: [n] how long the path takes.
        aim_px: [n] where the main submovement ends.
        corrections: What comes after it.
        noise: What is added to both.
    """

    path: Complex[np.ndarray, "n K"]
    progress: Float[np.ndarray, "n K"]
    over_ms: Float[np.ndarray, "n"]
    aim_px: Complex[np.ndarray, "n"]
    corrections: Corrections
    noise: Noise

    def __call__(self, row: Rows, t_ms: Times) -> Positions:
        share = read(self.progress, row, t_ms / self.over_ms[row])
        main_px = read(self.path, row, share) * self.aim_px[row]
        return main_px + self.corrections.at(row, t_ms) + self.noise.at(row, t_ms)


class _Draw(TypedDict):
    rng: np.random.Generator
    plain: bool


def _block(
    goal_px: Complex[np.ndarray, "n"],
    person_ms: Float[np.ndarray, "n"],
    draws: Mapping[str, _Draw],
) -> Arrived:
    """Return the recorded points of one block."""
    duration_ms = draw_durations(person_ms, np.abs(goal_px), **draws["durations"])
    corrections = draw_corrections(goal_px, duration_ms, **draws["corrections"])
    end_ms = corrections.end_ms
    path, paced = draw_paths(duration_ms, end_ms, **draws["paths"])
    progress, by_length = draw_speeds(paced, **draws["speeds"])
    path[by_length] = by_arc_length(path[by_length])
    track = _Track(
        path,
        progress,
        np.where(paced & ~by_length, end_ms, duration_ms),
        goal_px + corrections.miss_px,
        corrections,
        draw_noise(end_ms, **draws["noise"]),
    )
    emission = draw_emission(end_ms, track, **draws["emission"])
    row = emission.row
    position_px = track(row, emission.moment_ms) + track.noise.white(row)
    ends = np.diff(row, append=len(goal_px)) > 0
    position_px[ends] = goal_px
    position_px[np.diff(row, prepend=-1) > 0] = 0
    pauses = draw_pauses(end_ms, **draws["pauses"])
    sent = row, pauses.delayed(row, emission.t_ms), emission.whole(position_px)
    return deliver(sent, len(goal_px), **draws["delivery"])
