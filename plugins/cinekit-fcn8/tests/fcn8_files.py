"""Narrow FCN-8s networks with seeded weights, as torch and Caffe files."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import torch
from cinekit_fcn8.network import FCN8s

WIDTHS, HIDDEN = (4, 4, 6, 8, 8), 10


def narrow(n_classes: int = 21, seed: int = 0) -> FCN8s:
    """A network of the published layout with few channels, whose scores depend on the picture."""
    torch.manual_seed(seed)
    network = FCN8s(n_classes, WIDTHS, HIDDEN).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("weight") and not name.startswith("upscore"):
            torch.nn.init.kaiming_normal_(parameter)
    with torch.no_grad():
        for score in (network.score_fr, network.score_pool3, network.score_pool4):
            score.weight *= 0.02
    return network


def blobs_of(network: FCN8s) -> dict[str, list[np.ndarray]]:
    """Weights and biases by layer."""
    out: dict[str, list[np.ndarray]] = {}
    for key, value in network.state_dict().items():
        out.setdefault(key.rpartition(".")[0], []).append(value.numpy())
    return out


def varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array: np.ndarray, form: str) -> bytes:
    """A BlobProto: "packed", "unpacked", "double" or, as before 2015, "legacy"."""
    if form == "legacy":
        dims = [1] * (4 - array.ndim) + list(array.shape)
        shape = b"".join(number(i, n) for i, n in enumerate(dims, 1))
    elif form == "unpacked":
        shape = field(7, b"".join(number(1, n) for n in array.shape))
    else:
        shape = field(7, field(1, b"".join(varint(n) for n in array.shape)))
    if form == "double":
        return shape + field(8, array.astype("<f8").tobytes())
    if form == "unpacked":
        return shape + b"".join(
            varint(5 << 3 | 5) + struct.pack("<f", value) for value in array.ravel()
        )
    return shape + field(5, array.astype("<f4").tobytes())


def write_caffemodel(path: Path, layers: dict[str, list[np.ndarray]], form: str = "packed") -> Path:
    """A NetParameter with these layers, and fields that a reader has to skip."""
    legacy = form == "legacy"
    name_field, blob_field, layer_field = (4, 6, 2) if legacy else (1, 7, 100)
    out = field(1, b"a net")
    for name, blobs in layers.items():
        layer = field(name_field, name.encode()) + number(10, 1)
        layer += varint(15 << 3 | 5) + struct.pack("<f", 0.5)
        layer += b"".join(field(blob_field, blob(array, form)) for array in blobs)
        out += field(layer_field, layer)
        out += field(layer_field, field(name_field, f"relu_{name}".encode()))
    path.write_bytes(out)
    return path
