"""Activation functions and what they do to a gradient, as plain functions of vectors or numbers.

An activation is ``value(x)`` and ``backward(gradient, kept)`` = gradient * value'(x), where `kept` is what the
forward pass left behind: the output where the derivative can be had from it, else the input.

To add one: write the two functions and enter them in `ACTIVATIONS`. Each use is fused into the register tile.
"""

from typing import NamedTuple

from fastbp.kernels.math import (
    exp,
    expm1,
    log1p,
    normal_tail,
    sigmoid,
    tanh,
)
from fastbp.kernels.simd import absolute, fma, is_double, maximum, minimum, select, sqrt
from fastbp.runtime.inlined import inlined


@inlined
def linear(x):
    return x


@inlined
def linear_backward(gradient, output):
    return gradient


@inlined
def relu(x):
    return maximum(0.0, x)


@inlined
def relu_backward(gradient, output):
    return select(output > 0.0, gradient, 0.0)


@inlined
def leaky_relu(x):
    return select(x < 0.0, 0.2 * x, x)


@inlined
def leaky_relu_backward(gradient, output):
    return select(output < 0.0, 0.2 * gradient, gradient)


@inlined
def elu(x):
    return select(x < 0.0, expm1(x), x)


@inlined
def elu_backward(gradient, output):
    """For x < 0 the derivative exp(x) is the output + 1"""
    return select(output < 0.0, fma(gradient, output, gradient), gradient)


@inlined
def tanh_backward(gradient, output):
    return gradient * fma(-output, output, 1.0)


@inlined
def sigmoid_backward(gradient, output):
    return gradient * (output * (1.0 - output))


@inlined
def softplus(x):
    """log(1 + exp(x))"""
    return maximum(0.0, x) + log1p(exp(-absolute(x)))


@inlined
def softplus_backward(gradient, output):
    """The derivative sigmoid(x) is 1 - exp(-output)"""
    return -gradient * expm1(-output)


@inlined
def gelu(x):
    """x times the probability that a standard normal variable is below x (Hendrycks and Gimpel 2016)"""
    z, tail, _ = normal_tail(x)
    return fma(-z, tail, maximum(0.0, x))


@inlined
def gelu_backward(gradient, x):
    """The derivative is the probability to be below x, plus x times the density there"""
    z, tail, density = normal_tail(x)
    slope = fma(-z, density, tail)
    return gradient * select(x < 0.0, slope, 1.0 - slope)


@inlined
def silu(x):
    """x sigmoid(x)"""
    return x * sigmoid(x)


@inlined
def silu_backward(gradient, x):
    s = sigmoid(x)
    return gradient * (s * fma(x, 1.0 - s, 1.0))


@inlined
def relu6(x):
    return minimum(6.0, maximum(0.0, x))


@inlined
def relu6_backward(gradient, output):
    return select((output > 0.0) & (output < 6.0), gradient, 0.0)


_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


@inlined
def selu(x):
    """scale x, or scale alpha (exp(x) - 1) for x < 0   (Klambauer et al. 2017)"""
    return _SELU_SCALE * select(x < 0.0, _SELU_ALPHA * expm1(x), x)


@inlined
def selu_backward(gradient, output):
    """For x < 0 the derivative scale alpha exp(x) is the output + scale alpha"""
    slope = select(output < 0.0, output + _SELU_SCALE * _SELU_ALPHA, _SELU_SCALE)
    return gradient * slope


#: 2 sqrt(2 / pi), and the factor of x**3.
_GELU_RATE, _GELU_CUBE = 1.5957691216057308, 0.044715


@inlined
def gelu_tanh(x):
    """x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x**3))) / 2, which is x sigmoid of twice that"""
    z = minimum(30.0, maximum(-30.0, x))
    return x * sigmoid(_GELU_RATE * fma(_GELU_CUBE * z * z, z, z))


