"""The sequence detector as an ONNX graph, written node by node: any batch, any number of steps.

An exporter that traces the net bakes in the lengths it sees; here nothing is traced, and the graph
says what `SequenceNet` computes: tests hold the two together.
"""

import json

import numpy as np
from onnx import ModelProto, TensorProto, helper
from sklearn.utils.validation import check_is_fitted
from torch import Tensor
from torch.nn import Conv1d, Module

from humouse.detection.estimators.sequence import SequenceDetector
from humouse.detection.onnx.graph import Graph
from humouse.eval.probes.sequence_net import FREQUENCIES, STRIDES
from humouse.eval.probes.step_channels import COMPANDING_PX
from humouse.files import versions


def to_onnx(detector: SequenceDetector) -> ModelProto:
    """Return a fitted detector as an ONNX model.

    Inputs: "deltas" [n, T, 3] float32 (dx px, dy px, dt ms; what padding holds does not matter) and
    "lengths" [n] int64, 1 to T. Outputs: "logit" [n] and "probability" [n] of a bot, float32. n and
    T are free. The metadata names the detector, its settings and the versions that made it.

    Raises:
        NotFittedError: The detector was not fitted.
    """
    check_is_fitted(detector)
    graph = Graph(np.float32)
    _sequence_net(graph, detector)
    facts = {
        "detector": "sequence",
        "settings": json.dumps(detector.get_params()),
        "versions": json.dumps(versions()),
    }
    inputs = [
        helper.make_tensor_value_info("deltas", TensorProto.FLOAT, ["n", "T", 3]),
        helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]),
    ]
    return graph.model("sequence_detector", inputs, facts)


def _sequence_net(graph: Graph, detector: SequenceDetector) -> None:
    """Add what `SequenceNet.forward` computes, from the raw steps to both outputs."""
    net = detector.net_
    valid = _valid(graph)
    count = graph("ReduceSum", valid, graph.constant([2]), keepdims=0)  # [n, 1]
    size = graph("Div", graph("Sub", graph("Log", count), net.mean[3:]), net.spread[3:])
    x = graph(
        "Div", graph("Sub", _companded(graph, valid), net.mean[:3, None]), net.spread[:3, None]
    )
    x = graph("Relu", _convolution(graph, _fourier_features(graph, x), net.embedding))
    x = graph("Mul", x, valid)
    parts = [size, *_pooled(graph, x, valid)]
    last = np.iinfo(np.int64).max
    for layer, stride in zip(net.convolutions, STRIDES, strict=True):
        valid = graph.slice(valid, 2, 0, last, stride)
        turned = graph("Relu", _convolution(graph, x, layer))
        x = graph("Mul", graph("Add", graph.slice(x, 2, 0, last, stride), turned), valid)
        parts += _pooled(graph, x, valid)
    together = graph("Concat", *parts, axis=1)
    answer = graph("Gemm", together, net.answer.weight, net.answer.bias, transB=1)
    graph("Squeeze", answer, graph.constant([1]), name="logit")
    graph("Sigmoid", "logit", name="probability")


def _valid(graph: Graph) -> str:
    """Add [n, 1, T] 1.0 where a step is valid."""
    T = graph("Squeeze", graph.slice(graph("Shape", "deltas"), 0, 1, 2), graph.constant([0]))
    zero, one = (
        graph("Squeeze", graph.constant([number]), graph.constant([0])) for number in (0, 1)
    )
    steps = graph("Range", zero, T, one)
    lengths = graph("Unsqueeze", "lengths", graph.constant([1, 2]))
    return graph("Cast", graph("Less", steps, lengths), to=TensorProto.FLOAT)


def _companded(graph: Graph, valid: str) -> str:
    """Add [n, 3, T] companded steps, 0 at padding."""
    deltas = graph("Transpose", "deltas", perm=[0, 2, 1])
    moves = graph("Asinh", graph("Div", graph.slice(deltas, 1, 0, 2), COMPANDING_PX))
    time = graph("Log", graph("Add", graph.slice(deltas, 1, 2, 3), 1.0))
    # Chosen, not multiplied: padding may hold NaN.
    held = graph("Greater", valid, 0.0)
    return graph("Where", held, graph("Concat", moves, time, axis=1), 0.0)


def _fourier_features(graph: Graph, x: str) -> str:
    parts = [x]
    for frequency in FREQUENCIES:
        turned = graph("Mul", x, frequency)
        parts += [graph("Sin", turned), graph("Cos", turned)]
    return graph("Concat", *parts, axis=1)


def _convolution(graph: Graph, x: str, layer: Module) -> str:
    assert isinstance(layer, Conv1d)
    kernel, stride = layer.kernel_size[0], layer.stride[0]
    return graph(
        "Conv",
        x,
        layer.weight,
        _bias(layer),
        kernel_shape=[kernel],
        strides=[stride],
        pads=[kernel // 2, kernel // 2],
    )


def _pooled(graph: Graph, x: str, valid: str) -> list[str]:
    """Add the mean over valid steps and the maximum, [n, C] each."""
    count = graph("ReduceSum", valid, graph.constant([2]), keepdims=0)
    total = graph("ReduceSum", x, graph.constant([2]), keepdims=0)
    return [graph("Div", total, count), graph("ReduceMax", x, axes=[2], keepdims=0)]


def _bias(layer: Conv1d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
