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
from humouse.detection.stored_numbers import numbers
from humouse.detection.what_if import WhatIf
from humouse.errors import InputError
from humouse.files import has_shape, read_bounded

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


MOST_BYTES = 2**26
"""The largest file of a detector; those of humouse have one MB."""

_SHAPE = {"columns": [str], "units": [str], "human_quantiles": [list], "versions": {str: str}}
_NO_TABLE: dict[str, Any] = {"columns": [], "units": [], "human_quantiles": [[]], "versions": {}}


class OnnxDetector:
    """A detector read from an ONNX file that humouse wrote; see `load`.

    A detector of tables takes an array [n, F] or a `FeatureTable`, and has `columns_`, `units_` and
    `human_quantiles_` as the original; a detector of steps takes `Trajectories`.

    Args:
        content: The file's.
        path: The file, for messages.

    Raises:
        InputError: The file is damaged, or no detector of humouse's.
    """

    def __init__(self, content: bytes, path: Path) -> None:
        self.path = path
        self._content = content
        try:
            self._session = _session(content, path)
            facts = self._session.get_modelmeta().custom_metadata_map
        except _UNREADABLE as error:
            raise self._damaged() from error
        if "detector" not in facts:
            raise InputError(f"{path}: an ONNX model, but no detector that humouse exported")
        self.name = facts["detector"]
        try:
            said = {name: json.loads(facts[name]) for name in _SHAPE if name in facts}
            if not has_shape({**_NO_TABLE, **said}, _SHAPE):
                raise ValueError("other metadata")
            said = {**_NO_TABLE, **said}
            self.columns_: tuple[str, ...] = tuple(said["columns"])
            self.units_: tuple[str, ...] = tuple(said["units"])
            self.human_quantiles_ = numbers(said["human_quantiles"], 2)
            self.versions: dict[str, str] = said["versions"]
            F = len(self.columns_)
            if (len(self.units_), self.human_quantiles_.shape) != (F, (3 if F else 1, F)):
                raise ValueError("not as many units or quantiles as columns")
            # Before ONNX Runtime follows them.
            self._trees = stored_trees(content) if F else None
        except (ValueError, RecursionError) as error:
            raise self._damaged() from error

    def __reduce__(self) -> tuple[type["OnnxDetector"], tuple[bytes, Path]]:
        """Go by value: what runs it is made anew elsewhere."""
        return OnnxDetector, (self._content, self.path)

    @classmethod
    def load(cls, path: str | Path) -> "OnnxDetector":
        """Return the detector in a file.

        Raises:
            InputError: The file is missing, damaged, or no detector of humouse's.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"{path}: no such detector; export one first")
        return cls(read_bounded(path, MOST_BYTES), path)

    @cached_property
    def what_if(self) -> WhatIf:
        """The trees of a detector of tables, with people's median as the other value of each feature."""
        assert self._trees is not None
        return WhatIf.of(self._trees, self.human_quantiles_[1])

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
        return self._answer(output, {"features": self._table(X)})

    def _answer(self, output: str, inputs: dict[str, np.ndarray]) -> Float[np.ndarray, "n"]:
        """Return an output of the model, a finite number for each row."""
        (n, *_), *_ = (given.shape for given in inputs.values())
        try:
            (answer,) = self._session.run([output], inputs)
            if answer.shape == (n,) and np.isfinite(answer).all():
                return np.asarray(answer, dtype=np.float64)
        except (*_UNREADABLE, AttributeError, TypeError, ValueError) as error:
            raise self._damaged() from error
        raise self._damaged()

    def _damaged(self) -> InputError:
        return InputError(f"{self.path}: damaged, or no ONNX model; export the detector again")

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
            answers[rows] = self._answer(output, inputs)
        return answers

    def _table(self, X: Any) -> np.ndarray:
        if _is_movements(X):
            raise InputError(f"{self.path}: the detector takes a table of features, not movements")
        if hasattr(X, "units") and X.names != self.columns_:  # a FeatureTable
            self._check_columns(X.names)
            X = X.select(self.columns_)
        X = getattr(X, "values", X)
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


def _session(content: bytes, path: Path) -> onnxruntime.InferenceSession:
    """Return what runs a model, which cannot name other files to be read."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is wrong with a file is said once, by the error
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # Weights in other files would be looked for in this folder, and it is none.
    options.add_session_config_entry(
        "session.model_external_initializers_file_folder_path", str(path.absolute())
    )
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _is_movements(X: Any) -> bool:
    """Return whether X is `Steps` or `Trajectories`."""
    return hasattr(X, "deltas")
