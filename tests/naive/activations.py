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


def sparsemax(x: Array) -> Array:
    """f(x)_i = max(x_i - tau, 0) with tau such that they sum up to 1, row by row

    Algorithm 1 of A. Martins and R. Astudillo, From Softmax to Sparsemax, ICML 2016.
    """
    shifted = x - x.real.max(axis=-1, keepdims=True)
    z = np.sort(shifted.real, axis=-1)[..., ::-1]
    k = np.arange(1, x.shape[-1] + 1)
    size = (1.0 + k * z > np.cumsum(z, axis=-1)).sum(axis=-1, keepdims=True)
    tau = (np.take_along_axis(np.cumsum(z, axis=-1), size - 1, axis=-1) - 1.0) / size
    support = shifted.real > tau
    tau = (np.where(support, shifted, 0.0).sum(axis=-1, keepdims=True) - 1.0) / size
    return np.where(support, shifted - tau, 0.0)


def relu6(x: Array) -> Array:
    """f(x) = min(max(x, 0), 6)"""
    return np.where(x.real > 6.0, 6.0, relu(x))


def selu(x: Array) -> Array:
    """f(x) = scale x where x > 0, scale alpha (exp(x) - 1) elsewhere"""
    scale, alpha = 1.05070098735548049342, 1.67326324235437728482
    return scale * np.where(x.real > 0, x, alpha * elu(x))


def gelu_tanh(x: Array) -> Array:
    """f(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2"""
    z = np.where(np.abs(x.real) > 1e3, np.sign(x.real) * 1e3, x)
    return 0.5 * x * (1.0 + np.tanh(np.sqrt(2.0 / np.pi) * (z + 0.044715 * z**3)))


def mish(x: Array) -> Array:
    """f(x) = x tanh(softplus(x))"""
    return x * np.tanh(softplus(x))


def softsign(x: Array) -> Array:
    """f(x) = x / (1 + |x|)"""
    return x / (1.0 + x * np.sign(x.real))


def exponential(x: Array) -> Array:
    """f(x) = exp(x)"""
    return np.exp(x)


def hard_sigmoid(x: Array) -> Array:
    """f(x) = relu6(x + 3) / 6"""
    return relu6(x + 3.0) / 6.0


def hard_silu(x: Array) -> Array:
    """f(x) = x hard_sigmoid(x)"""
    return x * hard_sigmoid(x)


def hard_tanh(x: Array) -> Array:
    """f(x) = min(max(x, -1), 1)"""
    return np.where(np.abs(x.real) < 1.0, x, np.sign(x.real))


def soft_shrink(x: Array, threshold: float = 0.5) -> Array:
    """f(x) = x - threshold above the threshold, x + threshold below its negative, else 0"""
    return np.where(np.abs(x.real) > threshold, x - threshold * np.sign(x.real), 0.0)


def hard_shrink(x: Array, threshold: float = 0.5) -> Array:
    """f(x) = x where |x| > threshold, else 0"""
    return np.where(np.abs(x.real) > threshold, x, 0.0)


def tanh_shrink(x: Array) -> Array:
    """f(x) = x - tanh(x)"""
    return x - np.tanh(x)


def squareplus(x: Array, b: float = 4.0) -> Array:
    """f(x) = (x + sqrt(x**2 + b)) / 2, by the product with its conjugate where x < 0"""
    z = np.where(np.abs(x.real) > 1e100, 0.0, x)
    root = np.where(np.abs(x.real) > 1e100, np.abs(x.real), np.sqrt(z**2 + b))
    return np.where(x.real > 0, 0.5 * (x + root), 0.5 * b / (root - np.where(x.real > 0, 0.0, x)))


def log_sigmoid(x: Array) -> Array:
    """f(x) = -softplus(-x)"""
    return -softplus(-x)


def sparse_plus(x: Array) -> Array:
    """f(x) = 0 up to -1, (x + 1)**2 / 4, x from 1 on"""
    middle = 0.25 * (np.where(np.abs(x.real) < 1.0, x, 0.0) + 1.0) ** 2
    return np.where(x.real <= -1.0, 0.0, np.where(x.real < 1.0, middle, x))


def sparse_sigmoid(x: Array) -> Array:
    """f(x) = 0 up to -1, (x + 1) / 2, 1 from 1 on"""
    return 0.5 * (hard_tanh(x) + 1.0)


def glu(x: Array) -> Array:
    """f(x)_i = x_i sigmoid(x_(n + i)), of 2 n numbers in a row"""
    values, gates = np.split(x, 2, axis=-1)
    return values * sigmoid(gates)


def threshold(x: Array, threshold: float, default_value: float) -> Array:
    """f(x) = x where x > threshold, else default_value"""
    return np.where(x.real > threshold, x, default_value)


def relu_by_numbers(x: Array, slope: float, most: float, threshold: float) -> Array:
    """f(x) = min(x, most) where x > threshold, slope (x - threshold) elsewhere"""
    above = np.where(x.real < most, x, most)
    return np.where(x.real > threshold, above, slope * (x - threshold))


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
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "relu6": relu6,
    "selu": selu,
    "gelu_tanh": gelu_tanh,
    "mish": mish,
    "softsign": softsign,
    "exponential": exponential,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_tanh": hard_tanh,
    "soft_shrink": soft_shrink,
    "hard_shrink": hard_shrink,
    "tanh_shrink": tanh_shrink,
    "squareplus": squareplus,
    "log_sigmoid": log_sigmoid,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "threshold(0.3, -0.7)": lambda x: threshold(x, 0.3, -0.7),
    "relu(0.1, 1.5, 0.4)": lambda x: relu_by_numbers(x, 0.1, 1.5, 0.4),
    "leaky_relu(0.45)": lambda x: np.where(x.real > 0, x, 0.45 * x),
    "elu(0.7)": lambda x: np.where(x.real > 0, x, 0.7 * elu(x)),
    "celu(0.7)": lambda x: np.where(x.real > 0, x, 0.7 * elu(x / 0.7)),
    "soft_shrink(0.375)": lambda x: soft_shrink(x, 0.375),
    "hard_shrink(0.375)": lambda x: hard_shrink(x, 0.375),
    "squareplus(1.5)": lambda x: squareplus(x, 1.5),
    "glu": glu,
}


