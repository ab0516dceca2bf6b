"""How good a loop is, in figures.

No single figure tells: a still picture wins every seam measure. So they come in pairs, seams with
motion, and each says its unit and its ideal. Everything is measured on the luma, in grey levels of
0 to 255, of rendered frames against the clip; nothing but the borders and jumps is taken from the
labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.errors import RenderError
from cinekit.eye import MOVES, PATCH
from cinekit.judge.seams import gradient_ratio, own_jump, own_step, pops, torn, usual_pops
from cinekit.judge.solid import solid_things
from cinekit.labels import LabelMap
from cinekit.view import ClipView

_TINY = 1e-9


@dataclass(frozen=True)
class Measure:
    """What a figure means. ideal is text, because some are best at 1 and some above 0.96."""

    unit: str
    ideal: str
    meaning: str


_MEASURES = """
seam_step       | ratio | 1    | step from the file's last frame to its first, to the median step
worst_step      | ratio | 1    | largest step between frames, to the median step
step_to_clip    | ratio | <= 1 | worst_step, to that of the clip in the same region
step_excess     | ratio | 1    | largest step, to the step that the clip makes from the same frames
largest_step    | ratio | <= 1 | largest step, to the largest step of the clip
own_jump        | ratio | 1    | jump of each pixel from its last frame to its first, to its step
own_step        | ratio | 1    | what the rendered loop shows of that jump, to its mean step
border_gradient | ratio | 1    | gradient across label borders in the loop, to the clip's
border_tear     | share | 0    | label borders whose two sides at some moment show different things
tear            | frame heights | 0 | length of the borders at which whole patches are torn so
pops            | share | 0    | looping pixels in patches that change at the jump more than usual
sharpness       | ratio | 1    | worst frame: its gradients, to those of the frames it is made of
sharpness_clip  | ratio | 1    | worst frame: its gradients, to the median frame of the clip
motion          | ratio | >= 1 | median step of the moving region, to the clip's
still_std       | grey levels | 0 | standard deviation over the loop of the pixels labelled still
moving_area     | share of frame | | pixels that move visibly
seen            | grey levels | | median step of the moving region, averaged over the whole frame
target_moving   | share of target | | pixels of the target that move visibly
target_motion   | ratio | 1    | temporal deviation inside the target, to the clip's there
inside_target   | share of moving area | 1 | moving pixels that belong to the target
rigid_jump      | ratio | 1    | own_jump inside non-natural regions
rigid_gradient  | ratio | 1    | border_gradient inside non-natural regions
rigid_tear      | frame heights | 0 | length of the torn borders inside non-natural regions
solid_tear      | frame heights | 0 | length of the cuts through solid things, at the worst moment
rigid_pops      | share of frame | 0 | pixels of non-natural regions in patches that pop
"""

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        name: Measure(unit, ideal, meaning)
        for name, unit, ideal, meaning in (
            map(str.strip, line.split("|")) for line in _MEASURES.strip().splitlines()
        )
    }
)
"""Every figure by name; the last five are of :func:`measure_things`."""


def _steps(grey: NDArray[np.uint8], mask: NDArray[np.bool_], cyclic: bool) -> NDArray[np.float64]:
    """Mean |difference| of consecutive frames over a mask; cyclic appends last to first."""
    frames = (*grey, grey[0]) if cyclic else grey
    inside = (frame[mask].astype(np.int16) for frame in frames)
    return np.array([np.abs(b - a).mean() for a, b in pairwise(inside)])


def _gradient(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Mean of |dx| and |dy|, central differences: uint8 (H, W)."""
    across = cv2.convertScaleAbs(cv2.filter2D(frame, cv2.CV_16S, np.array([[-1, 0, 1]])))
    down = cv2.convertScaleAbs(cv2.filter2D(frame, cv2.CV_16S, np.array([[-1], [0], [1]])))
    return np.asarray(cv2.addWeighted(across, 0.5, down, 0.5, 0), np.uint8)


