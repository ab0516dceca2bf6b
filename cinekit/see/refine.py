"""``refine``: a response drawn to the edges of the picture, and steadied over time.

A network answers on a coarse grid: its borders are where the picture has none, and from frame to
frame they flicker. Both are mended by one idea: neighbours that look alike belong together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.checks import Checked, Count, Within
from cinekit.model import Clip, SemanticResponse
from cinekit.protocols import Progress, Segmenter, silent
from cinekit.see.folding import quantise, resample
from cinekit.see.fusion import first_reason, respond_each, without_traces
from cinekit.view import grid_size

Picture = NDArray[np.float32]
"""float32 (h, w, 3), RGB in [0, 1]."""

Response = NDArray[np.float32]
"""float32 (h, w, C), sum 1 in every cell."""

Seen = tuple[Picture, Response]
"""A frame on the grid of the response, and the response in it."""


@dataclass(frozen=True, kw_only=True)
class RefineSegmenter(Checked):
    """Mends the response of another segmenter; any: a network, an ensemble, a scene.

    In space by :func:`guided_filter`, whose guide is the frame itself; in time by
    :func:`mean_over_time`, a mean over the frames in which a cell keeps its colour, so that what
    passes is not smeared. Both keep sums, so cells still sum to 1.

    Parameters
    ----------
    of : whose response it is.
    edges : radius of the guided filter's window as a share of the longer side. More reaches edges
        that are further off and loses parts that are thinner than that; 0 leaves the borders as
        they are.
    steady : odd number of frames of the mean over time; 1 leaves every frame for itself.
    contrast : colours that differ by less than this look alike, in (0, 1].
    cells : along the longer side of the response. 240 keeps 150 frames with 33 categories under
        300 MB, whatever the aspect.

    References
    ----------
    He, Sun, Tang, "Guided Image Filtering", IEEE TPAMI 35(6), 2013, doi:10.1109/TPAMI.2012.213.
    """

    of: Segmenter
    edges: Annotated[float, Within("[0, 0.5]")] = 0.01
    steady: Annotated[int, Within("[1, inf)", odd=True)] = 5
    contrast: Annotated[float, Within("(0, 1]")] = 0.1
    cells: Count = 240

    def unavailable(self) -> str | None:
        """Why the segmenter that it refines cannot run here, or None."""
        return first_reason(self.of)

    def respond(self, clip: Clip, progress: Progress = silent) -> SemanticResponse:
        """The refined response; see :class:`cinekit.protocols.Segmenter`."""
        (response,) = respond_each((self.of,), clip, progress)
        response = without_traces(response)
        size = grid_size(clip.size, self.cells)
        out = np.empty((clip.n_frames, *size, len(response.categories)), np.uint8)
        for t, frame in enumerate(self._steadied(clip, response, size)):
            out[t] = quantise(frame)
            progress(0.9 + 0.1 * (t + 1) / clip.n_frames)
        return replace(response, probabilities=out, source=f"{response.source}, refined")

    def _steadied(
        self, clip: Clip, response: SemanticResponse, size: tuple[int, int]
    ) -> Iterator[Response]:
        """Every frame; no more than ``steady`` of them are in memory as floats."""
        half, last = self.steady // 2, clip.n_frames - 1
        near: dict[int, Seen] = {}
        for t in range(clip.n_frames):
            for later in range(max(near, default=-1) + 1, min(t + half, last) + 1):
                guide = shrunk(clip.frames[later], size)
                near[later] = guide, self._drawn(guide, resample(response.frame(later), size))
            near.pop(t - half - 1, None)
            yield mean_over_time(near[t], list(near.values()), self.contrast)

    def _drawn(self, guide: Picture, response: Response) -> Response:
        """One frame with its borders at the edges of the guide."""
        radius = round(self.edges * max(guide.shape[:2]))
        return guided_filter(guide, response, radius, self.contrast**2) if radius else response


def shrunk(frame: NDArray[np.uint8], size: tuple[int, int]) -> Picture:
    """A frame of the clip, uint8 (H, W, 3), on the grid of the response."""
    small = cv2.resize(frame, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / np.float32(255)


def guided_filter(
    guide: Picture, values: NDArray[np.float32], radius: int, epsilon: float
) -> NDArray[np.float32]:
    """The guided filter with a guide of three channels ([He 2013] Eq. 14 to 16).

    In every window w_k of side 2 r + 1 the output is a linear function of the guide,
    ``q_i = a_k . I_i + b_k``, with ``a_k = (S_k + eps U)^-1 cov_k(I, p)`` and
    ``b_k = mean_k(p) - a_k . mean_k(I)``; a cell takes the mean over the windows that it is in.

    Parameters
    ----------
    values : float32 (h, w, n), p of the paper. Their sum over n is kept, up to rounding; single
        ones may leave [0, 1] a little.
    radius : r, in cells, >= 1.
    epsilon : U's factor: variance of the guide, in [0, 1], from which on it counts as an edge.
    """
    h, w, n = values.shape
    mean = _box_mean(guide, radius)  # (h, w, 3)
    average = _box_mean(values, radius)  # (h, w, n)
    products = guide[..., :, None] * guide[..., None, :]
    scatter = _box_mean(products.reshape(h, w, 9), radius).reshape(h, w, 3, 3)
    scatter -= mean[..., :, None] * mean[..., None, :]
    scatter += np.float32(epsilon) * np.eye(3, dtype=np.float32)
    joint = guide[..., :, None] * values[..., None, :]  # (h, w, 3, n)
    covariance = _box_mean(joint.reshape(h, w, 3 * n), radius).reshape(h, w, 3, n)
    covariance -= mean[..., :, None] * average[..., None, :]
    slope = np.linalg.solve(scatter, covariance)  # a: (h, w, 3, n)
    offset = average - np.einsum("hwc,hwcn->hwn", mean, slope)  # b
    slope = _box_mean(slope.reshape(h, w, 3 * n), radius).reshape(h, w, 3, n)
    drawn: NDArray[np.float32] = np.einsum("hwc,hwcn->hwn", guide, slope)
    drawn += _box_mean(offset, radius)
    return drawn


def _box_mean(values: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Mean over windows of side 2 r + 1; float32 (h, w, n). Beyond the border it is mirrored."""
    side = 2 * radius + 1
    mean = cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT)
    return np.asarray(mean, np.float32).reshape(values.shape)


def mean_over_time(centre: Seen, near: Sequence[Seen], contrast: float) -> Response:
    """The mean over frames, weighted by how far every cell keeps its colour.

    ``F'(x) = sum_s w_s(x) F_s(x) / sum_s w_s(x)`` with the centre's picture I in
    ``w_s(x) = exp(-|I_s(x) - I(x)|^2 / 2 contrast^2)``.

    near : the frames of the window, the centre among them.
    """
    guide, response = centre
    if len(near) == 1:
        return response
    total = np.zeros_like(response)
    mass = np.zeros((*guide.shape[:2], 1), np.float32)
    for picture, other in near:
        distance = np.square(picture - guide).sum(axis=-1, keepdims=True)
        weight = np.exp(distance * np.float32(-0.5 / contrast**2))
        total += weight * other
        mass += weight
    return np.asarray(total / mass, np.float32)
