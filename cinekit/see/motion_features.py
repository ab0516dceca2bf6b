"""What a pixel's signal over time tells: does it move, how, and of what colour is what moves.

Everything here is computed on a small copy of the clip, because regions are decided by the
statistics of many pixels, and only their outline needs the resolution of the clip. The measures:

    deviation   temporal standard deviation; against a noise floor it says *whether* a pixel moves
    residual    share of the frame difference that optical flow cannot explain: a thing that moves
                as a whole is carried along by its flow, fire and water change on the way
    coherence   whether neighbouring flow vectors agree: |mean vector| / mean |vector|
    structure   share of the variance left when local brightness is divided out: small where only
                the light changes (firelight on a pot, a shadow on a table)
    together    correlation with places far away: light changes everywhere at once
    colour      of what moves: the mean over time, weighted by how much is moving there just then
    momentum    in which direction it moves, and when
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

WORKING_SIDE = 240
"""Longest side of the copy that the measures are taken on, pixels."""
WORKING_FRAMES = 75
"""At most this many frames are looked at, evenly spread."""
RIM = 2.5
"""Width of the rim that belongs to what moves beside it, pixels of the working copy."""
APPEARANCE = 3
"""The first so many entries of a description are colour; the rest tells how strongly and fast."""
FLOW_PAIRS = 32
"""Pairs of neighbouring frames that optical flow is taken between, evenly spread."""


@dataclass(frozen=True, eq=False)
class MotionFeatures:
    """Maps of one size (h, w), all float32.

    deviation : temporal standard deviation of intensity, pooled over a small neighbourhood.
    floor : what noise alone may reach in ``deviation``, one number.
    residual : in [0, about 1.2]; pooled over about 10 pixels, noise subtracted.
    coherence : in [0, 1]; pooled likewise, weighted by change.
    structure : in [0, about 1].
    together : in [-1, 1].
    pace : root mean square step from frame to frame / deviation; 1.41 for white noise.
    peaks : kurtosis of intensity around its median; 1 for a switch, 3 for Gaussian noise, 10 and
        more where something happens only now and then.
    colour : (h, w, 3), CIE Lab / 100 of what moves.
    momentum : (P, h, w, 2), flow of each looked-at pair of frames, in pixels, times its weight:
        what things that move together have in common.
    """

    deviation: Map
    floor: float
    residual: Map
    coherence: Map
    structure: Map
    together: Map
    pace: Map
    peaks: Map
    colour: Map
    momentum: Map


def grey(frames: NDArray[np.uint8]) -> Map:
    """Intensity in [0, 1]: float32 (T, h, w) of uint8 RGB (T, h, w, 3)."""
    weights = np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)
    out: Map = frames.astype(np.float32) @ weights
    return out


def pooled(image: Map, sigma: float) -> Map:
    """Gaussian mean over a neighbourhood; the border sees its mirror image."""
    out: Map = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.float32)
    return out


def deviation_of(signal: Map, sigma: float = 1.0) -> Map:
    """Temporal standard deviation of (T, h, w), its square averaged over a neighbourhood."""
    out: Map = np.sqrt(pooled(signal.var(axis=0), sigma))
    return out


def noise_floor(signal: Map) -> tuple[float, float]:
    """Level of the camera's and codec's noise in a clip: (white noise, floor of the deviation).

    White noise shows in the second difference in time, whose variance is six times the noise's and
    in which motion, being smooth, hardly counts; the 20th percentile over pixels is a still part
    whenever a fifth of the frame is still. A codec adds slow noise of a few times that level, so
    the floor is five times it, but at most .03 unless white noise alone is higher.
    """
    if signal.shape[0] < 3:
        return 0.0, 0.0
    bend = signal[2:] - 2 * signal[1:-1] + signal[:-2]
    power = pooled((bend**2).mean(axis=0) / 6, 1.5)
    white = float(np.sqrt(np.percentile(power, 20)))
    return white, max(min(5 * white, 0.03), 1.2 * white)


def flow_measures(frames: NDArray[np.uint8], full: Map, white: float) -> tuple[Map, Map, Map, Map]:
    """Residual, coherence, momentum and colour of what optical flow sees between neighbours.

    frames : uint8 (T, h, w, 3), full : their intensity, white : noise to subtract, [0, 1].
    The momentum of a pixel is flow x size of the change there: a still wall behind has none.
    """
    t, h, w = full.shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    unexplained, change, agreeing, weight = (np.zeros((h, w), np.float32) for _ in range(4))
    momentum, tint, seen = [], np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
    levels = np.rint(full * 255).astype(np.uint8)
    pairs = np.unique(np.linspace(0, t - 2, min(FLOW_PAIRS, t - 1)).astype(int))
    for i in pairs:
        first, second = levels[i], levels[i + 1]
        # Farneback, because its result does not depend on the number of threads (DIS's does).
        flow = np.zeros((h, w, 2), np.float32)
        cv2.calcOpticalFlowFarneback(first, second, flow, 0.5, 3, 13, 3, 5, 1.1, 0)
        carried = cv2.remap(
            second, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
        )
        before = first.astype(np.float32) / 255
        unexplained += (carried.astype(np.float32) / 255 - before) ** 2
        step = (second.astype(np.float32) / 255 - before) ** 2
        change += step
        mean = np.hypot(pooled(flow[..., 0], 4), pooled(flow[..., 1], 4))
        speed = pooled(np.hypot(flow[..., 0], flow[..., 1]), 4)
        near = pooled(step, 2)
        agreeing += near * mean / np.maximum(speed, np.float32(1e-3))
        weight += near
        momentum.append(flow * np.sqrt(near)[..., None])
        moved = np.sqrt(near) * np.minimum(speed, np.float32(2)) + np.float32(1e-3)
        tint += moved[..., None] * frames[i]
        seen += moved
    noise = np.float32(2 * white**2 * len(pairs))
    change, unexplained = pooled(change, 3), pooled(unexplained, 3)
    tiny = np.float32(1e-6 * len(pairs))
    residual = np.maximum(unexplained - noise, 0) / np.maximum(change - noise, tiny)
    coherence = agreeing / np.maximum(weight, np.float32(1e-9))
    colour = np.asarray(cv2.cvtColor(tint / seen[..., None] / 255, cv2.COLOR_RGB2LAB), np.float32)
    return (
        np.minimum(residual, np.float32(1.2)),
        np.asarray(coherence, np.float32),
        np.stack(momentum),
        colour / np.float32(100),
    )


def structure_of(signal: Map, median: Map) -> Map:
    """Share of temporal variance that is not a common change of local brightness: (h, w)."""
    plain: Map = np.zeros_like(median)
    relative: Map = np.zeros_like(median)
    lit = np.float32(0.04)  # keeps the quotient calm where the picture is black
    usual = (median + lit) / (pooled(median, 4) + lit)
    for frame in signal:
        ratio = (frame + lit) / (pooled(frame, 4) + lit)
        relative += ((ratio - usual) * (median + lit)) ** 2
        plain += (frame - median) ** 2
    share = pooled(relative, 3) / np.maximum(pooled(plain, 3), np.float32(1e-7))
    return np.minimum(share, np.float32(1))


def togetherness(signal: Map, cell: int = 4, reach: int = 4) -> Map:
    """Correlation in time with places ``cell * reach`` pixels away: (h, w), in [-1, 1].

    The mean over the better half of eight directions, so that the border of a lit wall counts as
    lit. Light changes everywhere at once; smoke and water pass on.
    """
    _, h, w = signal.shape
    size = (-(-w // cell), -(-h // cell))
    small = np.stack([cv2.resize(f, size, interpolation=cv2.INTER_AREA) for f in signal])
    small -= small.mean(axis=0)
    small /= np.sqrt((small**2).sum(axis=0)) + np.float32(1e-6)
    padded = np.pad(small, ((0, 0), (reach, reach), (reach, reach)))
    near = []
    for dy in (-reach, 0, reach):
        for dx in (-reach, 0, reach):
            if dy or dx:
                rows = slice(reach + dy, reach + dy + size[1])
                columns = slice(reach + dx, reach + dx + size[0])
                near.append((small * padded[:, rows, columns]).sum(axis=0))
    best = np.sort(np.stack(near), axis=0)[4:].mean(axis=0)
    out: Map = np.asarray(cv2.resize(best, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)
    return out


def measure(frames: NDArray[np.uint8]) -> MotionFeatures:
    """All measures of a small copy: frames uint8 (T, h, w, 3), T >= 2."""
    every = -(-frames.shape[0] // WORKING_FRAMES)
    full = grey(frames)
    signal = full[::every]
    white, floor = noise_floor(full)
    median = np.median(signal, axis=0).astype(np.float32)
    residual, coherence, momentum, colour = flow_measures(frames, full, white)
    step = np.sqrt(pooled(((full[1:] - full[:-1]) ** 2).mean(axis=0), 1.5))
    deviation = deviation_of(signal, 1.0)
    power = (signal - median) ** 2
    usual = np.maximum(power.mean(axis=0), np.float32(1e-8))
    return MotionFeatures(
        deviation=deviation,
        floor=floor,
        residual=residual,
        coherence=coherence,
        structure=structure_of(signal, median),
        together=togetherness(signal),
        pace=(step / np.maximum(deviation, np.float32(1e-4))).astype(np.float32),
        peaks=((power**2).mean(axis=0) / usual**2).astype(np.float32),
        colour=colour,
        momentum=momentum,
    )


def naturalness(features: MotionFeatures) -> Map:
    """How much a pixel's motion is that of a texture: 0 a thing moving as a whole, 1 stochastic.

    Texture is what flow does not explain, whose flow disagrees from place to place, and that
    hurries from frame to frame for its strength. The ranges were set between real clips: persons,
    animals, a kettle and flowers stay below residual .45 and above coherence .93; sea, fountain
    and stream lie beyond both, fire beyond one and in pace.
    """
    unexplained = np.clip((features.residual - 0.30) / 0.40, 0, 1)
    disagreeing = np.clip((0.96 - features.coherence) / 0.08, 0, 1)
    hurrying = np.clip((features.pace - 0.6) / 0.6, 0, 1)
    evidence = 0.55 * unexplained + 0.30 * disagreeing + 0.15 * hurrying
    return inherited(evidence.astype(np.float32)[..., None], features)[..., 0]


def inherited(planes: Map, features: MotionFeatures) -> Map:
    """Planes (h, w, D) averaged over the neighbourhood, weighted by variance.

    The faint rim about a thing so takes the look of the thing, not of what it hides.
    """
    weight = features.deviation**2 + np.float32(1e-8)
    mixed = [pooled(plane * weight, RIM) for plane in np.moveaxis(planes, -1, 0)]
    out: Map = np.stack(mixed, axis=-1) / pooled(weight, RIM)[..., None]
    return out


def describe(features: MotionFeatures) -> Map:
    """Feature vector per pixel, (h, w, D); a distance of 1 is a clear difference."""
    strength: Map = np.log(np.maximum(features.deviation, np.float32(1e-3)))
    planes: list[Map] = [
        features.colour * np.array([2.0, 5.0, 5.0], np.float32),
        (np.float32(0.35) * strength)[..., None],
        (np.float32(0.8) * features.pace)[..., None],
    ]
    return inherited(np.concatenate(planes, axis=-1).astype(np.float32), features)
