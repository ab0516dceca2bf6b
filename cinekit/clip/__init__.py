"""Reading and stabilising clips."""

from cinekit.clip.cuts import find_cuts
from cinekit.clip.motion import CameraMotion, camera_motion
from cinekit.clip.options import MIN_FRAMES, ClipOptions
from cinekit.clip.read import read_clip
from cinekit.clip.stabilise import StabiliseMode, StabiliseOptions, stabilise

__all__ = [
    "MIN_FRAMES",
    "CameraMotion",
    "ClipOptions",
    "StabiliseMode",
    "StabiliseOptions",
    "camera_motion",
    "find_cuts",
    "read_clip",
    "stabilise",
]
