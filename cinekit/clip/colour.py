"""One decoded frame to 8-bit RGB: matrix, range, depth, scale, transparency, dynamic range.

FFmpeg's scaler is used for what it is exact at (chroma to full size, the area filter, both on 16
bits); matrices and ranges are applied here, in float, so that no depth is lost before the curve of
an HDR source and no default of the scaler decides about colour.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from cinekit.clip.source import side_data
from cinekit.clip.tonemap import HDR_PEAK, Primaries, Transfer, to_sdr
from cinekit.errors import ClipError

# ITU-T H.273 code points, as libav numbers them
_TRANSFERS = {16: Transfer.PQ, 18: Transfer.HLG}
_PRIMARIES = {9: Primaries.BT2020, 11: Primaries.P3, 12: Primaries.P3}
_MATRICES = {  # luma weights of red and blue
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 BG
    6: (0.299, 0.114),  # SMPTE 170M
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020, non-constant luminance
}
_UNTAGGED = (0, 2, 3)
_ODD_MATRICES = {8: "YCgCo", 10: "BT.2020 constant luminance", 11: "YDzDx", 14: "ICtCp"}
_FILTER = Interpolation.AREA | Interpolation.ACCURATE_RND
_VIDEO_CODECS = ("h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "mpeg")
"""Codecs whose untagged greyscale is luma in limited range; elsewhere grey is a picture's grey."""


@dataclass(frozen=True)
class Colour:
    """What the values of a stream mean; read from its first frame and kept for all.

    kr, kb : luma weights of red and blue; None where the samples are RGB or grey already.
    full : full range ("JPEG"), else limited.
    peak : cd/m2, of a PQ source.
    """

    kr: float | None
    kb: float | None
    full: bool
    transfer: Transfer
    primaries: Primaries
    peak: float
    alpha: bool
    grey: bool

    def notes(self) -> tuple[str, ...]:
        """What is done because of it, one line each."""
        said = []
        if self.transfer is not Transfer.SDR:
            peak = HDR_PEAK if self.transfer is Transfer.HLG else self.peak
            said.append(
                f"{self.transfer} high dynamic range ({peak:.0f} cd/m2) tone-mapped to standard "
                "range BT.709 (BT.2446 method A)"
            )
        elif self.primaries is not Primaries.BT709:
            said.append(f"{self.primaries} colours brought to BT.709")
        if self.alpha:
            said.append("transparent parts composited on black")
        if self.grey:
            said.append("greyscale expanded to RGB")
        return tuple(said)


def _peak(frame: av.VideoFrame) -> float:
    """cd/m2 that the metadata of an HDR10 frame promises, or the default."""
    light = side_data(frame, "CONTENT_LIGHT_LEVEL")
    if len(light) >= 4:
        brightest = struct.unpack_from("=I", light)[0]
        if brightest > 0:
            return float(brightest)
    display = side_data(frame, "MASTERING_DISPLAY_METADATA")
    if len(display) >= 88:  # 8 + 2 rationals, then two flags
        numerator, denominator, _, known = struct.unpack_from("=iiii", display, 72)
        if known and denominator > 0 and numerator > 0:
            return float(numerator / denominator)
    return HDR_PEAK


def _is_grey(frame: av.VideoFrame) -> bool:
    return frame.format.name.startswith("gray")


def colour_of(frame: av.VideoFrame, codec: str) -> Colour:
    """Read the tags of a frame; what is not tagged is guessed as players do.

    Untagged YCbCr is BT.709 from 720 lines up and BT.601 below, in limited range (the "yuvj"
    formats: full range); untagged HDR or wide-gamut is BT.2020.

    Raises
    ------
    ClipError
        For a colour matrix that cinekit cannot undo.
    """
    components = frame.format.components
    rgb = frame.format.is_rgb or frame.format.has_palette or len(components) <= 2
    transfer = _TRANSFERS.get(frame.color_trc, Transfer.SDR)
    wide = Primaries.BT2020 if transfer is not Transfer.SDR else Primaries.BT709
    primaries = wide
    if frame.color_primaries not in _UNTAGGED:
        primaries = _PRIMARIES.get(frame.color_primaries, Primaries.BT709)
    kr = kb = None
    if not rgb:
        if frame.colorspace in _ODD_MATRICES:
            raise ClipError(
                "expected RGB or YCbCr video, received the colour matrix "
                f"{_ODD_MATRICES[frame.colorspace]}: convert the file to BT.709 first"
            )
        standard = 9 if primaries is Primaries.BT2020 else 1 if frame.height >= 720 else 6
        kr, kb = _MATRICES.get(frame.colorspace, _MATRICES[standard])
    full = frame.color_range == ColorRange.JPEG or "yuvj" in frame.format.name
    if _is_grey(frame) and frame.color_range == ColorRange.UNSPECIFIED:
        full = not codec.startswith(_VIDEO_CODECS)
    alpha = any(c.is_alpha for c in components) or (frame.format.has_palette and codec == "gif")
    grey = len(components) <= 2 and not frame.format.has_palette
    return Colour(kr, kb, full, transfer, primaries, _peak(frame), alpha, grey)


