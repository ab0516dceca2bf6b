from __future__ import annotations

import numpy as np
import pytest
from cinekit_example.icm import IcmSolver

import cinekit
from cinekit.testing import random_problem


@pytest.mark.parametrize("seed", range(4))
def test_no_single_pixel_can_improve_the_result(seed):
    problem = random_problem(seed, (4, 5), 3, forbid=0.1)
    labels = IcmSolver(sweeps=100).solve(problem).labels
    energy = problem.energy(labels)
    for i, j in np.ndindex(problem.shape):
        for label in range(problem.n_labels):
            changed = labels.copy()
            changed[i, j] = label
            assert problem.energy(changed) >= energy - 1e-4 * abs(energy)


def test_options_are_checked():
    with pytest.raises(cinekit.ConfigError, match="sweeps: expected a value >= 1, received 0"):
        IcmSolver(sweeps=0)
