"""Draws docs/images/replay.svg: movements of the packaged model beside those of scripted bots.

Usage: python docs/replay.py
"""

import math
from pathlib import Path

import torch

import humouse as hm
from humouse.bots import BOTS
from humouse.codec import condition_vector
from humouse.figures.animation import animated_svg
from humouse.files import atomic_write

_OUT = Path(__file__).with_name("images") / "replay.svg"
_DIRECTIONS, _DISTANCE_PX, _DURATION_MS = 10, 300, 900
_COMPLEXITY = 1.12  # path over distance: no detours that would make the others small
_SCRIPTED = {"line": "straight line", "bezier": "Bézier curve", "wind": "WindMouse"}


def main() -> None:
    """Make the movements and write the picture."""
    angles = [2 * math.pi * turn / _DIRECTIONS for turn in range(_DIRECTIONS)]
    goals = [(_DISTANCE_PX * math.cos(a), _DISTANCE_PX * math.sin(a)) for a in angles]
    model = hm.load("pretrained")
    people_like = hm.concatenate(
        [
            hm.sample(
                1,
                goal=(round(x), round(y)),
                duration=_DURATION_MS,
                conditions={"complexity": _COMPLEXITY},
                seed=seed,
                model=model,
            )
            for seed, (x, y) in enumerate(goals)
        ]
    )
    given = torch.stack(
        [
            condition_vector(goal_dx_px=round(x), goal_dy_px=round(y), duration_ms=_DURATION_MS)
            for x, y in goals
        ]
    )
    panels = {"humouse": people_like}
    for name, title in _SCRIPTED.items():
        panels[title] = BOTS[name](people_like).sample(len(goals), cond=given, seed=0)
    with atomic_write(_OUT) as temporary:
        temporary.write_text(animated_svg(panels), encoding="utf-8")
    print(_OUT)


if __name__ == "__main__":
    main()
