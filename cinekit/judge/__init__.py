"""How good a loop is, in figures, and the verdict that rests on them."""

from cinekit.judge.figures import MEASURES, Measure, decode_check, measure_loop
from cinekit.judge.verdict import judge

__all__ = ["MEASURES", "Measure", "decode_check", "judge", "measure_loop"]