def inputs_for(name: str, n_outputs: int) -> int:
    """How many inputs an activation makes so many outputs of."""
    return 2 * n_outputs if name == "glu" else n_outputs


def _gelu_slope(x: Array) -> Array:
    density = np.exp(-0.5 * np.clip(x, -50.0, 50.0) ** 2) / np.sqrt(2.0 * np.pi)
    return 0.5 * special.erfc(-x / np.sqrt(2.0)) + x * density


def _silu_slope(x: Array) -> Array:
    return sigmoid(x) * (1.0 + x * sigmoid(-x))


def _gelu_tanh_slope(x: Array) -> Array:
    z, rate = np.clip(x, -1e3, 1e3), np.sqrt(2.0 / np.pi)
    inner = rate * (z + 0.044715 * z**3)
    share = sigmoid(2.0 * inner)
    turn = 2.0 * rate * (1.0 + 3.0 * 0.044715 * z**2)
    return share + z * turn * share * sigmoid(-2.0 * inner)


def _mish_slope(x: Array) -> Array:
    share = np.tanh(softplus(x))
    return (
        share
        + np.clip(x, -800.0, 800.0) * sigmoid(x) / np.cosh(np.minimum(softplus(x), 300.0)) ** 2
    )


def _squareplus_slope(x: Array, b: float = 4.0) -> Array:
    """Of y, y**2 / (y**2 + b / 4)"""
    inverse = 1.0 / np.maximum(squareplus(x, b), 1e-150)
    return 1.0 / (1.0 + 0.25 * b * inverse**2)


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
    "relu6": lambda x: np.where((x > 0) & (x < 6), 1.0, 0.0),
    "selu": lambda x: (
        1.05070098735548049342
        * np.where(x > 0, 1.0, 1.67326324235437728482 * np.exp(np.minimum(x, 0.0)))
    ),
    "gelu_tanh": _gelu_tanh_slope,
    "mish": _mish_slope,
    "softsign": lambda x: 1.0 / (1.0 + np.abs(np.clip(x, -1e150, 1e150))) ** 2,
    "exponential": np.exp,
    "hard_sigmoid": lambda x: np.where(np.abs(x) < 3.0, 1.0 / 6.0, 0.0),
    "hard_silu": lambda x: np.where(x >= 3.0, 1.0, np.where(x > -3.0, x / 3.0 + 0.5, 0.0)),
    "hard_tanh": lambda x: np.where(np.abs(x) < 1.0, 1.0, 0.0),
    "soft_shrink": lambda x: np.where(np.abs(x) > 0.5, 1.0, 0.0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, 1.0, 0.0),
    "tanh_shrink": lambda x: np.tanh(x) ** 2,
    "squareplus": _squareplus_slope,
    "log_sigmoid": lambda x: sigmoid(-x),
    "sparse_plus": lambda x: np.clip(0.5 * (x + 1.0), 0.0, 1.0),
    "sparse_sigmoid": lambda x: np.where(np.abs(x) < 1.0, 0.5, 0.0),
    "threshold(0.3, -0.7)": lambda x: np.where(x > 0.3, 1.0, 0.0),
    "relu(0.1, 1.5, 0.4)": lambda x: np.where(x > 0.4, np.where(x < 1.5, 1.0, 0.0), 0.1),
    "leaky_relu(0.45)": lambda x: np.where(x > 0, 1.0, 0.45),
    "elu(0.7)": lambda x: np.where(x > 0, 1.0, 0.7 * np.exp(np.minimum(x, 0.0))),
    "celu(0.7)": lambda x: np.exp(np.minimum(x, 0.0) / 0.7),
    "soft_shrink(0.375)": lambda x: np.where(np.abs(x) > 0.375, 1.0, 0.0),
    "hard_shrink(0.375)": lambda x: np.where(np.abs(x) > 0.375, 1.0, 0.0),
    "squareplus(1.5)": lambda x: _squareplus_slope(x, 1.5),
}


def activation_gradient(name: str, x: Array, gradient: Array) -> Array:
    """Derivative of a loss by the input `x` of an activation, from that by its output.

    x         (batch, n_units)
    gradient  (batch, n_outputs)  derivative of the loss by the activation's output
    """
    if name == "glu":
        values, gates = np.split(x, 2, axis=-1)
        slopes = values * sigmoid(gates) * sigmoid(-gates)
        return np.concatenate([gradient * sigmoid(gates), gradient * slopes], axis=-1)
    if name == "softmax":
        shares = softmax(x)
        return shares * (gradient - (shares * gradient).sum(axis=-1, keepdims=True))
    if name == "log_softmax":
        return gradient - softmax(x) * gradient.sum(axis=-1, keepdims=True)
    if name == "sparsemax":
        support = sparsemax(x) > 0
        mean = (support * gradient).sum(axis=-1, keepdims=True) / support.sum(-1, keepdims=True)
        return support * (gradient - mean)
    return gradient * SLOPES[name](x)
