"""Label borders solved again at the resolution of the clip."""

import itertools
import math

import numpy as np
import pytest
from scipy import ndimage

from cinekit.energy.distance import MISSING, NEAREST, WRAP, colour_phi, colour_psi
from cinekit.errors import SolverError
from cinekit.labels import LabelMap
from cinekit.model import Clip
from cinekit.solve.border_costs import BorderCosts, border_costs
from cinekit.solve.refine import label_band, refine_borders


def literal_psi(signal, p, s, q, r) -> float:
    wide = signal.astype(float)
    m = math.lcm(p, q)
    gaps = [wide[s + (t - s) % p] - wide[r + (t - r) % q] for t in range(m)]
    return sum(float(gap @ gap) for gap in gaps) / m


def test_psi_equals_the_literal_sum_for_all_kinds_of_labels():
    rng = np.random.default_rng(0)
    signal = rng.integers(0, 256, (20, 3), dtype=np.uint8)
    sums = np.zeros((2, 20, 3), np.int64)
    # Still, equal, co-prime, and periods with a common divisor; starts near and beyond a period.
    for p, q in itertools.product((1, 3, 4, 6, 8, 13), repeat=2):
        for s, r in ((0, 20 - q), (20 - p, 0), (2, 3), (0, 5)):
            expected = literal_psi(signal, p, s, q, r)
            assert colour_psi(signal, p, s, q, r, sums) == pytest.approx(
                expected, rel=1e-9, abs=1e-6
            )


@pytest.mark.parametrize("ends", [WRAP, NEAREST, MISSING])
def test_phi_equals_the_equation_with_every_rule_at_the_ends(ends):
    signal = np.random.default_rng(1).integers(0, 256, (10, 3), dtype=np.uint8)
    wide = signal.astype(float)
    for p, s in ((4, 0), (4, 3), (4, 6), (10, 0)):
        pairs = [(s, s + p), (s - 1, s + p - 1)]
        if ends == WRAP:
            pairs = [(a % 10, b % 10) for a, b in pairs]
        elif ends == NEAREST:
            pairs = [(max(a, 0), min(b, 9)) for a, b in pairs]
        else:
            pairs = [(a, b) for a, b in pairs if a >= 0 and b < 10]
        expected = sum(((wide[a] - wide[b]) ** 2).sum() for a, b in pairs)
        assert colour_phi(signal, p, s, 10, ends) == (pytest.approx(expected), len(pairs))


def flat_costs(size, pair=1.0, still=0.0, moving=0.0) -> BorderCosts:
    h, w = size
    return BorderCosts(
        *(np.full(size, value, np.float32) for value in (1.0, still, moving)),
        np.full((h - 1, w), pair, np.float32),
        np.full((h, w - 1), pair, np.float32),
    )


def disc_clip(t=24, size=(48, 64)) -> tuple[Clip, np.ndarray]:
    """A disc that flickers with period 8 on a still wall."""
    rng = np.random.default_rng(2)
    wall = rng.integers(40, 60, (*size, 3), dtype=np.uint8)
    y, x = np.indices(size)
    disc = (y - 23.5) ** 2 + (x - 31.5) ** 2 < 15**2
    cycle = rng.integers(100, 250, (8, *size, 3), dtype=np.uint8)
    frames = np.where(disc[None, ..., None], cycle[np.arange(t) % 8], wall)
    return Clip(frames.astype(np.uint8), 10.0), disc


def stairs(disc: np.ndarray, t=24) -> LabelMap:
    """The labels of the disc as they come up from a working clip of an eighth of the size."""
    coarse = disc[4::8, 4::8].repeat(8, 0).repeat(8, 1)
    return LabelMap(
        np.where(coarse, 8, 1).astype(np.int16), np.where(coarse, 4, 0).astype(np.int16), t
    )


def contour(disc: np.ndarray) -> np.ndarray:
    """The disc and the ring around it: only between two pixels of the wall a border is free."""
    return ndimage.binary_dilation(disc)


def test_stairs_become_the_contour_and_the_energy_falls():
    clip, disc = disc_clip()
    labels = stairs(disc)
    refined = refine_borders(clip, labels, flat_costs(clip.size, moving=1e-4), band=6)
    assert (labels.looping ^ disc).sum() > 80
    np.testing.assert_array_equal(refined.labels.looping, contour(disc))
    assert refined.after.total < 0.1 * refined.before.total
    assert refined.moves > 0


def test_pixels_outside_the_band_keep_their_labels():
    clip, disc = disc_clip()
    labels = stairs(disc)
    index = labels.looping.astype(np.int32)
    outside = ~label_band(index, 3)
    refined = refine_borders(clip, labels, flat_costs(clip.size), band=3).labels
    np.testing.assert_array_equal(refined.period[outside], labels.period[outside])
    np.testing.assert_array_equal(refined.start[outside], labels.start[outside])
    assert (refined.period != labels.period).any()


def energy(clip: Clip, labels: LabelMap, costs: BorderCosts) -> float:
    """The whole energy, literally."""
    total = 0.0
    signals = clip.frames.transpose(1, 2, 0, 3).astype(float) / 255
    p, s = labels.period.astype(int), labels.start.astype(int)
    h, w = labels.size
    for y, x in np.ndindex(h, w):
        if p[y, x] == 1:
            total += costs.still[y, x]
        else:
            n, signal = clip.n_frames, signals[y, x]
            gaps = [signal[a % n] - signal[(a + p[y, x]) % n] for a in (s[y, x], s[y, x] - 1)]
            phi = sum(float(gap @ gap) for gap in gaps)
            total += costs.moving[y, x] + costs.temporal[y, x] * phi / 3
        for v, u, weight in ((y + 1, x, costs.down), (y, x + 1, costs.right)):
            if v < h and u < w and (p[y, x], s[y, x]) != (p[v, u], s[v, u]):
                both = (p[y, x], s[y, x], p[v, u], s[v, u])
                pair = sum(literal_psi(signals[i, j], *both) for i, j in ((y, x), (v, u)))
                total += weight[y, x] * pair / 3
    return total


