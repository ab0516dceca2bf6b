"""The minimum cut: exact, with a certificate, and strict about what it is given."""

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import maximum_flow

from cinekit.energy.area import Area
from cinekit.errors import SolverError
from cinekit.solve import cut_cost, grid_cut
from cinekit.solve.straight_pushes import push_straight


def edges_of(rng, h, w, scale=1.0, dtype=np.float32):
    shapes = [(h - 1, w)] * 2 + [(h, w - 1)] * 2
    return [(scale * rng.random(shape)).astype(dtype) for shape in shapes]


def scipy_flow(terminal, down, up, right, left):
    """Maximum flow of the same graph, in whole numbers."""
    h, w = terminal.shape
    pixels = np.arange(h * w).reshape(h, w)
    source, sink = h * w, h * w + 1
    parts = [
        (np.full(h * w, source), pixels.ravel(), np.maximum(terminal, 0).ravel()),
        (pixels.ravel(), np.full(h * w, sink), np.maximum(-terminal, 0).ravel()),
    ]
    for a, b, forward, backward in (
        (pixels[:-1], pixels[1:], down, up),
        (pixels[:, :-1], pixels[:, 1:], right, left),
    ):
        parts.append((a.ravel(), b.ravel(), forward.ravel()))
        parts.append((b.ravel(), a.ravel(), backward.ravel()))
    rows, columns, capacity = (np.concatenate(part) for part in zip(*parts, strict=True))
    graph = coo_array((capacity.astype(np.int32), (rows, columns)), shape=(h * w + 2,) * 2)
    return maximum_flow(graph.tocsr(), source, sink).flow_value


def push(excess, *capacities):
    """Straight pushes over a whole grid, in place."""
    spans = Area.whole(excess.shape).spans
    return push_straight(excess, *capacities, spans, np.zeros(excess.shape, np.float32))


@pytest.mark.parametrize("seed", range(6))
def test_whole_numbers_give_exactly_the_flow_of_scipy(seed):
    rng = np.random.default_rng(seed)
    h, w = int(rng.integers(2, 25)), int(rng.integers(2, 25))
    terminal = rng.integers(-30, 31, (h, w)).astype(np.float32)
    edges = [np.floor(e).astype(np.float32) for e in edges_of(rng, h, w, scale=12)]
    segments, flow = grid_cut(terminal, *edges)
    assert flow == scipy_flow(terminal, *edges)
    assert cut_cost(segments, terminal, *edges) == flow


@pytest.mark.parametrize("wide", [0.2, 1.0, 5.0])
def test_the_cut_costs_what_flows_which_proves_both_optimal(wide):
    rng = np.random.default_rng(1)
    h, w = 60, 75
    smooth = rng.normal(size=(h // 5, w // 5)).repeat(5, 0).repeat(5, 1)
    terminal = (wide * smooth + rng.normal(size=(h, w))).astype(np.float32)
    edges = edges_of(rng, h, w)
    segments, flow = grid_cut(terminal, *edges)
    assert 0.02 < segments.mean() < 0.98  # not a trivial cut
    assert cut_cost(segments, terminal, *edges) == pytest.approx(flow, rel=1e-6)


def test_long_ways_from_source_to_sink_are_found():
    """All flow must cross a serpentine of 400 pixels: deep trees and many orphans."""
    h, w = 20, 20
    terminal = np.zeros((h, w), np.float32)
    terminal[0, 0], terminal[-1, 0] = 5, -4
    right = np.full((h, w - 1), 3, np.float32)
    down = np.zeros((h - 1, w), np.float32)
    down[0::2, -1] = 3
    down[1::2, 0] = 3
    segments, flow = grid_cut(terminal, down, down, right, right)
    assert flow == 3
    assert cut_cost(segments, terminal, down, down, right, right) == 3


def test_without_terminals_nothing_is_taken_and_nothing_flows():
    rng = np.random.default_rng(0)
    segments, flow = grid_cut(np.zeros((4, 5), np.float32), *edges_of(rng, 4, 5))
    assert not segments.any()
    assert flow == 0


def test_the_arguments_are_not_written_to():
    rng = np.random.default_rng(2)
    arguments = [rng.normal(size=(6, 7)).astype(np.float32), *edges_of(rng, 6, 7)]
    kept = [a.copy() for a in arguments]
    grid_cut(*arguments)
    assert all((a == b).all() for a, b in zip(arguments, kept, strict=True))


@pytest.mark.parametrize("bad", [-1.0, np.inf, np.nan])
def test_a_bad_capacity_is_refused(bad):
    rng = np.random.default_rng(0)
    edges = edges_of(rng, 4, 5)
    edges[2][1, 1] = bad
    with pytest.raises(SolverError, match="finite capacities >= 0"):
        grid_cut(np.zeros((4, 5), np.float32), *edges)


def test_capacities_of_another_grid_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(SolverError, match=r"grid of \(4, 6\)"):
        grid_cut(np.zeros((4, 6), np.float32), *edges_of(rng, 4, 5))


@pytest.mark.parametrize("shape", [(7, 9), (1, 6), (6, 1), (1, 1)])
def test_straight_pushes_change_the_cost_of_all_labellings_by_their_flow(shape):
    rng = np.random.default_rng(5)
    terminal = rng.normal(size=shape).astype(np.float32)
    edges = edges_of(rng, *shape)
    excess, *left_over = (plane.copy() for plane in (terminal, *edges))
    flow = push(excess, *left_over)
    assert all((plane >= 0).all() for plane in left_over)
    for _ in range(20):
        x = rng.random(shape) < 0.5
        assert cut_cost(x, terminal, *edges) == pytest.approx(
            flow + cut_cost(x, excess, *left_over), rel=1e-5
        )


@pytest.mark.parametrize("shape", [(1, 40), (40, 1)])
def test_straight_pushes_fill_every_deficit_that_one_line_can_reach(shape):
    rng = np.random.default_rng(6)
    terminal = rng.integers(-9, 10, shape).astype(np.float32)
    edges = [np.floor(e).astype(np.float32) for e in edges_of(rng, *shape, scale=6)]
    expected = scipy_flow(terminal, *edges)
    assert push(terminal, *edges) == expected
