"""humouse learns how people move a mouse and makes movements like theirs.

>>> import humouse as hm
>>> moves = hm.sample(20, goal=(300, -40), duration=600, seed=1)
>>> len(moves), moves.net_px[0].tolist()
(20, [300.0, -40.0])
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# What there is, and where; loaded when it is asked for, so that importing humouse takes no time.
_PUBLIC = {
    "Detector": ("humouse.detection.detector", "Detector"),
    "EvaluationRule": ("humouse.eval.rule", "EvaluationRule"),
    "GestureRules": ("humouse.gestures", "GestureRules"),
    "InputError": ("humouse.errors", "InputError"),
    "SamplingRule": ("humouse.diffusion.sampling_rule", "SamplingRule"),
    "Trajectories": ("humouse.trajectories", "Trajectories"),
    "concatenate": ("humouse.trajectories", "concatenate"),
    "evaluate": ("humouse.evaluation", "evaluate"),
    "load": ("humouse.generator", "load_generator"),
    "read_movements": ("humouse.data.movement_file", "read_movements"),
    "sample": ("humouse.generator", "sample"),
}

__all__ = [
    "Detector",
    "EvaluationRule",
    "GestureRules",
    "InputError",
    "SamplingRule",
    "Trajectories",
    "__version__",
    "concatenate",
    "evaluate",
    "load",
    "read_movements",
    "sample",
]

if TYPE_CHECKING:
    from humouse.data.movement_file import read_movements
    from humouse.detection.detector import Detector
    from humouse.diffusion.sampling_rule import SamplingRule
    from humouse.errors import InputError
    from humouse.eval.rule import EvaluationRule
    from humouse.evaluation import evaluate
    from humouse.generator import load_generator as load
    from humouse.generator import sample
    from humouse.gestures import GestureRules
    from humouse.trajectories import Trajectories, concatenate


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    found = getattr(importlib.import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
