"""Detectors of tables as ONNX graphs: one function a detector, made of `layers`.

Numbers inside a graph are float64, as in the detectors: a row at a tree's cut falls on the same
side, and probabilities agree to the rounding of float32. Tests compare the graph with the detector.

skl2onnx 1.20 would write the tree ensembles, but not well enough. It stores cuts as float32: a row at
a cut of the boosting falls on the other side (logits differ by up to 0.36). Its isolation forest takes
5,410 nodes, a minute to write and 8 ms a row; here it takes 8 nodes, 0.2 s and 0.2 ms, and differs by
6e-8 at most. Its gradient boosting raises with the onnx release of constraints.txt.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper

from humouse.detection.calibration.calibration import Calibration
from humouse.detection.estimators.boosting import HINGE, BoostingDetector
from humouse.detection.estimators.discriminator import DiscriminatorDetector
from humouse.detection.estimators.fisher_ensemble import FisherEnsemble
from humouse.detection.estimators.isolation import IsolationDetector
from humouse.detection.estimators.tabular import TableDetector
from humouse.detection.estimators.typicality import TypicalityDetector
from humouse.detection.onnx import layers
from humouse.detection.onnx.forest import Forest
from humouse.detection.onnx.graph import Graph


def table_graph(detector: TableDetector, calibration: Calibration | None) -> ModelProto:
    """Return a fitted detector of tables as an ONNX model, without metadata.

    Input: "features" [n, F] float32. Outputs: "logit" [n] and "probability" [n] of a bot, float32,
    calibrated if a calibration is given. n is free.
    """
    graph = Graph(np.float64)
    x = graph("Cast", "features", to=TensorProto.DOUBLE)
    logit = _WRITERS[type(detector)](graph, x, detector)  # [n, 1]
    if calibration is not None:
        logit = layers.beta_calibration(graph, logit, calibration)
    flat = graph("Squeeze", logit, [1])
    graph("Cast", flat, name="logit", to=TensorProto.FLOAT)
    graph("Cast", graph("Sigmoid", flat), name="probability", to=TensorProto.FLOAT)
    features = helper.make_tensor_value_info(
        "features", TensorProto.FLOAT, ["n", detector.n_features_in_]
    )
    return graph.model("table_detector", [features])


def _boosting(graph: Graph, x: str, detector: BoostingDetector) -> str:
    scores = layers.normal_scores(graph, x, detector.normal_scores_)
    excess = [
        graph("Max", graph("Sub", side, HINGE), 0.0) for side in (scores, graph("Neg", scores))
    ]
    basis = graph("Concat", scores, *excess, axis=1)
    regression = layers.linear(graph, basis, detector.weights_, detector.intercept_)
    trees = layers.tree_ensemble(graph, x, Forest.of_boosting(detector.boosting_))
    return graph("Add", regression, trees)


def _isolation(graph: Graph, x: str, detector: IsolationDetector) -> str:
    whitened = layers.whitening(graph, x, detector.whitening_)
    # scikit-learn's trees compare float32.
    rounded = graph("Cast", graph("Cast", whitened, to=TensorProto.FLOAT), to=TensorProto.DOUBLE)
    score = layers.tree_ensemble(graph, rounded, Forest.of_isolation(detector.forest_))
    return layers.outlier_logit(graph, score, detector.cdf_)


def _typicality(graph: Graph, x: str, detector: TypicalityDetector) -> str:
    whitened = layers.whitening(graph, x, detector.whitening_)
    squares = graph("ReduceSum", graph("Mul", whitened, whitened), [1], keepdims=1)
    return layers.outlier_logit(graph, graph("Sqrt", squares), detector.cdf_)


def _discriminator(graph: Graph, x: str, detector: DiscriminatorDetector) -> str:
    centred = graph("Sub", x, detector.centre_)
    return layers.linear(graph, centred, detector.weights_, detector.intercept_)


def _fisher_ensemble(graph: Graph, x: str, detector: FisherEnsemble) -> str:
    odds = [
        layers.cdf_logit(graph, graph("Gather", x, [column], axis=1), cdf)
        for column, cdf in enumerate(detector.cdfs_)
    ]
    surprise = layers.minus_log_p(graph, graph("Concat", *odds, axis=1))
    mean = graph("MatMul", surprise, detector.shares_[:, None])
    return layers.outlier_logit(graph, mean, detector.combined_cdf_)


_WRITERS: dict[type, Callable[[Graph, str, Any], str]] = {
    BoostingDetector: _boosting,
    IsolationDetector: _isolation,
    TypicalityDetector: _typicality,
    DiscriminatorDetector: _discriminator,
    FisherEnsemble: _fisher_ensemble,
}
