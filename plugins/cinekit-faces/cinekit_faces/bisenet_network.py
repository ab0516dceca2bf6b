"""BiSeNet as the public face parsers have it.

C. Yu et al.: *BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation*, ECCV
2018, Fig. 2, with ResNet-18 (He et al., CVPR 2016) as context path. The paper keeps detail in a
spatial path of its own; the public face parsers take stride 8 of the ResNet in its place. Modules
carry the names of their checkpoints.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from cinekit import read_weights

RESNET_WIDTHS = (64, 128, 256, 512)
"""Channels at strides 4, 8, 16 and 32."""

CONTEXT = 128
"""Channels of the context path, and of the spatial path."""


class ConvBlock(nn.Module):
    """Convolution, batch normalisation, ReLU; strides halve (h, w), rounded up."""

    def __init__(self, before: int, after: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(after)

    def forward(self, value: Tensor) -> Tensor:
        """(n, before, h, w) to (n, after, h / stride, w / stride)."""
        return torch.relu(self.bn(self.conv(value)))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around which the input is led (He et al., Fig. 2)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.downsample: nn.Module = nn.Identity()
        if stride > 1 or before != after:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after)
            )

    def forward(self, value: Tensor) -> Tensor:
        """(n, before, h, w) to (n, after, h / stride, w / stride)."""
        inner = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(value)))))
        return torch.relu(inner + self.downsample(value))


class ResNet18(nn.Module):
    """The trunk of ResNet-18: what it sees at strides 8, 16 and 32."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, RESNET_WIDTHS[0], 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(RESNET_WIDTHS[0])
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        before = RESNET_WIDTHS[0]
        for i, width in enumerate(RESNET_WIDTHS, 1):
            first = BasicBlock(before, width, stride=1 if i == 1 else 2)
            self.add_module(f"layer{i}", nn.Sequential(first, BasicBlock(width, width, 1)))
            before = width

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(n, 3, H, W) to 128 channels at stride 8, 256 at 16, 512 at 32."""
        value = self.maxpool(torch.relu(self.bn1(self.conv1(picture))))
        value = self.get_submodule("layer1")(value)
        at8 = self.get_submodule("layer2")(value)
        at16 = self.get_submodule("layer3")(at8)
        return at8, at16, self.get_submodule("layer4")(at16)


class AttentionRefinement(nn.Module):
    """ARM (Fig. 2b): channels weighed by what the whole picture shows."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.conv = ConvBlock(before, after, 3)
        self.conv_atten = nn.Conv2d(after, after, 1, bias=False)
        self.bn_atten = nn.BatchNorm2d(after)

    def forward(self, value: Tensor) -> Tensor:
        """(n, before, h, w) to (n, after, h, w)."""
        value = self.conv(value)
        return value * torch.sigmoid(self.bn_atten(self.conv_atten(_mean(value))))


class ContextPath(nn.Module):
    """ResNet-18, refined from stride 32 up to 8, with the mean of the whole picture added."""

    def __init__(self) -> None:
        super().__init__()
        self.resnet = ResNet18()
        self.arm16 = AttentionRefinement(RESNET_WIDTHS[2], CONTEXT)
        self.arm32 = AttentionRefinement(RESNET_WIDTHS[3], CONTEXT)
        self.conv_head32 = ConvBlock(CONTEXT, CONTEXT, 3)
        self.conv_head16 = ConvBlock(CONTEXT, CONTEXT, 3)
        self.conv_avg = ConvBlock(RESNET_WIDTHS[3], CONTEXT, 1)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """What the ResNet sees at stride 8, and the context there: both (n, 128, h, w)."""
        at8, at16, at32 = self.resnet(picture)
        value = self.arm32(at32) + self.conv_avg(_mean(at32))
        value = self.conv_head32(functional.interpolate(value, at16.shape[2:]))
        value = self.arm16(at16) + value
        return at8, self.conv_head16(functional.interpolate(value, at8.shape[2:]))


class SpatialPath(nn.Module):
    """Three convolutions down to stride 8 (Fig. 2a), in networks that keep to the paper."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = ConvBlock(3, 64, 7, 2)
        self.conv2 = ConvBlock(64, 64, 3, 2)
        self.conv3 = ConvBlock(64, 64, 3, 2)
        self.conv_out = ConvBlock(64, CONTEXT, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """(n, 3, H, W) to (n, 128, h, w) at stride 8."""
        value: Tensor = self.conv_out(self.conv3(self.conv2(self.conv1(picture))))
        return value


class FeatureFusion(nn.Module):
    """FFM (Fig. 2c): detail and context joined, and weighed by what the whole picture shows."""

    def __init__(self) -> None:
        super().__init__()
        width = 2 * CONTEXT
        self.convblk = ConvBlock(width, width, 1)
        self.conv1 = nn.Conv2d(width, width // 4, 1, bias=False)
        self.conv2 = nn.Conv2d(width // 4, width, 1, bias=False)

    def forward(self, detail: Tensor, context: Tensor) -> Tensor:
        """Two of (n, 128, h, w) to (n, 256, h, w)."""
        value: Tensor = self.convblk(torch.cat([detail, context], dim=1))
        attention = self.conv2(torch.relu(self.conv1(_mean(value))))
        return value + value * torch.sigmoid(attention)


class Head(nn.Module):
    """Scores of the classes, at stride 8."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.conv = ConvBlock(2 * CONTEXT, 2 * CONTEXT, 3)
        self.conv_out = nn.Conv2d(2 * CONTEXT, n_classes, 1, bias=False)

    def forward(self, value: Tensor) -> Tensor:
        """(n, 256, h, w) to (n, classes, h, w)."""
        scores: Tensor = self.conv_out(self.conv(value))
        return scores


class BiSeNet(nn.Module):
    """(n, 3, H, W) pictures to (n, classes, H, W) scores.

    Input is RGB, ``(pixel / 255 - mean) / std`` with ImageNet's mean and std. The heads at strides
    8 and 16 that training adds are left out.

    spatial : with the paper's spatial path; else stride 8 of the ResNet stands in for it.
    """

    def __init__(self, n_classes: int, spatial: bool = False) -> None:
        super().__init__()
        self.cp = ContextPath()
        self.sp = SpatialPath() if spatial else None
        self.ffm = FeatureFusion()
        self.conv_out = Head(n_classes)

    def forward(self, picture: Tensor) -> Tensor:
        """Scores before the softmax, one per class and pixel."""
        detail, context = self.cp(picture)
        if self.sp is not None:
            detail = self.sp(picture)
        scores = self.conv_out(self.ffm(detail, context))
        # Aligned by the corners, as it was trained: the first cell lies on the first pixel.
        return functional.interpolate(
            scores, picture.shape[2:], mode="bilinear", align_corners=True
        )


def load_network(path: Path) -> BiSeNet:
    """The network that is in a file; it says itself how many classes there are, and which path.

    Raises
    ------
    WeightsError
        When the file is damaged, or of another network; names the first weight that does not fit.
    """
    weights = read_weights(path, "BiSeNet")
    n_classes = weights.width("conv_out.conv_out.weight", 4)
    with torch.device("meta"):
        network = BiSeNet(n_classes, spatial="sp.conv1.conv.weight" in weights.tensors)
    filled: BiSeNet = weights.into(network)
    return filled


def _mean(value: Tensor) -> Tensor:
    """Over the picture: (n, c, h, w) to (n, c, 1, 1)."""
    return value.mean(dim=(2, 3), keepdim=True)
