"""Detectors of tables as ONNX graphs, written node by node: any number of rows, no pickle.

Inside a graph numbers are float64, as in the detectors: a row at a tree's cut falls on the same side,
and probabilities agree to float32's own rounding. Nothing is traced; tests hold the two together.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper
from sklearn.utils.validation import check_is_fitted

from humouse.detection.calibration.calibrated import CalibratedDetector
from humouse.detection.calibration.calibration import Calibration
from humouse.detection.estimators.blend import BlendDetector
from humouse.detection.estimators.boosting import HINGE, BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.human_tail import HumanTail
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.tabular import TableDetector
from humouse.detection.estimators.typicality import OUTLIER_LOG_ODDS, TypicalityDetector
from humouse.detection.estimators.whitening import SMALLEST, PeopleScale
from humouse.detection.onnx.forest import Forest
from humouse.detection.onnx.graph import Graph
from humouse.files import atomic_write, versions


def to_onnx(detector: TableDetector | CalibratedDetector) -> ModelProto:
    """Return a fitted detector of tables as an ONNX model.

    Input: "features" [n, F] float32. Outputs: "logit" [n] and "probability" [n] of a bot, float32. n
    is free. Of a calibrated detector both are calibrated, and the metadata hold the thresholds of the
    logit by rate; they always hold the detector's name, settings, columns, units, people's quantiles
    and the versions that made it.

    Raises:
        NotFittedError: The detector was not fitted.
        ValueError: It is no detector of tables.
    """
    check_is_fitted(detector)
    calibrated = isinstance(detector, CalibratedDetector)
    inner = detector.estimator_ if isinstance(detector, CalibratedDetector) else detector
    if type(inner) not in _WRITERS:
        raise ValueError(f"{type(inner).__name__}: no detector of tables")
    graph = Graph(np.float64)
    x = graph("Cast", "features", to=TensorProto.DOUBLE)
    logit = _WRITERS[type(inner)](graph, x, inner)  # [n, 1]
    facts = _facts(inner)
    if isinstance(detector, CalibratedDetector):
        logit = _calibrated(graph, logit, detector.calibration_)
        facts["thresholds"] = json.dumps(_logit_thresholds(detector))
    flat = graph("Squeeze", logit, graph.constant([1]))
    graph("Cast", flat, name="logit", to=TensorProto.FLOAT)
    graph("Cast", graph("Sigmoid", flat), name="probability", to=TensorProto.FLOAT)
    features = helper.make_tensor_value_info(
        "features", TensorProto.FLOAT, ["n", inner.n_features_in_]
    )
    facts["calibrated"] = json.dumps(calibrated)
    return graph.model("table_detector", [features], facts)


def save_onnx(model: ModelProto, path: str | Path) -> None:
    """Write a model to a file, whole or not at all.

    Raises:
        InputError: It cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def _facts(detector: TableDetector) -> dict[str, str]:
    name = type(detector).__name__.removesuffix("Detector").lower()
    facts = {
        "settings": detector.get_params(),
        "columns": detector.columns_,
        "units": detector.units_,
        "human_quantiles": detector.human_quantiles_.tolist(),
        "versions": versions(),
    }
    return {"detector": name, **{key: json.dumps(value) for key, value in facts.items()}}


def _logit_thresholds(detector: CalibratedDetector) -> dict[str, float]:
    rates, scores = (
        zip(*detector.thresholds_.items(), strict=True) if detector.thresholds_ else ((), ())
    )
    logits = detector.calibration_.log_odds(np.array(scores, dtype=np.float64)).tolist()
    return dict(zip(map(str, rates), logits, strict=True))


def _boosting(graph: Graph, x: str, detector: BoostingDetector) -> str:
    scores = _normal_scores(graph, x, detector.normal_)
    beyond = [
        graph("Max", graph("Sub", side, HINGE), 0.0) for side in (scores, graph("Neg", scores))
    ]
    basis = graph("Concat", scores, *beyond, axis=1)
    line = graph("Add", graph("MatMul", basis, detector.weights_[:, None]), detector.intercept_)
    trees = _forest(graph, x, Forest.of_boosting(detector.boosting_))
    return graph("Add", line, trees)


