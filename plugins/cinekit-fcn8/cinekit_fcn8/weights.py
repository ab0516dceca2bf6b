"""Weights files to a network: published Caffe models and torch state dicts."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from cinekit import TorchWeights, read_weights
from cinekit_fcn8.caffemodel import read_caffemodel
from cinekit_fcn8.network import FCN8s, bilinear

AT_ONCE = {"score_pool4": 0.01, "score_pool3": 0.0001}
"""What the at-once variant multiplies pool4 and pool3 with before they are scored."""

BLOCKS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")

NETWORK = "FCN-8s"


def load_network(path: Path, at_once: bool = False) -> FCN8s:
    """The network that is in a file, ready to run; its widths and classes are those of the file.

    at_once : the state dict is of the at-once variant; a Caffe model says so itself.

    Raises
    ------
    WeightsError
        When the file is damaged, or of another network; names the first weight that does not fit.
    """
    if path.suffix == ".caffemodel":
        return build(TorchWeights(caffe_weights(path), path.name, NETWORK))
    weights = read_weights(path, NETWORK)
    return build(scaled(weights) if at_once else weights)


def scaled(weights: TorchWeights) -> TorchWeights:
    """Those of the at-once variant, its factors taken into the weights that they scale."""
    tensors = dict(weights.tensors)
    for name, factor in AT_ONCE.items():
        if f"{name}.weight" in tensors:
            tensors[f"{name}.weight"] = tensors[f"{name}.weight"] * factor
    return dataclasses.replace(weights, tensors=tensors)


def caffe_weights(path: Path) -> dict[str, Tensor]:
    """The blobs of a Caffe model under the names of :class:`FCN8s`.

    The at-once variant scales pool4 and pool3 by a layer of its own; a scale before a convolution
    is a scale of its weights.
    """
    layers = read_caffemodel(path)
    weights: dict[str, Tensor] = {}
    for name, blobs in layers.items():
        for blob, kind in zip(blobs, ("weight", "bias"), strict=False):
            weights[f"{name}.{kind}"] = torch.from_numpy(blob)
    for pool in ("pool3", "pool4"):
        scale = weights.pop(f"scale_{pool}.weight", None)
        if scale is not None:
            name = f"score_{pool}.weight"
            if name in weights:
                weights[name] = weights[name] * scale.reshape(1, -1, 1, 1)
    # Until 2015 every blob had four axes, biases included.
    return {k: v.flatten() if k.endswith(".bias") else v for k, v in weights.items()}


def build(weights: TorchWeights) -> FCN8s:
    """A network of the widths of these weights, with these weights.

    Deconvolutions that are not in the file interpolate bilinearly, as they did when published.
    """
    widths = [weights.width(f"{block}.weight", 4) for block in BLOCKS]
    hidden, n_classes = (weights.width(f"{name}.weight", 4) for name in ("fc6", "score_fr"))
    with torch.device("meta"):
        network = FCN8s(n_classes, widths, hidden)
    complete = {**_interpolation(network), **weights.tensors}
    filled: FCN8s = dataclasses.replace(weights, tensors=complete).into(network)
    return filled


def _interpolation(network: FCN8s) -> dict[str, Tensor]:
    """Weights of the deconvolutions that interpolate, in the shapes of this network."""
    weights = {}
    for key, own in network.state_dict().items():
        if key.startswith("upscore"):
            weights[key] = bilinear(own.shape[0], own.shape[-1])
    return weights
