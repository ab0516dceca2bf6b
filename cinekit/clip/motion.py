"""The camera's motion: every frame registered to one reference frame.

Points are tracked (pyramidal Lucas-Kanade [1]) from the reference frame to every other frame, never
from frame to frame, so that errors do not add up; the neighbour's result is only the first guess. A
track counts when tracking it back returns to where it began. Water, fire and people are full of
good corners, so a point is believed only when it follows the same camera in most frames of the
clip; the homographies are then fitted again to those points alone.

Two explanations compete for every frame with the same tolerance: the camera stood still, or it
moved. That comparison, not a threshold on the estimated drift, tells a tripod from a hand: an
estimate from few or noisy points is never exactly zero.

The matrices are not smoothed over time: a hand shakes from frame to frame. On a synthetic clip with
such a shake they are right to 0.012 px; smoothed over five frames, to 0.14 px.

[1] J.-Y. Bouguet, Pyramidal implementation of the Lucas Kanade feature tracker, 2000.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.protocols import Progress, silent

Points = NDArray[np.float32]  # (N, 2), x then y
Matrix = NDArray[np.float64]  # (3, 3)

GRID = (12, 8)
"""Cells across and down; each gives its best corners, so that no textured object dominates."""
_PER_CELL = 8
_BACK = 0.3
"""Pixels that a track may miss its start by when it is followed back."""
_BELIEVED = 0.6
"""Share of the frames in which a point must follow the camera."""
_FOLLOWS = 0.75
"""Pixels; a point follows a motion within this."""
_STRICT = 0.35
"""Pixels; tolerance of the contest between standing still and moving."""
_FEWEST = 12
"""Points in one frame that a motion is fitted to."""
_WINDOW = (21, 21)
_EDGE = 8
"""Pixels; nearer to the border, the window leaves the frame."""


@dataclass(frozen=True, eq=False)
class CameraMotion:
    """What registration found.

    reference : index of the frame that all others are registered to.
    matrices : float64 (T, 3, 3); takes a pixel (x, y, 1) of the reference frame to the same thing's
        place in frame t. NaN where nothing could be fitted.
    moved : bool (T,); frames that a moved camera explains clearly better than one that stood still.
    believed : number of points that follow the camera through the clip.
    cells : cells of a coarse 6x4 grid that they lie in.
    inliers : median share of the points tracked into a frame that follow the camera, in [0, 1].
    residual : pixels, median reprojection error of the believed points that follow.
    sway : pixels, how far the believed points typically lie from where they were: the drift of a
        camera that stands still, where the corners of single fits are noise.
    """

    reference: int
    matrices: NDArray[np.float64]
    moved: NDArray[np.bool_]
    believed: int
    cells: int
    inliers: float
    residual: float
    sway: float

    def drift(self, size: tuple[int, int]) -> NDArray[np.float64]:
        """Pixels (T,): largest displacement of a corner of an (H, W) frame; NaN without a fit."""
        height, width = size
        corners = np.array(
            [[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]]
        )
        placed = self.matrices @ corners.T.astype(np.float64)  # (T, 3, 4)
        shift = placed[:, :2] / placed[:, 2:] - corners.T[:2]
        largest: NDArray[np.float64] = np.hypot(shift[:, 0], shift[:, 1]).max(axis=1)
        return largest


def _even_light(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey, with local mean and contrast removed: a flickering fire lights up a still wall."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    flat = grey - cv2.GaussianBlur(grey, (0, 0), 8)
    spread = cv2.GaussianBlur(flat * flat, (0, 0), 8)
    even = 128 + 40 * flat / np.sqrt(spread + 16)  # 16: noise of flat regions stays small
    return np.clip(even, 0, 255).astype(np.uint8)


def _corners(image: NDArray[np.uint8]) -> Points:
    """Good points to track, spread over the frame."""
    height, width = image.shape
    across, down = GRID
    strength = cv2.cornerMinEigenVal(image, 5, ksize=3)
    floor = 1e-3 * float(strength.max())
    found = []
    for i in range(down):
        for j in range(across):
            top, left = height * i // down, width * j // across
            cell = image[top : height * (i + 1) // down, left : width * (j + 1) // across]
            points = cv2.goodFeaturesToTrack(cell, _PER_CELL, 0.05, 6, blockSize=5)
            if points is not None and len(points):
                found.append(np.asarray(points, np.float32).reshape(-1, 2) + np.array([left, top]))
    if not found:
        return np.zeros((0, 2), np.float32)
    points = np.concatenate(found).astype(np.float32)
    x, y = np.rint(points).astype(int).T
    inside = (x >= _EDGE) & (y >= _EDGE) & (x < width - _EDGE) & (y < height - _EDGE)
    strong = strength[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] > max(floor, 1e-5)
    chosen: Points = points[inside & strong]
    return chosen


def _flow(
    a: NDArray[np.uint8], b: NDArray[np.uint8], at: Points, guess: Points
) -> tuple[Points, NDArray[np.bool_]]:
    """Lucas-Kanade from image a to b, starting at a guess."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 30, 0.01)
    moved, found, _ = cv2.calcOpticalFlowPyrLK(
        a, b, at, guess.copy(), winSize=_WINDOW, maxLevel=3, criteria=stop,
        flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
    )  # fmt: skip
    return np.asarray(moved, np.float32), np.asarray(found).ravel() > 0


