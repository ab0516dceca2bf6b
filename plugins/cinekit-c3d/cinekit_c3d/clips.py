"""A rendered loop as the clips that C3D looks at, and what it says of them as a short vector."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit import WeightsError, one_line

FRAMES = 16
OVERLAP = 8
"""Consecutive clips share so many frames (Tran et al., section 3.3)."""

HEIGHT, WIDTH, SIDE = 128, 171, 112
"""Frames are scaled to HEIGHT x WIDTH, whatever their aspect, and cut in the middle."""

TOP, LEFT = (HEIGHT - SIDE) // 2, (WIDTH - SIDE) // 2

RATE = 30
"""Frames per second, about, of the videos that it was trained on."""

MEAN_BGR = (90.25, 97.66, 101.41)
"""Of Sports-1M, over all pixels of the published mean volume, blue first."""


def clip_frames(n_frames: int, fps: float, most: int) -> NDArray[np.intp]:
    """Frames of a loop that make its clips: int (k, 16), k at most ``most``.

    Clips begin every 8 frames, or evenly spread when that were too many; they go on at the loop's
    first frame where it ends. Of loops with more than about 30 frames a second, every second, third
    ... frame is taken, so that a clip always shows half a second.
    """
    every = max(1, round(fps / RATE))
    steps = -(-n_frames // every)
    n_clips = min(most, -(-steps // OVERLAP))
    starts = np.arange(n_clips) * steps // n_clips
    frames: NDArray[np.intp] = (starts[:, None] + np.arange(FRAMES)) * every % n_frames
    return frames


def network_input(
    frames: NDArray[np.uint8], mean: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """One clip: uint8 (16, H, W, 3) RGB to float32 (3, 16, 112, 112), BGR minus the mean.

    mean : float32 (3, 16, 128, 171), BGR; None subtracts :data:`MEAN_BGR`.
    """
    height, width = frames.shape[1:3]
    shrinks = height * width > HEIGHT * WIDTH
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = np.stack([cv2.resize(frame, (WIDTH, HEIGHT), interpolation=how) for frame in frames])
    values = small[..., ::-1].transpose(3, 0, 1, 2).astype(np.float32)  # (3, 16, 128, 171)
    values -= np.array(MEAN_BGR, np.float32)[:, None, None, None] if mean is None else mean
    return np.ascontiguousarray(values[..., TOP : TOP + SIDE, LEFT : LEFT + SIDE])


def read_mean(path: Path) -> NDArray[np.float32]:
    """The published mean volume from a .npy file: float32 (3, 16, 128, 171), BGR.

    Raises
    ------
    WeightsError
        When it is no such array.
    """
    try:
        mean = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise WeightsError(
            f"{path.name!r} is no .npy file that can be read safely ({one_line(error)[:120]}); "
            "get the file again"
        ) from error
    wanted = (3, FRAMES, HEIGHT, WIDTH)
    if getattr(mean, "shape", None) not in (wanted, (1, *wanted)):
        raise WeightsError(
            f"expected the mean {path.name!r} to be {list(wanted)}, it is "
            f"{list(getattr(mean, 'shape', []))}"
        )
    return np.asarray(mean, np.float32).reshape(wanted)


def describe(activations: NDArray[np.float32], dims: int) -> NDArray[np.float64]:
    """The descriptor of a video from fc6 of its clips, float32 (k, n), in ``dims`` numbers.

    Averaged over the clips and scaled to length 1 (Tran et al., section 3.3). Then projected on
    ``dims`` vectors of random signs, which keeps distances up to about ``1 / sqrt(dims)``
    (D. Achlioptas: *Database-friendly random projections*, 2003): rankers have a few hundred loops
    to learn from, not thousands. ``dims = n`` keeps all of it.
    """
    mean = activations.astype(np.float64).mean(axis=0)
    unit: NDArray[np.float64] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    if dims == len(unit):
        return unit
    short: NDArray[np.float64] = signs(dims, len(unit)) @ unit / np.sqrt(dims)
    return short


def signs(rows: int, columns: int) -> NDArray[np.float64]:
    """float64 (rows, columns) of 1 and -1: the same on every machine and with every numpy."""
    words = -(-rows * columns // 64)
    drawn = np.random.PCG64(0).random_raw(words).astype("<u8")
    bits = np.unpackbits(drawn.view(np.uint8), count=rows * columns, bitorder="little")
    return bits.reshape(rows, columns).astype(np.float64) * 2 - 1
