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


METRICS: dict[str, Callable[[Array, Array], Array]] = {
    "binary_accuracy": binary_accuracy,
    "categorical_accuracy": categorical_accuracy,
    "sparse_categorical_accuracy": sparse_categorical_accuracy,
    **LOSSES,
}
