"""AEm: the objective never rises, steps are right, planted structure is recovered."""

from __future__ import annotations

import numpy as np
import pytest

from cinekit.errors import RankError
from cinekit.rank.aem import Aem, AemOptions, MappingKind, fit_aem
from cinekit.rank.gauss_newton import Quadratic, UserProblem
from cinekit.rank.mappings import fit_linear, fit_rbf
from cinekit.rank.ratings import fill_with_biases
from cinekit.rank.soft_impute import soft_impute

KINDS = list(MappingKind)


def planted(n: int, users: int, missing: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A curved one-dimensional manifold of users: full ratings and the same with holes."""
    rng = np.random.default_rng(seed)
    taste = rng.uniform(-1, 1, users)
    phase = rng.uniform(0, 2 * np.pi, n)
    full = 3 + 1.6 * np.sin(2.5 * taste + phase[:, None]) + 0.05 * rng.standard_normal((n, users))
    full = np.clip(full, 1, 5)
    holes = rng.random((n, users)) < missing
    return full, np.where(holes, np.nan, full)


@pytest.mark.parametrize("kind", KINDS)
def test_the_objective_never_rises(kind: MappingKind) -> None:
    _, ratings = planted(40, 30, 0.5)
    history = np.array(fit_aem(ratings, AemOptions(mapping=kind, latent=3)).history)
    assert len(history) > 2
    assert (np.diff(history) <= 1e-9 * history[0]).all()
    assert history[-1] < 0.9 * history[0]


@pytest.mark.parametrize("kind", KINDS)
def test_known_ratings_are_kept(kind: MappingKind) -> None:
    _, ratings = planted(20, 15, 0.4)
    completed = fit_aem(ratings, AemOptions(mapping=kind, latent=2)).completed
    known = ~np.isnan(ratings)
    np.testing.assert_array_equal(completed[known], ratings[known])
    assert np.isfinite(completed).all()


@pytest.mark.parametrize("kind", KINDS)
def test_jacobians_match_finite_differences(kind: MappingKind) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((20, 4)), rng.standard_normal((20, 6))
    mapping = fit_linear(x, y, 0.1) if kind is MappingKind.LINEAR else fit_rbf(x, y, 0.1, 10, rng)
    at, step = x[0] + 0.1, 1e-6
    numeric = np.stack(
        [
            (mapping((at + step * e)[None])[0] - mapping((at - step * e)[None])[0]) / (2 * step)
            for e in np.eye(4)
        ],
        axis=1,
    )
    np.testing.assert_allclose(mapping.jacobian(at), numeric, atol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_step_solves_the_gauss_newton_equations(kind: MappingKind) -> None:
    """The structured solve equals least squares on the stacked dense Jacobian."""
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((25, 3)), rng.standard_normal((25, 8))
    if kind is MappingKind.LINEAR:
        hl, lh = fit_linear(y, x, 0.1), fit_linear(x, y, 0.1)
    else:
        hl, lh = fit_rbf(y, x, 0.1, 12, rng), fit_rbf(x, y, 0.1, 12, rng)
    u, point = rng.standard_normal(3), rng.standard_normal(8)
    missing = np.array([True, False, True, True, False, True, False, False])
    row = rng.standard_normal((2, 3))  # extra(u) = |row u - b|^2
    b = rng.standard_normal(2)
    extra = Quadratic(row.T @ row, row.T @ b, float(b @ b))
    problem = UserProblem(hl, lh, weight=0.7)
    scale = np.sqrt(0.7)
    jacobian = np.block(
        [
            [scale * np.eye(3), -scale * hl.jacobian(point)[:, missing]],
            [-scale * lh.jacobian(u), scale * np.eye(8)[:, missing]],
            [row, np.zeros((2, 4))],
        ]
    )
    residual = np.concatenate(
        [scale * (u - hl(point[None])[0]), scale * (point - lh(u[None])[0]), row @ u - b]
    )
    dense = -np.linalg.lstsq(jacobian, residual, rcond=None)[0]
    du, dy = problem.step(u, point, missing, extra)
    np.testing.assert_allclose(du, dense[:3], atol=1e-9)
    np.testing.assert_allclose(dy[missing], dense[3:], atol=1e-9)
    assert (dy[~missing] == 0).all()
    assert problem.value(u, point, extra) == pytest.approx(float(residual @ residual))


def test_a_curved_manifold_is_recovered_better_than_by_pca_or_bias() -> None:
    full, ratings = planted(60, 80, 0.5)
    rbf = error(full, ratings, fit_aem(ratings, AemOptions(mapping=MappingKind.RBF, latent=2)))
    assert rbf < 0.8 * rms(full, ratings, pca_of_mean_filled(ratings, 2))
    assert rbf < 0.5 * rms(full, ratings, fill_with_biases(ratings))


def test_a_manifold_of_high_rank_is_recovered_better_than_by_soft_impute() -> None:
    """Everybody likes what is near their own taste: one dimension, but no few singular vectors."""
    rng = np.random.default_rng(0)
    taste, place = rng.uniform(-1, 1, 150), rng.uniform(-1.2, 1.2, 16)
    full = 1.2 + 3.6 * np.exp(-((taste - place[:, None]) ** 2) / (2 * 0.35**2))
    full = np.clip(full + 0.05 * rng.standard_normal(full.shape), 1, 5)
    ratings = np.where(rng.random(full.shape) < 0.5, np.nan, full)
    options = AemOptions(mapping=MappingKind.RBF, latent=3, ridge=0.1)
    rbf = error(full, ratings, fit_aem(ratings, options))
    assert rbf < 0.6 * rms(full, ratings, soft_impute(ratings).completed)
    assert rbf < 0.6 * min(rms(full, ratings, pca_of_mean_filled(ratings, d)) for d in (2, 3, 4))


def error(full: np.ndarray, ratings: np.ndarray, model: Aem) -> float:
    return rms(full, ratings, model.completed)


def rms(full: np.ndarray, ratings: np.ndarray, completed: np.ndarray) -> float:
    return float(np.sqrt(((completed - full)[np.isnan(ratings)] ** 2).mean()))


def pca_of_mean_filled(ratings: np.ndarray, d: int) -> np.ndarray:
    mean = np.nanmean(ratings, axis=1, keepdims=True)
    left, scale, right = np.linalg.svd(np.where(np.isnan(ratings), mean, ratings) - mean)
    return mean + (left[:, :d] * scale[:d]) @ right[:d]


@pytest.mark.parametrize("kind", KINDS)
def test_a_fitted_user_projects_near_its_own_completion(kind: MappingKind) -> None:
    full, ratings = planted(60, 80, 0.5)
    model = fit_aem(ratings[:, :-1], AemOptions(mapping=kind, latent=2))
    completed = model.complete(ratings[:, -1])
    holes = np.isnan(ratings[:, -1])
    error = np.abs(completed - full[:, -1])[holes].mean()
    nobody = np.abs(model.completed.mean(1) - full[:, -1])[holes].mean()
    assert error < 0.5 * nobody


def test_no_rating_gives_the_mean_user() -> None:
    _, ratings = planted(20, 15, 0.4)
    model = fit_aem(ratings, AemOptions(latent=2))
    nothing = np.full(20, np.nan)
    np.testing.assert_allclose(model.project(nothing), model.latents.mean(0))
    assert np.isfinite(model.complete(nothing)).all()


def test_bad_matrices_are_one_line() -> None:
    with pytest.raises(RankError, match=r"values from 1 to 5 or NaN, received 0 to 3"):
        fit_aem(np.array([[0.0, 3.0]]))
    with pytest.raises(RankError, match="at least one item and one user"):
        fit_aem(np.zeros((0, 3)))
