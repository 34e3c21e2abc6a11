"""Update rules of optimizers, as plain functions of vectors.

A rule is ``rule(weight, gradient, slots, hyper) -> (weight, slots)``: `slots` the optimizer's state of these
weights, `hyper` the step's numbers (learning rate and the like) in the order that the optimizer's specification
states.

To add one: write the function and enter it in `RULES`. It is fused into the weight gradient's register tile. What can
be added to any rule, such as weight decay, is in `ADDITIONS`; ``rule_of("adam+decay")`` is a rule with an addition.
"""

from functools import cache
from typing import Any, NamedTuple

from fastbp.kernels.simd import absolute, fma, maximum, minimum, select, sqrt
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
def adagrad(weight, gradient, slots, hyper):
    """v += g**2;  w -= learning_rate * g / sqrt(v + epsilon)   (Duchi, Hazan and Singer 2011)"""
    square = fma(gradient, gradient, slots[0])
    return fma(-hyper[0], gradient / sqrt(square + hyper[1]), weight), (square,)


@inlined
def adadelta(weight, gradient, slots, hyper):
    """v = rho v + (1 - rho) g**2;  d = g sqrt((s + epsilon) / (v + epsilon));  s = rho s + (1 - rho) d**2;  w -= rate d

    Zeiler 2012. The roots are taken apart: their quotient may lie beyond the type where theirs does not.
    """
    rate, rho, epsilon = hyper
    square = fma(rho, slots[0], (1.0 - rho) * (gradient * gradient))
    step = gradient * (sqrt(slots[1] + epsilon) / sqrt(square + epsilon))
    return fma(-rate, step, weight), (square, fma(rho, slots[1], (1.0 - rho) * (step * step)))


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
def _variance(gradient, slots, rho):
    """``(v - a**2, v, a)`` for the means a of the gradient and v of its square; rounding takes none below 0"""
    square = fma(rho, slots[0], (1.0 - rho) * (gradient * gradient))
    mean = fma(rho, slots[1], (1.0 - rho) * gradient)
    return maximum(0.0, fma(-mean, mean, square)), square, mean


@inlined
def rmsprop_centered(weight, gradient, slots, hyper):
    """As rmsprop, with  a = rho * a + (1 - rho) * g  and  v - a**2 + epsilon  under the root   (Graves 2013)"""
    variance, square, mean = _variance(gradient, slots, hyper[1])
    return fma(-hyper[0], gradient / sqrt(variance + hyper[2]), weight), (square, mean)


@inlined
def rmsprop_centered_momentum(weight, gradient, slots, hyper):
    """As rmsprop_centered, with the momentum of rmsprop_momentum"""
    variance, square, mean = _variance(gradient, slots, hyper[1])
    velocity = fma(hyper[3], slots[2], hyper[0] * gradient / sqrt(variance + hyper[2]))
    return weight - velocity, (square, mean, velocity)


@inlined
def _moments(gradient, slots, hyper):
    """m += (g - m)(1 - beta_1);  v += (g**2 - v)(1 - beta_2)"""
    mean = fma(gradient - slots[0], hyper[0], slots[0])
    return mean, fma(fma(gradient, gradient, -slots[1]), hyper[1], slots[1])


@inlined
def adam(weight, gradient, slots, hyper):
    """m += (g - m)(1 - beta_1);  v += (g**2 - v)(1 - beta_2);  w -= alpha m / (sqrt(v) + epsilon)

    Kingma and Ba 2015.
    """
    mean, variance = _moments(gradient, slots, hyper[1:3])
    return fma(-hyper[0], mean / (sqrt(variance) + hyper[3]), weight), (mean, variance)


@inlined
def muon(weight, gradient, slots, hyper):
    """As adam, with weight decay of its own first: of all that is no matrix; see fastbp.kernels.muon   (Jordan 2024)"""
    return adam(fma(-hyper[4], weight, weight), gradient, slots, hyper[:4])


@inlined
def amsgrad(weight, gradient, slots, hyper):
    """As adam, with the largest v so far under the root   (Reddi, Kale and Kumar 2018)"""
    mean, variance = _moments(gradient, slots, hyper[1:3])
    largest = maximum(slots[2], variance)
    step = mean / (sqrt(largest) + hyper[3])
    return fma(-hyper[0], step, weight), (mean, variance, largest)


@inlined
def adamax(weight, gradient, slots, hyper):
    """m += (g - m)(1 - beta_1);  u = max(beta_2 u, |g|);  w -= alpha m / (u + epsilon)   (Kingma and Ba 2015)"""
    mean = fma(gradient - slots[0], hyper[1], slots[0])
    largest = maximum(hyper[2] * slots[1], absolute(gradient))
    return fma(-hyper[0], mean / (largest + hyper[3]), weight), (mean, largest)


@inlined
def nadam(weight, gradient, slots, hyper):
    """m, v as adam;  w -= (a m + b g) / (sqrt(c v) + epsilon)   (Dozat 2016)"""
    mean, variance = _moments(gradient, slots, hyper[2:4])
    push = fma(hyper[0], mean, hyper[1] * gradient)
    return weight - push / (sqrt(hyper[4] * variance) + hyper[5]), (mean, variance)


@inlined
def _with_sign_of(size, x):
    """``size * sign(x)``; a NaN is handed on"""
    return select(x > 0.0, size, select(x < 0.0, -size, 0.0 * x))


@inlined
def lion(weight, gradient, slots, hyper):
    """w -= learning_rate * sign(beta_1 m + (1 - beta_1) g);  m = beta_2 m + (1 - beta_2) g   (Chen et al. 2023)"""
    direction = fma(hyper[1], slots[0], hyper[2] * gradient)
    mean = fma(hyper[3], slots[0], hyper[4] * gradient)
    return weight - _with_sign_of(hyper[0], direction), (mean,)


