"""The movements that `/demo` plays, made by the packaged model and by bots; none is a person's.

    python -m humouse.service.demo_movements src/humouse/service/web/movements.json

The service itself reads the file alone, so that it needs neither model nor bots.
"""

import json
import sys
from pathlib import Path
from typing import Any

from humouse.bots import BOTS
from humouse.files import atomic_write, sha256, versions
from humouse.generator import load_generator
from humouse.training.checkpoint import PRETRAINED
from humouse.trajectories import Trajectories

SEED, EACH = 0, 6
_MODEL = "humouse's model"
_BOTS = {
    "line": "a straight line at constant speed",
    "bezier": "Bézier curves, as automation libraries draw them",
    "minimum_jerk": "smooth reaches of least jerk",
    "wind": "WindMouse: pulled to the goal, pushed by wind",
}


def demo_movements() -> dict[str, Any]:
    """Return the sources, each with its movements, and what made them."""
    people = load_generator(PRETRAINED).sample(EACH, seed=SEED)
    made = {_MODEL: ("a diffusion model of how people move", people)}
    made |= {
        name: (about, BOTS[name](people).sample(EACH, seed=SEED)) for name, about in _BOTS.items()
    }
    return {
        "made_by": {
            "command": "python -m humouse.service.demo_movements",
            "seed": SEED,
            "model": sha256(PRETRAINED),
            "versions": versions(),
        },
        "sources": [
            {"name": name.replace("_", " "), "about": about, "movements": _plain(movements)}
            for name, (about, movements) in made.items()
        ],
    }


def _plain(movements: Trajectories) -> list[dict[str, list[float]]]:
    columns = ("t_ms", "x_px", "y_px")
    points = movements.to_frame().group_by("movement", maintain_order=True)
    return [{name: own[name].round(2).to_list() for name in columns} for _, own in points]


if __name__ == "__main__":
    with atomic_write(Path(sys.argv[1])) as temporary:
        temporary.write_text(json.dumps(demo_movements(), ensure_ascii=False) + "\n")
