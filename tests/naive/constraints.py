"""What weights are brought back to after each update, with exact norms: Keras adds 1e-7 to those that it divides by."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
#: A name and its options.
Constraint = tuple[str, Mapping[str, Any]]


def _bounded(weight: Array, axis: Any, least: float, largest: float, rate: float) -> Array:
    """w <- w (rate clip(norm) + (1 - rate) norm) / norm"""
    axes = tuple(axis) if isinstance(axis, list) else axis
    norm = np.sqrt((weight**2).sum(axis=axes, keepdims=True))
    wanted = rate * np.clip(norm, least, largest) + (1.0 - rate) * norm
    return weight * np.divide(wanted, norm, out=np.ones_like(norm), where=norm > 0)


def max_norm(weight: Array, max_value: float = 2.0, axis: Any = 0) -> Array:
    """w <- w min(norm, max_value) / norm"""
    return _bounded(weight, axis, 0.0, max_value, 1.0)


def min_max_norm(
    weight: Array,
    min_value: float = 0.0,
    max_value: float = 1.0,
    rate: float = 1.0,
    axis: Any = 0,
) -> Array:
    """w <- w (rate clip(norm) + (1 - rate) norm) / norm"""
    return _bounded(weight, axis, min_value, max_value, rate)


def non_neg(weight: Array) -> Array:
    """w <- w where it is not negative, else 0"""
    return weight * (weight >= 0)


def unit_norm(weight: Array, axis: Any = 0) -> Array:
    """w <- w / norm"""
    return _bounded(weight, axis, 1.0, 1.0, 1.0)


CONSTRAINTS: dict[str, Callable[..., Array]] = {
    "max_norm": max_norm,
    "min_max_norm": min_max_norm,
    "non_neg": non_neg,
    "unit_norm": unit_norm,
}


def constrained(weight: Array, constraint: Constraint | None) -> Array:
    """The array after an update of it."""
    if constraint is None:
        return weight
    name, options = constraint
    return CONSTRAINTS[name](weight, **options)
