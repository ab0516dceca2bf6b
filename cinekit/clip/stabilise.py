"""A steady clip: every frame warped onto the reference frame, and cropped to what all frames show.

An energy that compares pixels over time sees a drift of one pixel as motion everywhere, so a clip
must be steady before anything else is asked of it. A tripod clip is left bit-equal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Positive, Share, Within
from cinekit.clip.motion import CameraMotion, camera_motion
from cinekit.model import Clip, Stabilisation
from cinekit.protocols import Progress, silent


class StabiliseMode(StrEnum):
    """When to warp."""

    AUTO = "auto"
    """When the camera moved and its motion can be trusted."""
    ON = "on"
    """Whenever a motion can be fitted at all, with a warning where it should not be trusted."""
    OFF = "off"
    """Never; nothing is measured."""


@dataclass(frozen=True, kw_only=True)
class StabiliseOptions(Checked):
    """When to warp, and when to believe the estimated motion.

    mode : auto, on or off.
    min_points : points that must follow the camera through most of the clip.
    min_inliers : share of the tracked points that must follow it, in [0, 1].
    min_area : share of the frame that every frame must show, in [0, 1]; a pan shows less.
    max_residual : pixels, median error of the points that follow.
    max_moved : share of the frames in [0, 1] that a clip from a tripod may seem to have moved in.
        Real tripod clips reach 0.07 (a camp fire), the slightest real drift 0.18.
    """

    mode: StabiliseMode = StabiliseMode.AUTO
    min_points: Annotated[int, Within("[12, inf)")] = 24
    min_inliers: Share = 0.25
    min_area: Share = 0.6
    max_residual: Positive = 0.5
    max_moved: Share = 0.1


_MIN_CELLS = 4
"""Of a 6x4 grid: points in fewer cells may all sit on one object."""
_MAX_GAP = 0.05
"""Share of the frames whose motion may be filled in from their neighbours'."""
_SMALLEST = 0.25
"""Share of the frame; below, not even mode "on" crops."""
_FAR = 0.03
"""Of the diagonal. A camera that moves further leaves its place: near things move against far."""


