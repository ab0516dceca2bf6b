"""Rendering: from loop labels to frames, and how good they are."""

from cinekit.render.activation import Activation, calm, find_activation
from cinekit.render.begin import begin_at, calmest_frame
from cinekit.render.dynamism import calmed, check_names
from cinekit.render.gradients import GradientErrors, gradient_errors
from cinekit.render.judge import judge
from cinekit.render.loop import iterate_loop, render_loop
from cinekit.render.measure import MEASURES, Measure, decode_check, measure_loop
from cinekit.render.options import Blend, RenderOptions
from cinekit.render.still import check_still, choose_still
from cinekit.render.timemap import cycles, longest_loop, loop_length, speed, time_map
from cinekit.render.upscale import to_clip_resolution

__all__ = [
    "MEASURES",
    "Activation",
    "Blend",
    "GradientErrors",
    "Measure",
    "RenderOptions",
    "begin_at",
    "calm",
    "calmed",
    "calmest_frame",
    "check_names",
    "check_still",
    "choose_still",
    "cycles",
    "decode_check",
    "find_activation",
    "gradient_errors",
    "iterate_loop",
    "judge",
    "longest_loop",
    "loop_length",
    "measure_loop",
    "render_loop",
    "speed",
    "time_map",
    "to_clip_resolution",
]
