"""Narrow C3D networks with seeded weights."""

from __future__ import annotations

import torch
from cinekit_c3d.network import C3D, NAMES

WIDTHS, HIDDEN = (2, 3, 4, 5, 6), 128

STYLES = ("named", "numbered", "mmaction")
"""Of the keys in public checkpoints, in the order of :data:`cinekit_c3d.network.NAMES`."""


def narrow(seed: int = 0) -> C3D:
    """A network of the published layout with few channels, whose answer depends on the clip."""
    torch.manual_seed(seed)
    network = C3D(WIDTHS, HIDDEN).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            torch.nn.init.kaiming_normal_(parameter)
    return network


def weights_of(network: C3D, style: str = "named") -> dict[str, torch.Tensor]:
    """Its weights under the names of a public checkpoint, with layers that nobody needs here."""
    weights = {}
    for key, value in network.state_dict().items():
        layer, _, kind = key.rpartition(".")
        weights[f"{NAMES[layer][STYLES.index(style)]}.{kind}"] = value
    last = "classifier.3" if style == "numbered" else "fc7"
    weights[f"{last}.weight"] = torch.zeros(HIDDEN, HIDDEN)
    weights[f"{last}.bias"] = torch.zeros(HIDDEN)
    return weights
