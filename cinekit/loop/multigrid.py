"""Screened Poisson problems on a plane with an irregular shape, by multigrid.

Over the cells i of a grid, with values ``o``:

    (ground_i + shift * mass_i) o_i + sum_j g_ij (o_i - o_j) = load_i

for the four neighbours j. Cells without mass are no part of the problem. ``ground`` ties a cell to
what is held at zero beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.labels import neighbours

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

    @property
    def arrays(self) -> tuple[NDArray[np.float32], ...]:
        """In the order of the fields."""
        return self.mass, self.down, self.right, self.ground

    @classmethod
    def of_pixels(cls, moving: NDArray[np.bool_]) -> Level:
        """Cells of one pixel: those that move, joined to each other, tied to those that do not.

        What is tied is held at the border, half a way off. The edge of the frame is free.
        """
        joins, ties = [], np.zeros(moving.shape, np.float32)
        for axis in (0, 1):
            one, two = neighbours(axis)
            joined = np.zeros(moving.shape, np.float32)
            joined[one] = moving[one] & moving[two]
            joins.append(joined)
            ties[one] += 2 * (moving[one] & ~moving[two])
            ties[two] += 2 * (moving[two] & ~moving[one])
        return cls(moving.astype(np.float32), joins[0], joins[1], ties)

    def coarser(self) -> Level:
        """The same problem in cells of 2x2.

        Masses add up. What joins two cells adds up, too, and is halved, because the way between
        their centres is twice as long.
        """
        rows, columns = (
            np.arange(n, dtype=np.float32) % 2 for n in self.mass.shape
        )  # 1: at a side
        planes = self.down * rows[:, None], self.right * columns, self.ground
        down, right, ground = (blocks(plane, 2).sum(axis=(1, 3)) / 2 for plane in planes)
        return Level(blocks(self.mass, 2).sum(axis=(1, 3)), down, right, ground)


def blocks(plane: NDArray[Any], side: int) -> NDArray[Any]:
    """A plane (h, w) in square blocks: (h / side, side, w / side, side), zeros at the end."""
    height, width = plane.shape
    whole = np.pad(plane, ((0, -height % side), (0, -width % side)))
    return whole.reshape(whole.shape[0] // side, side, whole.shape[1] // side, side)


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
            smooth(*levels[i].arrays, shift, loads[i], values[i], _SWEEPS)
            restrict(*levels[i].arrays, shift, loads[i], values[i], loads[i + 1])
            values[i + 1][:] = 0
        sweeps = _COARSEST_SWEEPS if depth == len(levels) - 1 else _SWEEPS
        smooth(*levels[depth].arrays, shift, loads[depth], values[depth], sweeps)
        for i in reversed(range(depth)):
            prolong(values[i + 1], levels[i].mass, values[i])
            smooth(*levels[i].arrays, shift, loads[i], values[i], _SWEEPS)
    load[:] = values[0]


def _is_stiff(level: Level, shift: float) -> bool:
    """Whether a sweep takes away three quarters of any error."""
    part = level.mass > 0
    held = shift * level.mass[part] + level.ground[part]
    joined = (level.down + level.right)[part] * 2
    return bool((held > 3 * joined).all())


@kernel
def smooth(mass, down, right, ground, shift, load, value, sweeps):  # type: ignore[no-untyped-def]
    """Red-black Gauss-Seidel for a plane, value in place; see :class:`Level`.

    load, value : float32 (h, w, K).
    """
    height, width, count = value.shape
    for half in range(2 * sweeps):
        for y in range(height):
            for x in range((y + half) % 2, width, 2):
                if mass[y, x] == 0.0:
                    continue
                total = ground[y, x] + np.float32(shift) * mass[y, x]
                north = down[y - 1, x] if y > 0 else np.float32(0.0)
                west = right[y, x - 1] if x > 0 else np.float32(0.0)
                total += north + west + down[y, x] + right[y, x]
                for k in range(count):
                    pull = load[y, x, k]
                    if north > 0:
                        pull += north * value[y - 1, x, k]
                    if west > 0:
                        pull += west * value[y, x - 1, k]
                    if down[y, x] > 0:
                        pull += down[y, x] * value[y + 1, x, k]
                    if right[y, x] > 0:
                        pull += right[y, x] * value[y, x + 1, k]
                    value[y, x, k] = pull / total


@kernel
def restrict(mass, down, right, ground, shift, load, value, out):  # type: ignore[no-untyped-def]
    """What value leaves over of the load, summed over blocks of 2x2 into out, (h / 2, w / 2, K)."""
    height, width, count = value.shape
    out[:] = 0.0
    for y in range(height):
        for x in range(width):
            if mass[y, x] == 0.0:
                continue
            own = ground[y, x] + np.float32(shift) * mass[y, x]
            north = down[y - 1, x] if y > 0 else np.float32(0.0)
            west = right[y, x - 1] if x > 0 else np.float32(0.0)
            for k in range(count):
                here = value[y, x, k]
                rest = load[y, x, k] - own * here
                if north > 0:
                    rest += north * (value[y - 1, x, k] - here)
                if west > 0:
                    rest += west * (value[y, x - 1, k] - here)
                if down[y, x] > 0:
                    rest += down[y, x] * (value[y + 1, x, k] - here)
                if right[y, x] > 0:
                    rest += right[y, x] * (value[y, x + 1, k] - here)
                out[y // 2, x // 2, k] += rest


@kernel
def prolong(coarse, mass, value):  # type: ignore[no-untyped-def]
    """Add a coarser plane to value, bilinearly; its border cells reach as far as the plane."""
    height, width, count = value.shape
    rows, columns = coarse.shape[:2]
    for y in range(height):
        j = y // 2
        j2 = min(max(j + 2 * (y % 2) - 1, 0), rows - 1)
        for x in range(width):
            if mass[y, x] == 0.0:
                continue
            i = x // 2
            i2 = min(max(i + 2 * (x % 2) - 1, 0), columns - 1)
            for k in range(count):
                near = np.float32(0.75) * coarse[j, i, k] + np.float32(0.25) * coarse[j, i2, k]
                far = np.float32(0.75) * coarse[j2, i, k] + np.float32(0.25) * coarse[j2, i2, k]
                value[y, x, k] += np.float32(0.75) * near + np.float32(0.25) * far
