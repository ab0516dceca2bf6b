"""The pair costs of one expansion move, where GCO's C code can ask for them.

GCO calls ``cost(site1, site2, label1, label2)`` and hands no user data along, so the costs are
found through one small table of addresses that the compiled callback knows. Whoever fills it in
must be the only one (see ``solver.LOCK``).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import carray, cfunc, types
from numba.extending import intrinsic

VERTICAL, HORIZONTAL, WIDTH, PIXELS, ALPHA = range(5)
STATE = np.zeros(5, np.int64)
"""Addresses of two int32 (4, pixels) arrays, indexed by whether the ends of an edge take alpha,
(cur, cur), (cur, alpha), (alpha, cur), (alpha, alpha), and by its first end; width, pixels, alpha.
"""


@intrinsic
def _pointer(_typing, _address):  # type: ignore[no-untyped-def]
    """An int64 as a pointer."""

    def generate(_context, builder, _signature, arguments):  # type: ignore[no-untyped-def]
        return builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())

    return types.voidptr(types.int64), generate


@cache
def smooth_cost() -> Any:
    """The compiled callback; its ``address`` is what GCO gets."""
    base = STATE.ctypes.data

    @cfunc(types.intc(types.intc, types.intc, types.intc, types.intc))
    def cost(site1, site2, label1, label2):  # type: ignore[no-untyped-def]
        state = carray(_pointer(base), (5,), np.int64)
        if site1 < site2:
            first, second, a, b = site1, site2, label1, label2
        else:
            first, second, a, b = site2, site1, label2, label1
        down = second - first == state[WIDTH]
        address = state[VERTICAL] if down else state[HORIZONTAL]
        planes = carray(_pointer(address), (4, state[PIXELS]), np.int32)
        return planes[2 * (a == state[ALPHA]) + (b == state[ALPHA]), first]

    return cost
