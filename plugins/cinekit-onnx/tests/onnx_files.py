"""Networks of a few nodes, written as .onnx files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RED_OR_BLUE = np.array([[0, 0, 0, 0.5], [9, 0, -9, 0], [-9, 0, 9, 0]], np.float32)
"""Background, person where it is red, sky where it is blue: rows of red, green, blue and bias."""


def write(
    path: Path,
    weights: np.ndarray = RED_OR_BLUE,
    size: tuple[Any, Any] = (16, 24),
    nhwc: bool = False,
    last: str | None = None,
    kind: int = TensorProto.FLOAT,
    batch: Any = 1,
    extra_output: bool = False,
) -> Path:
    """A 1x1 convolution from three channels to n, and perhaps a last node.

    size : of the input; names stand for sizes that are left open.
    nhwc : channels last, at both ends.
    last : None, "softmax", "sigmoid", "argmax" (keeps the axis) or "argmax_flat" (drops it).
    kind : number type of the input.
    extra_output : an output "aux" before the one called "answer".
    """
    n = len(weights)
    nodes, constants = [], []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    def node(op: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    value = "picture"
    if kind != TensorProto.FLOAT:
        value = node("Cast", [value], "real", to=TensorProto.FLOAT)
    if nhwc:
        value = node("Transpose", [value], "planes", perm=[0, 3, 1, 2])
    kernel = constant("kernel", np.ascontiguousarray(weights[:, :3]).reshape(n, 3, 1, 1))
    bias = constant("bias", np.ascontiguousarray(weights[:, 3]))
    value = node("Conv", [value, kernel, bias], "scores")
    if last == "softmax":
        value = node("Softmax", [value], "shares", axis=1)
    if last == "sigmoid":
        value = node("Sigmoid", [value], "inside")
    if last in ("argmax", "argmax_flat"):
        value = node("ArgMax", [value], "index", axis=1, keepdims=int(last == "argmax"))
    if nhwc and last != "argmax_flat":
        value = node("Transpose", [value], "channels_last", perm=[0, 2, 3, 1])
    node("Identity", [value], "answer")

    whole = TensorProto.INT64 if last in ("argmax", "argmax_flat") else TensorProto.FLOAT
    axes = ["one", "a", "b"] if last == "argmax_flat" else ["one", "a", "b", "c"]
    outputs = [helper.make_tensor_value_info("answer", whole, axes)]
    if extra_output:
        node("ReduceMean", ["scores"], "aux", keepdims=1)
        outputs.insert(0, helper.make_tensor_value_info("aux", TensorProto.FLOAT, [1, 1, 1, 1]))
    shape = [batch, *size, 3] if nhwc else [batch, 3, *size]
    picture = helper.make_tensor_value_info("picture", kind, shape)
    graph = helper.make_graph(nodes, "tiny", [picture], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
