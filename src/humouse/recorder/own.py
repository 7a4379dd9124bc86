"""You move like this: one's own movements beside the packaged model's, and what the detector says."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from humouse.data.gestures import cut_gestures, to_trajectories
from humouse.data.sources import make_source
from humouse.detection.detector import Detector
from humouse.detection.names import BOT, HUMAN, UNFAMILIAR, UNUSABLE
from humouse.errors import InputError
from humouse.generator import sample
from humouse.gestures import GestureRules
from humouse.trajectories import Trajectories

MODEL_SAMPLES = 100
_VERDICTS = (HUMAN, BOT, UNFAMILIAR, UNUSABLE)
_SHOWN = 24
_QUARTILES = (0.25, 0.5, 0.75)


def own_report(path: Path) -> dict[str, Any]:
    """Return what a session's file holds, as plain JSON values.

    Returns:
        movements: how many gestures were cut. Where there are any: rows, each with name, unit and the
        quartiles of own and model; verdicts, of own and model, verdict → count; session, the verdict on
        all of one's own together; paths, of own and model: some movements, lists of [x, y] in px from
        their starts.
    """
    own = _movements(path)
    if own is None:
        return {"movements": 0}
    sides = {"own": own, "model": _model()}
    detector = Detector.load()
    said = {name: detector.score(movements) for name, movements in sides.items()}
    numbers = {name: _numbers(movements) for name, movements in sides.items()}
    return {
        "movements": len(own),
        "rows": [
            {"name": name, "unit": unit, **{side: numbers[side][name, unit] for side in sides}}
            for name, unit in numbers["own"]
        ],
        "verdicts": {
            side: {name: count for name in _VERDICTS if (count := counts[name])}
            for side, table in said.items()
            if (counts := Counter(table["verdict"]))
        },
        "session": said["own"]["session_verdict"].drop_nulls().last(),
        "paths": {side: _paths(movements) for side, movements in sides.items()},
    }


def _movements(path: Path) -> Trajectories | None:
    """Return the gestures of a session, or None where there are none."""
    source = make_source("humouse", root=str(path))
    try:
        parts = [cut_gestures(source.events(file).table, GestureRules()) for file in source.files()]
    except InputError:  # nothing of a mouse in it
        return None
    found = to_trajectories(parts, source.origin)
    return found if len(found) else None


@cache
def _model() -> Trajectories:
    return sample(MODEL_SAMPLES, seed=0)


def _numbers(movements: Trajectories) -> dict[tuple[str, str], list[float]]:
    """Return (name, unit) → quartiles."""
    path, seconds = movements.path_px.numpy(), movements.duration_ms.numpy() / 1000
    straight = np.linalg.norm(movements.net_px.numpy(), axis=1) / np.maximum(path, 1e-9)
    return {
        ("length of the path", "px"): _quartiles(path),
        ("duration", "s"): _quartiles(seconds),
        ("mean speed", "px/s"): _quartiles(path / np.maximum(seconds, 1e-9)),
        ("straightness", "%"): _quartiles(100 * straight),
    }


def _quartiles(values: Float[np.ndarray, "B"]) -> list[float]:
    return [round(float(value), 3) for value in np.quantile(values, _QUARTILES)]


def _paths(movements: Trajectories) -> list[list[list[float]]]:
    """Return some movements, evenly picked, each from [0, 0]."""
    picked = np.unique(np.linspace(0, len(movements) - 1, _SHOWN).astype(int))
    points = (movements.positions_px() - movements.start[:, None]).numpy()
    steps = movements.lengths.numpy()
    return [points[i, : steps[i] + 1].round(1).tolist() for i in picked]
