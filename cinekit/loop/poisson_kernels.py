"""The fast inner loops of gradient-domain blending; see :mod:`cinekit.loop.poisson`.

:mod:`cinekit.loop.poisson_reference` says the same plainly.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel


@kernel
def add_forces(
    frames: NDArray[np.uint8],
    top: int,
    left: int,
    index: NDArray[np.int32],
    period: NDArray[np.int64],
    before: NDArray[np.int32],
    now: NDArray[np.int32],
    after: NDArray[np.int32],
    jumped: NDArray[np.bool_],
    jumps: NDArray[np.bool_],
    hide: NDArray[np.float32],
    members: NDArray[np.int32],
    span: NDArray[np.int64],
    border: NDArray[np.int32],
    cell: int,
    out: NDArray[np.float32],
) -> None:
    """Add to out what pulls at the offsets of one frame of the loop: minus the sum of ``d``.

    frames : uint8 (T, H, W, 3). top, left : where the box lies in it.
    index : int32 (h, w), labels of the box's pixels. period : int64 (L,).
    before, now, after : int32 (L,), source frames in the previous, this and the next frame.
    jumped, jumps : bool (L,), which labels jump back to their start on the way to this frame, and
        on the way to the next. hide : float32 (h, w), the share of a pixel's jump that pulls.
    members : int32 (M, 2), rows and columns of the moving pixels, label by label; label l owns
        ``span[l]`` to ``span[l + 1]``. border : int32 (B, 2), moving pixels beside another label.
    cell : pixels a side of a cell of out. out : float32 (h / cell, w / cell, 3); a pixel's force is
        shared among the cells that :func:`spread` would take its value from.

    ``d`` is what the difference of two neighbours should change by: between two pixels that show
    different frames (A, C at this pixel, B, D at the other) ``(A + B - C - D) / 2``, so that it
    becomes the mean of ``B - A`` and ``D - C``; where a pixel jumps from frame i to frame j, so
    that its step becomes the mean of ``V(j + p) - V(i)`` and ``V(j) - V(i - p)``, whichever the
    clip has, and zero when it has neither.
    """
    n_source = frames.shape[0]
    height, width = index.shape
    for label in range(len(period)):
        if not (jumped[label] or jumps[label]):
            continue
        p = period[label]
        a, i, b = before[label], now[label], after[label]
        for m in range(span[label], span[label + 1]):
            y, x = members[m, 0], members[m, 1]
            if hide[y, x] == 0.0:
                continue
            for c in range(3):
                force = np.float32(0.0)
                if jumped[label]:
                    force += _step_change(frames, n_source, top + y, left + x, c, a, i, p)
                if jumps[label]:
                    force -= _step_change(frames, n_source, top + y, left + x, c, i, b, p)
                _drop(out, cell, y, x, c, force * hide[y, x])
    for m in range(len(border)):
        y, x = border[m, 0], border[m, 1]
        label = index[y, x]
        i = now[label]
        for side in range(4):
            v = y + (side == 0) - (side == 1)
            u = x + (side == 2) - (side == 3)
            if v < 0 or u < 0 or v == height or u == width:
                continue
            j = now[index[v, u]]
            if i == j:
                continue
            for c in range(3):
                change = np.float32(frames[j, top + y, left + x, c])
                change += np.float32(frames[j, top + v, left + u, c])
                change -= np.float32(frames[i, top + y, left + x, c])
                change -= np.float32(frames[i, top + v, left + u, c])
                _drop(out, cell, y, x, c, np.float32(0.5) * change)


@kernel
def _drop(out: NDArray[np.float32], cell: int, y: int, x: int, c: int, force: np.float32) -> None:
    if cell == 1:
        out[y, x, c] += force
        return
    j, j2, down = _between(y, cell, out.shape[0])
    i, i2, right = _between(x, cell, out.shape[1])
    upper, lower = force * (1 - down), force * down
    out[j, i, c] += upper * (1 - right)
    out[j, i2, c] += upper * right
    out[j2, i, c] += lower * (1 - right)
    out[j2, i2, c] += lower * right


@kernel
def _between(pixel: int, cell: int, count: int) -> tuple[int, int, np.float32]:
    """The two cells whose centres a pixel lies between, and the share of the second."""
    at = min(max((pixel + 0.5) / cell - 0.5, 0.0), count - 1.0)
    first = int(at)
    return first, min(first + 1, count - 1), np.float32(at - first)


@kernel
def _step_change(
    frames: NDArray[np.uint8], n_source: int, y: int, x: int, c: int, i: int, j: int, p: int
) -> np.float32:
    """What the step of a pixel from frame i back to frame j should change by."""
    one = np.float32(frames[i, y, x, c])
    two = np.float32(frames[j, y, x, c])
    total = np.float32(0.0)
    count = 0
    if j + p < n_source:
        total += np.float32(frames[j + p, y, x, c]) - two
        count += 1
    if i - p >= 0:
        total += one - np.float32(frames[i - p, y, x, c])
        count += 1
    if count == 0:
        return one - two
    return total / np.float32(count)


@kernel
def spread(
    cells: NDArray[np.float32], cell: int, moving: NDArray[np.bool_], out: NDArray[np.float32]
) -> None:
    """Values of cells to their moving pixels, bilinearly between centres; zero for the others.

    cells : float32 (h / cell, w / cell, 3). out : float32 (h, w, 3).
    """
    height, width = moving.shape
    rows, columns = cells.shape[:2]
    for y in range(height):
        j, j2, down = _between(y, cell, rows)
        for x in range(width):
            if not moving[y, x]:
                for c in range(3):
                    out[y, x, c] = 0.0
                continue
            i, i2, right = _between(x, cell, columns)
            for c in range(3):
                one = cells[j, i, c] + right * (cells[j, i2, c] - cells[j, i, c])
                two = cells[j2, i, c] + right * (cells[j2, i2, c] - cells[j2, i, c])
                out[y, x, c] = one + down * (two - one)


@kernel
def relax(
    earlier: NDArray[np.float32],
    here: NDArray[np.float32],
    later: NDArray[np.float32],
    force: NDArray[np.float32],
    moving: NDArray[np.bool_],
    colour: int,
    screening: float,
    over: float,
) -> None:
    """Half a red-black Gauss-Seidel sweep of one frame: the pixels with ``(y + x) % 2 == colour``.

    earlier, here, later : float32 (h, w, 3), offsets of three frames; here is changed. Pixels that
    do not move keep what they have; beyond the box there is no neighbour. over : how much of the
    way to a pixel's solution it goes; above 1 it passes it (successive over-relaxation).
    """
    height, width = moving.shape
    rest = np.float32(1.0 - over)
    inner = np.float32(over / (6.0 + screening))
    for y in range(height):
        edge = y == 0 or y == height - 1
        for x in range((y + colour) % 2, width, 2):
            if not moving[y, x]:
                continue
            if not edge and 0 < x < width - 1:
                for c in range(3):
                    pull = force[y, x, c] + earlier[y, x, c] + later[y, x, c]
                    pull += here[y - 1, x, c] + here[y + 1, x, c]
                    pull += here[y, x - 1, c] + here[y, x + 1, c]
                    here[y, x, c] = inner * pull + rest * here[y, x, c]
                continue
            for c in range(3):
                degree = np.float32(2.0 + screening)
                pull = force[y, x, c] + earlier[y, x, c] + later[y, x, c]
                for side in range(4):
                    v = y + (side == 0) - (side == 1)
                    u = x + (side == 2) - (side == 3)
                    if 0 <= v < height and 0 <= u < width:
                        degree += np.float32(1.0)
                        pull += here[v, u, c]
                here[y, x, c] = np.float32(over) * pull / degree + rest * here[y, x, c]


@kernel
def show(
    frames: NDArray[np.uint8],
    top: int,
    left: int,
    index: NDArray[np.int32],
    moving: NDArray[np.bool_],
    now: NDArray[np.int32],
    offset: NDArray[np.float32],
    out: NDArray[np.uint8],
) -> None:
    """Write the moving pixels of the box into out, uint8 (H, W, 3): their source plus offset."""
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            if not moving[y, x]:
                continue
            i = now[index[y, x]]
            for c in range(3):
                value = np.float32(frames[i, top + y, left + x, c]) + offset[y, x, c]
                value = min(max(value, np.float32(0.0)), np.float32(255.0))
                out[top + y, left + x, c] = np.uint8(value + np.float32(0.5))


@kernel
def smooth(
    mass: NDArray[np.float32],
    down: NDArray[np.float32],
    right: NDArray[np.float32],
    ground: NDArray[np.float32],
    shift: float,
    load: NDArray[np.float32],
    value: NDArray[np.float32],
    sweeps: int,
) -> None:
    """Red-black Gauss-Seidel for a plane, value in place; see :class:`cinekit.loop.plane.Level`.

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
def restrict(
    mass: NDArray[np.float32],
    down: NDArray[np.float32],
    right: NDArray[np.float32],
    ground: NDArray[np.float32],
    shift: float,
    load: NDArray[np.float32],
    value: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:
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
def prolong(
    coarse: NDArray[np.float32], mass: NDArray[np.float32], value: NDArray[np.float32]
) -> None:
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
