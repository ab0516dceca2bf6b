"""Rendering: from loop labels to frames, and how good they are."""

from cinekit.loop.activation import Activation, calm, find_activation
from cinekit.loop.dynamism import calmed, check_names
from cinekit.loop.gradients import GradientErrors, gradient_errors
from cinekit.loop.options import Blend, RenderOptions
from cinekit.loop.render import iterate_loop, render_loop
from cinekit.loop.still import check_still, choose_still
from cinekit.loop.timing import begin_at, calmest_frame, longest_loop, loop_length
from cinekit.loop.upscale import to_clip_resolution

__all__ = [
    "Activation",
    "Blend",
    "GradientErrors",
    "RenderOptions",
    "begin_at",
    "calm",
    "calmed",
    "calmest_frame",
    "check_names",
    "check_still",
    "choose_still",
    "find_activation",
    "gradient_errors",
    "iterate_loop",
    "longest_loop",
    "loop_length",
    "render_loop",
    "to_clip_resolution",
]
