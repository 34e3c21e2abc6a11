"""Metrics of a row by Keras's definitions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.losses import LOSSES

Array = NDArray[Any]


def binary_accuracy(targets: Array, outputs: Array) -> Array:
    """share of outputs that lie on their target's side of 1/2"""
    return (targets == (outputs > 0.5)).mean(axis=-1)


def categorical_accuracy(targets: Array, outputs: Array) -> Array:
    """1 where the largest output is at the largest target"""
    return (targets.argmax(axis=-1) == outputs.argmax(axis=-1)).astype(np.float64)


def sparse_categorical_accuracy(classes: Array, outputs: Array) -> Array:
    """1 where the largest output is at the class"""
    return (np.asarray(classes).reshape(-1) == outputs.argmax(axis=-1)).astype(np.float64)


def top_k_categorical_accuracy(targets: Array, outputs: Array, k: int = 5) -> Array:
    """1 where fewer than k outputs are above the one at the largest target"""
    return sparse_top_k_categorical_accuracy(targets.argmax(axis=-1), outputs, k)


def sparse_top_k_categorical_accuracy(classes: Array, outputs: Array, k: int = 5) -> Array:
    """1 where fewer than k outputs are above the one at the class"""
    right = np.take_along_axis(outputs, np.asarray(classes).reshape(-1, 1), -1)
    return ((outputs > right).sum(axis=-1) < k).astype(np.float64)


METRICS: dict[str, Callable[..., Array]] = {
    **LOSSES,
    "cosine_similarity": lambda targets, outputs: -LOSSES["cosine_similarity"](targets, outputs),
    "top_k_categorical_accuracy": top_k_categorical_accuracy,
    "sparse_top_k_categorical_accuracy": sparse_top_k_categorical_accuracy,
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
}


def precision(targets: Array, outputs: Array, threshold: float = 0.5) -> float:
    """true positives / predicted positives, of a whole set"""
    predicted = outputs > threshold
    return float((predicted & (targets > 0.5)).sum() / max(1, predicted.sum()))


def recall(targets: Array, outputs: Array, threshold: float = 0.5) -> float:
    """true positives / positives"""
    positive = targets > 0.5
    return float((positive & (outputs > threshold)).sum() / max(1, positive.sum()))


def f1_score(targets: Array, outputs: Array, threshold: float = 0.5) -> float:
    """2 / (1 / precision + 1 / recall)"""
    p, r = precision(targets, outputs, threshold), recall(targets, outputs, threshold)
    return 2.0 * p * r / (p + r) if p + r else 0.0


def root_mean_squared_error(targets: Array, outputs: Array) -> float:
    """sqrt of the mean of (output - target)**2"""
    return float(np.sqrt(((outputs - targets) ** 2).mean()))


#: Of a whole set: no means over rows.
OF_A_SET: dict[str, Callable[..., float]] = {
    "precision": precision,
    "recall": recall,
    "f1_score": f1_score,
    "root_mean_squared_error": root_mean_squared_error,
}
