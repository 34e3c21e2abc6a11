"""Keras 3's OrthogonalRegularizer and its gradient, for vectors longer than 1e-7."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
#: Factor, and "rows" or "columns".
Orthogonal = tuple[float, str]


def penalty(weight: Array, factor: float, mode: str) -> Any:
    """factor * sum of |cosines| off the diagonal / 2 / number of pairs"""
    units, size = _units(weight, mode)
    cosines = units @ units.T
    sizes = cosines * np.sign(cosines.real)
    n_pairs = size * (size - 1) / 2
    return factor * 0.5 * (sizes.sum() - np.trace(sizes)) / max(n_pairs, 1.0)


def gradient(weight: Array, factor: float, mode: str) -> Array:
    """d penalty / d u_a = factor / pairs * sum over b != a of sign(u_a . u_b) u_b, less its part along u_a, by |w_a|"""
    units, size = _units(weight, mode)
    signs = np.sign(units @ units.T)
    np.fill_diagonal(signs, 0.0)
    turns = signs @ units
    across = turns - (turns * units).sum(axis=1, keepdims=True) * units
    vectors = weight if mode == "rows" else weight.T
    lengths = np.sqrt((vectors**2).sum(axis=1, keepdims=True))
    found = factor / max(size * (size - 1) / 2, 1.0) * across / lengths
    return found if mode == "rows" else found.T


def _units(weight: Array, mode: str) -> tuple[Array, int]:
    vectors = weight if mode == "rows" else weight.T
    return vectors / np.sqrt((vectors**2).sum(axis=1, keepdims=True)), len(vectors)
