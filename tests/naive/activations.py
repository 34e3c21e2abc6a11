"""Activations as their formula says, analytic in each piece, and their handwritten derivatives.

Where a function has pieces, the real part decides; at the kink itself the derivative is Keras's: 0 for relu, the left
slope for leaky_relu.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[Any]

LEAKY_SLOPE = 0.2


def linear(x: Array) -> Array:
    """f(x) = x"""
    return x


def relu(x: Array) -> Array:
    """f(x) = max(x, 0)"""
    return np.where(x.real > 0, x, 0.0)


def leaky_relu(x: Array) -> Array:
    """f(x) = x where x > 0, 0.2 x elsewhere"""
    return np.where(x.real > 0, x, LEAKY_SLOPE * x)


def elu(x: Array) -> Array:
    """f(x) = x where x > 0, exp(x) - 1 elsewhere"""
    return np.where(x.real > 0, x, special.expm1(np.where(x.real > 0, 0.0, x)))


def tanh(x: Array) -> Array:
    """f(x) = tanh(x)"""
    return np.tanh(x)


def sigmoid(x: Array) -> Array:
    """f(x) = 1 / (1 + exp(-x)), by the side on which exp cannot overflow"""
    falling = np.exp(np.where(x.real > 0, -x, x))
    return np.where(x.real > 0, 1.0, falling) / (1.0 + falling)


def softplus(x: Array) -> Array:
    """f(x) = log(1 + exp(x)), by the side on which exp cannot overflow"""
    falling = np.exp(np.where(x.real > 0, -x, x))
    return np.where(x.real > 0, x, 0.0) + special.log1p(falling)


def gelu(x: Array) -> Array:
    """f(x) = x (1 + erf(x / sqrt 2)) / 2"""
    return 0.5 * x * (1.0 + special.erf(x / np.sqrt(2.0)))


def silu(x: Array) -> Array:
    """f(x) = x / (1 + exp(-x))"""
    return x * sigmoid(x)


def softmax(x: Array) -> Array:
    """f(x)_i = exp(x_i) / sum over j of exp(x_j), row by row"""
    raised = np.exp(x - x.real.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def log_softmax(x: Array) -> Array:
    """f(x)_i = x_i - log(sum over j of exp(x_j)), row by row"""
    shifted = x - x.real.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": linear,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "tanh": tanh,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "gelu": gelu,
    "silu": silu,
    "softmax": softmax,
}


def _gelu_slope(x: Array) -> Array:
    density = np.exp(-0.5 * np.clip(x, -50.0, 50.0) ** 2) / np.sqrt(2.0 * np.pi)
    return 0.5 * special.erfc(-x / np.sqrt(2.0)) + x * density


def _silu_slope(x: Array) -> Array:
    return sigmoid(x) * (1.0 + x * sigmoid(-x))


SLOPES: dict[str, Callable[[Array], Array]] = {
    "linear": np.ones_like,
    "relu": lambda x: np.where(x > 0, 1.0, 0.0),
    "leaky_relu": lambda x: np.where(x > 0, 1.0, LEAKY_SLOPE),
    "elu": lambda x: np.exp(np.minimum(x, 0.0)),
    "tanh": lambda x: 1.0 / np.cosh(np.clip(x, -300.0, 300.0)) ** 2,
    "sigmoid": lambda x: sigmoid(x) * sigmoid(-x),
    "softplus": sigmoid,
    "gelu": _gelu_slope,
    "silu": _silu_slope,
}


def activation_gradient(name: str, x: Array, gradient: Array) -> Array:
    """Derivative of a loss by the input `x` of an activation, from that by its output.

    x         (batch, n_units)
    gradient  (batch, n_units)  derivative of the loss by the activation's output
    """
    if name == "softmax":
        shares = softmax(x)
        return shares * (gradient - (shares * gradient).sum(axis=-1, keepdims=True))
    return gradient * SLOPES[name](x)
