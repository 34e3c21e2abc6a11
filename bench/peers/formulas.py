"""Activations and losses in plain NumPy, in the dtype of what they are given."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(z: Array) -> Any:
    """By the hyperbolic tangent, which cannot overflow."""
    return 0.5 * np.tanh(0.5 * z) + 0.5


def _softplus(z: Array) -> Any:
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def _normal_cdf(z: Array) -> Array:
    # NumPy has no error function; only networks with gelu need SciPy.
    from scipy.special import erf

    return 0.5 + 0.5 * np.asarray(erf(z * 0.5**0.5))


def _gelu_derivative(z: Array, a: Array) -> Any:
    return _normal_cdf(z) + z * np.exp(-0.5 * z * z) * (2 * np.pi) ** -0.5


def _silu_derivative(z: Array, a: Array) -> Any:
    s = sigmoid(z)
    return s * (1 + z * (1 - s))


#: a(z), and a'(z) from z and a.
ACTIVATIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "linear": (lambda z: z, lambda z, a: np.ones_like(z)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, a: z > 0),
    "leaky_relu": (
        lambda z: np.maximum(z, 0.2 * z),
        lambda z, a: np.where(z < 0, z.dtype.type(0.2), z.dtype.type(1)),
    ),
    "elu": (
        lambda z: np.where(z < 0, np.expm1(np.minimum(z, 0)), z),
        lambda z, a: np.minimum(a, 0) + 1,
    ),
    "tanh": (np.tanh, lambda z, a: 1 - a * a),
    "sigmoid": (sigmoid, lambda z, a: a * (1 - a)),
    "softplus": (_softplus, lambda z, a: sigmoid(z)),
    "gelu": (lambda z: z * _normal_cdf(z), _gelu_derivative),
    "silu": (lambda z: z * sigmoid(z), _silu_derivative),
}


def loss_and_gradient(loss: str, z: Array, targets: Array) -> tuple[float, Array]:
    """The mean loss of outputs before their activation, (n, n_outputs), and its gradient with respect to them."""
    if loss == "softmax":
        rows = np.arange(len(z))
        shifted = z - z.max(axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        sums = exponentials.sum(axis=1, keepdims=True)
        value = (np.log(sums[:, 0]) - shifted[rows, targets]).mean()
        gradient = exponentials / sums
        gradient[rows, targets] -= 1
        return float(value), gradient / len(z)
    if loss == "bce":
        value = (_softplus(z) - z * targets).mean()
        return float(value), (sigmoid(z) - targets) / z.size
    difference = z - targets
    return float(np.square(difference).mean()), difference * (2 / z.size)


def hits(loss: str, z: Array, targets: Array) -> float:
    """The share of outputs that say what the target says; NaN where targets are no classes."""
    if loss == "softmax":
        return float((z.argmax(axis=1) == targets).mean())
    if loss == "bce":
        return float(((z > 0) == (targets > 0.5)).mean())
    return float("nan")
