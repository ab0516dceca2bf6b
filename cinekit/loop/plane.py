"""Screened Poisson problems on a plane with an irregular shape, by multigrid.

Over the cells i of a grid, with values ``o``:

    (ground_i + shift * mass_i) o_i + sum_j g_ij (o_i - o_j) = load_i

for the four neighbours j. Cells without mass are no part of the problem. ``ground`` ties a cell to
what is held at zero beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.loop.poisson_kernels import prolong, restrict, smooth

_CYCLES = 3
"""V-cycles. Each leaves at most a fifth of the error."""

_SWEEPS = 2
"""Before and after each visit to the coarser plane."""

_COARSEST_SWEEPS = 12


@dataclass(frozen=True, eq=False)
class Level:
    """One grid of the multigrid: float32 (h, w) each, >= 0.

    mass : 0 for cells that are no part. down, right : ``g`` to the next row and the next column.
    """

    mass: NDArray[np.float32]
    down: NDArray[np.float32]
    right: NDArray[np.float32]
    ground: NDArray[np.float32]

    def coarser(self) -> Level:
        """The same problem in cells of 2x2.

        Masses add up. What joins two cells adds up, too, and is halved, because the way between
        their centres is twice as long.
        """
        mass = _sums(self.mass, 2, 2)
        down, right = _sums(self.down[1::2], 1, 2), _sums(self.right[:, 1::2], 2, 1)
        ground = _sums(self.ground, 2, 2)
        for joins in (down, right, ground):
            joins /= 2
        return Level(
            mass=mass,
            down=_padded(down, mass.shape),
            right=_padded(right, mass.shape),
            ground=ground,
        )


def _sums(plane: NDArray[np.float32], rows: int, columns: int) -> NDArray[np.float32]:
    """Sums over blocks; what is missing at the end counts as zero."""
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % rows), (0, -width % columns)))
    blocks = whole.reshape(whole.shape[0] // rows, rows, whole.shape[1] // columns, columns)
    return np.asarray(blocks.sum(axis=(1, 3)), np.float32)


def _padded(plane: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.pad(plane, ((0, shape[0] - plane.shape[0]), (0, shape[1] - plane.shape[1])))


def levels_of(level: Level) -> list[Level]:
    """The level and its coarser ones, down to a plane of a few cells."""
    levels = [level]
    while max(levels[-1].mass.shape) > 4:
        levels.append(levels[-1].coarser())
    return levels


def solve_plane(levels: list[Level], shift: float, load: NDArray[np.float32]) -> None:
    """Replace load, float32 (h, w, K), by the solution, K problems side by side.

    shift : above 0, so that the solution is unique.
    """
    values = [np.zeros((*level.mass.shape, load.shape[2]), np.float32) for level in levels]
    loads = [load, *(np.empty_like(value) for value in values[1:])]
    # Where the screening holds a cell more firmly than its neighbours do, no coarser plane helps.
    depth = next((i for i, level in enumerate(levels) if _is_stiff(level, shift)), len(levels) - 1)
    for _ in range(_CYCLES):
        for i in range(depth):
            one = levels[i]
            geometry = one.mass, one.down, one.right, one.ground, shift
            if i:
                values[i][:] = 0
            smooth(*geometry, loads[i], values[i], _SWEEPS)
            restrict(*geometry, loads[i], values[i], loads[i + 1])
        last = levels[depth]
        if depth:
            values[depth][:] = 0
        smooth(
            last.mass, last.down, last.right, last.ground, shift,
            loads[depth], values[depth], _COARSEST_SWEEPS if depth == len(levels) - 1 else _SWEEPS,
        )  # fmt: skip
        for i in reversed(range(depth)):
            one = levels[i]
            prolong(values[i + 1], one.mass, values[i])
            smooth(one.mass, one.down, one.right, one.ground, shift, loads[i], values[i], _SWEEPS)
    load[:] = values[0]


def _is_stiff(level: Level, shift: float) -> bool:
    """Whether a sweep takes away three quarters of any error."""
    part = level.mass > 0
    held = shift * level.mass[part] + level.ground[part]
    joined = (level.down + level.right)[part] * 2
    return bool((held > 3 * joined).all())
