"""Exports a fitted detector to an ONNX model with metadata, and to a file, without pickle."""

import json
from pathlib import Path
from typing import Any

import onnx
from onnx import ModelProto, helper
from sklearn.utils.validation import check_is_fitted

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.estimators.tabular import TableDetector
from humouse.detection.onnx.sequence import sequence_graph
from humouse.detection.onnx.tables import table_graph
from humouse.files import atomic_write, versions

_NAMES: dict[type, str] = {BoostingDetector: "boosting", SequenceDetector: "sequence"}


def to_onnx(detector: BoostingDetector | SequenceDetector) -> ModelProto:
    """Return a fitted detector as an ONNX model.

    Inputs: those of `table_graph` or `sequence_graph`. Outputs: "logit" [n] and "probability" [n] of a
    bot, float32. The metadata hold the detector's name, its settings and the versions that made it; of a
    detector of tables also its columns, units and people's quantiles.

    Raises:
        NotFittedError: The detector was not fitted.
        ValueError: It is none of humouse's.
    """
    check_is_fitted(detector)
    if isinstance(detector, SequenceDetector):
        return _with_metadata(sequence_graph(detector), _facts(detector))
    if not isinstance(detector, BoostingDetector):
        raise ValueError(f"{type(detector).__name__}: no detector of humouse's")
    return _with_metadata(table_graph(detector), {**_facts(detector), **_table_facts(detector)})


def save_onnx(model: ModelProto, path: str | Path) -> None:
    """Write a model to a file, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _facts(detector: Any) -> dict[str, Any]:
    return {
        "detector": _NAMES[type(detector)],
        "settings": dict(sorted(detector.get_params().items())),
        "versions": versions(),
    }


def _table_facts(detector: TableDetector) -> dict[str, Any]:
    return {
        "columns": detector.columns_,
        "units": detector.units_,
        "human_quantiles": detector.human_quantiles_.tolist(),
    }


def _with_metadata(model: ModelProto, facts: dict[str, Any]) -> ModelProto:
    stored = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()
    }
    helper.set_model_props(model, stored)
    onnx.checker.check_model(model, full_check=True)
    return model
