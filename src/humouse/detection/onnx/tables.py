"""The detector on features as an ONNX graph, written node by node.

Numbers inside the graph are float64, as in the detector: a row at a tree's cut falls on the same side,
and probabilities agree to the rounding of float32. Tests compare the graph with the detector.

skl2onnx 1.20 would write the trees, but stores cuts as float32: a row at a cut falls on the other side
(logits differ by up to 0.36), and raises with the onnx release of constraints.txt.
"""

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from humouse.detection.estimators.boosting import BoostingDetector
from humouse.detection.forest import Forest
from humouse.detection.onnx.graph import Graph


def table_graph(detector: BoostingDetector) -> ModelProto:
    """Return a fitted detector of tables as an ONNX model, without metadata.

    Input: "features" [n, F] float32. Outputs: "logit" [n] and "probability" [n] of a bot, float32. n is
    free.
    """
    graph = Graph(np.float64)
    x = graph("Cast", "features", to=TensorProto.DOUBLE)
    flat = graph("Squeeze", tree_ensemble(graph, x, detector.forest), [1])
    graph("Cast", flat, name="logit", to=TensorProto.FLOAT)
    graph("Cast", graph("Sigmoid", flat), name="probability", to=TensorProto.FLOAT)
    features = helper.make_tensor_value_info(
        "features", TensorProto.FLOAT, ["n", detector.n_features_in_]
    )
    return graph.model("table_detector", [features])


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