def track(
    frames: NDArray[np.uint8], reference: int, progress: Progress = silent
) -> tuple[Points, NDArray[np.float32]]:
    """Follow the corners of the reference frame into every frame.

    Returns
    -------
    points : float32 (N, 2), in the reference frame.
    tracks : float32 (T, N, 2), NaN where a point was lost.
    """
    n_frames, height, width = frames.shape[:3]
    anchor = _even_light(frames[reference])
    points = _corners(anchor)
    tracks = np.full((n_frames, len(points), 2), np.nan, np.float32)
    tracks[reference] = points
    if len(points) == 0:
        return points, tracks
    done = 0
    high = np.array([width - 6, height - 6])
    for order in (range(reference + 1, n_frames), range(reference - 1, -1, -1)):
        guess = points.copy()
        for t in order:
            image = _even_light(frames[t])
            there, found = _flow(anchor, image, points, guess)
            back, returned = _flow(image, anchor, there, points)
            good = found & returned & (np.abs(back - points).max(axis=1) < _BACK)
            good &= ((there >= 5) & (there < high)).all(axis=1)
            tracks[t, good] = there[good]
            guess[good] = there[good]
            done += 1
            progress(done / max(1, n_frames - 1))
    return points, tracks


def _apply(matrix: Matrix, points: Points) -> NDArray[np.float64]:
    """Points (N, 2) through a homography."""
    placed = points @ matrix[:, :2].T + matrix[:, 2]
    on_plane: NDArray[np.float64] = placed[:, :2] / placed[:, 2:]
    return on_plane


def _error(matrix: Matrix, a: Points, b: Points) -> NDArray[np.float64]:
    """Pixels (N,) that a maps beside b."""
    distance: NDArray[np.float64] = np.linalg.norm(_apply(matrix, a) - b, axis=1)
    return distance


def _similarity(a: Points, b: Points) -> Matrix | None:
    """Robust shift, turn and scale: needs two points, so it survives many outliers."""
    found, _ = cv2.estimateAffinePartial2D(
        a, b, method=cv2.RANSAC, ransacReprojThreshold=1.5, maxIters=3000, confidence=0.999
    )
    return None if found is None else np.vstack([found, [0, 0, 1]]).astype(np.float64)


def _homography(a: Points, b: Points, method: int = 0) -> Matrix | None:
    """By least squares, or robustly with a method of OpenCV's."""
    found, _ = cv2.findHomography(a, b, method, 1.0)
    return None if found is None else np.asarray(found, np.float64)


