"""An ONNX graph in the making, node by node."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import DTypeLike
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper
from torch import Tensor

OPSET = 17
_TREE_OPSET = 3
_IR_VERSION = 8


class Graph:
    """Nodes and constants of a graph; each operation returns its output's name.

    Args:
        dtype: Of the constants that are no places or axes.
    """

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = dtype
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def __call__(
        self, op: str, *inputs: str | np.ndarray | Tensor | float, name: str = "", **attributes: Any
    ) -> str:
        """Add an operation; arrays and numbers among its inputs become constants."""
        given = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = name or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, given, [output], **attributes))
        return output

    def constant(self, value: np.ndarray | Tensor | float | list[int]) -> str:
        """Add a constant: a list as int64 (places, axes), anything else as the graph's numbers."""
        if isinstance(value, Tensor):
            value = value.detach().cpu().numpy()
        array = np.asarray(value, np.int64 if isinstance(value, list) else self.dtype)
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def slice(self, x: str, axis: int, start: int, stop: int, step: int = 1) -> str:
        """Add x[…, start:stop:step, …] along an axis."""
        places = [self.constant([part]) for part in (start, stop, axis, step)]
        return self("Slice", x, *places)

    def model(self, name: str, inputs: list[ValueInfoProto], facts: dict[str, str]) -> ModelProto:
        """Return the checked model, whose outputs are "logit" and "probability", [n] each."""
        outputs = [
            helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n"])
            for output in ("logit", "probability")
        ]
        model = helper.make_model(
            helper.make_graph(self.nodes, name, inputs, outputs, self.constants),
            opset_imports=[
                helper.make_opsetid("", OPSET),
                helper.make_opsetid("ai.onnx.ml", _TREE_OPSET),
            ],
            producer_name="humouse",
            ir_version=_IR_VERSION,
        )
        helper.set_model_props(model, facts)
        onnx.checker.check_model(model, full_check=True)
        return model
