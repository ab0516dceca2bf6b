"""High dynamic range and wide gamut to standard range BT.709, by the ITU's published curves.

PQ and HLG are decoded as in Recommendation ITU-R BT.2100-2 (tables 4 and 5), mapped from the peak
of the source to 100 cd/m2 by method A of Report ITU-R BT.2446-1 (section 4), and brought from the
BT.2020 to the BT.709 primaries in linear light with a hard clip (Report ITU-R BT.2407-0, section 2;
the matrix follows from the primaries). Both displays have the gamma of 2.4 of BT.1886.

Method A is made for 1000 cd/m2. Its formula has the source's peak as a parameter, which is used
here for sources that say theirs. HLG is shown at 1000 cd/m2, where the system gamma is 1.2.
A static curve: the same light gets the same value in every frame, so that still things stay still.
"""

from __future__ import annotations

import math
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.float32]

SDR_PEAK = 100.0
"""cd/m2."""
HDR_PEAK = 1000.0
"""cd/m2, where a PQ source does not say what it was graded for; the nominal peak of HLG."""
REFERENCE_WHITE = 203.0
"""cd/m2, of a diffuse white in HDR (Report ITU-R BT.2408): no source has a lower peak than this."""
DISPLAY_GAMMA = 2.4
"""Recommendation ITU-R BT.1886."""
LUMA_2020 = (0.2627, 0.6780, 0.0593)
_TABLE = 1 << 14
"""Entries: their steps are below a tenth of an 8-bit step everywhere."""


class Transfer(StrEnum):
    """How light is coded."""

    SDR = "sdr"
    PQ = "PQ"
    HLG = "HLG"


class Primaries(StrEnum):
    """The colours of full red, green and blue. The older ones are near enough to BT.709."""

    BT709 = "BT.709"
    BT2020 = "BT.2020"
    P3 = "Display P3"


