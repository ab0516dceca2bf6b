"""H.264 in MP4, held to a still part that stands still after decoding."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated, ClassVar

import av
import cv2
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from cinekit.checks import Checked, Positive, Within
from cinekit.judge import decode_check
from cinekit.store.atomic import whole_file
from cinekit.write.frames import checked_frames, even, exact_rate
from cinekit.write.video import Encoding, encode_in_place, to_yuv

log = logging.getLogger(__name__)

_TRIES = 4
_DEEPEST = 9.0
"""How often a still part that shimmers is encoded, and how far crf is lowered at most."""

_FINEST = 1.0
"""Least crf: at 0 x264 changes to the profile High 4:4:4 Predictive, which few players know."""

_HALVES = 8.0
"""Lowering crf by this halves the shimmer, about (6.5 to 9 on real clips)."""

_BELOW_CEILING = 0.1
"""dB below what the colour conversion alone leaves, where a finer crf buys nothing any more."""

Preset = StrEnum("Preset", "ultrafast superfast veryfast faster fast medium slow slower veryslow")
"""Of x264: how long it looks for what can be left out."""


@dataclass(frozen=True, kw_only=True)
class Mp4Writer(Checked):
    """H.264 in MP4: plays everywhere.

    crf : constant rate factor, 1 to 51; lower is better and larger (0 would be lossless, in a
        profile that browsers and phones do not play). 14 keeps the still
        part of a cinemagraph at 43 dB and steady to a few hundredths of a grey level; 18 is
        smaller and lets the neighbourhood of the moving part shimmer.
    preset : speed of libx264, "ultrafast" to "veryslow".
    still_std : grey levels (of 255) that the still part may deviate over the loop after decoding.
        None does not look.
    still_psnr : dB that the still part must reach against the frames, as far as 4:2:0 colour
        allows: strong colours beside each other may end at 42 dB before any coding. It counts all
        pixels that do not change; those that are labelled still may have a tenth of a dB less.
        None does not look.

    The file is decoded, and where its still part misses one of the two it is encoded again at a
    lower crf, down to 9 below ``crf``; the log tells when even that was not enough.

    The still part has to stay still after decoding, which x264's defaults do not aim at: psycho-
    visual noise is off, weighted prediction is off (it re-scales what has not changed), there is
    no key frame but the first, colour is coded finer than x264 would (its errors spread over 2x2
    pixels), and the deblocking filter is almost off (it blurs motion into still neighbours). The
    index comes first in the file (faststart). An odd last row or column is cropped, with a warning
    in the log. The whole loop is held in memory.
    """

    suffix: ClassVar[str] = ".mp4"
    media_type: ClassVar[str] = "video/mp4"

    crf: Annotated[float, Within(f"[{_FINEST:g}, 51]")] = 14.0
    preset: Preset = Preset.slow
    still_std: Positive | None = 0.05
    still_psnr: float | None = 42.2

    def write(
        self, frames: Iterable[NDArray[np.uint8]], fps: float, path: Path, repeat: int = 1
    ) -> None:
        """Write the loop; see :class:`cinekit.protocols.Writer`."""
        loop = list(even(checked_frames(frames, fps, repeat), "libx264"))
        looks = self.still_std is not None or self.still_psnr is not None
        still = _still_area(loop) if looks else None
        with whole_file(path) as temporary:
            crf, deepest = self.crf, max(_FINEST, self.crf - _DEEPEST)
            for _ in range(_TRIES):
                encoding = _encoding(crf, self.preset.value, fps)
                encode_in_place(loop, fps, temporary, repeat, encoding, path)
                if still is None:
                    return
                check = decode_check(_round(temporary, len(loop)), still, loop[0])
                # what no crf can undo: 4:2:0 keeps a quarter of the colour
                ceiling = decode_check([_converted(loop[0])], still, loop[0])["still_psnr"]
                step = self._too_coarse_by(check, ceiling)
                if step == 0:
                    return
                if crf == deepest:
                    break
                crf = max(deepest, crf - max(1.0, step))
            log.warning(
                "%s: at crf %g the still part deviates by %.3f grey levels and has %.1f dB of the "
                "%.1f that 4:2:0 colour allows, expected at most %s and at least %s dB",
                *(path.name, crf, check["still_std"], check["still_psnr"], ceiling),
                *(self.still_std, self.still_psnr),
            )

    def _too_coarse_by(self, check: Mapping[str, float], ceiling: float) -> float:
        """How far crf should go down, about; 0 when the still part is as wanted or can be."""
        step = 0.0
        if self.still_std is not None and check["still_std"] > self.still_std:
            step = _HALVES * math.log2(check["still_std"] / self.still_std)
        if self.still_psnr is not None:
            wanted = min(self.still_psnr, ceiling - _BELOW_CEILING)
            if check["still_psnr"] < wanted:
                # of the squared errors only the encoder's share falls, to 1/4 per 6 steps of crf
                now, allowed, fixed = (
                    10 ** (-level / 10) for level in (check["still_psnr"], wanted, ceiling)
                )
                step = max(step, 3 * math.log2((now - fixed) / (allowed - fixed)))
        return step


def _encoding(crf: float, preset: str, fps: float) -> Encoding:
    rate = exact_rate(fps)
    parameters = (
        "keyint=infinite:scenecut=0:open-gop=0:weightp=0:weightb=0:psy=0:deblock=-6,-6"
        ":chroma-qp-offset=-6"
    )
    return Encoding(
        "mp4",
        "libx264",
        {"crf": f"{crf:g}", "preset": preset, "x264-params": parameters},
        {
            "movflags": "+faststart",
            # in units of which the duration of the movie is exact, not rounded to 1 ms
            "movie_timescale": str(rate.numerator * max(1, 1000 // rate.numerator)),
        },
    )


def _still_area(loop: list[NDArray[np.uint8]]) -> NDArray[np.bool_] | None:
    """bool (H, W), bit-equal over the loop; None where nothing or everything is."""
    still = np.ones(loop[0].shape[:2], bool)
    for frame in loop[1:]:
        change = np.asarray(cv2.absdiff(frame, loop[0]), np.uint8)
        still &= (change[..., 0] | change[..., 1] | change[..., 2]) == 0
    return still if still.any() and not still.all() else None


def _round(file: Path, n: int) -> Iterator[NDArray[np.uint8]]:
    """The n decoded frames of the first round."""
    with av.open(str(file), format="mp4") as container:
        for frame in islice(container.decode(video=0), n):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _converted(frame: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame as it would come back from a perfect encoder: through 4:2:0 and back."""
    return np.asarray(to_yuv(frame, VideoReformatter()).to_ndarray(format="rgb24"), np.uint8)
