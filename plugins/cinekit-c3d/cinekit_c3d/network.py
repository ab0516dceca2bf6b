"""C3D as published, up to fc6.

D. Tran, L. Bourdev, R. Fergus, L. Torresani, M. Paluri: *Learning Spatiotemporal Features with 3D
Convolutional Networks*, ICCV 2015, Fig. 3. Modules carry the names of the paper.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from cinekit import read_weights

FRAMES, SIDE = 16, 112
"""What it looks at: so many frames of SIDE x SIDE pixels."""

WIDTHS = (64, 128, 256, 512, 512)
HIDDEN = 4096

BLOCKS = (
    *(("conv1a",), ("conv2a",)),
    *(("conv3a", "conv3b"), ("conv4a", "conv4b"), ("conv5a", "conv5b")),
)
"""Convolutions before each pooling."""

CELLS = 1 * 4 * 4
"""That pool5 leaves of 16 frames of 112x112: time, height, width."""

NAMES = {
    "conv1a": ("conv1", "features.0", "conv1a.conv"),
    "conv2a": ("conv2", "features.3", "conv2a.conv"),
    "conv3a": ("conv3a", "features.6", "conv3a.conv"),
    "conv3b": ("conv3b", "features.8", "conv3b.conv"),
    "conv4a": ("conv4a", "features.11", "conv4a.conv"),
    "conv4b": ("conv4b", "features.13", "conv4b.conv"),
    "conv5a": ("conv5a", "features.16", "conv5a.conv"),
    "conv5b": ("conv5b", "features.18", "conv5b.conv"),
    "fc6": ("fc6", "classifier.0", "fc6"),
}
"""The paper's name of a layer -> its names in the public checkpoints: c3d.pickle and what was
fine-tuned from it, c3d-pretrained.pth, and c3d_sports1m_pretrain of MMAction2."""


class C3D(nn.Module):
    """(n, 3, 16, 112, 112) clips to the activations of fc6, (n, 4096), not negative.

    Input is BGR in [0, 255] minus the mean; see :mod:`cinekit_c3d.clips`.

    widths : channels of the five blocks; hidden : of fc6. The published ones by default.
    """

    def __init__(self, widths: Sequence[int] = WIDTHS, hidden: int = HIDDEN) -> None:
        super().__init__()
        before = 3
        for block, (names, width) in enumerate(zip(BLOCKS, widths, strict=True), 1):
            for name in names:
                self.add_module(name, nn.Conv3d(before, width, 3, padding=1))
                before = width
            # The first keeps time whole. The last meets 7x7 cells: Caffe, which it was trained in,
            # rounds up, so that a window begins at the first cell. Ports to torch that pad both
            # sides instead look through other windows than the weights were learnt with.
            size = (1, 2, 2) if block == 1 else (2, 2, 2)
            self.add_module(f"pool{block}", nn.MaxPool3d(size, size, ceil_mode=True))
        self.fc6 = nn.Linear(before * CELLS, hidden)

    def forward(self, clip: Tensor) -> Tensor:
        """What it sees in each clip, after the ReLU."""
        value = clip
        for block, names in enumerate(BLOCKS, 1):
            for name in names:
                value = torch.relu(self.get_submodule(name)(value))
            value = self.get_submodule(f"pool{block}")(value)
        return torch.relu(self.fc6(value.flatten(1)))


def load_network(path: Path) -> C3D:
    """The network that is in a file, ready to run; its widths are those of the file.

    fc7 and fc8, which name kinds of sports, are left out.

    Raises
    ------
    WeightsError
        When the file is damaged, or of another network; names the first weight that does not fit.
    """
    weights = read_weights(path, "C3D")
    paper = {other: name for name, others in NAMES.items() for other in others}
    tensors = {}
    for key, value in weights.tensors.items():
        layer, _, kind = key.rpartition(".")
        tensors[f"{paper.get(layer, layer)}.{kind}"] = value
    weights = dataclasses.replace(weights, tensors=tensors)
    widths = [weights.width(f"{names[-1]}.weight", 5) for names in BLOCKS]
    with torch.device("meta"):
        network = C3D(widths, hidden=weights.width("fc6.weight", 2))
    filled: C3D = weights.into(network)
    return filled
