"""Rendering: from labels to the frames of a loop."""

from cinekit.loop.dynamism import Activation, calm, calmed, check_names, find_activation
from cinekit.loop.options import Blend, RenderOptions
from cinekit.loop.render import iterate_loop, render_loop
from cinekit.loop.still import check_still, choose_still
from cinekit.loop.timing import begin_at, calmest_frame, longest_loop, loop_length
from cinekit.loop.upscale import to_clip_resolution

__all__ = [
    "Activation",
    "Blend",
    "RenderOptions",
    "begin_at",
    "calm",
    "calmed",
    "calmest_frame",
    "check_names",
    "check_still",
    "choose_still",
    "find_activation",
    "iterate_loop",
    "longest_loop",
    "loop_length",
    "render_loop",
    "to_clip_resolution",
]
