"""Activations with numbers in their formulas, as plain functions of vectors or numbers.

One is ``value(x, numbers)`` and ``backward(gradient, x, numbers)`` = gradient * value'(x). One kernel is for all
numbers, which are in its row; nothing else has them, so these are fused into nothing.

To add one: write the two functions and enter them in `BY_NUMBERS`.
"""

from fastbp.kernels.activations import ActivationFunctions
from fastbp.kernels.math import exp, expm1
from fastbp.kernels.simd import absolute, fma, maximum, minimum, select, sqrt
from fastbp.runtime.inlined import inlined


@inlined
def threshold(x, numbers):
    """x where it is above a threshold, else another number, and NaN"""
    return select(x <= numbers[0], numbers[1], x)


@inlined
def threshold_backward(gradient, x, numbers):
    return select(x > numbers[0], gradient, 0.0)


@inlined
def relu(x, numbers):
    """At most m where x is above a threshold t, slope (x - t) else;  numbers = (slope, m, t)"""
    slope, most, bound = numbers
    return select(x > bound, minimum(most, x), slope * (x - bound))


@inlined
def relu_backward(gradient, x, numbers):
    slope, most, bound = numbers
    above = select(x < most, gradient, 0.0)
    return select(x > bound, above, slope * gradient)


@inlined
def leaky_relu(x, numbers):
    """x, or slope x below 0;  numbers = (slope,)"""
    return select(x < 0.0, numbers[0] * x, x)


@inlined
def leaky_relu_backward(gradient, x, numbers):
    return select(x < 0.0, numbers[0] * gradient, gradient)


@inlined
def elu(x, numbers):
    """x, or alpha (exp(x) - 1) below 0;  numbers = (alpha,)"""
    return select(x < 0.0, numbers[0] * expm1(x), x)


@inlined
def elu_backward(gradient, x, numbers):
    return select(x < 0.0, numbers[0] * gradient * exp(x), gradient)


@inlined
def celu(x, numbers):
    """x, or alpha (exp(x / alpha) - 1) below 0;  numbers = (alpha,)   (Barron 2017)"""
    return select(x < 0.0, numbers[0] * expm1(x / numbers[0]), x)


@inlined
def celu_backward(gradient, x, numbers):
    return select(x < 0.0, gradient * exp(x / numbers[0]), gradient)


@inlined
def soft_shrink(x, numbers):
    """x less what lies in [-t, t];  numbers = (t,)"""
    return x - minimum(numbers[0], maximum(-numbers[0], x))


@inlined
def hard_shrink(x, numbers):
    """x where |x| > t, else 0;  numbers = (t,)"""
    return select(absolute(x) > numbers[0], x, x * 0.0)


@inlined
def shrink_backward(gradient, x, numbers):
    return select(absolute(x) > numbers[0], gradient, 0.0)


@inlined
def _square_root_of_sum(size, b):
    """sqrt(size**2 + b), by the larger of both: in float32 a square may be more than any number"""
    side = sqrt(b)
    larger, smaller = maximum(size, side), minimum(size, side)
    share = smaller / larger
    return larger * sqrt(fma(share, share, 1.0))


@inlined
def squareplus(x, numbers):
    """(x + sqrt(x**2 + b)) / 2, below 0 without a difference of nearly equal numbers;  numbers = (b,)"""
    b = numbers[0]
    root = _square_root_of_sum(absolute(x), b)
    return select(x < 0.0, 0.5 * b / (root - x), 0.5 * x + 0.5 * root)


@inlined
def squareplus_backward(gradient, x, numbers):
    """The derivative (1 + x / root) / 2 is, below 0, b / (2 root (root - x)), and 1 less that of -x above"""
    b, size = numbers[0], absolute(x)
    root = _square_root_of_sum(size, b)
    slope = 0.5 * b / root / (root + size)
    return gradient * select(x < 0.0, slope, 1.0 - slope)


BY_NUMBERS = {
    "threshold": ActivationFunctions(threshold, threshold_backward, "input"),
    "relu": ActivationFunctions(relu, relu_backward, "input"),
    "leaky_relu": ActivationFunctions(leaky_relu, leaky_relu_backward, "input"),
    "elu": ActivationFunctions(elu, elu_backward, "input"),
    "celu": ActivationFunctions(celu, celu_backward, "input"),
    "soft_shrink": ActivationFunctions(soft_shrink, shrink_backward, "input"),
    "hard_shrink": ActivationFunctions(hard_shrink, shrink_backward, "input"),
    "squareplus": ActivationFunctions(squareplus, squareplus_backward, "input"),
}
