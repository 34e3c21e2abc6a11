"""Losses of probabilities by Keras's definitions, from probabilities and from logits."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from naive.activations import log_softmax, sigmoid, softmax

Array = NDArray[Any]

CLIP = 1e-7


def absolute(x: Array) -> Array:
    """|x|, analytic on each side of 0"""
    return x * np.sign(x.real)


def _clipped(probabilities: Array) -> Array:
    low = np.where(probabilities.real < CLIP, CLIP, probabilities)
    return np.where(low.real > 1.0 - CLIP, 1.0 - CLIP, low)


def _inside(probabilities: Array) -> Array:
    return (probabilities >= CLIP) & (probabilities <= 1.0 - CLIP)


def _one_hot(classes: Array, n_classes: int) -> Array:
    return np.eye(n_classes)[np.asarray(classes).reshape(-1).astype(np.int64)]


def _smoothed(targets: Array, label_smoothing: float, n_classes: int) -> Array:
    return targets * (1.0 - label_smoothing) + label_smoothing / n_classes


def _binary(targets: Array, p: Array) -> Array:
    p = _clipped(p)
    return -(targets * np.log(p) + (1.0 - targets) * np.log(1.0 - p))


def _binary_from_logits(targets: Array, logits: Array) -> Array:
    rest = special.log1p(np.exp(-absolute(logits)))
    return np.where(logits.real > 0, logits, 0.0) - logits * targets + rest


def binary_crossentropy(targets: Array, outputs: Array, label_smoothing: float = 0.0) -> Array:
    """mean of -t log(p) - (1 - t) log(1 - p)"""
    return _binary(_smoothed(targets, label_smoothing, 2), outputs).mean(axis=-1)


def binary_crossentropy_from_logits(
    targets: Array, logits: Array, label_smoothing: float = 0.0
) -> Array:
    """mean of max(x, 0) - x t + log(1 + exp(-|x|))"""
    return _binary_from_logits(_smoothed(targets, label_smoothing, 2), logits).mean(axis=-1)


def _class_weight(targets: Array, apply_class_balancing: bool, alpha: float) -> Array:
    if not apply_class_balancing:
        return np.ones_like(targets)
    return targets * alpha + (1.0 - targets) * (1.0 - alpha)


def binary_focal_crossentropy(
    targets: Array,
    outputs: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    """mean of weight (1 - p_t)**gamma crossentropy, p_t = t p + (1 - t)(1 - p)"""
    t = _smoothed(targets, label_smoothing, 2)
    p_t = t * outputs + (1.0 - t) * (1.0 - outputs)
    weight = _class_weight(t, apply_class_balancing, alpha)
    return (weight * (1.0 - p_t) ** gamma * _binary(t, outputs)).mean(axis=-1)


def binary_focal_crossentropy_from_logits(
    targets: Array,
    logits: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    """The same of p = sigmoid(x), where 1 - p_t is t sigmoid(-x) + (1 - t) sigmoid(x)"""
    t = _smoothed(targets, label_smoothing, 2)
    rest = t * sigmoid(-logits) + (1.0 - t) * sigmoid(logits)
    weight = _class_weight(t, apply_class_balancing, alpha)
    return (weight * rest**gamma * _binary_from_logits(t, logits)).mean(axis=-1)


def categorical_crossentropy(targets: Array, outputs: Array, label_smoothing: float = 0.0) -> Array:
    """-sum of t log(p), p divided by its sum first"""
    t = _smoothed(targets, label_smoothing, outputs.shape[-1])
    p = _clipped(outputs / outputs.sum(axis=-1, keepdims=True))
    return -(t * np.log(p)).sum(axis=-1)


def categorical_focal_crossentropy(
    targets: Array,
    outputs: Array,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    """sum of alpha (1 - p)**gamma times -t log(p), p divided by its sum first"""
    t = _smoothed(targets, label_smoothing, outputs.shape[-1])
    p = _clipped(outputs / outputs.sum(axis=-1, keepdims=True))
    return -(alpha * (1.0 - p) ** gamma * t * np.log(p)).sum(axis=-1)


def categorical_crossentropy_from_logits(
    targets: Array, logits: Array, label_smoothing: float = 0.0
) -> Array:
    """-sum of t log_softmax(x), where a target of 0 wins over a logarithm that overflowed"""
    t = _smoothed(targets, label_smoothing, logits.shape[-1])
    return -np.where(t == 0, 0.0, t * log_softmax(logits)).sum(axis=-1)


def sparse_categorical_crossentropy(classes: Array, outputs: Array, **options: Any) -> Array:
    """categorical_crossentropy of the one-hot classes"""
    return categorical_crossentropy(_one_hot(classes, outputs.shape[-1]), outputs, **options)


def sparse_categorical_crossentropy_from_logits(
    classes: Array, logits: Array, **options: Any
) -> Array:
    """categorical_crossentropy_from_logits of the one-hot classes"""
    one_hot = _one_hot(classes, logits.shape[-1])
    return categorical_crossentropy_from_logits(one_hot, logits, **options)


LOSSES: dict[str, Callable[..., Array]] = {
    "binary_crossentropy": binary_crossentropy,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "binary_focal_crossentropy": binary_focal_crossentropy,
    "categorical_focal_crossentropy": categorical_focal_crossentropy,
}

# (loss, output activation) pairs that are computed from the logits
FROM_LOGITS: dict[tuple[str, str], Callable[..., Array]] = {
    ("binary_crossentropy", "sigmoid"): binary_crossentropy_from_logits,
    ("binary_focal_crossentropy", "sigmoid"): binary_focal_crossentropy_from_logits,
    ("categorical_crossentropy", "softmax"): categorical_crossentropy_from_logits,
    ("sparse_categorical_crossentropy", "softmax"): sparse_categorical_crossentropy_from_logits,
}


def _binary_slope(targets: Array, outputs: Array) -> Array:
    p = np.where(_inside(outputs), outputs, 0.5)
    return np.where(_inside(outputs), (p - targets) / (p * (1.0 - p)), 0.0)


def _binary_gradient(targets: Array, outputs: Array, label_smoothing: float = 0.0) -> Array:
    return _binary_slope(_smoothed(targets, label_smoothing, 2), outputs)


def _focal_gradient(
    targets: Array,
    outputs: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    t = _smoothed(targets, label_smoothing, 2)
    rest = t * (1.0 - outputs) + (1.0 - t) * outputs
    turn = gamma * rest ** (gamma - 1.0) * (1.0 - 2.0 * t) * _binary(t, outputs)
    slope = turn + rest**gamma * _binary_slope(t, outputs)
    return _class_weight(t, apply_class_balancing, alpha) * slope


def _by_shares(outputs: Array, slope: Callable[[Array], Array]) -> Array:
    """Through p = y / sum(y) and its clip, from the derivative by the clipped p"""
    total = outputs.sum(axis=-1, keepdims=True)
    p = outputs / total
    by_p = np.where(_inside(p), slope(np.where(_inside(p), p, 0.5)), 0.0)
    return (by_p - (by_p * p).sum(axis=-1, keepdims=True)) / total


def _categorical_gradient(targets: Array, outputs: Array, label_smoothing: float = 0.0) -> Array:
    t = _smoothed(targets, label_smoothing, outputs.shape[-1])
    return _by_shares(outputs, lambda p: -t / p)


def _categorical_focal_gradient(
    targets: Array,
    outputs: Array,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    t = _smoothed(targets, label_smoothing, outputs.shape[-1])
    return _by_shares(
        outputs,
        lambda p: (
            -alpha * t * ((1.0 - p) ** gamma / p - gamma * (1.0 - p) ** (gamma - 1.0) * np.log(p))
        ),
    )


MEAN_GRADIENTS: dict[str, Callable[..., Array]] = {
    "binary_crossentropy": _binary_gradient,
    "binary_focal_crossentropy": _focal_gradient,
}
SUM_GRADIENTS: dict[str, Callable[..., Array]] = {
    "categorical_crossentropy": _categorical_gradient,
    "categorical_focal_crossentropy": _categorical_focal_gradient,
    "sparse_categorical_crossentropy": lambda classes, outputs, **options: _categorical_gradient(
        _one_hot(classes, outputs.shape[-1]), outputs, **options
    ),
}


def _focal_logit_gradient(
    targets: Array,
    logits: Array,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
) -> Array:
    t = _smoothed(targets, label_smoothing, 2)
    p, q = sigmoid(logits), sigmoid(-logits)
    rest = t * q + (1.0 - t) * p
    # p q / rest is p for a target of 1, also where rest vanishes
    shift = np.where(rest > 0, p * q / np.where(rest > 0, rest, 1.0), 0.0)
    turn = gamma * (1.0 - 2.0 * t) * shift * _binary_from_logits(t, logits)
    return _class_weight(t, apply_class_balancing, alpha) * rest**gamma * (turn + p - t)


def logit_gradient(loss: str, targets: Array, logits: Array, **options: Any) -> Array:
    """Derivative of each row's cross-entropy by the logits, (batch, n_outputs)."""
    n_outputs = logits.shape[-1]
    smoothing = options.get("label_smoothing", 0.0)
    if loss == "binary_focal_crossentropy":
        return _focal_logit_gradient(targets, logits, **options) / n_outputs
    if loss == "binary_crossentropy":
        return (sigmoid(logits) - _smoothed(targets, smoothing, 2)) / n_outputs
    if loss == "sparse_categorical_crossentropy":
        targets = _one_hot(targets, n_outputs)
    targets = _smoothed(targets, smoothing, n_outputs)
    return targets.sum(axis=-1, keepdims=True) * softmax(logits) - targets
