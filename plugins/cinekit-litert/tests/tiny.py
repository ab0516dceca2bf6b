"""Networks of one or two layers, written as .tflite files with LiteRT's own schema."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as fb


def write(
    path: Path,
    weights: np.ndarray,
    size: tuple[int, int] = (16, 24),
    last: str | None = None,
    quantised: bool = False,
) -> Path:
    """A 1x1 convolution from RGB to n channels, and perhaps a last layer.

    weights : (n, 4), red, green, blue and bias.
    last : None, "argmax" or "sigmoid".
    quantised : uint8 in (value = (q - 128) / 128) and uint8 out (value = (q - 128) / 16).
    """
    n = len(weights)
    model = fb.ModelT()
    model.version = 3
    model.buffers = [fb.BufferT()]
    graph = fb.SubGraphT()
    graph.tensors, graph.operators = [], []
    model.operatorCodes, model.subgraphs = [], [graph]

    def tensor(name, shape, kind=fb.TensorType.FLOAT32, data=None, scale=None):
        one = fb.TensorT()
        one.name, one.shape, one.type = name, list(shape), kind
        if scale is not None:
            one.quantization = fb.QuantizationParametersT()
            one.quantization.scale, one.quantization.zeroPoint = [scale], [128]
        if data is not None:
            buffer = fb.BufferT()
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
            model.buffers.append(buffer)
            one.buffer = len(model.buffers) - 1
        graph.tensors.append(one)
        return len(graph.tensors) - 1

    def layer(code, inputs, output, kind=0, options=None):
        operator_code = fb.OperatorCodeT()
        operator_code.builtinCode = operator_code.deprecatedBuiltinCode = code
        operator_code.version = 1
        model.operatorCodes.append(operator_code)
        operator = fb.OperatorT()
        operator.opcodeIndex = len(model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType, operator.builtinOptions = kind, options
        graph.operators.append(operator)
        return output

    def convolution(start):
        kernel = np.ascontiguousarray(weights[:, :3], np.float32).reshape(n, 1, 1, 3)
        options = fb.Conv2DOptionsT()
        options.strideH = options.strideW = 1
        options.dilationHFactor = options.dilationWFactor = 1
        constants = [
            tensor("kernel", kernel.shape, data=kernel),
            tensor("bias", (n,), data=np.ascontiguousarray(weights[:, 3], np.float32)),
        ]
        out = tensor("scores", (1, *size, n))
        kind = fb.BuiltinOptions.Conv2DOptions
        return layer(fb.BuiltinOperator.CONV_2D, [start, *constants], out, kind, options)

    if quantised:
        first = tensor("picture", (1, *size, 3), fb.TensorType.UINT8, scale=1 / 128)
        real = tensor("values", (1, *size, 3))
        layer(fb.BuiltinOperator.DEQUANTIZE, [first], real)
        scores = convolution(real)
        out = tensor("answer", (1, *size, n), fb.TensorType.UINT8, scale=1 / 16)
        layer(fb.BuiltinOperator.QUANTIZE, [scores], out)
    else:
        first = tensor("picture", (1, *size, 3))
        out = convolution(first)
        if last == "sigmoid":
            out = layer(fb.BuiltinOperator.LOGISTIC, [out], tensor("answer", (1, *size, n)))
        if last == "argmax":
            axis = tensor("axis", (), fb.TensorType.INT32, data=np.array(3, np.int32))
            options = fb.ArgMaxOptionsT()
            options.outputType = fb.TensorType.INT64
            index = tensor("answer", (1, *size), fb.TensorType.INT64)
            kind = fb.BuiltinOptions.ArgMaxOptions
            out = layer(fb.BuiltinOperator.ARG_MAX, [out, axis], index, kind, options)
    graph.inputs, graph.outputs = [first], [out]

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    path.write_bytes(builder.Output())
    return path


RED_OR_BLUE = np.array([[0, 0, 0, 0.5], [9, 0, -9, 0], [-9, 0, 9, 0]], np.float32)
"""Background, person where it is red, sky where it is blue."""
