"""What the eye tells apart: thresholds that several stages share, each in one place.

Grey levels and levels of a colour are of 0 to 255. Measured on the clips of docs/results.md, whose
loops people looked at; noise of a camera and of a codec stays below the first two.
"""

from __future__ import annotations

MOVES = 3.06
"""Grey levels: a pixel whose standard deviation over time is above this moves visibly."""

UNSEEN = 2.0
"""Grey levels: a step from one pixel to the next that nobody sees."""

UNLIKE = 30.0
"""Levels of a colour between the averages of two patches that are not of one thing. Of colours,
because a hand is as bright as its sleeve."""

UNLIKE_GREY = 40.0
"""Grey levels between two pixels, or patches, that nobody takes for the same: texture has more
contrast than the patches that :data:`UNLIKE` compares."""

SPECK = 0.0004
"""Share of the frame (14 x 14 pixels of 960 x 540): smaller parts are noise."""

CHANCE = 0.0005
"""Share of the frame: smaller parts in which optical flow explains a texture do so by chance."""

HOLE = 0.004
"""Share of the frame: smaller holes in what moves are flat insides of a thing, or missed poses."""

PATCH = 0.003
"""Share of the frame (40 x 40 pixels of 960 x 540): what is smaller is not looked at by itself."""
