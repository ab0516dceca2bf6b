"""Reading and stabilising clips."""

from cinekit.clip.cuts import find_cuts
from cinekit.clip.options import ClipOptions
from cinekit.clip.read import read_clip

__all__ = ["ClipOptions", "find_cuts", "read_clip"]
