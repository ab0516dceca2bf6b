"""A small reader of .caffemodel files: the weights alone, without Caffe or protobuf.

The file is one ``NetParameter`` message in protobuf's wire format: a sequence of fields, each a key
``number << 3 | type`` as a varint and a value. Only these fields are read (caffe.proto):

    NetParameter        100 layer (LayerParameter), 2 layers (V1LayerParameter, before 2015)
    LayerParameter      1 name, 7 blobs
    V1LayerParameter    4 name, 6 blobs
    BlobProto           7 shape, 5 data (float), 8 double_data, 1 to 4 num, channels, height, width
    BlobShape           1 dim
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cinekit import WeightsError

Blobs = dict[str, list[NDArray[np.float32]]]

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

LAYER = {100: (1, 7), 2: (4, 6)}
"""Field of NetParameter -> fields of the layer's name and blobs."""

LEGACY = (1, 2, 3, 4)
SHAPE, DATA, DOUBLES, DIM = 7, 5, 8, 1


class WireError(ValueError):
    """The bytes are no message."""


def read_caffemodel(path: Path) -> Blobs:
    """The blobs of every layer that has some: float32 arrays by the layer's name.

    Raises
    ------
    WeightsError
        When it is no Caffe model, or not all of it.
    """
    try:
        layers = dict(_layers(_content(path)))
    except (WireError, UnicodeDecodeError) as error:
        raise WeightsError(
            f"{path.name!r} is no Caffe model, or not all of it ({error}); get the file again"
        ) from error
    if not layers:
        raise WeightsError(f"{path.name!r} is no Caffe model: it has no layer with weights")
    return layers


def _content(path: Path) -> memoryview:
    """The file, mapped: half a gigabyte is touched once, layer by layer."""
    if path.stat().st_size == 0:
        return memoryview(b"")
    with path.open("rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _layers(message: memoryview) -> Iterator[tuple[str, list[NDArray[np.float32]]]]:
    for number, value in fields(message):
        if number in LAYER and isinstance(value, memoryview):
            name_field, blob_field = LAYER[number]
            name, blobs = "", []
            for inner, part in fields(value):
                if not isinstance(part, memoryview):
                    continue
                if inner == name_field:
                    name = bytes(part).decode()
                elif inner == blob_field:
                    blobs.append(_blob(part))
            if blobs:
                yield name, blobs


def _blob(message: memoryview) -> NDArray[np.float32]:
    shape: list[int] = []
    legacy = dict.fromkeys(LEGACY, 1)
    parts: list[NDArray[np.float32]] = []
    for number, value in fields(message):
        if number == SHAPE and isinstance(value, memoryview):
            shape = list(_dims(value))
        elif number in LEGACY and isinstance(value, int):
            legacy[number] = value
        elif number in (DATA, DOUBLES) and isinstance(value, memoryview):
            kind = np.dtype("<f4" if number == DATA else "<f8")
            if len(value) % kind.itemsize:
                raise WireError(f"{len(value)} bytes are no whole number of values")
            parts.append(np.frombuffer(value, kind).astype(np.float32))
    data = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    dims = shape or [legacy[k] for k in LEGACY]
    if np.prod(dims, dtype=np.int64) != data.size:
        raise WireError(f"{data.size} values for a blob of {dims}")
    return data.reshape(dims)


def _dims(message: memoryview) -> Iterator[int]:
    """The sizes of a BlobShape, packed or one by one."""
    for number, value in fields(message):
        if number != DIM:
            continue
        if isinstance(value, int):
            yield value
            continue
        at = 0
        while at < len(value):
            size, at = _varint(value, at)
            yield size


def fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Number and value of every field: an int for varints, the bytes for all others.

    Raises
    ------
    WireError
        When a field goes beyond the end, or is of no known type.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            length, at = _varint(message, at)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"field {number} has the unknown wire type {kind}")
        if number == 0 or at + length > len(message):
            raise WireError(f"field {number} of {length} bytes ends beyond byte {len(message)}")
        yield number, message[at : at + length]
        at += length


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """A base-128 number, least significant group first, and the position behind it."""
    value = shift = 0
    while True:
        if at >= len(message) or shift > 63:
            raise WireError(f"a number ends beyond byte {len(message)}")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
