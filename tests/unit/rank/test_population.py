"""New users: what a few ratings say of them, given who users are."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.rank import UserRatings, simulate_study, soft_impute
from cinekit.rank.gauss_newton import Quadratic, find_user
from cinekit.rank.joint import JointRanker
from cinekit.rank.mappings import fit_linear, fit_rbf
from cinekit.rank.population import learn_population, posterior

NOISE = 0.25


def people(
    users: int, given: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """basis (40, 3), who users are (U, 3), their ratings (40, U), the same with few known."""
    rng = np.random.default_rng(seed)
    basis = np.random.default_rng(9).standard_normal((40, 3))
    z = np.array([1.0, -0.5, 0.0]) + rng.standard_normal((users, 3)) * [1.5, 0.5, 0.1]
    full = basis @ z.T + np.sqrt(NOISE) * rng.standard_normal((40, users))
    order = rng.random(full.shape).argsort(axis=0)
    return basis, z, full, np.where(order < given, full, np.nan)


def test_the_learnt_prior_is_near_the_planted_one_and_beats_a_ridge_at_two_ratings():
    basis, _, _, told = people(80, 25, 0)
    ridge = Quadratic(np.eye(3), np.zeros(3))
    prior = learn_population(basis, told, ridge, NOISE)
    mean = np.linalg.solve(prior.curvature, prior.slope)
    np.testing.assert_allclose(mean, [1.0, -0.5, 0.0], atol=0.35)
    spread = np.sqrt(np.diag(NOISE * np.linalg.inv(prior.curvature)))
    np.testing.assert_allclose(spread, [1.5, 0.5, 0.1], rtol=0.35, atol=0.1)
    basis, z, _, few = people(200, 2, 1)
    error = {
        name: np.mean(
            [np.square(posterior(basis, y, p)[0] - u).sum() for y, u in zip(few.T, z, strict=True)]
        )
        for name, p in {"ridge": ridge, "learnt": prior}.items()
    }
    assert error["learnt"] < 0.75 * error["ridge"]


def test_the_posterior_is_bayes_rule():
    """By the joint Gaussian of ratings and z, conditioned densely."""
    basis, _, _, told = people(1, 6, 2)
    m, s = np.array([0.3, 0.1, -0.2]), np.diag([2.0, 1.0, 0.5])
    known = ~np.isnan(told[:, 0])
    rows = basis[known]
    gain = s @ rows.T @ np.linalg.inv(rows @ s @ rows.T + NOISE * np.eye(6))
    mean, normal = posterior(basis, told[:, 0], Quadratic.gaussian(m, s, NOISE))
    np.testing.assert_allclose(mean, m + gain @ (told[known, 0] - rows @ m), atol=1e-10)
    np.testing.assert_allclose(NOISE * np.linalg.inv(normal), s - gain @ rows @ s, atol=1e-10)


def test_nobody_or_nothing_to_learn_from_leaves_a_prior():
    start = Quadratic(np.eye(3), np.zeros(3))
    assert learn_population(np.ones((4, 3)), np.empty((4, 0)), start, 1.0) is start
    same = learn_population(np.ones((4, 3)), np.zeros((4, 2)), start, 1e-6)
    assert np.isfinite(same.curvature).all()
    assert np.linalg.eigvalsh(same.curvature).min() > 0


@pytest.mark.parametrize("kind", ["linear", "rbf"])
def test_a_new_user_is_a_minimum_by_finite_differences(kind):
    rng = np.random.default_rng(3)
    u, y = rng.standard_normal((30, 2)), rng.standard_normal((30, 12))
    lh = fit_linear(u, y, 0.1) if kind == "linear" else fit_rbf(u, y, 0.1, 10, rng)
    extra = Quadratic.prior(u, 0.3)
    told = np.where(rng.random(12) < 0.5, y[0], np.nan)
    found = find_user(lh, told, 0.7, extra, u.mean(axis=0), 200)

    def value(at: np.ndarray) -> float:
        rest = (told - lh(at[None])[0])[~np.isnan(told)]
        return 0.7 * float(rest @ rest) + extra(at)

    step = 1e-5
    slope = [(value(found + step * e) - value(found - step * e)) / (2 * step) for e in np.eye(2)]
    np.testing.assert_allclose(slope, 0, atol=1e-3)
    assert value(found) < value(u.mean(axis=0))


def test_five_ratings_of_a_new_user_are_worth_most_of_what_they_can_be():
    """In error, here: without a learnt prior it was a fifth; more in docs/ranking.md."""
    study = simulate_study(0)
    model = soft_impute(study.ratings[:, 12:])
    rng = np.random.default_rng(0)
    error = {0: [], 5: [], 250: []}
    for truth, told in zip(study.truth.T[:12], study.ratings.T[:12], strict=True):
        rated = rng.permutation(np.flatnonzero(~np.isnan(told)))
        for count in error:
            known = np.full(len(told), np.nan)
            known[rated[:count]] = told[rated[:count]]
            rest = np.setdiff1d(np.arange(len(told)), rated[:250])
            said = np.clip(model.complete(known), 1, 5)
            error[count].append(np.square(said - truth)[rest].mean())
    nothing, few, many = (np.sqrt(np.mean(error[count])) for count in (0, 5, 250))
    assert (nothing - few) / (nothing - many) > 0.4


def test_curved_mappings_do_not_pull_new_users_to_the_middle():
    """RBF is not behind linear after five ratings; with the encoder in the projection it was."""
    study = simulate_study(1)
    rms = {}
    for mapping in ("linear", "rbf"):
        fitted = JointRanker(mapping=mapping, iterations=6, blend=0.4).fit(
            study.features, study.ratings[:, 12:]
        )
        errors = []
        for truth, told in zip(study.truth.T[:12], study.ratings.T[:12], strict=True):
            known = np.full(len(told), np.nan)
            rated = np.flatnonzero(~np.isnan(told))[:5]
            known[rated] = told[rated]
            said = fitted.predict(study.features, UserRatings(known), np.arange(len(told)))
            errors.append(np.square(said - truth).mean())
        rms[mapping] = np.sqrt(np.mean(errors))
    assert rms["rbf"] < 1.01 * rms["linear"]
