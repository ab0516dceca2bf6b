"""Weights files to a network: published Caffe models and torch state dicts."""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from cinekit.errors import WeightsError
from cinekit.text import one_line
from cinekit_fcn8.caffemodel import read_caffemodel
from cinekit_fcn8.network import FCN8s, bilinear

Weights = dict[str, Tensor]

CONTAINERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the state dict."""

AT_ONCE = {"score_pool4": 0.01, "score_pool3": 0.0001}
"""What the at-once variant multiplies pool4 and pool3 with before they are scored."""

BLOCKS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")


def load_network(path: Path, at_once: bool = False) -> FCN8s:
    """The network that is in a file, ready to run; its widths and classes are those of the file.

    at_once : the state dict is of the at-once variant; a Caffe model says so itself.

    Raises
    ------
    WeightsError
        When the file is damaged, or of another network; names the first weight that does not fit.
    """
    if path.suffix == ".caffemodel":
        weights = caffe_weights(path)
    else:
        weights = torch_weights(path)
        if at_once:
            for name, factor in AT_ONCE.items():
                if f"{name}.weight" in weights:
                    weights[f"{name}.weight"] = weights[f"{name}.weight"] * factor
    return build(weights, path.name)


def caffe_weights(path: Path) -> Weights:
    """The blobs of a Caffe model under the names of :class:`FCN8s`.

    The at-once variant scales pool4 and pool3 by a layer of its own; a scale before a convolution
    is a scale of its weights.
    """
    layers = read_caffemodel(path)
    weights: Weights = {}
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


def torch_weights(path: Path) -> Weights:
    """A state dict from a file that torch wrote; nothing in it is executed."""
    try:
        with warnings.catch_warnings():
            # It warns of what it then refuses, and the refusal is told below.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError) as error:
        raise _damaged(path, error) from error
    except (pickle.UnpicklingError, zipfile.BadZipFile, AttributeError, IndexError) as error:
        raise _damaged(path, error) from error
    for key in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
    if not isinstance(content, Mapping) or not all(
        isinstance(value, Tensor) for value in content.values()
    ):
        raise WeightsError(
            f"expected {path.name!r} to hold a state dict of torch, or a Caffe model to end in "
            ".caffemodel"
        )
    # What torch.nn.DataParallel saves has a prefix.
    return {str(key).removeprefix("module."): value for key, value in content.items()}


def build(weights: Weights, name: str) -> FCN8s:
    """A network of the widths of these weights, with these weights.

    Deconvolutions that are not in the file interpolate bilinearly, as they did when published.
    """
    for needed in (*BLOCKS, "fc6", "score_fr"):
        if weights.get(f"{needed}.weight") is None or weights[f"{needed}.weight"].ndim != 4:
            raise WeightsError(
                f"expected {name!r} to hold FCN-8s, its layer {needed!r} is missing; "
                f"the file has {_some(weights)}"
            )
    with torch.device("meta"):
        network = FCN8s(
            n_classes=weights["score_fr.weight"].shape[0],
            widths=[weights[f"{block}.weight"].shape[0] for block in BLOCKS],
            hidden=weights["fc6.weight"].shape[0],
        )
    complete = {**_interpolation(network), **weights}
    for key, own in network.state_dict().items():
        found = complete.get(key)
        if found is None:
            raise WeightsError(f"expected {name!r} to hold FCN-8s, its weight {key!r} is missing")
        if found.shape != own.shape:
            raise WeightsError(
                f"expected {key!r} of {name!r} to be {list(own.shape)}, it is {list(found.shape)}"
            )
        if not bool(torch.isfinite(found).all()):
            raise WeightsError(f"{name!r} is damaged: {key!r} is not finite; get the file again")
    wanted = {key: complete[key].float() for key in network.state_dict()}
    network.load_state_dict(wanted, assign=True)
    return network.eval().requires_grad_(False)


def _interpolation(network: FCN8s) -> Weights:
    """Weights of the deconvolutions that interpolate, in the shapes of this network."""
    weights = {}
    for key, own in network.state_dict().items():
        if key.startswith("upscore"):
            weights[key] = bilinear(own.shape[0], own.shape[-1])
    return weights


def _some(weights: Weights, most: int = 4) -> str:
    names = ", ".join(list(weights)[:most])
    return f"{names} and {len(weights) - most} more" if len(weights) > most else names or "nothing"


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path.name!r} is no file of torch weights that can be read safely, or is damaged "
        f"({one_line(error)[:120]}); get the file again"
    )
