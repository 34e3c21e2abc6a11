"""Metrics of a row by Keras's definitions."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive import curves, scores
from naive.losses import LOSSES

Array = NDArray[Any]


def binary_accuracy(targets: Array, outputs: Array) -> Array:
    """share of outputs that lie on their target's side of 1/2"""
    return (targets == (outputs > 0.5)).mean(axis=-1)


def exact_accuracy(targets: Array, outputs: Array) -> Array:
    """share of outputs that are their targets"""
    return (targets == outputs).mean(axis=-1)


def pearson_correlation(targets: Array, outputs: Array) -> Array:
    """mean((y - mean y) / (std y + 1e-7) * (p - mean p) / (std p + 1e-7)) over the outputs of a row"""
    y, p = (
        (each - each.mean(axis=-1, keepdims=True)) / (each.std(axis=-1, keepdims=True) + 1e-7)
        for each in (targets, outputs)
    )
    return (y * p).mean(axis=-1)


def concordance_correlation(targets: Array, outputs: Array) -> Array:
    """2 cov(y, p) / (var y + var p + (mean y - mean p)**2 + 1e-7) over the outputs of a row"""
    y, p = targets.mean(axis=-1), outputs.mean(axis=-1)
    covariance = ((targets - y[:, None]) * (outputs - p[:, None])).mean(axis=-1)
    return 2.0 * covariance / (targets.var(axis=-1) + outputs.var(axis=-1) + (y - p) ** 2 + 1e-7)


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
    "exact_accuracy": exact_accuracy,
    "mean": lambda targets, outputs: outputs.mean(axis=-1),
    "pearson_correlation": pearson_correlation,
    "concordance_correlation": concordance_correlation,
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


def fbeta_score(targets: Array, outputs: Array, threshold: float = 0.5, beta: float = 1.0) -> float:
    """(1 + beta**2) / (1 / precision + beta**2 / recall)"""
    p, r = precision(targets, outputs, threshold), recall(targets, outputs, threshold)
    return (1.0 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0.0


def root_mean_squared_error(targets: Array, outputs: Array) -> float:
    """sqrt of the mean of (output - target)**2"""
    return float(np.sqrt(((outputs - targets) ** 2).mean()))


def r2_score(targets: Array, outputs: Array, by_variance: bool = False, k: int = 0) -> float:
    """1 - squared errors / squared deviations from the mean, of each output; their mean, adjusted for k regressors"""
    n = len(targets)
    deviations = ((targets - targets.mean(axis=0)) ** 2).sum(axis=0)
    scores = 1.0 - ((targets - outputs) ** 2).sum(axis=0) / deviations
    r2 = np.average(scores, weights=deviations if by_variance else None)
    return float(1.0 - (1.0 - r2) * (n - 1) / (n - k - 1))


def each_r2_score(targets: Array, outputs: Array) -> list[float]:
    """that of each output"""
    n = range(targets.shape[1])
    return [r2_score(targets[:, o : o + 1], outputs[:, o : o + 1]) for o in n]


#: Of a whole set: no means over rows.
OF_A_SET: dict[str, Callable[..., Any]] = {
    "precision": precision,
    "recall": recall,
    "f1_score": f1_score,
    "fbeta_score": fbeta_score,
    "sum": lambda targets, outputs: float(outputs.sum()),
    "root_mean_squared_error": root_mean_squared_error,
    "r2_score": r2_score,
    "r2_score_by_variance": partial(r2_score, by_variance=True),
    "r2_score_of_outputs": each_r2_score,
    "fbeta_score_of_classes": scores.fbeta_score,
    "fbeta_score_macro": partial(scores.fbeta_score, average="macro"),
    "fbeta_score_weighted": partial(scores.fbeta_score, average="weighted"),
    "binary_iou": scores.binary_iou,
    "one_hot_iou": scores.one_hot_iou,
    **{
        name: partial(curves.count, number=number)
        for number, name in enumerate(
            ("true_positives", "false_positives", "false_negatives", "true_negatives")
        )
    },
    **{
        f"{curve}_auc_{method}": partial(curves.area, curve=curve, method=method)
        for curve in ("roc", "pr")
        for method in ("interpolation", "minoring", "majoring")
    },
    **{
        f"{wanted}_at_{condition}": partial(curves.best, wanted=wanted, condition=condition)
        for wanted, condition in (
            ("sensitivity", "specificity"),
            ("specificity", "sensitivity"),
            ("precision", "recall"),
            ("recall", "precision"),
        )
    },
}
