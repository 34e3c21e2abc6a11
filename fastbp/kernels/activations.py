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
from fastbp.kernels.simd import absolute, fma, maximum, select
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
}
