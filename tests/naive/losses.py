"""Losses of a row by Keras's definitions, and their handwritten derivatives.

Means and sums run over the last axis. Probabilities are clipped to [1e-7, 1 - 1e-7] as Keras clips them; under a
sigmoid or softmax output the cross-entropies are computed from the logits, where nothing has to be clipped.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive import crossentropies
from naive.crossentropies import CLIP, absolute

Array = NDArray[Any]


def at_least(low: float, x: Array) -> Array:
    """max(low, x)"""
    return np.where(x.real < low, low, x)


def mean_squared_error(targets: Array, outputs: Array) -> Array:
    """mean of (output - target)**2"""
    return ((outputs - targets) ** 2).mean(axis=-1)


def mean_absolute_error(targets: Array, outputs: Array) -> Array:
    """mean of |output - target|"""
    return absolute(outputs - targets).mean(axis=-1)


def mean_absolute_percentage_error(targets: Array, outputs: Array) -> Array:
    """100 times the mean of |(target - output) / max(|target|, 1e-7)|"""
    return 100.0 * absolute((targets - outputs) / at_least(CLIP, absolute(targets))).mean(axis=-1)


def mean_squared_logarithmic_error(targets: Array, outputs: Array) -> Array:
    """mean of (log(max(output, 1e-7) + 1) - log(max(target, 1e-7) + 1))**2"""
    first, second = np.log(at_least(CLIP, outputs) + 1.0), np.log(at_least(CLIP, targets) + 1.0)
    return ((first - second) ** 2).mean(axis=-1)


def huber(targets: Array, outputs: Array, delta: float = 1.0) -> Array:
    """mean of error**2 / 2 where |error| <= delta, delta |error| - delta**2 / 2 elsewhere"""
    error = outputs - targets
    small = np.abs(error.real) <= delta
    near = 0.5 * np.where(small, error, 0.0) ** 2
    far = delta * absolute(error) - 0.5 * delta**2
    return np.where(small, near, far).mean(axis=-1)


def log_cosh(targets: Array, outputs: Array) -> Array:
    """mean of log((exp(error) + exp(-error)) / 2)"""
    error = absolute(outputs - targets)
    near = np.log(np.cosh(np.where(error.real < 300.0, error, 0.0)))
    return np.where(error.real < 300.0, near, error - np.log(2.0)).mean(axis=-1)


def quantile(targets: Array, outputs: Array, quantile: float = 0.5) -> Array:
    """mean of q e where e = target - output is positive, (q - 1) e elsewhere"""
    error = targets - outputs
    return np.where(error.real > 0, quantile * error, (quantile - 1.0) * error).mean(axis=-1)


def poisson(targets: Array, outputs: Array) -> Array:
    """mean of output - target log(output + 1e-7)"""
    return (outputs - targets * np.log(outputs + CLIP)).mean(axis=-1)


def _signs(targets: Array) -> Array:
    return np.where(targets == 0, -1.0, targets)


def hinge(targets: Array, outputs: Array) -> Array:
    """mean of max(1 - target output, 0), a target of 0 standing for -1"""
    return at_least(0.0, 1.0 - _signs(targets) * outputs).mean(axis=-1)


def squared_hinge(targets: Array, outputs: Array) -> Array:
    """mean of max(1 - target output, 0)**2"""
    return (at_least(0.0, 1.0 - _signs(targets) * outputs) ** 2).mean(axis=-1)


def categorical_hinge(targets: Array, outputs: Array) -> Array:
    """max(neg - pos + 1, 0), pos = sum of target output, neg = max of (1 - target) output"""
    rivals = (1.0 - targets) * outputs
    first = rivals.real.argmax(axis=-1)[..., None]
    neg = np.take_along_axis(rivals, first, -1)[..., 0]
    return at_least(0.0, neg - (targets * outputs).sum(axis=-1) + 1.0)


def kl_divergence(targets: Array, outputs: Array) -> Array:
    """sum of target log(target / output), both clipped to [1e-7, 1]"""
    p = at_least(CLIP, outputs)
    p = np.where(p.real > 1.0, 1.0, p)
    t = np.clip(targets, CLIP, 1.0)
    return (t * np.log(t / p)).sum(axis=-1)


def cosine_similarity(targets: Array, outputs: Array) -> Array:
    """-sum of target output, each divided by its length or by 1e-7 where that is more"""

    def unit(x: Array) -> Array:
        return x / at_least(CLIP, np.sqrt((x * x).sum(axis=-1, keepdims=True)))

    return -(unit(targets) * unit(outputs)).sum(axis=-1)


LOSSES: dict[str, Callable[..., Array]] = {
    "mean_squared_error": mean_squared_error,
    "mean_absolute_error": mean_absolute_error,
    "mean_absolute_percentage_error": mean_absolute_percentage_error,
    "mean_squared_logarithmic_error": mean_squared_logarithmic_error,
    "huber": huber,
    "log_cosh": log_cosh,
    "quantile": quantile,
    "poisson": poisson,
    "hinge": hinge,
    "squared_hinge": squared_hinge,
    "categorical_hinge": categorical_hinge,
    "kl_divergence": kl_divergence,
    "cosine_similarity": cosine_similarity,
    **crossentropies.LOSSES,
}


def _mean_squared_logarithmic_error_gradient(targets: Array, outputs: Array) -> Array:
    p = np.maximum(outputs, CLIP)
    error = np.log1p(p) - np.log1p(np.maximum(targets, CLIP))
    return np.where(outputs > CLIP, 2.0 * error / (1.0 + p), 0.0)


def _huber_gradient(targets: Array, outputs: Array, delta: float = 1.0) -> Array:
    return np.clip(outputs - targets, -delta, delta)


def _quantile_gradient(targets: Array, outputs: Array, quantile: float = 0.5) -> Array:
    return np.where(targets > outputs, -quantile, np.where(targets < outputs, 1.0 - quantile, 0.0))


def _categorical_hinge_gradient(targets: Array, outputs: Array) -> Array:
    rivals = (1.0 - targets) * outputs
    first = np.arange(outputs.shape[-1]) == rivals.argmax(axis=-1)[..., None]
    counts = categorical_hinge(targets, outputs)[..., None] > 0
    return np.where(counts, (1.0 - targets) * first - targets, 0.0)


def _kl_divergence_gradient(targets: Array, outputs: Array) -> Array:
    inside = (outputs >= CLIP) & (outputs <= 1.0)
    return np.where(inside, -np.clip(targets, CLIP, 1.0) / np.where(inside, outputs, 1.0), 0.0)


def _cosine_similarity_gradient(targets: Array, outputs: Array) -> Array:
    length = np.sqrt((outputs**2).sum(axis=-1, keepdims=True))
    unit = targets / np.maximum(CLIP, np.sqrt((targets**2).sum(axis=-1, keepdims=True)))
    along = outputs / np.maximum(CLIP, length)
    back = np.where(length > CLIP, (unit * along).sum(axis=-1, keepdims=True) * along, 0.0)
    return (back - unit) / np.maximum(CLIP, length)


# derivatives of one output's term; a mean divides them by the number of outputs
_MEANS: dict[str, Callable[..., Array]] = {
    "mean_squared_error": lambda t, y: 2.0 * (y - t),
    "mean_absolute_error": lambda t, y: np.sign(y - t),
    "mean_absolute_percentage_error": lambda t, y: (
        100.0 * np.sign(y - t) / np.maximum(CLIP, np.abs(t))
    ),
    "mean_squared_logarithmic_error": _mean_squared_logarithmic_error_gradient,
    "huber": _huber_gradient,
    "log_cosh": lambda t, y: np.tanh(y - t),
    "quantile": _quantile_gradient,
    "poisson": lambda t, y: 1.0 - t / (y + CLIP),
    "hinge": lambda t, y: np.where(_signs(t) * y < 1.0, -_signs(t), 0.0),
    "squared_hinge": lambda t, y: -2.0 * _signs(t) * np.maximum(0.0, 1.0 - _signs(t) * y),
    **crossentropies.MEAN_GRADIENTS,
}
_SUMS: dict[str, Callable[..., Array]] = {
    "categorical_hinge": _categorical_hinge_gradient,
    "kl_divergence": _kl_divergence_gradient,
    "cosine_similarity": _cosine_similarity_gradient,
    **crossentropies.SUM_GRADIENTS,
}


def output_gradient(loss: str, targets: Array, outputs: Array, **options: Any) -> Array:
    """Derivative of each row's loss by the outputs, (batch, n_outputs)."""
    if loss in _SUMS:
        return _SUMS[loss](targets, outputs, **options)
    return _MEANS[loss](targets, outputs, **options) / outputs.shape[-1]
