"""The fast inner loops of gradient-domain blending; see :mod:`cinekit.loop.poisson`.

:mod:`cinekit.loop.reference` says the same plainly.
"""

from __future__ import annotations

import numpy as np

from cinekit.energy.jit import kernel


@kernel
def add_forces(  # type: ignore[no-untyped-def]
    frames, top, left, index, period, before, now, after, jumped, jumps, hide, members, span,
    border, cell, out
):  # fmt: skip
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
def _drop(out, cell, y, x, c, force):  # type: ignore[no-untyped-def]
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
def _between(pixel, cell, count):  # type: ignore[no-untyped-def]
    """The two cells whose centres a pixel lies between, and the share of the second."""
    at = min(max((pixel + 0.5) / cell - 0.5, 0.0), count - 1.0)
    first = int(at)
    return first, min(first + 1, count - 1), np.float32(at - first)


@kernel
def _step_change(frames, n_source, y, x, c, i, j, p):  # type: ignore[no-untyped-def]
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
def spread(cells, cell, moving, out):  # type: ignore[no-untyped-def]
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
def relax(  # type: ignore[no-untyped-def]
    earlier, here, later, force, moving, colour, screening, over
):  # fmt: skip
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
def show(frames, top, left, index, moving, now, offset, out):  # type: ignore[no-untyped-def]
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
