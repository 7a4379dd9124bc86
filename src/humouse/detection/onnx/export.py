"""Exports a fitted detector to an ONNX model with metadata, and to a file, without pickle."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, helper
from sklearn.utils.validation import check_is_fitted

from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.estimators.tabular import TableDetector
from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.detection.onnx.sequence import sequence_graph
from humouse.detection.onnx.tables import table_graph
from humouse.files import atomic_write, versions

_NAMES: dict[type, str] = {
    BoostingDetector: "boosting",
    IsolationDetector: "isolation",
    TypicalityDetector: "typicality",
    DiscriminatorDetector: "discriminator",
    FisherEnsemble: "blend",
    SequenceDetector: "sequence",
}

# Settings whose name in the metadata differs from the code's.
_STORED_SETTINGS = {"anomalies_per_gesture": "corruptions"}


def to_onnx(detector: TableDetector | CalibratedDetector | SequenceDetector) -> ModelProto:
    """Return a fitted detector as an ONNX model.

    Inputs: those of `table_graph` or `sequence_graph`. Outputs: "logit" [n] and "probability" [n] of a
    bot, float32; of a calibrated detector both are calibrated. The metadata hold the detector's name,
    its settings and the versions that made it; of a detector of tables also its columns, units and
    people's quantiles, and, if calibrated, the thresholds of the logit by false positive rate.

    Raises:
        NotFittedError: The detector was not fitted.
        ValueError: It is none of humouse's.
    """
    check_is_fitted(detector)
    calibrated = isinstance(detector, CalibratedDetector)
    inner = detector.estimator_ if isinstance(detector, CalibratedDetector) else detector
    if type(inner) not in _NAMES:
        raise ValueError(f"{type(inner).__name__}: no detector of humouse's")
    if isinstance(inner, SequenceDetector):
        if calibrated:
            raise ValueError("SequenceDetector: calibrated detectors of steps are not exported")
        return _with_metadata(sequence_graph(inner), _facts(inner))
    facts = {**_facts(inner), **_table_facts(inner), "calibrated": calibrated}
    if not isinstance(detector, CalibratedDetector):
        return _with_metadata(table_graph(inner, None), facts)
    facts["thresholds"] = _logit_thresholds(detector)
    return _with_metadata(table_graph(inner, detector.calibration_), facts)


def save_onnx(model: ModelProto, path: str | Path) -> None:
    """Write a model to a file, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _facts(detector: Any) -> dict[str, Any]:
    settings = {
        _STORED_SETTINGS.get(name, name): value for name, value in detector.get_params().items()
    }
    return {
        "detector": _NAMES[type(detector)],
        "settings": dict(sorted(settings.items())),
        "versions": versions(),
    }


def _table_facts(detector: TableDetector) -> dict[str, Any]:
    return {
        "columns": detector.columns_,
        "units": detector.units_,
        "human_quantiles": detector.human_quantiles_.tolist(),
    }


def _logit_thresholds(detector: CalibratedDetector) -> dict[str, float]:
    """Return false positive rate → threshold of the calibrated logit."""
    scores = np.array(list(detector.thresholds_.values()), dtype=np.float64)
    logits = detector.calibration_.log_odds(scores).tolist()
    return dict(zip(map(str, detector.thresholds_), logits, strict=True))


def _with_metadata(model: ModelProto, facts: dict[str, Any]) -> ModelProto:
    stored = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()
    }
    helper.set_model_props(model, stored)
    onnx.checker.check_model(model, full_check=True)
    return model
