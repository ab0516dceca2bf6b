"""Errors of a loop in the gradient domain, as the published renderer measures them ([L13], [L15]).

A loop without seams has the gradients of its clip. For neighbours x and z in a frame in which they
show the frames phi_x and phi_z,

    |(L_z - L_x) - (V_z - V_x)@phi_x|^2 + |(L_z - L_x) - (V_z - V_x)@phi_z|^2

and along time the same with the two steps that the clip has on either side of a jump. Unlike the
published programs, the step from the last frame to the first counts like any other.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.errors import RenderError
from cinekit.labels import LabelMap
from cinekit.model import Clip


@dataclass(frozen=True)
class GradientErrors:
    """Root mean squares in grey levels, 0 is ideal.

    spatial, temporal, total : over all neighbours in space (two a pixel), in time (one), and both;
        the steps of still pixels count as 0.
    spatial_seams, temporal_seams : over those that show different frames, and over jumps; 0 where
        there are none.
    """

    spatial: float
    temporal: float
    total: float
    spatial_seams: float
    temporal_seams: float


@kernel
def frame_errors(
    frames: NDArray[np.uint8],
    index: NDArray[np.int32],
    period: NDArray[np.int64],
    now: NDArray[np.int64],
    after: NDArray[np.int64],
    jumps: NDArray[np.bool_],
    here: NDArray[np.uint8],
    later: NDArray[np.uint8],
    sums: NDArray[np.float64],
) -> None:
    """Add the squared errors of one frame to sums, float64 (6,).

    frames : uint8 (T, H, W, 3). index : int32 (H, W), labels. period, now, after : (L,), what they
    show in this frame and in the next. jumps : bool (L,), labels that jump in between. here, later
    : uint8 (H, W, 3), the loop. sums : spatial and temporal; the same over seams; their counts.
    """
    n_source = frames.shape[0]
    height, width = index.shape
    for y in range(height):
        for x in range(width):
            label = index[y, x]
            i = now[label]
            for axis in range(2):
                v, u = y + 1 - axis, x + axis
                if v == height or u == width:
                    continue
                j = now[index[v, u]]
                error = 0.0
                for c in range(3):
                    step = float(here[v, u, c]) - float(here[y, x, c])
                    one = step - (float(frames[i, v, u, c]) - float(frames[i, y, x, c]))
                    two = step - (float(frames[j, v, u, c]) - float(frames[j, y, x, c]))
                    error += one * one + two * two
                sums[0] += error
                if i != j:
                    sums[2] += error
                    sums[4] += 1
            p = period[label]
            if p == 1:
                continue
            j = after[label]
            error = 0.0
            for c in range(3):
                step = float(later[y, x, c]) - float(here[y, x, c])
                left = right = float(frames[j, y, x, c]) - float(frames[i, y, x, c])
                if jumps[label]:
                    beyond, ahead = j + p < n_source, i - p >= 0
                    if beyond:
                        left = float(frames[j + p, y, x, c]) - float(frames[i, y, x, c])
                    if ahead:
                        right = float(frames[j, y, x, c]) - float(frames[i - p, y, x, c])
                    if not beyond:
                        left = right if ahead else 0.0
                    if not ahead:
                        right = left
                error += (step - left) ** 2 + (step - right) ** 2
            sums[1] += error
            if jumps[label]:
                sums[3] += error
                sums[5] += 1


def gradient_errors(
    clip: Clip, labels: LabelMap, frames: NDArray[np.uint8] | Iterable[NDArray[np.uint8]]
) -> GradientErrors:
    """The errors of a rendered loop.

    Parameters
    ----------
    labels : at the resolution of the clip.
    frames : uint8 (n, H, W, 3), the loop once, or its frames one after another.

    Raises
    ------
    RenderError
        When the sizes differ.
    """
    loop = list(frames)
    n = len(loop)
    if not n or loop[0].shape[:2] != clip.size or labels.size != clip.size:
        raise RenderError(
            f"expected frames and labels of {clip.size}, received "
            f"{loop[0].shape[:2] if n else 'no frames'} and {labels.size}"
        )
    table = labels.table
    indices = [table.at(f, n) for f in range(n + 1)]
    opens = table.start < clip.n_frames

    def errors(f: int) -> NDArray[np.float64]:
        sums = np.zeros(6)
        now, after = indices[f], indices[f + 1]
        frame_errors(
            clip.frames, table.index, table.period, table.shows[now], table.shows[after],
            opens & (after < now), loop[f], loop[(f + 1) % n], sums,
        )  # fmt: skip
        return sums

    with ThreadPoolExecutor() as pool:
        sums = np.sum(list(pool.map(errors, range(n))), axis=0)
    pixels = n * labels.period.size
    spatial, temporal = sums[:2]

    def rms(total: float, count: float) -> float:
        # Three colours and two terms each.
        return float(np.sqrt(total / (6 * count))) if count else 0.0

    return GradientErrors(
        spatial=rms(spatial, 2 * pixels),
        temporal=rms(temporal, pixels),
        total=rms(spatial + temporal, 3 * pixels),
        spatial_seams=rms(sums[2], sums[4]),
        temporal_seams=rms(sums[3], sums[5]),
    )
