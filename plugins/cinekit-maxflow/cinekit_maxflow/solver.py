"""cinekit's expansion with somebody else's minimum cut."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import cinekit
from cinekit import ExpansionSolver


@dataclass(frozen=True, kw_only=True)
class MaxflowSolver(ExpansionSolver):
    """Alpha-expansion whose cuts are PyMaxflow's (Boykov and Kolmogorov's own code, GPL).

    A fresh graph per move, in float64. The options are those of
    :class:`cinekit.solve.ExpansionSolver`. PyMaxflow holds the GIL, so threads gain nothing.
    """

    def unavailable(self) -> str | None:
        """Why this solver cannot run here, or None."""
        return cinekit.lacking("maxflow", "PyMaxflow>=1.3")

    def cut(
        self,
        terminal: NDArray[np.float32],
        down: NDArray[np.float32],
        up: NDArray[np.float32],
        right: NDArray[np.float32],
        left: NDArray[np.float32],
    ) -> tuple[NDArray[np.bool_], float]:
        """The minimum cut; see :func:`cinekit.solve.grid_cut` for the convention."""
        maxflow = cinekit.require("maxflow", "PyMaxflow>=1.3", "solver 'maxflow'")
        pixels = np.arange(terminal.size).reshape(terminal.shape)
        graph = maxflow.GraphFloat(terminal.size, 2 * terminal.size)
        graph.add_nodes(terminal.size)
        for first, second, forward, backward in (
            (pixels[:-1], pixels[1:], down, up),
            (pixels[:, :-1], pixels[:, 1:], right, left),
        ):
            if first.size:
                graph.add_edges(*(a.ravel() for a in (first, second, forward, backward)))
        graph.add_grid_tedges(pixels, np.maximum(terminal, 0), np.maximum(-terminal, 0))
        flow = graph.maxflow()
        return graph.get_grid_segments(pixels), float(flow)