def _smoothness(
    source: NDArray[np.uint8], loop: NDArray[np.uint8], moving: NDArray[np.bool_], first: int
) -> dict[str, float]:
    """Steps of the whole moving region."""
    steps = _steps(loop, moving, cyclic=True)
    clip_steps = _steps(source, moving, cyclic=False)
    usual = max(float(np.median(steps)), _TINY)
    clip_usual = max(float(np.median(clip_steps)), _TINY)
    worst = float(steps.max()) / usual
    return {
        "seam_step": float(steps[first - 1]) / usual,
        "worst_step": worst,
        "step_to_clip": _ratio(worst, float(clip_steps.max()) / clip_usual),
        "largest_step": float(steps.max()) / max(float(clip_steps.max()), _TINY),
        "motion": float(np.median(steps)) / clip_usual,
        "seen": float(np.median(steps)) * float(moving.mean()),
    }


def _sharpness(
    source: NDArray[np.uint8],
    loop: NDArray[np.uint8],
    labels: LabelMap,
    moving: NDArray[np.bool_],
) -> dict[str, float]:
    """Gradients of the moving region, frame by frame.

    Against the source frames that a loop frame is made of, pixel by pixel, and against the median
    frame of the clip, which also rises and falls with what happens in the scene.
    """
    gradients = np.stack([_gradient(frame)[moving] for frame in source])  # (T, M)
    clip_usual = max(float(np.median(gradients.mean(axis=1))), _TINY)
    inner = labels.table.of(moving)
    columns = np.arange(gradients.shape[1])
    to_made_of, to_clip = [], []
    for f, frame in enumerate(loop):
        here = float(_gradient(frame)[moving].mean())
        made_of = float(gradients[inner.frame_at(f, len(loop)), columns].mean())
        to_made_of.append(here / max(made_of, _TINY))
        to_clip.append(here / clip_usual)
    return {"sharpness": min(to_made_of), "sharpness_clip": min(to_clip)}


def _step_excess(
    source: NDArray[np.uint8],
    loop: NDArray[np.uint8],
    labels: LabelMap,
    moving: NDArray[np.bool_],
) -> float:
    """The largest step of the loop in units of what the clip does at the same moments.

    A gust of wind is a large step of the clip as well; a seam is not. Where the clip is calm, its
    mean step is the unit: what is no more than that does not catch the eye.
    """
    pixels = source[:, moving]  # (T, M)
    mean_step = float(_steps(source, moving, cyclic=False).mean())
    inner = labels.table.of(moving)
    columns = np.arange(pixels.shape[1])
    ratios = []
    for f in range(len(loop)):
        at = inner.frame_at(f, len(loop))
        following = np.where(at + 1 < len(source), at + 1, at - 1)
        own = np.abs(pixels[following, columns].astype(np.int16) - pixels[at, columns])
        after = loop[(f + 1) % len(loop)][moving].astype(np.int16)
        usual = max(float(own.mean()), mean_step, _TINY)
        ratios.append(float(np.abs(after - loop[f][moving]).mean()) / usual)
    return max(ratios)


def _ratio(value: float, reference: float) -> float:
    return value / max(reference, _TINY)


