"""Update rules of optimizers, as plain functions of vectors.

A rule is ``rule(weight, gradient, slots, hyper) -> (weight, slots)``: `slots` the optimizer's state of these
weights, `hyper` the step's numbers (learning rate and the like) in the order that the optimizer's specification
states.

To add one: write the function and enter it in `RULES`. It is fused into the weight gradient's register tile.
"""

from typing import NamedTuple

from fastbp.kernels.simd import fma, sqrt
from fastbp.runtime.inlined import inlined


@inlined
def sgd(weight, gradient, slots, hyper):
    return fma(-hyper[0], gradient, weight), slots


@inlined
def momentum(weight, gradient, slots, hyper):
    """m = momentum * m - learning_rate * g;  w += m"""
    velocity = fma(hyper[1], slots[0], -hyper[0] * gradient)
    return weight + velocity, (velocity,)


@inlined
def nesterov(weight, gradient, slots, hyper):
    """m = momentum * m - learning_rate * g;  w += momentum * m - learning_rate * g"""
    push = -hyper[0] * gradient
    velocity = fma(hyper[1], slots[0], push)
    return weight + fma(hyper[1], velocity, push), (velocity,)


@inlined
def rmsprop(weight, gradient, slots, hyper):
    """v = rho * v + (1 - rho) * g**2;  w -= learning_rate * g / sqrt(v + epsilon)"""
    rate, rho, epsilon = hyper
    square = fma(rho, slots[0], (1.0 - rho) * (gradient * gradient))
    return fma(-rate, gradient / sqrt(square + epsilon), weight), (square,)


@inlined
def rmsprop_momentum(weight, gradient, slots, hyper):
    """As rmsprop, with  m = momentum * m + learning_rate * g / sqrt(v + epsilon);  w -= m"""
    rate, rho, epsilon, decay = hyper
    square = fma(rho, slots[0], (1.0 - rho) * (gradient * gradient))
    velocity = fma(decay, slots[1], rate * gradient / sqrt(square + epsilon))
    return weight - velocity, (square, velocity)


@inlined
def adam(weight, gradient, slots, hyper):
    """m += (g - m)(1 - beta_1);  v += (g**2 - v)(1 - beta_2);  w -= alpha m / (sqrt(v) + epsilon)

    Kingma and Ba 2015.
    """
    mean, variance = slots
    mean = fma(gradient - mean, hyper[1], mean)
    variance = fma(fma(gradient, gradient, -variance), hyper[2], variance)
    return fma(-hyper[0], mean / (sqrt(variance) + hyper[3]), weight), (mean, variance)


@inlined
def adamw(weight, gradient, slots, hyper):
    """As adam, after w -= learning_rate * weight_decay * w   (Loshchilov and Hutter 2019)"""
    return adam(fma(-hyper[4], weight, weight), gradient, slots, hyper)


class Rule(NamedTuple):
    """The compiled side of an optimizer: its function, state arrays a parameter, and numbers a step."""

    function: object
    n_slots: int
    n_hyper: int


RULES = {
    "sgd": Rule(sgd, 0, 1),
    "momentum": Rule(momentum, 1, 2),
    "nesterov": Rule(nesterov, 1, 2),
    "rmsprop": Rule(rmsprop, 1, 3),
    "rmsprop_momentum": Rule(rmsprop_momentum, 2, 4),
    "adam": Rule(adam, 2, 4),
    "adamw": Rule(adamw, 2, 5),
}
