"""Regression forests that are plain arrays: fitted by scikit-learn, kept and run without it.

A fitted scikit-learn forest can only be saved by pickle, which runs code when loaded and breaks
between versions. Its trees are five flat arrays; those are what we keep.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LEAF = -1


@dataclass(frozen=True, eq=False)
class Forest:
    """The nodes of all trees, one after the other; children are indices into the same arrays.

    left, right : int32 (nodes,), -1 at leaves.   feature : int32 (nodes,).
    threshold : float64 (nodes,); a row goes left when ``float32(x[feature]) <= threshold``.
    value : float64 (nodes,), mean target of a leaf.   roots : int32 (trees,).
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: Array
    value: Array
    roots: NDArray[np.int32]

    def predict(self, x: Array) -> Array:
        """Mean over the trees: float64 (n, D) -> (n,)."""
        x32 = x.astype(np.float32)  # scikit-learn splits on float32 features
        rows = np.arange(len(x))
        total = np.zeros(len(x))
        for root in self.roots:
            node = np.full(len(x), root, np.int32)
            inner = self.left[node] != LEAF
            while inner.any():
                at = node[inner]
                goes_left = x32[rows[inner], self.feature[at]] <= self.threshold[at]
                node[inner] = np.where(goes_left, self.left[at], self.right[at])
                inner = self.left[node] != LEAF
            total += self.value[node]
        out: Array = total / len(self.roots)
        return out


def fit_forest(x: Array, y: Array, *, trees: int, min_leaf: int, seed: int) -> Forest:
    """Breiman's random forest (2001) on float64 (n, D) and (n,), finite."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(
        n_estimators=trees, min_samples_leaf=min_leaf, max_features=1 / 3, random_state=seed
    ).fit(x, y)
    parts = [estimator.tree_ for estimator in model.estimators_]
    roots = np.cumsum([0] + [part.node_count for part in parts[:-1]]).astype(np.int32)

    def children(name: str) -> NDArray[np.int32]:
        shifted = [
            np.where(getattr(part, name) == LEAF, LEAF, getattr(part, name) + root)
            for part, root in zip(parts, roots, strict=True)
        ]
        return np.concatenate(shifted).astype(np.int32)

    return Forest(
        left=children("children_left"),
        right=children("children_right"),
        feature=np.concatenate([part.feature for part in parts]).astype(np.int32),
        threshold=np.concatenate([part.threshold for part in parts]),
        value=np.concatenate([part.value[:, 0, 0] for part in parts]),
        roots=roots,
    )
