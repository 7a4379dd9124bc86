"""`OnnxDetector`: a saved detector in ONNX Runtime, on one thread that does not spin.

Serving needs neither torch nor scikit-learn, so this module imports nothing that does.
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from jaxtyping import Float
from onnxruntime.capi import onnxruntime_pybind11_state as reasons

from humouse.detection.onnx.stored_trees import stored_trees
from humouse.detection.what_if import WhatIf
from humouse.errors import InputError

# Whose layers a CPU's cache holds.
_ROWS_AT_A_TIME = 128

# Their only common base is Exception.
_UNREADABLE = (
    reasons.Fail,
    reasons.InvalidArgument,
    reasons.InvalidGraph,
    reasons.InvalidProtobuf,
    reasons.NotImplemented,
    reasons.RuntimeException,
)


class OnnxDetector:
    """A detector read from an ONNX file that humouse wrote; see `load`.

    A detector of tables takes an array [n, F] or a `FeatureTable`, and has `columns_`, `units_` and
    `human_quantiles_` as the original; a detector of steps takes `Trajectories`.

    Args:
        session: Of ONNX Runtime, with a detector's inputs and outputs.
        path: The file, for messages.
        facts: The model's metadata.
    """

    def __init__(
        self, session: onnxruntime.InferenceSession, path: Path, facts: dict[str, str]
    ) -> None:
        self._session = session
        self.path = path
        self.name = facts["detector"]
        self.columns_: tuple[str, ...] = tuple(json.loads(facts.get("columns", "[]")))
        self.units_: tuple[str, ...] = tuple(json.loads(facts.get("units", "[]")))
        self.human_quantiles_ = np.array(json.loads(facts.get("human_quantiles", "[[]]")))
        self.versions: dict[str, str] = json.loads(facts.get("versions", "{}"))

    @classmethod
    def load(cls, path: str | Path) -> "OnnxDetector":
        """Return the detector in a file.

        Raises:
            InputError: The file is missing, damaged, or no detector of humouse's.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path}: no such detector; export one first")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                path, options, providers=["CPUExecutionProvider"]
            )
            facts = session.get_modelmeta().custom_metadata_map
        except _UNREADABLE as error:
            raise InputError(
                f"{path}: damaged, or no ONNX model; export the detector again"
            ) from error
        if "detector" not in facts:
            raise InputError(f"{path}: an ONNX model, but no detector that humouse exported")
        return cls(session, path, facts)

    @cached_property
    def what_if(self) -> WhatIf:
        """The trees of a detector of tables, with people's median as the other value of each feature."""
        return WhatIf.of(stored_trees(self.path.read_bytes()), self.human_quantiles_[1])

    def decision_function(self, X: Any) -> Float[np.ndarray, "n"]:
        """Return [n] logits of being a bot's.

        Raises:
            InputError: The detector does not take X, its columns are others, a feature is NaN or
                infinite, or a movement has no steps.
        """
        return self._run("logit", X)

    def rows(self, X: Any) -> Float[np.ndarray, "n F"]:
        """Return [n, F] the checked values of a table, in the order of `columns_`.

        Raises:
            InputError: The detector takes movements, or as `decision_function`.
        """
        if not self.columns_:
            raise InputError(f"{self.path}: the detector takes movements, and has no features")
        return self._table(X).astype(np.float64)

    def predict_proba(self, X: Any) -> Float[np.ndarray, "n 2"]:
        """Return [n, 2] the probability of a person and of a bot; raises as `decision_function`."""
        bot = self._run("probability", X)
        return np.stack([1 - bot, bot], 1)

    def _run(self, output: str, X: Any) -> Float[np.ndarray, "n"]:
        if not self.columns_:
            return self._run_steps(output, X)
        (answer,) = self._session.run([output], {"features": self._table(X)})
        return np.asarray(answer, dtype=np.float64)

    def _run_steps(self, output: str, X: Any) -> Float[np.ndarray, "n"]:
        """Return the answers on movements; those of similar length go together."""
        if not _is_movements(X):
            raise InputError(f"{self.path}: the detector takes movements, not a table")
        X = X.as_steps()
        lengths = X.lengths
        if (lengths < 1).any():
            raise InputError(
                f"movements: row {int((lengths < 1).argmax())} has no steps; leave it out"
            )
        moves_px = X.deltas[..., :2]
        answers = np.zeros(len(lengths))
        order = np.argsort(lengths, kind="stable")
        for rows in np.array_split(order, -(-len(order) // _ROWS_AT_A_TIME)) if len(order) else ():
            shown = np.ascontiguousarray(moves_px[rows, : lengths[rows].max()])
            inputs = {"moves_px": shown, "lengths": lengths[rows]}
            (answers[rows],) = self._session.run([output], inputs)
        return answers

    def _table(self, X: Any) -> np.ndarray:
        if _is_movements(X):
            raise InputError(f"{self.path}: the detector takes a table of features, not movements")
        if hasattr(X, "units"):  # a FeatureTable
            self._check_columns(X.names)
            X = X.select(self.columns_).values
        values = np.asarray(X, dtype=np.float32)
        if values.ndim != 2 or values.shape[1] != len(self.columns_):
            raise InputError(
                f"features: shape {values.shape}; {self.path} takes [n, {len(self.columns_)}]"
            )
        broken = ~np.isfinite(values).all(0)
        if broken.any():
            name = self.columns_[int(broken.argmax())]
            raise InputError(f"features: {name} is NaN or infinite somewhere; repair those rows")
        return values

    def _check_columns(self, names: Sequence[str]) -> None:
        given, taken = set(names), set(self.columns_)
        absent = [name for name in self.columns_ if name not in given]
        besides = [name for name in names if name not in taken]
        if absent or besides:
            what = f"lacks {absent[0]}" if absent else f"has {besides[0]} besides"
            raise InputError(
                f"features: the table {what}; give the {len(self.columns_)} columns that {self.path} "
                "takes"
            )


def _is_movements(X: Any) -> bool:
    """Return whether X is `Steps` or `Trajectories`."""
    return hasattr(X, "deltas")
