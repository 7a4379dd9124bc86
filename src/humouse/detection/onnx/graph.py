"""`Graph`: an ONNX graph written node by node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import DTypeLike
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

_OPSET = 17
_TREE_OPSET = 3
_IR_VERSION = 8


class Graph:
    """Nodes and constants of a graph; each operation returns its output's name.

    Args:
        dtype: Type of the constants that are not indices or axes.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def __call__(
        self,
        op: str,
        *inputs: str | np.ndarray | float | list[int],
        name: str = "",
        **attributes: Any,
    ) -> str:
        """Add an operation; numbers among its inputs become constants (see `constant`)."""
        given = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = name or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, given, [output], **attributes))
        return output

    def constant(self, value: np.ndarray | float | list[int]) -> str:
        """Add a constant: a list as int64 (places, axes), anything else of the graph's dtype."""
        array = np.asarray(value, np.int64 if isinstance(value, list) else self.dtype)
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def model(self, name: str, inputs: list[ValueInfoProto]) -> ModelProto:
        """Return the checked model, with outputs "logit" and "probability", [n] each."""
        outputs = [
            helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n"])
            for output in ("logit", "probability")
        ]
        model = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.constants),
            opset_imports=[
                helper.make_opsetid("", _OPSET),
                helper.make_opsetid("ai.onnx.ml", _TREE_OPSET),
            ],
            producer_name="humouse",
            ir_version=_IR_VERSION,
        )
        onnx.checker.check_model(model, full_check=True)
        return model
