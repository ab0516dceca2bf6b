"""``cinekit demo``: the whole job on a clip that cinekit draws itself."""

from __future__ import annotations

from cinekit.app.make import make

FEWER = ("candidates.most=4",)
"""A first look need not wait for every combination."""


def demo(arguments: list[str]) -> int:
    """Run ``make`` on the drawn clip; the arguments are overrides and flags of Hydra."""
    from cinekit.testing import demo_clip

    clip = demo_clip()
    status = make([clip.name, *FEWER, *arguments], clip=clip)
    if status == 0:
        print("next: cinekit make your.mp4")
    return status
