"""The working clip: fewer, smaller frames of the clip, with what the segmenter saw on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.jit import kernel
from cinekit.energy.options import WorkingOptions
from cinekit.errors import SegmenterError
from cinekit.labels import LabelMap
from cinekit.model import Clip, Motion, Regions, SemanticResponse, is_constant


@dataclass(frozen=True, eq=False)
class WorkingClip:
    """What the energy is solved on. Lower case ``t h w`` are its frames and pixels.

    frames : float32 (t, h, w, 3) in [0, 1], area-filtered in space. Plain subsampling in time, so
        that working frame i *is* source frame ``i * every``: a filter would blend frames, and a
        loop found on blends need not exist in the clip.
    response : uint8 (t, h, w, K+1): ``value / 255`` is F, raw probabilities of the K kept
        categories and one "rest" channel, steadied.
    histogram : float32 (h, w, K+1): share of the frames in which the channel is the largest.
    natural : bool (h, w), pixels of natural regions.
    moving : bool (h, w), pixels that move by themselves.
    rigid : int16 (h, w), 0 or the number (from 1) of the non-natural region of the pixel.
    every : source frames per working frame.
    source_frames : T of the clip.
    """

    frames: NDArray[np.float32]
    response: NDArray[np.uint8]
    histogram: NDArray[np.float32]
    natural: NDArray[np.bool_]
    moving: NDArray[np.bool_]
    rigid: NDArray[np.int16]
    every: int
    source_frames: int

    @property
    def n_frames(self) -> int:
        """Working frames, t."""
        return int(self.frames.shape[0])

    @property
    def size(self) -> tuple[int, int]:
        """(h, w)."""
        return int(self.frames.shape[1]), int(self.frames.shape[2])

    def to_source(self, labels: LabelMap) -> LabelMap:
        """The same loops counted in source frames, still at working size (h, w)."""
        still = labels.period == 1
        period = np.where(still, 1, labels.period * self.every)
        return LabelMap(
            period=period.astype(np.int16),
            start=(labels.start * self.every).astype(np.int16),
            n_frames=self.source_frames,
        )


def make_working(
    clip: Clip, response: SemanticResponse, regions: Regions, options: WorkingOptions
) -> WorkingClip:
    """Reduce a clip, its response and its regions to the size that the energy is solved on.

    A clip that is too short for ``min_frames`` keeps all its frames, one that is too small for
    ``min_side`` all its pixels.

    Raises
    ------
    SegmenterError
        When the response does not belong to the clip, or lacks the category of a region.
    """
    if response.n_frames != clip.n_frames:
        raise SegmenterError(
            f"expected a response of {clip.n_frames} frames like the clip, "
            f"received {response.n_frames}: segment this clip"
        )
    every = frame_step(clip.n_frames, options)
    size = working_size(clip.size, options)
    frames = np.stack([_shrink(frame, size) for frame in clip.frames[::every]])
    probabilities = _channels(response, regions, every, size)
    probabilities = steady(probabilities, options.response_median, options.dead_band)
    rigid = np.zeros(size, np.int16)
    others = (r for r in regions.regions if r.motion is not Motion.NATURAL)
    for number, region in enumerate(others, start=1):
        rigid[shrink_mask(region.mask, size)] = number
    natural = shrink_mask(regions.natural, size)
    rigid[natural] = 0
    return WorkingClip(
        frames=frames,
        response=probabilities,
        histogram=label_histogram(probabilities),
        natural=natural,
        moving=shrink_mask(regions.moving, size),
        rigid=rigid,
        every=every,
        source_frames=clip.n_frames,
    )


def frame_step(n_frames: int, options: WorkingOptions) -> int:
    """Source frames per working frame: ``every``, or less to have ``min_frames`` of them."""
    if options.min_frames == 1:
        return options.every
    return min(options.every, max(1, (n_frames - 1) // (options.min_frames - 1)))


def working_shape(clip: Clip, options: WorkingOptions) -> tuple[int, int, int]:
    """(t, h, w) of the working clip."""
    every = frame_step(clip.n_frames, options)
    return 1 + (clip.n_frames - 1) // every, *working_size(clip.size, options)


def working_size(size: tuple[int, int], options: WorkingOptions) -> tuple[int, int]:
    """(h, w) for a clip of (H, W)."""
    scale = min(1.0, max(options.scale, options.min_side / min(size)))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def shrink_mask(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask of the clip at working size: True where at least half of the area is."""
    share = cv2.resize(mask.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
    out: NDArray[np.bool_] = share.reshape(size) >= 0.5
    return out


def label_histogram(response: NDArray[np.uint8]) -> NDArray[np.float32]:
    """h_t of [O] 3.1, normalised: share of the frames in which a channel is the largest.

    response : (t, h, w, c). Returns float32 (h, w, c), sum 1 at every pixel.
    """
    t, h, w, c = response.shape
    counts = np.zeros((h, w, c), np.float32)
    for frame in response:
        winner = frame.argmax(axis=-1)  # (h, w)
        np.put_along_axis(
            counts, winner[..., None], np.take_along_axis(counts, winner[..., None], -1) + 1, -1
        )
    return counts / np.float32(t)


def _resize(values: NDArray[np.float32], size: tuple[int, int], way: int) -> NDArray[np.float32]:
    out = cv2.resize(values, size[::-1], interpolation=way)
    return np.asarray(out, np.float32)


def _shrink(frame: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float32]:
    """One frame as float32 (h, w, 3) in [0, 1], area-filtered."""
    values = frame.astype(np.float32) / np.float32(255)
    if values.shape[:2] != size:
        values = _resize(values, size, cv2.INTER_AREA)
    return values


def _channels(
    response: SemanticResponse, regions: Regions, every: int, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """Raw probabilities of the regions' categories and the rest: uint8 (t, h, w, K+1)."""
    names = [category.name for category in response.categories]
    missing = [region.name for region in regions.regions if region.name not in names]
    if missing:
        raise SegmenterError(
            f"expected regions that the response knows ({', '.join(names)}), "
            f"received {', '.join(missing)}"
        )
    kept = [names.index(region.name) for region in regions.regions]
    times = [0] if response.constant else range(0, response.n_frames, every)
    out = np.empty((len(times), *size, len(kept) + 1), np.uint8)
    for i, t in enumerate(times):
        share = response.frame(t)[..., kept]  # (h', w', K)
        grid = share.shape[:2]
        if not kept:  # the rest alone, and nothing that OpenCV could resize
            share = np.zeros((*size, 0), np.float32)
        elif grid != size:
            smaller = grid[0] >= size[0] and grid[1] >= size[1]
            way = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
            share = _resize(share, size, way).reshape(*size, len(kept))
        out[i, ..., :-1] = np.rint(255 * share)
        out[i, ..., -1] = np.rint(255 * np.clip(1 - share.sum(axis=-1), 0, 1))
    n = 1 + (response.n_frames - 1) // every
    return np.broadcast_to(out, (n, *out.shape[1:])) if response.constant else out


def steady(response: NDArray[np.uint8], median: int, dead_band: float) -> NDArray[np.uint8]:
    """Take the flicker of a network out of its response.

    Every channel of every pixel is replaced by its median over ``median`` frames (the window is
    clamped to the clip), then keeps its running value until it changes by more than the dead band.

    response : uint8 (t, h, w, c), 255 is probability 1. Returns the same shape and dtype. A
        response that is a broadcast view along t comes back as it is.
    """
    if is_constant(response):
        return response
    t = response.shape[0]
    flat = np.ascontiguousarray(response).reshape(t, -1)
    out = np.empty_like(flat)
    _steady(flat, median // 2, np.int64(np.floor(255 * dead_band)), out)
    return out.reshape(response.shape)


@kernel
def _steady(values, reach, band, out):  # type: ignore[no-untyped-def]
    """uint8 (t, m) -> out; frames outermost, so that memory is read in order."""
    n, m = values.shape
    window = np.empty(2 * reach + 1, np.uint8)
    for t in range(n):
        for j in range(m):
            for k in range(2 * reach + 1):
                v = values[min(max(t + k - reach, 0), n - 1), j]
                at = k  # insertion sort: the window is a handful of values
                while at > 0 and window[at - 1] > v:
                    window[at] = window[at - 1]
                    at -= 1
                window[at] = v
            now = np.int64(window[reach])
            if t > 0 and abs(now - np.int64(out[t - 1, j])) <= band:
                now = np.int64(out[t - 1, j])
            out[t, j] = now
