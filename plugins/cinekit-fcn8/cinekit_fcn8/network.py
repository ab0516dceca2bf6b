"""FCN-8s as published: VGG-16 made convolutional, with skips from pool3 and pool4.

E. Shelhamer, J. Long, T. Darrell: *Fully Convolutional Networks for Semantic Segmentation*, TPAMI
39(4), 2017, Fig. 3, with the paddings and crops of their reference networks. Modules carry the
names of the published Caffe layers, which torch ports of it use as well.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

PAD = 100
"""Of the first convolution: fc6 is 7x7 at stride 32, and needs that much around a small picture."""

CROP_POOL4, CROP_POOL3, CROP_SCORE = 5, 9, 31
"""Where the upsampled scores begin within each skip and within the padded picture: half of what the
padding adds at that stride, minus what the convolutions and deconvolutions have eaten."""

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = (2, 2, 3, 3, 3)
HIDDEN = 4096
"""Of VGG-16."""


class FCN8s(nn.Module):
    """(n, 3, H, W) pictures to (n, classes, H, W) scores.

    Input is BGR in [0, 255] minus :data:`cinekit_fcn8.segmenter.MEAN_BGR`.

    widths : channels of the five blocks; hidden : of fc6 and fc7. Those of VGG-16 by default.
    """

    def __init__(
        self, n_classes: int, widths: Sequence[int] = WIDTHS, hidden: int = HIDDEN
    ) -> None:
        super().__init__()
        before = 3
        for block, (width, depth) in enumerate(zip(widths, DEPTHS, strict=True), 1):
            for i in range(1, depth + 1):
                pad = PAD if block == i == 1 else 1
                self.add_module(f"conv{block}_{i}", nn.Conv2d(before, width, 3, padding=pad))
                before = width
            # Caffe rounds the size of a pooled map up.
            self.add_module(f"pool{block}", nn.MaxPool2d(2, 2, ceil_mode=True))
        self.fc6 = nn.Conv2d(widths[4], hidden, 7)
        self.fc7 = nn.Conv2d(hidden, hidden, 1)
        self.score_fr = nn.Conv2d(hidden, n_classes, 1)
        self.score_pool4 = nn.Conv2d(widths[3], n_classes, 1)
        self.score_pool3 = nn.Conv2d(widths[2], n_classes, 1)
        self.upscore2 = nn.ConvTranspose2d(n_classes, n_classes, 4, 2, bias=False)
        self.upscore_pool4 = nn.ConvTranspose2d(n_classes, n_classes, 4, 2, bias=False)
        self.upscore8 = nn.ConvTranspose2d(n_classes, n_classes, 16, 8, bias=False)
        for name in ("upscore2", "upscore_pool4", "upscore8"):
            deconvolution = self.get_submodule(name)
            assert isinstance(deconvolution, nn.ConvTranspose2d)
            size = deconvolution.kernel_size[0]
            with torch.no_grad():
                deconvolution.weight.copy_(bilinear(n_classes, size))

    def forward(self, picture: Tensor) -> Tensor:
        """Scores before the softmax, one per class and pixel."""
        height, width = picture.shape[-2:]
        value, pooled = picture, []
        for block, depth in enumerate(DEPTHS, 1):
            for i in range(1, depth + 1):
                value = torch.relu(self.get_submodule(f"conv{block}_{i}")(value))
            value = self.get_submodule(f"pool{block}")(value)
            pooled.append(value)
        value = torch.relu(self.fc7(torch.relu(self.fc6(value))))
        score: Tensor = self.upscore2(self.score_fr(value))
        score = score + _crop(self.score_pool4(pooled[3]), CROP_POOL4, score.shape)
        score = self.upscore_pool4(score)
        score = score + _crop(self.score_pool3(pooled[2]), CROP_POOL3, score.shape)
        return _crop(self.upscore8(score), CROP_SCORE, (height, width))


def bilinear(n_classes: int, size: int) -> Tensor:
    """The weights of a deconvolution that interpolates every class: float32 (n, n, size, size)."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    ramp = 1 - (torch.arange(size, dtype=torch.float32) - centre).abs() / factor
    weight = torch.zeros(n_classes, n_classes, size, size)
    weight[range(n_classes), range(n_classes)] = ramp[:, None] * ramp[None, :]
    return weight


def _crop(score: Tensor, offset: int, shape: Sequence[int]) -> Tensor:
    """The window of ``score`` that begins at (offset, offset) and has the last two sizes."""
    height, width = shape[-2], shape[-1]
    return score[..., offset : offset + height, offset : offset + width]
