"""Segmentation networks in ONNX files, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping

from cinekit import LazyComponents, Segmenter, hookimpl


@hookimpl
def cinekit_segmenters() -> Mapping[str, type[Segmenter]]:
    """``onnx``; a network of one's own is a yaml option with its settings."""
    return LazyComponents({"onnx": "cinekit_onnx.segmenter:OnnxSegmenter"})
