"""Muon by Keras 3's formulas: of matrices, and of what Adam moves beside them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def orthogonalized(matrix: Array, n_steps: int, a: float, b: float, c: float) -> Array:
    """X = u / (norm + 1e-7), by its wide side;  n times  A = X X^T, X = a X + (b A + c A A) X"""
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    x = x / (np.sqrt((x**2).sum()) + 1e-7)
    for _ in range(n_steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if is_tall else x


def muon(
    weight: Array,
    gradient: Array,
    slots: tuple[Array, ...],
    step: int,
    learning_rate: float = 0.001,
    adam_beta_1: float = 0.9,
    adam_beta_2: float = 0.999,
    adam_weight_decay: float = 0.004,
    epsilon: float = 1e-7,
    weight_decay: float = 0.004,
    exclude_embeddings: bool = True,
    muon_a: float = 3.4445,
    muon_b: float = -4.775,
    muon_c: float = 2.0315,
    adam_lr_ratio: float = 1.0,
    momentum: float = 0.95,
    ns_steps: int = 5,
    nesterov: bool = True,
    rms_rate: float | None = 0.2,
    kind: str = "kernel",
) -> tuple[Array, tuple[Array, ...]]:
    """m <- mu m + g;  u = g + mu m with Nesterov's, else m;  w <- w - lr X(u) sqrt(longer side) rms_rate

    All that is no matrix, and embeddings if these are excluded: as adam with ``lr * adam_lr_ratio``.
    """
    mean, square = slots
    if (
        weight.ndim == 2
        and kind != "excluded"
        and not (exclude_embeddings and kind == "embeddings")
    ):
        weight = weight - weight * weight_decay * learning_rate
        mean = momentum * mean + gradient
        toward = gradient + momentum * mean if nesterov else mean
        move = learning_rate * orthogonalized(toward, int(ns_steps), muon_a, muon_b, muon_c)
        if rms_rate is not None:
            move = move * np.sqrt(max(weight.shape)) * rms_rate
        return weight - move, (mean, square)
    weight = weight - weight * adam_weight_decay * learning_rate
    mean = mean + (gradient - mean) * (1.0 - adam_beta_1)
    square = square + (gradient**2 - square) * (1.0 - adam_beta_2)
    rate = learning_rate * adam_lr_ratio
    alpha = rate * np.sqrt(1.0 - adam_beta_2**step) / (1.0 - adam_beta_1**step)
    return weight - mean * alpha / (np.sqrt(square) + epsilon), (mean, square)