_XY = {  # chromaticities of red, green, blue; the white is D65 in all three
    Primaries.BT709: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    Primaries.BT2020: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    Primaries.P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_D65 = (0.3127, 0.3290)


def _to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """3x3, linear RGB to CIE XYZ (SMPTE RP 177)."""

    def lift(x: float, y: float) -> list[float]:
        return [x / y, 1.0, (1 - x - y) / y]

    columns = np.array([lift(x, y) for x, y in _XY[primaries]]).T
    gains = np.linalg.solve(columns, np.array(lift(*_D65)))
    matrix: NDArray[np.float64] = columns * gains
    return matrix


@lru_cache
def gamut_matrix(source: Primaries, target: Primaries) -> NDArray[np.float64]:
    """3x3 that takes linear light from one set of primaries to another."""
    return np.asarray(np.linalg.solve(_to_xyz(target), _to_xyz(source)), np.float64)


def pq_eotf(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Displayed light in cd/m2 of a PQ value in [0, 1] (BT.2100 table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = np.asarray(np.clip(code, 0, 1) ** (1 / m2), np.float64)
    light = np.maximum(root - c1, 0) / (c2 - c3 * root)
    return np.asarray(10000 * light ** (1 / m1), np.float64)


def hlg_inverse_oetf(code: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scene light in [0, 1] of an HLG value in [0, 1] (BT.2100 table 5)."""
    a = 0.17883277
    b, c = 1 - 4 * a, 0.5 - a * math.log(4 * a)
    code = np.clip(code, 0, 1)
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


def method_a(luma: NDArray[np.float64], peak: float = HDR_PEAK) -> NDArray[np.float64]:
    """BT.2446-1 method A, steps 1 to 3: gamma-coded HDR luma to SDR luma, both in [0, 1]."""
    rho_hdr = 1 + 32 * (peak / 10000) ** (1 / DISPLAY_GAMMA)
    rho_sdr = 1 + 32 * (SDR_PEAK / 10000) ** (1 / DISPLAY_GAMMA)
    p = np.log(1 + (rho_hdr - 1) * luma) / math.log(rho_hdr)
    knee = -1.1510 * p**2 + 2.7811 * p - 0.6302
    c = np.where(p <= 0.7399, 1.0770 * p, np.where(p < 0.9909, knee, 0.5 * p + 0.5))
    mapped: NDArray[np.float64] = (rho_sdr**c - 1) / (rho_sdr - 1)
    return mapped


@lru_cache
def _light_table(transfer: Transfer, peak: float) -> Image:
    """Linear light, relative to the peak, of _TABLE evenly spaced codes (HLG: of the scene)."""
    code = np.linspace(0, 1, _TABLE)
    if transfer is Transfer.PQ:
        return np.minimum(pq_eotf(code) / peak, 1).astype(np.float32)
    if transfer is Transfer.HLG:
        return hlg_inverse_oetf(code).astype(np.float32)
    return (code**DISPLAY_GAMMA).astype(np.float32)


@lru_cache
def _gain_table(peak: float) -> Image:
    """f of method A, ``Y_sdr / (1.1 Y')``, and in the second row Y_sdr, over luma in [0, 1]."""
    luma = np.linspace(0, 1, _TABLE)
    mapped = method_a(luma, peak)
    slope = mapped[1] / luma[1]
    gain = np.divide(mapped, luma, out=np.full(_TABLE, slope), where=luma > 0) / 1.1
    return np.stack([gain, mapped]).astype(np.float32)


def _power(image: Image, exponent: float) -> Image:
    """image ** exponent, several times faster than numpy."""
    return np.asarray(cv2.pow(image, exponent), np.float32)


def _mix(image: Image, weights: ArrayLike) -> Image:
    """Every pixel's channels times a matrix (n, 3): (H, W, n), or (H, W) for one row."""
    matrix = np.atleast_2d(np.asarray(weights, np.float32))
    mixed = np.asarray(cv2.transform(image, matrix), np.float32)
    return mixed.reshape(image.shape[:2]) if len(matrix) == 1 else mixed


def _linear(rgb: Image, transfer: Transfer, peak: float) -> Image:
    """Displayed linear light relative to the peak, (H, W, 3)."""
    table = _light_table(transfer, peak)
    light: Image = table.take(_nearest(rgb, _TABLE))
    if transfer is Transfer.HLG:  # the OOTF: displayed = Y_scene ** (gamma - 1) * scene
        scene = _mix(light, LUMA_2020)  # (H, W)
        light *= _power(np.maximum(scene, 1e-8), 0.2)[..., None]
    return light


def _nearest(image: Image, entries: int) -> NDArray[np.int32]:
    """Index into a table over [0, 1] of each value."""
    scaled = np.clip(image, 0, 1) * np.float32(entries - 1)
    entries_of: NDArray[np.int32] = np.rint(scaled).astype(np.int32)
    return entries_of


def _method_a_image(light: Image, peak: float) -> Image:
    """Method A in full on linear BT.2020 light (H, W, 3): gamma-coded BT.2020 SDR."""
    coded = _power(np.maximum(light, 0), 1 / DISPLAY_GAMMA)  # R'G'B'
    luma = _mix(coded, LUMA_2020)
    table = _gain_table(peak)
    entry = _nearest(luma, _TABLE)
    gain, mapped = table[0].take(entry), table[1].take(entry)
    blue = gain * (coded[..., 2] - luma) / np.float32(1.8814)  # C'b
    red = gain * (coded[..., 0] - luma) / np.float32(1.4746)  # C'r
    luma = mapped - np.maximum(np.float32(0.1) * red, 0)
    r, b = luma + np.float32(1.4746) * red, luma + np.float32(1.8814) * blue
    g = (luma - LUMA_2020[0] * r - LUMA_2020[2] * b) / np.float32(LUMA_2020[1])
    return np.stack([r, g, b], axis=-1).astype(np.float32)


def to_sdr(rgb: Image, transfer: Transfer, primaries: Primaries, peak: float = HDR_PEAK) -> Image:
    """Standard-range BT.709 of a picture in whatever range and gamut.

    Parameters
    ----------
    rgb : float32 (H, W, 3), non-linear R'G'B' as coded, nominally in [0, 1].
    transfer, primaries : how the values are meant.
    peak : cd/m2 that a PQ source reaches; light above it is clipped.

    Returns
    -------
    float32 (H, W, 3) in [0, 1], non-linear, for a BT.1886 display.
    """
    if transfer is Transfer.SDR and primaries is Primaries.BT709:
        return np.clip(rgb, 0, 1)
    peak = HDR_PEAK if transfer is Transfer.HLG else max(peak, REFERENCE_WHITE)
    light = _linear(rgb, transfer, peak)
    if transfer is not Transfer.SDR:
        if primaries is not Primaries.BT2020:
            light = _mix(light, gamut_matrix(primaries, Primaries.BT2020))
        coded = _method_a_image(light, peak)
        light = _power(np.clip(coded, 0, 1), DISPLAY_GAMMA)
        primaries = Primaries.BT2020
    light = _mix(light, gamut_matrix(primaries, Primaries.BT709))
    return _power(np.clip(light, 0, 1), 1 / DISPLAY_GAMMA)