def fill_gaps(matrices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Matrices (T, 3, 3), those that are NaN interpolated between their neighbours in time."""
    flat = (matrices / matrices[:, 2:, 2:]).reshape(len(matrices), 9)
    known = np.asarray(np.isfinite(flat).all(axis=1))
    at = np.arange(len(flat))
    filled = np.stack([np.interp(at, at[known], flat[known, k]) for k in range(9)], axis=1)
    return np.where(known[:, None], flat, filled).reshape(-1, 3, 3)


def _row_spans(
    matrices: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First and last valid x of every row (H,): where all frames have a pixel to show.

    A pixel is valid when it maps to within the centres of the border pixels: with the denominator
    positive, each border is one inequality ``a x + b >= 0``.
    """
    height, width = size
    low, high = np.zeros(height), np.full(height, width - 1.0)
    y = np.arange(height)
    for m in matrices:
        for row in (
            m[0],
            (width - 1) * m[2] - m[0],
            m[1],
            (height - 1) * m[2] - m[1],
            m[2] - np.array([0, 0, 1e-3]),
        ):
            a, b = row[0], row[1] * y + row[2]
            if abs(a) < 1e-12:
                low = np.where(b < -1e-9, np.inf, low)
            elif a > 0:
                low = np.maximum(low, -b / a)
            else:
                high = np.minimum(high, -b / a)
    return low, high


def valid_rectangle(
    matrices: NDArray[np.float64], size: tuple[int, int]
) -> tuple[int, int, int, int]:
    """Largest rectangle (top, left, height, width) that every frame shows, with even sides.

    The area that all frames show is convex (an intersection of quadrilaterals), so a rectangle lies
    in it when its first and its last row do. Sides are 0 when no pixel is shown by all.
    """
    low, high = _row_spans(matrices, size)
    left = np.ceil(np.maximum(low[:, None], low) - 1e-6)  # (H, H): first row, last row
    right = np.floor(np.minimum(high[:, None], high) + 1e-6)
    with np.errstate(invalid="ignore"):
        wide = np.nan_to_num(np.maximum(right - left + 1, 0), posinf=0, neginf=0) // 2 * 2
    rows = np.arange(size[0])
    tall = np.maximum(rows - rows[:, None] + 1, 0) // 2 * 2
    area = wide * tall
    top, last = np.unravel_index(int(np.argmax(area)), area.shape)
    if area[top, last] == 0:
        return 0, 0, 0, 0
    return int(top), int(left[top, last]), int(tall[top, last]), int(wide[top, last])


def _warp(
    frames: NDArray[np.uint8],
    matrices: NDArray[np.float64],
    reference: int,
    rectangle: tuple[int, int, int, int],
) -> NDArray[np.uint8]:
    """Every frame as the reference camera would have seen it, cropped (T, h, w, 3)."""
    top, left, height, width = rectangle
    out = np.empty((len(frames), height, width, 3), np.uint8)
    corner = np.array([[1.0, 0, left], [0, 1.0, top], [0, 0, 1.0]])
    for t, frame in enumerate(frames):
        if t == reference:
            out[t] = frame[top : top + height, left : left + width]
        else:  # a matrix takes reference pixels to the frame's: the inverse map that warping needs
            out[t] = cv2.warpPerspective(
                frame,
                matrices[t] @ corner,
                (width, height),
                flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REFLECT_101,
            )
    return out


def _improves(clip: Clip, matrices: NDArray[np.float64], reference: int) -> bool:
    """Whether the warp brings frames nearer to the reference frame in most of the picture.

    When a large moving thing is taken for the scene, the scene gets worse: its share decides,
    because every pixel's difference counts up to a limit only.
    """
    grey = cv2.cvtColor(clip.frames[reference], cv2.COLOR_RGB2GRAY).astype(np.float32)
    before = after = 0.0
    height, width = clip.size
    for t in np.unique(np.linspace(0, clip.n_frames - 1, 9).astype(int)):
        frame = cv2.cvtColor(clip.frames[t], cv2.COLOR_RGB2GRAY).astype(np.float32)
        warped = cv2.warpPerspective(
            frame,
            matrices[t],
            (width, height),
            flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        before += float(np.minimum(np.abs(frame - grey), 16).mean())
        after += float(np.minimum(np.abs(warped - grey), 16).mean())
    return after <= before


def _doubts(
    clip: Clip, motion: CameraMotion, matrices: NDArray[np.float64] | None, area: float,
    options: StabiliseOptions,
) -> list[str]:  # fmt: skip
    """Why a moving camera's estimate should not be trusted; empty when it can be."""
    doubts = []
    if motion.inliers < options.min_inliers:
        doubts.append(f"only {motion.inliers:.0%} of the tracked points follow one motion")
    if motion.residual > options.max_residual:
        doubts.append(f"they miss it by {motion.residual:.2f} px")
    if area < options.min_area:
        doubts.append(f"only {area:.0%} of the picture is in every frame")
    if not doubts and matrices is not None and not _improves(clip, matrices, motion.reference):
        doubts.append("most of the picture does not follow it")
    return doubts


def stabilise(
    clip: Clip,
    options: StabiliseOptions | StabiliseMode | None = None,
    progress: Progress = silent,
) -> tuple[Clip, Stabilisation]:
    """Register every frame to the middle one, warp, and crop to the area valid in every frame.

    Parameters
    ----------
    clip : any clip of one shot.
    options : a mode alone, or all thresholds.
    progress : called with the share done.

    Returns
    -------
    clip : the same object's frames, bit-equal, where nothing was warped; otherwise warped frames
        with even sides, not scaled back up. Notes and warnings are appended to.
    stabilisation : what was measured; for a camera that stands still, ``drift`` is the typical
        displacement of a point. With mode "off" nothing is measured, and the figures are zero.
    """
    if options is None or isinstance(options, StabiliseMode):
        options = StabiliseOptions(mode=options or StabiliseMode.AUTO)
    if options.mode is StabiliseMode.OFF:
        return clip, Stabilisation(False, 0.0, 0.0, 0.0, trusted=True)
    motion = camera_motion(clip.frames, lambda share: progress(0.8 * share))
    known = np.isfinite(motion.matrices).all(axis=(1, 2))
    drifts = motion.drift(clip.size)
    drift = float(np.nanmax(drifts)) if known.any() else 0.0
    report = Stabilisation(False, drift, motion.residual, motion.inliers, trusted=True)
    if motion.believed < options.min_points or motion.cells < _MIN_CELLS:
        return _refuse(
            clip, report,
            f"only {motion.believed} points hold still or follow one camera motion through the "
            f"clip (needed: {options.min_points}, spread over the frame)",
        )  # fmt: skip
    steady = float(motion.moved.mean()) <= options.max_moved
    if steady and options.mode is StabiliseMode.AUTO:
        progress(1.0)
        moved = int(motion.moved.sum())
        but = f" in all but {moved} frames" if moved else ""
        note = f"camera stands still{but} (typical drift {motion.sway:.2f} px): not stabilised"
        return replace(clip, notes=(*clip.notes, note)), replace(report, drift=motion.sway)
    if float((~known).mean()) > _MAX_GAP:
        return _refuse(
            clip, report, f"no camera motion fits {int((~known).sum())} of {clip.n_frames} frames"
        )
    matrices = fill_gaps(motion.matrices)
    rectangle = valid_rectangle(matrices, clip.size)
    area = rectangle[2] * rectangle[3] / (clip.size[0] * clip.size[1])
    doubts = _doubts(clip, motion, matrices, area, options)
    if doubts and (options.mode is StabiliseMode.AUTO or area < _SMALLEST):
        return _refuse(clip, report, "; ".join(doubts))
    frames = _warp(clip.frames, matrices, motion.reference, rectangle)
    progress(1.0)
    note = (
        f"stabilised: drift up to {drift:.1f} px, residual {motion.residual:.2f} px, "
        f"{motion.inliers:.0%} of the points follow; cropped from {clip.size[1]}x{clip.size[0]} to "
        f"{rectangle[3]}x{rectangle[2]}"
    )
    warned: tuple[str, ...] = ()
    if doubts:
        warned = (f"stabilisation is not to be trusted: {'; '.join(doubts)}",)
    elif drift > _FAR * float(np.hypot(*clip.size)):
        warned = (
            f"the camera moved by {drift:.0f} px: things nearer or farther than most of the "
            "picture may still drift after stabilisation",
        )
    steadied = replace(
        clip, frames=frames, notes=(*clip.notes, note), warnings=clip.warnings + warned
    )
    return steadied, replace(report, applied=True, trusted=not doubts)


def _refuse(clip: Clip, report: Stabilisation, reason: str) -> tuple[Clip, Stabilisation]:
    """The clip as it is, with a warning."""
    warning = (
        f"stabilisation cannot be trusted and was left out: {reason}. If the camera moved, every "
        "part of the picture will seem to move: use a tripod or another part of the clip"
    )
    return replace(clip, warnings=(*clip.warnings, warning)), replace(report, trusted=False)