def measure_loop(
    clip: ClipView, rendered: ClipView, labels: LabelMap, target: NDArray[np.bool_], first: int = 0
) -> dict[str, float]:
    """The figures of a rendered loop that need no knowledge of things.

    Those that need motion are left out when nothing moves visibly: they would be perfect.

    Parameters
    ----------
    clip : of T frames; rendered : the loop once, from frame 0 of the time map on.
    labels : at the resolution of the clip.
    target : bool (H, W), what should move.
    first : the frame that its file begins with: seam_step is the step before that.

    Raises
    ------
    RenderError
        When the sizes differ.
    """
    if not clip.size == rendered.size == labels.size == target.shape:
        raise RenderError(
            f"expected frames, labels and target of {clip.size}, received "
            f"{rendered.size}, {labels.size} and {target.shape}"
        )
    source, loop, deviation = clip.luma, rendered.luma, rendered.deviation
    moving = deviation > MOVES
    still = ~labels.looping
    figures = {
        "still_std": float(deviation[still].mean()) if still.any() else 0.0,
        "moving_area": float(moving.mean()),
        "target_moving": _ratio(float((moving & target).sum()), float(target.sum())),
        "target_motion": _ratio(
            float(deviation[target].sum()), float(clip.deviation[target].sum())
        ),
    }
    if not moving.any():
        return figures
    figures["inside_target"] = float((moving & target).sum() / moving.sum())
    figures |= _smoothness(source, loop, moving, first)
    figures["step_excess"] = _step_excess(source, loop, labels, moving)
    figures |= _sharpness(source, loop, labels, moving)
    everywhere = np.ones(labels.size, bool)
    figures["pops"] = max(0.0, pops(source, labels, everywhere) - usual_pops(clip, labels))
    jump, step = own_jump(source, labels, everywhere)
    figures["own_jump"] = _ratio(jump, step)
    shown, step = own_step(loop, labels)
    figures["own_step"] = _ratio(shown, step)
    borders = labels.borders
    if len(borders):
        figures["border_gradient"] = gradient_ratio(borders, source, loop)
        figures["border_tear"] = float(torn(borders, labels, source, len(loop)).mean())
        # Averaged over boxes of 1/72 of the height: foam goes, petals and heads stay.
        box = max(3, round(labels.size[0] / 72) | 1)
        figures["tear"] = torn(borders, labels, source, len(loop), box).sum() / labels.size[0]
    return figures


def measure_things(
    clip: ClipView, rendered: ClipView, labels: LabelMap, rigid: NDArray[np.bool_]
) -> dict[str, float]:
    """The figures of what may not be torn: of solid things, and of regions that are not natural.

    rigid : bool (H, W), those regions. The ``rigid_...`` figures are left out when none loops.
    """
    source, loop, inside = clip.luma, rendered.luma, rigid & labels.looping
    figures = {"solid_tear": clip.once(solid_things).torn(labels, len(loop))}
    share = float(inside.mean())
    if share < PATCH:
        return figures
    jump, step = own_jump(source, labels, rigid)
    clip_step = float(_steps(source, inside, cyclic=False).mean())
    figures["rigid_jump"] = _ratio(jump, max(step, clip_step))
    figures["rigid_pops"] = share * pops(source, labels, rigid)
    # A piece that runs to and fro is a thing to its border, wherever its region ends.
    piece = cv2.dilate(labels.returns.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    borders = labels.borders.inside(rigid | piece)
    if len(borders):
        figures["rigid_gradient"] = gradient_ratio(borders, source, loop)
        figures["rigid_tear"] = torn(borders, labels, source, len(loop)).sum() / labels.size[0]
    return figures


def decode_check(
    decoded: Iterable[NDArray[np.uint8]], still: NDArray[np.bool_], frame: NDArray[np.uint8]
) -> dict[str, float]:
    """What an encoder did to the still part.

    Parameters
    ----------
    decoded : frames as they come back from the file, each uint8 (H, W, 3).
    still : bool (H, W), pixels labelled still, at least one.
    frame : uint8 (H, W, 3), a rendered frame before encoding.

    Returns
    -------
    ``still_std`` : mean standard deviation over time, grey levels of luma; ideal 0, at most 0.05.
    ``still_psnr`` : against the frame, over the colours, dB; ideal infinite, at least 42.
    """
    if not still.any():
        raise RenderError("expected at least one still pixel to check, received none")
    mask = still.astype(np.uint8)
    total, power = np.zeros(still.shape, np.float64), np.zeros(still.shape, np.float64)
    squares, n = 0.0, 0
    for image in decoded:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        cv2.accumulate(grey, total)
        cv2.accumulateSquare(grey, power)
        squares += cv2.norm(image, frame, cv2.NORM_L2SQR, mask)
        n += 1
    mean_square = max(squares / max(n * 3 * int(still.sum()), 1), 1e-10)
    deviation = np.sqrt(np.maximum(power / max(n, 1) - (total / max(n, 1)) ** 2, 0))[still]
    return {
        "still_std": float(deviation.mean()),
        "still_psnr": 10 * float(np.log10(255.0**2 / mean_square)),
    }
