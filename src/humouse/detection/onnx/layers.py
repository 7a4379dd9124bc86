"""The layers of table detectors' graphs: each adds the nodes that compute what its original does.

Every function takes the graph, the name of its input and the fitted original, and returns the name of
its output.
"""

import numpy as np
from onnx import TensorProto, numpy_helper

from humouse.detection.calibration.calibration import Calibration
from humouse.detection.estimators.normal_scores import NormalScores
from humouse.detection.estimators.score_cdf import OUTLIER_LOGIT, ScoreCDF
from humouse.detection.estimators.whitening import SMALLEST, Whitening
from humouse.detection.onnx.forest import Forest
from humouse.detection.onnx.graph import Graph


def linear(graph: Graph, x: str, weights: np.ndarray, intercept: float) -> str:
    """Add [n, 1] x · weights + intercept."""
    return graph("Add", graph("MatMul", x, weights[:, None]), intercept)


def piecewise_linear(
    graph: Graph, x: str, knots: np.ndarray, origin: np.ndarray, slopes: np.ndarray
) -> str:
    """Add [n, F] origin [F] + ∑ slope · (part of x within a piece), constant beyond the knots.

    Pieces of slopes [F, K − 1] lie between knots [F, K]. A sum over pieces subtracts no large
    numbers from one another.
    """
    low, high = knots[:, :-1], knots[:, 1:]
    apart = graph("Unsqueeze", x, [2])
    within = graph("Sub", graph("Max", graph("Min", apart, high), low), low)
    rise = graph("ReduceSum", graph("Mul", within, slopes), [2], keepdims=0)
    return graph("Add", rise, origin)


def normal_scores(graph: Graph, x: str, original: NormalScores) -> str:
    """Add [n, F] `NormalScores`."""
    return piecewise_linear(graph, x, original.knots, original.origin, original.slopes)


def whitening(graph: Graph, x: str, original: Whitening) -> str:
    """Add [n, F] `Whitening`."""
    if original.normal_scores is None:
        scaled = graph("Log", graph("Max", x, SMALLEST))
    else:
        scaled = normal_scores(graph, x, original.normal_scores)
    return graph("MatMul", graph("Sub", scaled, original.mean), original.axes)


def cdf_logit(graph: Graph, scores: str, cdf: ScoreCDF) -> str:
    """Add [n, 1] `ScoreCDF.logit`."""
    knots, odds = np.array(cdf.knots), np.array(cdf.log_odds)
    if len(knots) == 1:  # a piece of no width
        knots, odds = knots.repeat(2), odds.repeat(2)
    width = np.diff(knots)
    slopes = np.where(width > 0, np.diff(odds) / np.where(width > 0, width, 1), 0.0)
    inside = piecewise_linear(graph, scores, knots[None], odds[:1], slopes[None])
    below = graph("Mul", graph("Min", graph("Sub", scores, knots[0]), 0.0), cdf.slope_below)
    above = graph("Mul", graph("Max", graph("Sub", scores, knots[-1]), 0.0), cdf.slope_above)
    return graph("Add", inside, graph("Add", below, above))


def outlier_logit(graph: Graph, scores: str, cdf: ScoreCDF) -> str:
    """Add [n, 1] `ScoreCDF.outlier_logit`."""
    return graph("Sub", cdf_logit(graph, scores, cdf), OUTLIER_LOGIT)


def minus_log_p(graph: Graph, odds: str) -> str:
    """Add −log p of odds = log((1 − p)/p)."""
    return graph("Add", graph("Max", odds, 0.0), _log1p_exp_minus_abs(graph, odds))


def log_one_minus_p(graph: Graph, odds: str) -> str:
    """Add log(1 − p) of odds = log((1 − p)/p)."""
    return graph("Sub", graph("Min", odds, 0.0), _log1p_exp_minus_abs(graph, odds))


def _log1p_exp_minus_abs(graph: Graph, x: str) -> str:
    """Add log(1 + exp(−|x|)), which does not overflow."""
    return graph("Log", graph("Add", graph("Exp", graph("Neg", graph("Abs", x))), 1.0))


def beta_calibration(graph: Graph, scores: str, calibration: Calibration) -> str:
    """Add [n, 1] `Calibration.log_odds`."""
    odds = cdf_logit(graph, scores, calibration.human_cdf)
    sides = graph(
        "Add",
        graph("Mul", minus_log_p(graph, odds), calibration.slope_high),
        graph("Mul", log_one_minus_p(graph, odds), calibration.slope_low),
    )
    return graph("Add", sides, calibration.intercept)


def tree_ensemble(graph: Graph, x: str, forest: Forest) -> str:
    """Add [n, 1] the sum of the leaves that rows fall into."""
    leaf = forest.feature < 0
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
        target_ids=[0] * int(leaf.sum()),
        target_nodeids=forest.node[leaf].tolist(),
        target_treeids=forest.tree[leaf].tolist(),
        target_weights_as_tensor=numpy_helper.from_array(forest.value[leaf], "leaves"),
    )
    return graph("Add", graph("Cast", total, to=TensorProto.DOUBLE), forest.base)
