"""Losses of a row by Keras's definitions, and their handwritten derivatives.

Means run over the last axis. Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras clips them; under a sigmoid or
softmax output the cross-entropies are computed from the logits, where nothing has to be clipped.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from naive.activations import log_softmax, sigmoid, softmax

Array = NDArray[Any]

CLIP = 1e-7
HUBER_DELTA = 1.0


def _absolute(x: Array) -> Array:
    return x * np.sign(x.real)


def _clipped(probabilities: Array) -> Array:
    low = np.where(probabilities.real < CLIP, CLIP, probabilities)
    return np.where(low.real > 1.0 - CLIP, 1.0 - CLIP, low)


def _one_hot(classes: Array, n_classes: int) -> Array:
    return np.eye(n_classes)[np.asarray(classes).reshape(-1).astype(np.int64)]


def mean_squared_error(targets: Array, outputs: Array) -> Array:
    """mean of (output - target)**2"""
    return ((outputs - targets) ** 2).mean(axis=-1)


def mean_absolute_error(targets: Array, outputs: Array) -> Array:
    """mean of |output - target|"""
    return _absolute(outputs - targets).mean(axis=-1)


def huber(targets: Array, outputs: Array) -> Array:
    """mean of error**2 / 2 where |error| <= 1, |error| - 1/2 elsewhere"""
    error = outputs - targets
    small = np.abs(error.real) <= HUBER_DELTA
    near = 0.5 * np.where(small, error, 0.0) ** 2
    far = HUBER_DELTA * _absolute(error) - 0.5 * HUBER_DELTA**2
    return np.where(small, near, far).mean(axis=-1)


def binary_crossentropy(targets: Array, outputs: Array) -> Array:
    """mean of -t log(p) - (1 - t) log(1 - p)"""
    p = _clipped(outputs)
    return -(targets * np.log(p) + (1.0 - targets) * np.log(1.0 - p)).mean(axis=-1)


def binary_crossentropy_from_logits(targets: Array, logits: Array) -> Array:
    """mean of max(x, 0) - x t + log(1 + exp(-|x|))"""
    rest = special.log1p(np.exp(-_absolute(logits)))
    return (np.where(logits.real > 0, logits, 0.0) - logits * targets + rest).mean(axis=-1)


def categorical_crossentropy(targets: Array, outputs: Array) -> Array:
    """-sum of t log(p), p divided by its sum first"""
    p = _clipped(outputs / outputs.sum(axis=-1, keepdims=True))
    return -(targets * np.log(p)).sum(axis=-1)


def categorical_crossentropy_from_logits(targets: Array, logits: Array) -> Array:
    """-sum of t log_softmax(x), where a target of 0 wins over a logarithm that overflowed"""
    return -np.where(targets == 0, 0.0, targets * log_softmax(logits)).sum(axis=-1)


def sparse_categorical_crossentropy(classes: Array, outputs: Array) -> Array:
    """categorical_crossentropy of the one-hot classes"""
    return categorical_crossentropy(_one_hot(classes, outputs.shape[-1]), outputs)


def sparse_categorical_crossentropy_from_logits(classes: Array, logits: Array) -> Array:
    """categorical_crossentropy_from_logits of the one-hot classes"""
    return categorical_crossentropy_from_logits(_one_hot(classes, logits.shape[-1]), logits)


LOSSES: dict[str, Callable[[Array, Array], Array]] = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "huber": huber,
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
}

# (loss, output activation) pairs that are computed from the logits
FROM_LOGITS: dict[tuple[str, str], Callable[[Array, Array], Array]] = {
    ("binary_crossentropy", "sigmoid"): binary_crossentropy_from_logits,
    ("categorical_crossentropy", "softmax"): categorical_crossentropy_from_logits,
    ("sparse_categorical_crossentropy", "softmax"): sparse_categorical_crossentropy_from_logits,
}


def _categorical_gradient(targets: Array, outputs: Array) -> Array:
    total = outputs.sum(axis=-1, keepdims=True)
    p = outputs / total
    inside = (p >= CLIP) & (p <= 1.0 - CLIP)
    by_p = np.where(inside, -targets / np.where(inside, p, 1.0), 0.0)
    return (by_p - (by_p * p).sum(axis=-1, keepdims=True)) / total


def output_gradient(loss: str, targets: Array, outputs: Array) -> Array:
    """Derivative of each row's loss by the outputs, (batch, n_outputs)."""
    n_outputs = outputs.shape[-1]
    if loss == "mean_squared_error":
        return 2.0 * (outputs - targets) / n_outputs
    if loss == "mean_absolute_error":
        return np.sign(outputs - targets) / n_outputs
    if loss == "huber":
        return np.clip(outputs - targets, -HUBER_DELTA, HUBER_DELTA) / n_outputs
    if loss == "binary_crossentropy":
        inside = (outputs >= CLIP) & (outputs <= 1.0 - CLIP)
        p = np.where(inside, outputs, 0.5)
        return np.where(inside, (p - targets) / (p * (1.0 - p)), 0.0) / n_outputs
    if loss == "categorical_crossentropy":
        return _categorical_gradient(targets, outputs)
    return _categorical_gradient(_one_hot(targets, n_outputs), outputs)


def logit_gradient(loss: str, targets: Array, logits: Array) -> Array:
    """Derivative of each row's cross-entropy by the logits, (batch, n_outputs)."""
    n_outputs = logits.shape[-1]
    if loss == "binary_crossentropy":
        return (sigmoid(logits) - targets) / n_outputs
    if loss == "sparse_categorical_crossentropy":
        targets = _one_hot(targets, n_outputs)
    return targets.sum(axis=-1, keepdims=True) * softmax(logits) - targets