@inlined
def _resized(gradient, slots, hyper):
    """``(turned, step)``: whether the gradient has changed its sign, and the new step

    The signs are compared, as the product of two small gradients would be 0.
    """
    step, before = slots[0], slots[1]
    turned = ((gradient > 0.0) & (before < 0.0)) | ((gradient < 0.0) & (before > 0.0))
    kept = ((gradient > 0.0) & (before > 0.0)) | ((gradient < 0.0) & (before < 0.0))
    shorter, longer = maximum(hyper[0] * step, hyper[2]), minimum(hyper[1] * step, hyper[3])
    return turned, select(turned, shorter, select(kept, longer, step))


@inlined
def rprop_minus(weight, gradient, slots, hyper):
    """w -= step * sign(g)   (Rprop- of Igel and Hüsken 2003, as the others)"""
    _, step = _resized(gradient, slots, hyper)
    return weight - _with_sign_of(step, gradient), (step, gradient)


@inlined
def rprop_plus(weight, gradient, slots, hyper):
    """As rprop_minus; where g has turned, the step before is taken back and g forgotten"""
    turned, step = _resized(gradient, slots, hyper)
    back = weight + _with_sign_of(slots[0], slots[1])
    on = weight - _with_sign_of(step, gradient)
    return select(turned, back, on), (step, select(turned, 0.0, gradient))


@inlined
def rprop_iminus(weight, gradient, slots, hyper):
    """As rprop_minus; where g has turned, it is forgotten before the step"""
    turned, step = _resized(gradient, slots, hyper)
    counted = select(turned, 0.0, gradient)
    return weight - _with_sign_of(step, counted), (step, counted)


@inlined
def rprop_iplus(weight, gradient, slots, hyper):
    """As rprop_plus where the loss has grown, which each weight has beside it, else as rprop_iminus"""
    turned, step = _resized(gradient, slots, hyper)
    counted = select(turned, 0.0, gradient)
    loss = 0.0 * weight + hyper[4]
    back = weight + _with_sign_of(slots[0], slots[1])
    on = weight - _with_sign_of(step, counted)
    return select(turned & (loss > slots[2]), back, on), (step, counted, loss)


class Rule(NamedTuple):
    """The compiled side of an optimizer: its function, state arrays a parameter, and numbers a step."""

    function: Any
    n_slots: int
    n_hyper: int
    #: Which of the numbers is the loss of the batch, which the step itself fills in; -1 for none.
    loss: int = -1


RULES = {
    "sgd": Rule(sgd, 0, 1),
    "momentum": Rule(momentum, 1, 2),
    "nesterov": Rule(nesterov, 1, 2),
    "adagrad": Rule(adagrad, 1, 2),
    "adadelta": Rule(adadelta, 2, 3),
    "rmsprop": Rule(rmsprop, 1, 3),
    "rmsprop_momentum": Rule(rmsprop_momentum, 2, 4),
    "rmsprop_centered": Rule(rmsprop_centered, 2, 3),
    "rmsprop_centered_momentum": Rule(rmsprop_centered_momentum, 3, 4),
    "adam": Rule(adam, 2, 4),
    "amsgrad": Rule(amsgrad, 3, 4),
    "adamax": Rule(adamax, 2, 4),
    "nadam": Rule(nadam, 2, 6),
    "lion": Rule(lion, 1, 5),
    "muon": Rule(muon, 2, 13),
    "rprop_plus": Rule(rprop_plus, 2, 4),
    "rprop_minus": Rule(rprop_minus, 2, 4),
    "rprop_iplus": Rule(rprop_iplus, 3, 5, loss=4),
    "rprop_iminus": Rule(rprop_iminus, 2, 4),
}


def with_decay(rule):
    """w -= learning_rate * weight_decay * w  first   (Loshchilov and Hutter 2019)"""
    function, n = rule.function, rule.n_hyper

    @inlined
    def decay(weight, gradient, slots, hyper):
        return function(fma(-hyper[n], weight, weight), gradient, slots, hyper[:n])

    return rule._replace(function=decay, n_hyper=n + 1)


def with_clip(rule):
    """g = min(max(g, -clipvalue), clipvalue)  first"""
    function, n = rule.function, rule.n_hyper

    @inlined
    def clip(weight, gradient, slots, hyper):
        clipped = minimum(hyper[n], maximum(-hyper[n], gradient))
        return function(weight, clipped, slots, hyper[:n])

    return rule._replace(function=clip, n_hyper=n + 1)


def with_average(rule):
    """average = momentum * average + (1 - momentum) * w  afterwards;  then, where asked for,  w = average"""
    function, n, k = rule.function, rule.n_hyper, rule.n_slots

    @inlined
    def average(weight, gradient, slots, hyper):
        weight, values = function(weight, gradient, slots[:k], hyper[:n])
        mean = fma(hyper[n], slots[k] - weight, weight)
        return select(hyper[n + 1] > 0.0, mean, weight), values + (mean,)

    return rule._replace(function=average, n_hyper=n + 2, n_slots=k + 1)


ADDITIONS = {"decay": with_decay, "clip": with_clip, "average": with_average}


@cache
def rule_of(name: str) -> Rule:
    """The rule of a name: that of `RULES`, then what is added, from the inside out, each behind a plus."""
    own, *additions = name.split("+")
    rule = RULES[own]
    for addition in additions:
        rule = ADDITIONS[addition](rule)
    return rule
