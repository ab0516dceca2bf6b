"""Provides a name that the core has already."""

from dataclasses import dataclass

import cinekit


@dataclass(frozen=True, kw_only=True)
class Motion:
    def respond(self, clip, progress=cinekit.silent):
        raise NotImplementedError


@cinekit.hookimpl
def cinekit_segmenters():
    return {"motion": Motion, "still_unique": Motion}
