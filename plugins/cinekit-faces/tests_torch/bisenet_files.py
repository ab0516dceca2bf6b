"""BiSeNet networks with known weights, and what the public checkpoints hold."""

from __future__ import annotations

import torch
from cinekit_faces.bisenet_network import BiSeNet
from torch import nn

CLASSES = 19
BACKGROUND, HAIR = 0, 17


def published(spatial: bool = False) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in the public checkpoints, by the rules they follow.

    The counters of batch normalisation are left out.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def norm(name: str, n: int) -> None:
        for kind in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"{name}.{kind}"] = (n,)

    def conv(name: str, before: int, after: int, kernel: int = 1) -> None:
        shapes[f"{name}.weight"] = (after, before, kernel, kernel)

    def block(name: str, before: int, after: int, kernel: int = 1) -> None:
        conv(f"{name}.conv", before, after, kernel)
        norm(f"{name}.bn", after)

    conv("cp.resnet.conv1", 3, 64, 7)
    norm("cp.resnet.bn1", 64)
    before = 64
    for layer, width in enumerate((64, 128, 256, 512), 1):
        for i in (0, 1):
            name = f"cp.resnet.layer{layer}.{i}"
            conv(f"{name}.conv1", before, width, 3)
            norm(f"{name}.bn1", width)
            conv(f"{name}.conv2", width, width, 3)
            norm(f"{name}.bn2", width)
            if before != width:
                conv(f"{name}.downsample.0", before, width)
                norm(f"{name}.downsample.1", width)
            before = width
    for stride, width in ((16, 256), (32, 512)):
        block(f"cp.arm{stride}.conv", width, 128, 3)
        conv(f"cp.arm{stride}.conv_atten", 128, 128)
        norm(f"cp.arm{stride}.bn_atten", 128)
        block(f"cp.conv_head{stride}", 128, 128, 3)
    block("cp.conv_avg", 512, 128)
    if spatial:
        block("sp.conv1", 3, 64, 7)
        block("sp.conv2", 64, 64, 3)
        block("sp.conv3", 64, 64, 3)
        block("sp.conv_out", 64, 128)
    block("ffm.convblk", 256, 256)
    conv("ffm.conv1", 256, 64)
    conv("ffm.conv2", 64, 256)
    heads = (("conv_out", 256, 256), ("conv_out16", 128, 64), ("conv_out32", 128, 64))
    for name, before, width in heads:
        block(f"{name}.conv", before, width, 3)
        conv(f"{name}.conv_out", width, CLASSES)
    return shapes


def seeded(spatial: bool = False, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random weights under the published names, counters included; variances are positive."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in published(spatial).items():
        if name.endswith("running_var") or (len(shape) == 1 and name.endswith("weight")):
            weights[name] = 0.5 + torch.rand(shape, generator=generator)
        elif len(shape) == 1:
            weights[name] = 0.1 * torch.randn(shape, generator=generator)
        else:
            spread = (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
            weights[name] = spread * torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            counter = f"{name.removesuffix('running_var')}num_batches_tracked"
            weights[counter] = torch.tensor(80_000)
    return weights


def passing() -> BiSeNet:
    """A network that calls hair what is bright red, and all else background.

    Every layer that keeps its input passes one channel on; all others are zero.
    """
    network = BiSeNet(CLASSES).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.zero_()
        network.cp.resnet.conv1.weight[0, 0, 3, 3] = 1
        downsample = network.cp.resnet.get_submodule("layer2.0.downsample.0")
        for conv in (downsample, network.ffm.convblk.conv, network.conv_out.conv.conv):
            middle = conv.weight.shape[-1] // 2
            conv.weight[0, 0, middle, middle] = 1
        network.conv_out.conv.bn.bias[1] = 1
        network.conv_out.conv_out.weight[HAIR, 0] = 10
        network.conv_out.conv_out.weight[BACKGROUND, 1] = 10
    return network
