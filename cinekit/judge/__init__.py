"""How good a loop is, in figures, and the verdict that rests on them."""

from cinekit.judge.figures import MEASURES, Measure, decode_check, measure_loop
from cinekit.judge.verdict import LimitJudge

__all__ = ["MEASURES", "LimitJudge", "Measure", "decode_check", "measure_loop"]