@inlined
def gelu_tanh_backward(gradient, x):
    z = minimum(30.0, maximum(-30.0, x))
    # 1 - s would know a small rest to the rounding of 1 only, and z takes it times some 100.
    e = exp(-_GELU_RATE * fma(_GELU_CUBE * z * z, z, z))
    s = 1.0 / (1.0 + e)
    turn = _GELU_RATE * fma(3.0 * _GELU_CUBE * z, z, 1.0)
    return gradient * (s * fma(z * turn, e * s, 1.0))


@inlined
def _mish_share(x):
    """``(e, n)`` with tanh(softplus(x)) = n / (n + 2): e = exp(x), n = e (e + 2). From 20 on it is 1"""
    e = exp(minimum(20.0, x))
    return e, e * (e + 2.0)


@inlined
def mish(x):
    """x tanh(log(1 + exp(x)))   (Misra 2019)"""
    _, n = _mish_share(x)
    # exp is never below the smallest normal number, of which a large x would make something.
    lowest = -708.0 if is_double(x) else -87.3
    return select(x < lowest, -0.0, x * (n / (n + 2.0)))


@inlined
def mish_backward(gradient, x):
    e, n = _mish_share(x)
    turn = 4.0 * (e * (e + 1.0) / (n + 2.0)) / (n + 2.0)
    return gradient * fma(minimum(20.0, maximum(-80.0, x)), turn, n / (n + 2.0))


@inlined
def softsign(x):
    """x / (1 + |x|)"""
    return x / (1.0 + absolute(x))


@inlined
def softsign_backward(gradient, output):
    """The derivative 1 / (1 + |x|)**2 is (1 - |output|)**2"""
    share = 1.0 - absolute(output)
    return gradient * (share * share)


@inlined
def exponential_backward(gradient, output):
    return gradient * output


@inlined
def hard_sigmoid(x):
    """x / 6 + 1/2, kept in [0, 1]"""
    return minimum(1.0, maximum(0.0, (x + 3.0) / 6.0))


@inlined
def hard_sigmoid_backward(gradient, output):
    return select((output > 0.0) & (output < 1.0), gradient / 6.0, 0.0)


@inlined
def hard_silu(x):
    """x hard_sigmoid(x)   (Howard et al. 2019)"""
    return x * hard_sigmoid(x)


@inlined
def hard_silu_backward(gradient, x):
    slope = select(x >= 3.0, 1.0, (2.0 * x + 3.0) / 6.0)
    return select(x > -3.0, gradient * slope, 0.0)


@inlined
def hard_tanh(x):
    """x, kept in [-1, 1]"""
    return minimum(1.0, maximum(-1.0, x))


@inlined
def hard_tanh_backward(gradient, output):
    return select(absolute(output) < 1.0, gradient, 0.0)


@inlined
def soft_shrink(x):
    """x less what lies in [-1/2, 1/2]"""
    return x - minimum(0.5, maximum(-0.5, x))


@inlined
def hard_shrink(x):
    """x where |x| > 1/2, else 0"""
    return select(absolute(x) > 0.5, x, x * 0.0)


@inlined
def shrink_backward(gradient, output):
    return select(absolute(output) > 0.0, gradient, 0.0)


@inlined
def tanh_shrink(x):
    """x - tanh(x)"""
    return x - tanh(x)


@inlined
def tanh_shrink_backward(gradient, x):
    y = tanh(x)
    return gradient * (y * y)


@inlined
def squareplus(x):
    """(x + sqrt(x**2 + 4)) / 2   (Barron 2021)

    For x < 0, where this is a difference of nearly equal numbers, 2 / (sqrt(x**2 + 4) - x).
    """
    size = absolute(x)
    # Beyond 1e9 the 4 is lost, and in float32 the square may be more than any number.
    root = select(size > 1e9, size, sqrt(fma(size, size, 4.0)))
    return select(x < 0.0, 2.0 / (root - x), 0.5 * x + 0.5 * root)


