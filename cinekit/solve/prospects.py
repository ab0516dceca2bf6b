"""Where on the grid a move could gain, so that the rest of it need not be computed.

Most of a candidate stands still at nearly no cost, and what a move gains in a block of pixels is
bounded by what the block costs now. Blocks that could gain next to nothing are left out, and those
where the same label was tried before and nothing has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cinekit.energy.area import Area
from cinekit.solve.move_kernels import potentials

Float = NDArray[np.float32]

NEGLECT = 3.0
"""What a move may leave lying, in units of the share of the energy at which a solver stops.

It is a bound of what could be gained; of what is left lying, next to nothing would be."""

_BLOCK = 8
"""Side of a block, pixels."""

_AROUND = np.ones((3, 3), np.uint8)
"""A block and its neighbours: the room that a gain in a block may need."""


@dataclass(frozen=True, eq=False)
class Prospect:
    """Where to look for the gain of a move.

    area : the pixels that decide for themselves.
    rest : blocks outside the area that may follow as one, because taking the proposal costs them
        next to nothing; bool, or None. price : what it costs them.
    """

    area: Area
    rest: NDArray[np.bool_] | None
    price: float


class Prospects:
    """Which blocks are worth a move.

    Parameters
    ----------
    shape : (h, w) of the grid.
    n_labels : of the problem.
    neglect : share of the energy, >= 0: blocks that could gain less than their part of this are
        left out of a move. 0 leaves out nothing: every move is then an exact minimum over all
        pixels.
    """

    def __init__(self, shape: tuple[int, int], n_labels: int, neglect: float) -> None:
        h, w = shape
        self._shape = shape
        self._neglect = neglect
        self._blocks = -(-h // _BLOCK), -(-w // _BLOCK)
        self._whole = Area.whole(shape)
        self._time = 0
        self._worth = np.zeros(self._blocks, np.bool_)  # of the last move
        self._changed = np.zeros(self._blocks, np.int32)  # when a label in the block last changed
        self._tried = np.full((n_labels, *self._blocks), -1, np.int32)

    def find(
        self,
        energy: float,
        labels: NDArray[np.int32],
        proposal: NDArray[np.int32] | int,
        new: Float,
        current: Float,
        vertical: Float,
        horizontal: Float,
    ) -> Prospect | None:
        """Where a move should look, None where it could gain nothing.

        energy : of the labelling. The others : see :func:`potentials`.
        """
        map_ = np.full((1, 1), proposal, np.int32) if isinstance(proposal, int) else proposal
        gain, price = np.zeros((2, *self._blocks), np.float32)
        potentials(labels, map_, new, current, vertical, horizontal, _BLOCK, gain, price)
        little = self._neglect * energy / gain.size
        worth = gain > little
        if self._neglect == 0:
            return Prospect(self._whole, None, 0.0) if worth.any() else None
        first = True
        if isinstance(proposal, int):
            first = bool((self._tried[proposal] < 0).all())
            worth &= self._fresh(proposal)
            self._tried[proposal, worth] = self._time
            self._worth = worth
        if not worth.any():
            return None
        room = _grown(worth)
        area = Area.of_blocks(room, _BLOCK, self._shape)
        if not first:  # a rest that did not follow the first time hardly ever does later
            return Prospect(area, None, 0.0)
        rest = _connected(~room & (price >= 0) & (price <= little), room)
        if not rest.any():
            return Prospect(area, None, 0.0)
        return Prospect(area, rest, float(price[rest].sum()))

    def area(self, prospect: Prospect) -> Area:
        """The pixels of a prospect and its rest, with a margin: all of them are free."""
        assert prospect.rest is not None
        room = prospect.area.inside[::_BLOCK, ::_BLOCK] | prospect.rest
        return Area.of_blocks(_grown(room), _BLOCK, self._shape)

    def pixels(self, blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The pixels of some blocks: bool (h, w)."""
        h, w = self._shape
        return blocks.repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)[:h, :w]

    def _fresh(self, label: int) -> NDArray[np.bool_]:
        """Blocks where something has changed nearby since the label was tried."""
        nearby = cv2.dilate(self._changed.astype(np.float32), _AROUND)
        fresh: NDArray[np.bool_] = nearby > self._tried[label]
        return fresh

    def accepted(self, label: NDArray[np.int32] | int, taken: NDArray[np.bool_]) -> None:
        """Note what the last move has changed: taken bool (h, w)."""
        if self._neglect == 0:
            return
        self._time += 1
        rows, columns = np.nonzero(taken)
        self._changed[rows // _BLOCK, columns // _BLOCK] = self._time
        # The move that was just made is optimal for its label: no need to repeat it.
        if isinstance(label, int):
            self._tried[label, self._worth] = self._time


def _grown(blocks: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Blocks and their neighbours."""
    return np.asarray(cv2.dilate(blocks.astype(np.uint8), _AROUND)) > 0


def _connected(blocks: NDArray[np.bool_], to: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Those blocks that are connected to others."""
    _, number = cv2.connectedComponents((blocks | to).astype(np.uint8), connectivity=4)
    reached = np.zeros(int(number.max()) + 1, np.bool_)
    reached[number[to]] = True
    found: NDArray[np.bool_] = reached[number] & blocks
    return found
