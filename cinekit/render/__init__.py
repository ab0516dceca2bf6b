"""Rendering: from loop labels to frames, and how good they are."""

from cinekit.render.loop import iterate_loop, render_loop
from cinekit.render.options import Blend, RenderOptions
from cinekit.render.timemap import cycles, loop_length, speed, time_map
from cinekit.render.upscale import to_clip_resolution

__all__ = [
    "Blend",
    "RenderOptions",
    "cycles",
    "iterate_loop",
    "loop_length",
    "render_loop",
    "speed",
    "time_map",
    "to_clip_resolution",
]
