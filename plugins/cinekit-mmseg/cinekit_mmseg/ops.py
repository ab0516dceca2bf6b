"""Stand-ins for the compiled operations of mmcv, which mmcv-lite does not bring.

Compiled mmcv has no wheels for current torch; mmcv-lite is the same package without its extension
module ``mmcv._ext``, which mmsegmentation imports through ``mmcv.ops`` nevertheless. At inference
its networks call one operation of it, the mask of PSANet, which is written here in torch. All
others exist so that the import succeeds, and say what they are when they are called.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from cinekit import MissingDependencyError

EXTENSION = "mmcv._ext"

COLLECT = 0
"""``psa_type`` of a mask over what a position takes from others; 1 distributes to others."""


def provide_compiled_ops() -> None:
    """Let ``mmcv.ops`` be imported where mmcv has no compiled extension; else change nothing."""
    if EXTENSION not in sys.modules and importlib.util.find_spec(EXTENSION) is None:
        module = _CompiledOps(EXTENSION)
        # Without a loader, which is how mmcv asks whether its operations are compiled.
        module.__spec__ = ModuleSpec(EXTENSION, loader=None)
        sys.modules[EXTENSION] = module


class _CompiledOps(ModuleType):
    """Has every operation that is asked for."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return OPS.get(name) or _missing(name)


def _missing(name: str) -> Callable[..., Any]:
    def operation(*_: Any, **__: Any) -> Any:
        raise MissingDependencyError(
            f"this network calls {name!r}, a compiled operation that mmcv-lite does not have: "
            "use another network, or build mmcv 2.1 from source in place of mmcv-lite"
        )

    return operation


def psamask_forward(
    mask: Tensor,
    out: Tensor,
    *,
    psa_type: int,
    h_mask: int,
    w_mask: int,
    half_h_mask: int,
    half_w_mask: int,
    **_: int,
) -> None:
    """Spread the attention that each position has over its surroundings onto the whole map.

    H. Zhao et al.: *PSANet: Point-wise Spatial Attention Network for Scene Parsing*, ECCV 2018,
    section 3.3. With cell (i, j) of the mask of position (y, x) at (y + i - half_h, x + j - half_w)
    collecting sets ``out[:, that position, y, x]``, distributing ``out[:, (y, x), that position]``;
    what the mask does not reach is 0.

    mask : float (n, h_mask * w_mask, h, w); out : float (n, h * w, h, w), written in place.
    """
    n, _channels, h, w = mask.shape
    y = torch.arange(h, device=mask.device)
    x = torch.arange(w, device=mask.device)
    i = y[:, None] - y[None, :] + half_h_mask  # (h there, h here)
    j = x[:, None] - x[None, :] + half_w_mask  # (w there, w here)
    row, column = i[:, None, :, None], j[None, :, None, :]
    reached = (row >= 0) & (row < h_mask) & (column >= 0) & (column < w_mask)  # (h, w, h, w)
    cell = (row * w_mask + column).where(reached, 0).reshape(1, h * w, h, w)
    spread = mask.gather(1, cell.expand(n, -1, -1, -1)) * reached.reshape(1, h * w, h, w)
    if psa_type != COLLECT:
        spread = spread.reshape(n, h * w, h * w).transpose(1, 2).reshape(out.shape)
    out.copy_(spread)


OPS: dict[str, Callable[..., Any]] = {"psamask_forward": psamask_forward}
