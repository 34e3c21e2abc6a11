"""A user's own activations, losses and metrics, as entries of the tables.

What `numba.njit` compiled for numbers becomes a function of vectors, and is fused like the functions of this package.
"""

import uuid
from typing import Any

from fastbp.kernels.activations import ACTIVATIONS, ActivationFunctions
from fastbp.kernels.loss_terms import TERMS, Terms
from fastbp.kernels.names import OWN, PASSING
from fastbp.kernels.simd.lane_by_lane import of_one, of_two
from fastbp.runtime.fingerprint import fingerprint
from fastbp.runtime.inlined import inlined


def add_activation(name: str, forward: Any, derivative: Any) -> str:
    """Enter an activation; what the tables know it by. The same functions are the same entry."""
    key = _key(name, forward, derivative)
    if key not in ACTIVATIONS:
        value, slope = of_one(forward), of_one(derivative)

        @inlined
        def backward(gradient, x):
            return gradient * slope(x)

        ACTIVATIONS[key] = ActivationFunctions(value, backward, "input")
    return key


def add_loss(name: str, value: Any, gradient: Any) -> str:
    """Enter a loss of terms ``value(target, prediction)``; what the tables know it by."""
    key = _key(name, value, gradient)
    if key not in TERMS:
        value_of, gradient_of = of_two(value), of_two(gradient)

        @inlined
        def term(prediction, target, numbers):
            return value_of(target, prediction)

        @inlined
        def slope(prediction, target, numbers):
            return gradient_of(target, prediction)

        TERMS[key] = Terms(term, slope)
    return key


def add_metric(name: str, value: Any) -> str:
    """Enter a metric of terms ``value(target, prediction)``; what the tables know it by."""
    key = _key(name, value)
    if key not in TERMS:
        value_of = of_two(value)

        @inlined
        def term(prediction, target, numbers):
            return value_of(target, prediction)

        TERMS[key] = Terms(term)
    return key


def _key(name: str, *functions: Any) -> str:
    identity = fingerprint(functions)
    if identity is None:
        return f"{PASSING}{name}-{uuid.uuid4().hex[:16]}"
    return f"{OWN}{name}-{identity}"
