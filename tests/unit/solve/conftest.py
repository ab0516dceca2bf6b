"""Costs of small clips whose best loop is known."""

import numpy as np
import pytest

from cinekit.energy import EnergyOptions, LoopCosts, WorkingClip
from cinekit.model import Candidate


@pytest.fixture(scope="session")
def planted():
    """A still textured frame whose middle repeats exactly after 6 frames, noise breaking any other.

    Returns the costs, a candidate with that middle as target, and its mask.
    """
    rng = np.random.default_rng(5)
    t, h, w, period = 20, 18, 24, 6
    mask = np.zeros((h, w), bool)
    mask[5:13, 7:18] = True
    frames = np.broadcast_to(rng.random((h, w, 3)), (t, h, w, 3)).copy()
    cycle = rng.random((period, h, w, 3))
    frames[:, mask] = cycle[np.arange(t) % period][:, mask]
    channel = np.stack([mask, ~mask], axis=-1)
    working = WorkingClip(
        frames=frames.astype(np.float32),
        response=np.broadcast_to((255 * channel).astype(np.uint8), (t, h, w, 2)),
        histogram=channel.astype(np.float32),
        natural=mask,
        moving=mask,
        rigid=np.zeros((h, w), np.int16),
        every=1,
        source_frames=t,
    )
    costs = LoopCosts(working, EnergyOptions(min_period=4, period_step=1, short_period=4))
    return costs, Candidate("pond", ("pond",), mask), mask


@pytest.fixture(scope="session")
def noise():
    """Costs of pure noise, two candidates, and periods on both sides of half the clip."""
    rng = np.random.default_rng(9)
    t, h, w = 14, 9, 11
    maps = np.zeros((h, w), bool)
    maps[:5] = True
    channel = np.stack([maps, ~maps], axis=-1)
    working = WorkingClip(
        frames=rng.random((t, h, w, 3)).astype(np.float32),
        response=np.broadcast_to((255 * channel).astype(np.uint8), (t, h, w, 2)),
        histogram=channel.astype(np.float32),
        natural=maps,
        moving=maps,
        rigid=np.zeros((h, w), np.int16),
        every=1,
        source_frames=t,
    )
    options = EnergyOptions(min_period=3, period_step=2, short_period=3, spatial_weight=0.5)
    everything = np.ones((h, w), bool)
    candidates = [Candidate("upper", ("upper",), maps), Candidate("all", ("upper",), everything)]
    return LoopCosts(working, options), candidates
