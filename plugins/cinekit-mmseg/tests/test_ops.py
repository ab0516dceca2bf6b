from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
from cinekit_mmseg import network  # noqa: F401 - provides the operations
from cinekit_mmseg.ops import EXTENSION, provide_compiled_ops

from cinekit import MissingDependencyError


def spread_by_loops(mask: np.ndarray, size: tuple[int, int], collect: bool) -> np.ndarray:
    """The plain twin of ``psamask_forward``: (n, h_mask * w_mask, h, w) to (n, h * w, h, w)."""
    n, _, h, w = mask.shape
    out = np.zeros((n, h * w, h, w), mask.dtype)
    for y, x in np.ndindex(h, w):
        for i, j in np.ndindex(*size):
            there_y, there_x = y + i - (size[0] - 1) // 2, x + j - (size[1] - 1) // 2
            if not (0 <= there_y < h and 0 <= there_x < w):
                continue
            value = mask[:, i * size[1] + j, y, x]
            if collect:
                out[:, there_y * w + there_x, y, x] = value
            else:
                out[:, y * w + x, there_y, there_x] = value
    return out


@pytest.mark.parametrize("kind", ["collect", "distribute"])
@pytest.mark.parametrize(
    ("shape", "size"),
    [((2, 4, 5), (7, 9)), ((1, 4, 5), (3, 3)), ((2, 1, 6), (1, 5)), ((1, 3, 3), (11, 11))],
)
def test_the_mask_of_psanet_is_that_of_plain_loops(kind, shape, size):
    from mmcv.ops import PSAMask

    rng = np.random.default_rng(0)
    mask = rng.normal(size=(shape[0], size[0] * size[1], *shape[1:])).astype(np.float32)
    found = PSAMask(kind, size)(torch.from_numpy(mask)).numpy()
    np.testing.assert_array_equal(found, spread_by_loops(mask, size, kind == "collect"))


def test_an_operation_that_is_missing_says_so_when_it_is_called():
    from mmcv.ops import nms

    boxes = torch.tensor([[0.0, 0.0, 2.0, 2.0], [0.0, 0.0, 2.0, 1.9]])
    with pytest.raises(MissingDependencyError, match="calls 'nms', a compiled operation") as error:
        nms(boxes, torch.tensor([0.9, 0.8]), 0.5)
    assert "\n" not in str(error.value)


def test_compiled_operations_that_are_there_are_left_alone(monkeypatch):
    own = object()
    monkeypatch.setitem(sys.modules, EXTENSION, own)
    provide_compiled_ops()
    assert sys.modules[EXTENSION] is own