@pytest.mark.parametrize("seed", range(4))
def test_the_reported_fall_is_that_of_the_literal_energy_and_never_a_rise(seed):
    rng = np.random.default_rng(seed)
    size, t = (9, 11), 14
    clip = Clip(rng.integers(0, 256, (t, *size, 3), dtype=np.uint8), 10.0)
    choice = rng.integers(0, 4, (3, 4)).repeat(3, 0).repeat(3, 1)[:9, :11]
    labels = LabelMap(
        np.array([1, 6, 6, 8], np.int16)[choice], np.array([5, 0, 4, 3], np.int16)[choice], t
    )
    costs = BorderCosts(
        *(rng.uniform(0, 1, size).astype(np.float32) for _ in range(3)),
        rng.uniform(0, 1, (8, 11)).astype(np.float32),
        rng.uniform(0, 1, (9, 10)).astype(np.float32),
    )
    refined = refine_borders(clip, labels, costs, band=2)
    fall = refined.before.total - refined.after.total
    assert fall >= 0
    expected = energy(clip, labels, costs) - energy(clip, refined.labels, costs)
    assert fall == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_a_texture_at_the_ends_of_the_clip_pays_the_same_beside_a_piece_that_goes_back():
    """Frames are counted modulo T, however many unrolled ones there are."""
    rng = np.random.default_rng(7)
    size, t = (9, 12), 14
    clip = Clip(rng.integers(0, 256, (t, *size, 3), dtype=np.uint8), 10.0)
    choice = np.arange(12)[None].repeat(9, 0) // 4
    period, start = np.array([6, 6, 1], np.int16), np.array([0, 8, 3], np.int16)
    costs = flat_costs(size)
    plain = LabelMap(period[choice], start[choice], t)
    beside = plain.there_and_back(np.zeros(size, bool), 3, 8)
    one, two = (refine_borders(clip, labels, costs, band=9) for labels in (plain, beside))
    assert two.before == one.before
    assert two.after == one.after
    piece = plain.there_and_back(choice == 2, 3, 8)
    before = refine_borders(clip, piece, costs, band=9).before
    assert before.temporal == pytest.approx(one.before.temporal), "there and back has no jump"


def test_specks_are_smoothed_away():
    clip, disc = disc_clip()
    labels = stairs(disc)
    period, start = labels.period.copy(), labels.start.copy()
    period[2:4, 2:4], start[2:4, 2:4] = 8, 3
    period[22:25, 30:33], start[22:25, 30:33] = 1, 0
    specked = LabelMap(period, start, labels.n_frames)
    refined = refine_borders(clip, specked, flat_costs(clip.size, moving=1e-4), band=6)
    np.testing.assert_array_equal(refined.labels.looping, contour(disc))


def test_without_a_border_or_a_band_nothing_changes():
    clip, disc = disc_clip()
    labels = stairs(disc)
    assert refine_borders(clip, labels, flat_costs(clip.size), band=0).labels is labels
    one = LabelMap(np.full_like(labels.period, 8), np.full_like(labels.start, 2), 24)
    assert refine_borders(clip, one, flat_costs(clip.size), band=6).moves == 0


def test_labels_of_another_size_are_refused():
    clip, disc = disc_clip()
    labels = stairs(disc)
    with pytest.raises(SolverError, match="resolution of the clip first"):
        refine_borders(Clip(clip.frames[:, :40], 10.0), labels, flat_costs(clip.size))
    with pytest.raises(SolverError, match="expected costs of"):
        refine_borders(clip, labels, flat_costs((40, 64)))


def test_border_costs_keep_the_balance_of_area_and_border():
    from cinekit.energy import EnergyOptions, LoopCosts, WorkingOptions, make_working
    from cinekit.model import Candidate, Category, Motion, Region, Regions, SemanticResponse

    clip, disc = disc_clip()
    probabilities = np.zeros((24, 12, 16, 1), np.uint8) + 255
    response = SemanticResponse(probabilities, (Category("disc", Motion.NATURAL),), "test")
    regions = Regions((Region("disc", Motion.NATURAL, disc, 0.2, 1.0),), (), disc)
    working = make_working(
        clip, response, regions, WorkingOptions(scale=0.5, every=1, min_frames=1, min_side=1)
    )
    costs = LoopCosts(working, EnergyOptions(semantic_weight=0.0))
    full = border_costs(costs, Candidate("disc", ("disc",), disc), clip.size)
    assert full.temporal.shape == full.still.shape == full.moving.shape == (48, 64)
    assert full.down.shape == (47, 64)
    assert full.right.shape == (48, 63)
    for weight in (full.down, full.right):
        # a2 = 10, gamma_s = 1 in a response without borders, twice the resolution.
        np.testing.assert_allclose(weight, 20.0)
    assert full.still[24, 32] > 0
    assert full.still[2, 2] == 0
    assert full.moving[24, 32] == 0
    assert full.moving[2, 2] > 0