@lru_cache
def _white(name: str, target: str) -> float:
    """What the scaler makes of a format's highest code value in 16 bits (its scale varies)."""
    frame = av.VideoFrame(16, 16, name)
    bits = max(c.bits for c in frame.format.components)
    highest = (2**bits - 1).to_bytes(2, "big" if name.endswith("be") else "little")
    if bits == 8 or name.startswith(("p0", "p2", "p4")):  # the latter keep code values on top
        highest = b"\xff\xff"
    for plane in frame.planes:
        plane.update(highest * (plane.buffer_size // 2))
    full = ColorRange.JPEG
    converted = frame.reformat(
        format=target, src_color_range=full, dst_color_range=full, interpolation=_FILTER
    )
    return float(converted.to_ndarray().reshape(16, 16, -1)[8, 8, 0])


class Converter:
    """Turns the frames of one stream into scaled 8-bit RGB.

    Parameters
    ----------
    colour : of the stream.
    size : (width, height) that the stored picture is scaled to.
    """

    def __init__(self, colour: Colour, size: tuple[int, int]) -> None:
        self.colour = colour
        self.size = size
        self._scaler = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """uint8 (height, width, 3), standard range BT.709, composited on black."""
        colour = self.colour
        if colour.kr is None:
            rgb, alpha = self._from_rgb(frame)
        else:
            rgb, alpha = self._from_yuv(frame)
        if alpha is not None:  # (H, W, 1)
            rgb *= alpha
        if rgb.shape[1::-1] != self.size:
            rgb = cv2.resize(rgb, self.size, interpolation=cv2.INTER_AREA)
        if colour.transfer is not Transfer.SDR or colour.primaries is not Primaries.BT709:
            rgb = to_sdr(rgb, colour.transfer, colour.primaries, colour.peak)
        # rounds and saturates
        return np.asarray(cv2.convertScaleAbs(np.maximum(rgb, 0), alpha=255.0), np.uint8)

    def _from_yuv(self, frame: av.VideoFrame) -> tuple[Any, Any]:
        """Float R'G'B' (H, W, 3), scaled unless transparency must be applied first, and alpha."""
        has_alpha = any(c.is_alpha for c in frame.format.components)
        target = "yuva444p16le" if has_alpha else "yuv444p16le"
        side = ColorRange.JPEG if self.colour.full else ColorRange.MPEG
        width, height = (frame.width, frame.height) if has_alpha else self.size
        planes = self._scaler.reformat(
            frame,
            width=width,
            height=height,
            format=target,
            interpolation=_FILTER,
            src_colorspace=1,  # the same on both sides: the scaler shall not touch the matrix,
            dst_colorspace=1,
            src_color_range=side,  # nor the range
            dst_color_range=side,
            threads=1,
        ).to_ndarray()  # (H, W, 3 or 4)
        bits = frame.format.components[0].bits
        unit = _white(frame.format.name, target) / (2**bits - 1)  # of one code value
        code = planes[..., :3].astype(np.float32)
        rgb = cv2.transform(code, self._matrix(bits, unit))
        alpha = planes[..., 3:].astype(np.float32) / np.float32(65535) if has_alpha else None
        if alpha is not None and bits < 16:  # alpha may be shifted rather than stretched
            alpha = np.minimum(alpha * np.float32(65535 / (unit * (2**bits - 1))), 1)
        return rgb, alpha

    def _matrix(self, bits: int, unit: float) -> NDArray[np.float32]:
        """3x4 from 16-bit Y'CbCr to R'G'B' (BT.709 and BT.2020 section 3, BT.601 section 2.5)."""
        kr, kb = self.colour.kr, self.colour.kb
        assert kr is not None
        assert kb is not None
        kg = 1 - kr - kb
        step = 2 ** (bits - 8)
        black, luma, chroma = (
            (0, 2**bits - 1, 2**bits - 1)
            if self.colour.full
            else (16 * step, 219 * step, 224 * step)
        )
        decode = np.array(
            [
                [1, 0, 2 * (1 - kr)],
                [1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg],
                [1, 2 * (1 - kb), 0],
            ]
        )
        scale = np.array([1 / luma, 1 / chroma, 1 / chroma])
        linear = decode * scale  # of code values
        offset = -linear @ np.array([black, 128 * step, 128 * step])
        return np.column_stack([linear / unit, offset]).astype(np.float32)

    def _from_rgb(self, frame: av.VideoFrame) -> tuple[Any, Any]:
        """As _from_yuv for RGB, palette and grey; scaled by the caller.

        Only depth and packing are left to FFmpeg: its scaler would go through YCbCr.
        """
        bits = max(c.bits for c in frame.format.components)
        if _is_grey(frame) and not any(c.is_alpha for c in frame.format.components):
            values = frame.to_ndarray().astype(np.float32) / np.float32(2**bits - 1)
            if not self.colour.full:
                share = 2 ** (bits - 8) / (2**bits - 1)
                values = (values - 16 * share) / (219 * share)
            return np.repeat(np.clip(values, 0, 1)[..., None], 3, axis=-1), None
        if bits > 8:
            target, white = "rgba64le", 0.0
            white = _white(frame.format.name, target)
        else:
            target, white = "rgba", 255.0
        packed = self._scaler.reformat(frame, format=target, threads=1).to_ndarray()
        rgb = np.minimum(packed[..., :3].astype(np.float32) / np.float32(white), 1)
        if not self.colour.alpha:
            return rgb, None
        return rgb, packed[..., 3:].astype(np.float32) / np.float32(65535 if bits > 8 else 255)
