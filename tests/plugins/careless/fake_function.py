"""Provides things that are no components."""

from dataclasses import dataclass

import cinekit


@dataclass(frozen=True, kw_only=True)
class Empty:
    pass


@cinekit.hookimpl
def cinekit_segmenters():
    return {"function": lambda clip: None, "empty": Empty}


@cinekit.hookimpl
def cinekit_writers():
    return {"suffixless": type("Suffixless", (Empty,), {"write": lambda self: None})}