@inlined
def squareplus_backward(gradient, output):
    """The derivative (1 + x / sqrt(x**2 + 4)) / 2 is 1 / (1 + 1 / output**2)"""
    inverse = 1.0 / output
    return gradient / fma(inverse, inverse, 1.0)


@inlined
def log_sigmoid(x):
    """log(1 / (1 + exp(-x)))"""
    return minimum(0.0, x) - log1p(exp(-absolute(x)))


@inlined
def log_sigmoid_backward(gradient, output):
    """The derivative sigmoid(-x) is 1 - exp(output)"""
    return -gradient * expm1(output)


@inlined
def sparse_plus(x):
    """0 up to -1, (x + 1)**2 / 4, x from 1 on"""
    middle = 0.25 * (x + 1.0) * (x + 1.0)
    return select(x <= -1.0, 0.0, select(x < 1.0, middle, x))


@inlined
def sparse_plus_backward(gradient, output):
    """Between -1 and 1 the derivative (x + 1) / 2 is the root of the output"""
    return gradient * select(output < 1.0, sqrt(output), 1.0)


@inlined
def sparse_sigmoid(x):
    """(x + 1) / 2, kept in [0, 1]"""
    return minimum(1.0, maximum(0.0, 0.5 * (x + 1.0)))


@inlined
def sparse_sigmoid_backward(gradient, output):
    return select((output > 0.0) & (output < 1.0), 0.5 * gradient, 0.0)


class ActivationFunctions(NamedTuple):
    """The compiled side of an activation; `keeps` is ``"output"`` or ``"input"``."""

    value: object
    backward: object
    keeps: str


ACTIVATIONS = {
    "linear": ActivationFunctions(linear, linear_backward, "output"),
    "relu": ActivationFunctions(relu, relu_backward, "output"),
    "leaky_relu": ActivationFunctions(leaky_relu, leaky_relu_backward, "output"),
    "elu": ActivationFunctions(elu, elu_backward, "output"),
    "tanh": ActivationFunctions(tanh, tanh_backward, "output"),
    "sigmoid": ActivationFunctions(sigmoid, sigmoid_backward, "output"),
    "softplus": ActivationFunctions(softplus, softplus_backward, "output"),
    "gelu": ActivationFunctions(gelu, gelu_backward, "input"),
    "silu": ActivationFunctions(silu, silu_backward, "input"),
    "relu6": ActivationFunctions(relu6, relu6_backward, "output"),
    "selu": ActivationFunctions(selu, selu_backward, "output"),
    "gelu_tanh": ActivationFunctions(gelu_tanh, gelu_tanh_backward, "input"),
    "mish": ActivationFunctions(mish, mish_backward, "input"),
    "softsign": ActivationFunctions(softsign, softsign_backward, "output"),
    "exponential": ActivationFunctions(exp, exponential_backward, "output"),
    "hard_sigmoid": ActivationFunctions(hard_sigmoid, hard_sigmoid_backward, "output"),
    "hard_silu": ActivationFunctions(hard_silu, hard_silu_backward, "input"),
    "hard_tanh": ActivationFunctions(hard_tanh, hard_tanh_backward, "output"),
    "soft_shrink": ActivationFunctions(soft_shrink, shrink_backward, "output"),
    "hard_shrink": ActivationFunctions(hard_shrink, shrink_backward, "output"),
    "tanh_shrink": ActivationFunctions(tanh_shrink, tanh_shrink_backward, "input"),
    "squareplus": ActivationFunctions(squareplus, squareplus_backward, "output"),
    "log_sigmoid": ActivationFunctions(log_sigmoid, log_sigmoid_backward, "output"),
    "sparse_plus": ActivationFunctions(sparse_plus, sparse_plus_backward, "output"),
    "sparse_sigmoid": ActivationFunctions(sparse_sigmoid, sparse_sigmoid_backward, "output"),
}
