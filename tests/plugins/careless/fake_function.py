"""Provides things that are no components."""

from dataclasses import dataclass

import cinekit


@dataclass(frozen=True, kw_only=True)
class Empty:
    pass


class Suffixless(Empty):
    def write(self, frames, fps, path, repeat=1):
        pass


@cinekit.hookimpl
def cinekit_segmenters():
    return {"function": lambda clip: None, "empty": Empty}


@cinekit.hookimpl
def cinekit_writers():
    return {"suffixless": Suffixless}