def _isolation(graph: Graph, x: str, detector: IsolationDetector) -> str:
    axes = _people_scale(graph, x, detector.scale_)
    # The trees look at float32.
    seen = graph("Cast", graph("Cast", axes, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)
    haste = _forest(graph, seen, Forest.of_isolation(detector.forest_))
    return _atypical(graph, haste, detector.tail_)


def _typicality(graph: Graph, x: str, detector: TypicalityDetector) -> str:
    axes = _people_scale(graph, x, detector.scale_)
    squares = graph("ReduceSum", graph("Mul", axes, axes), graph.constant([1]), keepdims=1)
    return _atypical(graph, graph("Sqrt", squares), detector.tail_)


def _discriminator(graph: Graph, x: str, detector: DiscriminatorDetector) -> str:
    centred = graph("Sub", x, detector.centre_)
    product = graph("MatMul", centred, detector.weights_[:, None])
    return graph("Add", product, detector.intercept_)


def _blend(graph: Graph, x: str, detector: BlendDetector) -> str:
    parts = [
        _tail(graph, graph("Gather", x, graph.constant([place]), axis=1), tail)
        for place, tail in enumerate(detector.tails_)
    ]
    high, _ = _sides(graph, graph("Concat", *parts, axis=1))
    mean = graph("MatMul", high, detector.shares_[:, None])
    return _atypical(graph, mean, detector.tail_)


_WRITERS: dict[type, Callable[[Graph, str, Any], str]] = {
    BoostingDetector: _boosting,
    IsolationDetector: _isolation,
    TypicalityDetector: _typicality,
    DiscriminatorDetector: _discriminator,
    BlendDetector: _blend,
}


def _people_scale(graph: Graph, x: str, scale: PeopleScale) -> str:
    """Add [n, F] what `PeopleScale` returns."""
    if scale.normal is None:
        scaled = graph("Log", graph("Max", x, SMALLEST))
    else:
        scaled = _normal_scores(graph, x, scale.normal)
    return graph("MatMul", graph("Sub", scaled, scale.mean), scale.axes)


def _normal_scores(graph: Graph, x: str, normal: NormalScores) -> str:
    """Add [n, F] what `NormalScores` returns."""
    return _straight_pieces(graph, x, normal.knots, normal.origin, normal.slopes)


def _tail(graph: Graph, x: str, tail: HumanTail) -> str:
    """Add [n, 1] what `HumanTail.log_odds_of` returns."""
    # One knot alone makes no piece; twice the same one makes a piece without width.
    knots = np.array(tail.knots if len(tail.knots) > 1 else 2 * tail.knots)
    odds = np.array(tail.log_odds if len(tail.knots) > 1 else 2 * tail.log_odds)
    width = np.diff(knots)
    slopes = np.where(width > 0, np.diff(odds) / np.where(width > 0, width, 1), 0.0)
    inside = _straight_pieces(graph, x, knots[None], odds[:1], slopes[None])
    below = graph("Mul", graph("Min", graph("Sub", x, tail.knots[0]), 0.0), tail.slope_below)
    above = graph("Mul", graph("Max", graph("Sub", x, tail.knots[-1]), 0.0), tail.slope_above)
    return graph("Add", inside, graph("Add", below, above))


def _straight_pieces(
    graph: Graph, x: str, knots: np.ndarray, origin: np.ndarray, slopes: np.ndarray
) -> str:
    """Add [n, F] lines between [F, K] knots of slopes [F, K − 1] from [F] on, level beyond them.

    Each piece adds its own share: no great number is ever taken from another.
    """
    low, high = knots[:, :-1], knots[:, 1:]
    apart = graph("Unsqueeze", x, graph.constant([2]))
    within = graph("Sub", graph("Max", graph("Min", apart, high), low), low)
    share = graph("Mul", within, slopes)
    return graph("Add", graph("ReduceSum", share, graph.constant([2]), keepdims=0), origin)


def _atypical(graph: Graph, scores: str, tail: HumanTail) -> str:
    return graph("Sub", _tail(graph, scores, tail), OUTLIER_LOG_ODDS)


def _calibrated(graph: Graph, scores: str, calibration: Calibration) -> str:
    """Add [n, 1] what `Calibration.log_odds` returns."""
    high, low = _sides(graph, _tail(graph, scores, calibration.tail))
    sides = graph(
        "Add",
        graph("Mul", high, calibration.slope_high),
        graph("Mul", low, calibration.slope_low),
    )
    return graph("Add", sides, calibration.intercept)


def _sides(graph: Graph, odds: str) -> tuple[str, str]:
    """Add −log p and log(1 − p) of log-odds log((1 − p)/p)."""
    # log(1 + exp(x)), which both are made of, without overflow.
    rest = graph("Log", graph("Add", graph("Exp", graph("Neg", graph("Abs", odds))), 1.0))
    return graph("Add", graph("Max", odds, 0.0), rest), graph("Sub", graph("Min", odds, 0.0), rest)


def _forest(graph: Graph, x: str, forest: Forest) -> str:
    """Add [n, 1] the sum of the leaves that rows fall into."""
    leaf = forest.feature < 0
    target = {
        "target_ids": [0] * int(leaf.sum()),
        "target_nodeids": forest.node[leaf].tolist(),
        "target_treeids": forest.tree[leaf].tolist(),
        "target_weights_as_tensor": numpy_helper.from_array(forest.value[leaf], "leaves"),
    }
    total = graph(
        "TreeEnsembleRegressor",
        x,
        domain="ai.onnx.ml",
        n_targets=1,
        post_transform="NONE",
        aggregate_function="SUM",
        nodes_treeids=forest.tree.tolist(),
        nodes_nodeids=forest.node.tolist(),
        nodes_featureids=np.maximum(forest.feature, 0).tolist(),
        nodes_modes=np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        nodes_values_as_tensor=numpy_helper.from_array(forest.cut, "cuts"),
        nodes_truenodeids=forest.left.tolist(),
        nodes_falsenodeids=forest.right.tolist(),
        **target,
    )
    return graph("Add", graph("Cast", total, to=TensorProto.DOUBLE), forest.base)
