"""The search behind the minimum cut: its forest is what reaches a deficit, layer by layer."""

from collections import deque

import numpy as np
import pytest

from cinekit.energy.area import Area
from cinekit.solve import cut_cost, grid_cut
from cinekit.solve.breadth_first_cut import breadth_first_cut
from cinekit.solve.grid_records import EXCESS, LABEL, RECORD, fill_records, mark_forest
from cinekit.solve.local_pulls import pull_nearby


class Search:
    """Records of a grid, and what the kernels that fill them need."""

    def __init__(self, terminal, *edges):
        self.given = terminal, *edges
        self.spans = Area.whole(terminal.shape).spans
        h, w = self.shape = terminal.shape
        n = (h + 2) * (w + 2)
        self.state = np.zeros((n, RECORD), np.float32)
        self.node = self.state.view(np.int32)
        self.layers = np.zeros((3, n), np.int32)
        self.step = np.array([1, -1, w + 2, -w - 2])

    def cut(self):
        return breadth_first_cut(*self.given, self.spans, self.state, self.node, self.layers)

    def pull(self):
        """Flow, and the pixels with a deficit left."""
        records = self.spans, self.state, self.node, self.layers[0]
        n, _ = fill_records(*self.given, *records)
        flow, n = pull_nearby(self.layers[0], n, self.state, self.node, self.step)
        return flow, self.layers[0, :n]

    @property
    def left_over(self):
        """Excess, down, up, right and left capacities that are in the records."""
        h, w = self.shape
        inner = self.state.reshape(h + 2, w + 2, RECORD)[1:-1, 1:-1]
        right, left, down, up, excess = (inner[..., k] for k in range(5))
        return excess, down[:-1], up[1:], right[:, :-1], left[:, 1:]

    def distances(self):
        """Label that every pixel should have: 1 in a deficit, one more an edge, 0 out of reach."""
        label = np.zeros(len(self.state), np.int32)
        roots = np.flatnonzero(self.state[:, EXCESS] < 0)
        label[roots] = 1
        waiting = deque(roots)
        while waiting:
            p = waiting.popleft()
            for d, step in enumerate(self.step):
                q = p + step
                if self.state[q, d ^ 1] > 0 and label[q] == 0:
                    label[q] = label[p] + 1
                    waiting.append(q)
        return label


def grid_of(seed, shape, whole, deficits=0.5, open_edges=1.0):
    """A cut; deficits : their share of the pixels, open_edges : of edges with a capacity."""
    rng = np.random.default_rng(seed)
    h, w = shape
    sign = np.where(rng.random(shape) < deficits, -3, 1) * (rng.random(shape) < 0.7)
    planes = [9 * rng.random(shape) * sign]
    for side in [(h - 1, w)] * 2 + [(h, w - 1)] * 2:
        planes.append(6 * rng.random(side) * (rng.random(side) < open_edges))
    return [(np.trunc(p) if whole else p).astype(np.float32) for p in planes]


SHAPES = [(1, 1), (1, 30), (30, 1), (2, 17), (23, 31)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("deficits", "open_edges"), [(0.05, 1), (0.3, 1), (0.3, 0.5), (0.9, 0.8)])
def test_the_forest_is_what_reaches_a_deficit_by_shortest_ways(shape, whole, deficits, open_edges):
    for seed in range(8):
        search = Search(*grid_of(seed, shape, whole, deficits, open_edges))
        flow = search.cut()
        segments = np.zeros(shape, np.bool_)
        mark_forest(search.node, search.spans, segments)
        labels = search.node[:, LABEL]
        np.testing.assert_array_equal(labels, search.distances())
        assert not (search.state[labels > 0, EXCESS] > 0).any()
        assert (search.state[:, :4] >= 0).all()
        assert cut_cost(segments, *search.given) == pytest.approx(flow, rel=1e-5, abs=1e-5)
        if whole:
            assert cut_cost(segments, *search.given) == flow


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("deficits", [0.05, 0.4])
def test_pulls_change_the_cost_of_all_labellings_by_their_flow(shape, deficits):
    rng = np.random.default_rng(1)
    for seed in range(5):
        search = Search(*grid_of(seed, shape, True, deficits))
        flow, left = search.pull()
        np.testing.assert_array_equal(np.sort(left), np.flatnonzero(search.state[:, EXCESS] < 0))
        assert all((plane >= 0).all() for plane in search.left_over[1:])
        for _ in range(10):
            x = rng.random(shape) < 0.5
            assert cut_cost(x, *search.given) == flow + cut_cost(x, *search.left_over)


def test_pulls_fill_deficits_around_corners():
    """A deficit at one end of a staircase of 5 pixels, its match at the other."""
    terminal = np.zeros((3, 3), np.float32)
    terminal[0, 0], terminal[2, 2] = -2, 3
    right, down = np.zeros((3, 2), np.float32), np.zeros((2, 3), np.float32)
    for k in range(2):
        right[k, k] = down[k, k + 1] = 2
    search = Search(terminal, down, down, right, right)
    flow, left = search.pull()
    assert flow == 2
    assert left.size == 0
    assert search.left_over[0][2, 2] == 1


def test_a_deficit_that_nothing_can_fill_ends_the_pulls():
    terminal = np.full((20, 20), 0, np.float32)
    terminal[10, 10] = -1
    edges = [np.full(s, 1, np.float32) for s in [(19, 20)] * 2 + [(20, 19)] * 2]
    search = Search(terminal, *edges)
    flow, left = search.pull()
    assert flow == 0
    assert left.size >= 1
    assert search.state[:, EXCESS].sum() == -1


def test_capacities_of_very_different_size_end_and_agree():
    rng = np.random.default_rng(3)
    h, w = 40, 50
    planes = [10.0 ** rng.uniform(-30, 6, s) for s in [(h - 1, w)] * 2 + [(h, w - 1)] * 2]
    edges = [plane.astype(np.float32) for plane in planes]
    sign = rng.choice([-1, 1], (h, w))
    terminal = (sign * 10.0 ** rng.uniform(-30, 6, (h, w))).astype(np.float32)
    segments, flow = grid_cut(terminal, *edges)
    assert cut_cost(segments, terminal, *edges) == pytest.approx(flow, rel=1e-5)
