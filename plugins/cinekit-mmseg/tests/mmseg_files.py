"""Configs of mmsegmentation made narrow, and checkpoints of them with seeded random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from cinekit_mmseg.index import find_config
from cinekit_mmseg.network import MODELS, mmseg_scope, read_config

CONTEXT = "pascal-context-59-480x480"
WHOLE = {"mode": "whole"}
RESNET = {"depth": 18, "base_channels": 8, "stem_channels": 8}
RESNET_HEADS: dict[str, Any] = {
    "backbone": RESNET,
    "decode_head": {"in_channels": 64, "channels": 8},
    "auxiliary_head": {"in_channels": 32, "channels": 8},
    "test_cfg": WHOLE,
}
SWIN = {"embed_dims": 8, "depths": [1, 1, 1, 1], "num_heads": [1, 1, 2, 2]}
WIDTHS = [8, 16, 32, 64]

NARROW: dict[str, tuple[str, dict[str, Any]]] = {
    "fcn": (f"fcn_r101-d8_4xb4-80k_{CONTEXT}", RESNET_HEADS),
    "deeplabv3plus": (
        f"deeplabv3plus_r101-d8_4xb4-80k_{CONTEXT}",
        {
            **RESNET_HEADS,
            "decode_head": {
                **RESNET_HEADS["decode_head"],
                "c1_in_channels": 8,
                "c1_channels": 4,
                "dilations": (1, 2),
            },
        },
    ),
    "pspnet": (f"pspnet_r101-d8_4xb4-80k_{CONTEXT}", RESNET_HEADS),
    "segformer": (
        "segformer_mit-b2_8xb2-160k_ade20k-512x512",
        {
            "backbone": {"embed_dims": 4, "num_layers": [1, 1, 1, 1], "num_heads": [1, 1, 2, 4]},
            "decode_head": {"in_channels": [4, 4, 8, 16], "channels": 8},
        },
    ),
    "psanet": (
        "psanet_r50-d8_4xb4-20k_voc12aug-512x512",
        {**RESNET_HEADS, "decode_head": {**RESNET_HEADS["decode_head"], "mask_size": (7, 9)}},
    ),
    "swin_upernet": (
        "swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_ade20k-512x512",
        {
            "backbone": SWIN,
            "decode_head": {"in_channels": WIDTHS, "channels": 8},
            "auxiliary_head": {"in_channels": 32, "channels": 8},
        },
    ),
    "pointrend": (
        "pointrend_r50_4xb2-80k_cityscapes-512x1024",
        {"backbone": RESNET, "neck": {"in_channels": WIDTHS}},
    ),
}
"""Published networks by a short name: their names, and what makes them small."""


def narrow_config(folder: Path, name: str, size: int = 48, extra: str = "") -> Path:
    """A config file of that network, narrow, which tests pictures of at most this size."""
    published, model = NARROW[name]
    resize = {"type": "Resize", "scale": (size, size), "keep_ratio": True}
    pipeline = [{"type": "LoadImageFromFile"}, resize, {"type": "PackSegInputs"}]
    path = folder / f"narrow_{name}.py"
    lines = (
        f"_base_ = [{str(find_config(published).config)!r}]",
        f"model = {model!r}",
        f"test_pipeline = {pipeline!r}",
        extra,
    )
    path.write_text("\n".join(lines))
    return path


def narrow_network(config: Path) -> torch.nn.Module:
    """The network of a config with seeded random weights that let what it sees through."""
    torch.manual_seed(0)
    with mmseg_scope():
        model = MODELS.build(read_config(config).model).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
    return model


def write_checkpoint(path: Path, model: torch.nn.Module, **meta: Any) -> Path:
    """A checkpoint as mmsegmentation publishes them."""
    torch.save({"meta": meta, "state_dict": model.state_dict()}, path)
    return path