def _fit(a: Points, b: Points, perspective: bool) -> Matrix | None:
    """The motion that most points share, refitted on those that follow it."""
    starts = [_similarity(a, b)]
    if perspective:
        starts.append(_homography(a, b, cv2.USAC_MAGSAC))
    best, most = None, -1
    for matrix in starts:
        if matrix is None:
            continue
        refined = matrix
        for reach in (2.0, 1.5, 1.0, 1.0) if perspective else (1.5, 1.0):
            near = _error(refined, a, b) < reach
            if near.sum() < _FEWEST:
                break
            again = (_homography if perspective else _similarity)(a[near], b[near])
            if again is None:
                break
            refined = again
        follow = int((_error(refined, a, b) < _FOLLOWS).sum())
        if follow > most:
            best, most = refined, follow
    return best


def _fit_all(
    points: Points, tracks: NDArray[np.float32], reference: int, perspective: bool
) -> NDArray[np.float64]:
    """One matrix per frame (T, 3, 3), NaN where too few points are left."""
    matrices = np.full((len(tracks), 3, 3), np.nan)
    for t, there in enumerate(tracks):
        known = np.isfinite(there[:, 0])
        if t == reference:
            matrices[t] = np.eye(3)
        elif known.sum() >= _FEWEST:
            found = _fit(points[known], there[known], perspective)
            if found is not None:
                matrices[t] = found
    return matrices


def _errors(
    points: Points, tracks: NDArray[np.float32], matrices: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pixels (T, N); infinite where a point or a matrix is missing."""
    errors = np.full(tracks.shape[:2], np.inf)
    for t, matrix in enumerate(matrices):
        if np.isfinite(matrix).all():
            error = _error(matrix, points, tracks[t])
            errors[t] = np.where(np.isfinite(error), error, np.inf)
    return errors


def camera_motion(frames: NDArray[np.uint8], progress: Progress = silent) -> CameraMotion:
    """Register every frame to the middle one.

    frames : uint8 (T, H, W, 3), RGB.
    """
    n_frames, height, width = frames.shape[:3]
    reference = n_frames // 2
    points, tracks = track(frames, reference, progress)
    known = np.isfinite(tracks[..., 0])  # (T, N)
    still = np.where(known, np.linalg.norm(tracks - points, axis=2), np.inf)
    first = _fit_all(points, tracks, reference, perspective=True)
    follows = _errors(points, tracks, first) < _FOLLOWS
    keep = (follows.mean(axis=0) > _BELIEVED) | ((still < _FOLLOWS).mean(axis=0) > _BELIEVED)
    kept, kept_tracks = points[keep], tracks[:, keep]
    cells = len({(int(x * 6 // width), int(y * 4 // height)) for x, y in kept})
    matrices = _fit_all(kept, kept_tracks, reference, perspective=len(kept) >= 40 and cells >= 8)
    errors = _errors(kept, kept_tracks, matrices)
    as_moved, as_still = (errors < _STRICT).sum(1), (still[:, keep] < _STRICT).sum(1)
    moved = (as_moved > 2 * as_still + 10) & (as_moved > len(kept) / 2)
    others = np.arange(n_frames) != reference
    shares = (_errors(points, tracks, matrices) < _FOLLOWS).sum(1) / np.maximum(known.sum(1), 1)
    near = errors[others][errors[others] < _FOLLOWS]
    shifts = still[others][:, keep]
    shifts = shifts[np.isfinite(shifts)]
    return CameraMotion(
        reference=reference,
        matrices=matrices,
        moved=moved,
        believed=len(kept),
        cells=cells,
        inliers=float(np.median(shares[others])),
        residual=float(np.median(near)) if near.size else 0.0,
        sway=float(np.median(shifts)) if shifts.size else 0.0,
    )
