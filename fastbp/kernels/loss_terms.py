"""Losses and metrics that have one term an output, as plain functions of vectors.

A term is ``value(prediction, target, numbers)`` and ``gradient(prediction, target, numbers)``, its derivative by the
prediction; `numbers` are what the formula asks for, in the order in which the loss's specification states them (unused
ones are 0).

To add one: write the two functions and enter them in `TERMS`.
"""

from typing import NamedTuple

from fastbp.kernels.math import exp, expm1, log, log1p, sigmoid, tanh
from fastbp.kernels.simd import absolute, fma, maximum, minimum, select
from fastbp.runtime.inlined import inlined

#: Keras's epsilon: probabilities are kept so far from 0 and 1, and divisors from 0.
CLIP = 1e-7

_LOG_2 = 0.6931471805599453
#: The logarithm of what is below is not taken: it may not be a normal number.
_TINY = 1e-37
_NAN = float("nan")


# --- errors ---


@inlined
def squared_error(prediction, target, numbers):
    error = prediction - target
    return error * error


@inlined
def squared_error_gradient(prediction, target, numbers):
    return 2.0 * (prediction - target)


@inlined
def absolute_error(prediction, target, numbers):
    return absolute(prediction - target)


@inlined
def _sign(x):
    return select(x > 0.0, 1.0, select(x < 0.0, -1.0, x * 0.0))


@inlined
def absolute_error_gradient(prediction, target, numbers):
    return _sign(prediction - target)


@inlined
def percentage_error(prediction, target, numbers):
    """100 |p - t| / max(|t|, epsilon)"""
    return 100.0 * absolute(prediction - target) / maximum(CLIP, absolute(target))


@inlined
def percentage_error_gradient(prediction, target, numbers):
    return 100.0 * _sign(prediction - target) / maximum(CLIP, absolute(target))


@inlined
def _logarithmic_error(prediction, target):
    """log(1 + max(p, epsilon)) - log(1 + max(t, epsilon))"""
    return log(1.0 + maximum(CLIP, prediction)) - log(1.0 + maximum(CLIP, target))


@inlined
def squared_logarithmic_error(prediction, target, numbers):
    error = _logarithmic_error(prediction, target)
    return error * error


@inlined
def squared_logarithmic_error_gradient(prediction, target, numbers):
    slope = 2.0 * _logarithmic_error(prediction, target) / (1.0 + maximum(CLIP, prediction))
    return select(prediction > CLIP, slope, slope * 0.0)


@inlined
def huber(prediction, target, numbers):
    """e**2 / 2 where |e| <= delta, delta (|e| - delta / 2) elsewhere;  numbers = (delta,)"""
    error, delta = absolute(prediction - target), numbers[0]
    return select(error <= delta, 0.5 * error * error, delta * (error - 0.5 * delta))


@inlined
def huber_gradient(prediction, target, numbers):
    return minimum(numbers[0], maximum(-numbers[0], prediction - target))


@inlined
def log_cosh(prediction, target, numbers):
    """log(cosh(e)): log1p(sinh(e)**2 / (1 + cosh(e))) near 0, |e| + log1p(exp(-2|e|)) - log(2) elsewhere"""
    error = absolute(prediction - target)
    small = expm1(-minimum(1.3, error))
    near = log1p(0.5 * small * small / (1.0 + small))
    far = error + log1p(exp(-2.0 * error)) - _LOG_2
    return select(error < 1.3, near, far)


@inlined
def log_cosh_gradient(prediction, target, numbers):
    return tanh(prediction - target)


@inlined
def quantile(prediction, target, numbers):
    """max(q (t - p), (q - 1)(t - p));  numbers = (q,)"""
    error = target - prediction
    return maximum(numbers[0] * error, (numbers[0] - 1.0) * error)


@inlined
def quantile_gradient(prediction, target, numbers):
    error = target - prediction
    return select(error > 0.0, -numbers[0], select(error < 0.0, 1.0 - numbers[0], error * 0.0))


@inlined
def poisson(prediction, target, numbers):
    """p - t log(p + epsilon); not a number where there is no logarithm"""
    rate = prediction + CLIP
    return fma(-target, select(rate > 0.0, log(rate), _NAN), prediction)


@inlined
def poisson_gradient(prediction, target, numbers):
    return 1.0 - target / (prediction + CLIP)


# --- margins; a target of 0 stands for -1 ---


@inlined
def _margin(prediction, target):
    """1 - t p, and t"""
    side = select(target == 0.0, -1.0, target)
    return fma(-side, prediction, 1.0), side


@inlined
def hinge(prediction, target, numbers):
    """max(0, 1 - t p)"""
    margin, _ = _margin(prediction, target)
    return maximum(0.0, margin)


@inlined
def hinge_gradient(prediction, target, numbers):
    margin, side = _margin(prediction, target)
    return select(margin > 0.0, -side, side * 0.0)


@inlined
def squared_hinge(prediction, target, numbers):
    """max(0, 1 - t p)**2"""
    margin, _ = _margin(prediction, target)
    margin = maximum(0.0, margin)
    return margin * margin


@inlined
def squared_hinge_gradient(prediction, target, numbers):
    margin, side = _margin(prediction, target)
    return -2.0 * side * maximum(0.0, margin)


# --- probabilities ---


@inlined
def divergence(prediction, target, numbers):
    """t log(t / p), both kept in [epsilon, 1]"""
    p = minimum(1.0, maximum(CLIP, prediction))
    t = minimum(1.0, maximum(CLIP, target))
    return t * (log(t) - log(p))


@inlined
def divergence_gradient(prediction, target, numbers):
    slope = -minimum(1.0, maximum(CLIP, target)) / maximum(CLIP, prediction)
    return select((prediction >= CLIP) & (prediction <= 1.0), slope, slope * 0.0)


@inlined
def binary_crossentropy(prediction, target, numbers):
    p = minimum(1.0 - CLIP, maximum(CLIP, prediction))
    return -fma(target, log(p), (1.0 - target) * log(1.0 - p))


@inlined
def binary_crossentropy_gradient(prediction, target, numbers):
    p = minimum(1.0 - CLIP, maximum(CLIP, prediction))
    gradient = (p - target) / (p * (1.0 - p))
    return select((prediction >= CLIP) & (prediction <= 1.0 - CLIP), gradient, gradient * 0.0)


@inlined
def binary_crossentropy_of_logits(logit, target, numbers):
    """max(z, 0) - z t + log(1 + exp(-|z|))"""
    return fma(-logit, target, maximum(0.0, logit)) + log1p(exp(-absolute(logit)))


@inlined
def binary_crossentropy_of_logits_gradient(logit, target, numbers):
    return sigmoid(logit) - target


@inlined
def power(x, exponent):
    """x**exponent for 0 <= x <= 1"""
    return exp(exponent * log(maximum(_TINY, x)))


@inlined
def _class_weight(target, numbers):
    """What a target of 1 counts, a target of 0, and linear between"""
    return fma(target, numbers[1] - numbers[2], numbers[2])


@inlined
def binary_focal(prediction, target, numbers):
    """w q**gamma binary_crossentropy(p, t) with q = t (1 - p) + (1 - t) p;  numbers = (gamma, w of 1, w of 0)

    Lin, Goyal, Girshick, He and Dollar 2017.
    """
    q = fma(target, 1.0 - prediction, (1.0 - target) * prediction)
    value = power(q, numbers[0]) * binary_crossentropy(prediction, target, numbers)
    return _class_weight(target, numbers) * value


@inlined
def binary_focal_gradient(prediction, target, numbers):
    q = maximum(_TINY, fma(target, 1.0 - prediction, (1.0 - target) * prediction))
    factor = power(q, numbers[0])
    turn = numbers[0] * fma(-2.0, target, 1.0) * binary_crossentropy(prediction, target, numbers)
    slope = factor * (turn / q + binary_crossentropy_gradient(prediction, target, numbers))
    return _class_weight(target, numbers) * slope


@inlined
def binary_focal_of_logits(logit, target, numbers):
    q = fma(target, sigmoid(-logit), (1.0 - target) * sigmoid(logit))
    value = power(q, numbers[0]) * binary_crossentropy_of_logits(logit, target, numbers)
    return _class_weight(target, numbers) * value


@inlined
def binary_focal_of_logits_gradient(logit, target, numbers):
    p, rest = sigmoid(logit), sigmoid(-logit)
    q = fma(target, rest, (1.0 - target) * p)
    value = binary_crossentropy_of_logits(logit, target, numbers)
    turn = numbers[0] * fma(-2.0, target, 1.0) * (p * (rest / maximum(_TINY, q))) * value
    return _class_weight(target, numbers) * (power(q, numbers[0]) * (turn + (p - target)))


# --- metrics ---


@inlined
def binary_hit(prediction, target, numbers):
    """1 where the target equals prediction > threshold;  numbers = (threshold,)"""
    predicted = select(prediction > numbers[0], 1.0, 0.0 * target)
    return select(predicted == target, 1.0, 0.0 * target)


@inlined
def exact_hit(prediction, target, numbers):
    """1 where the target equals the prediction"""
    return select(prediction == target, 1.0, 0.0 * prediction)


@inlined
def output_itself(prediction, target, numbers):
    return prediction


@inlined
def true_positive(prediction, target, numbers):
    """1 where target and prediction are above 1/2 and the threshold;  numbers = (threshold,)"""
    return select(target > 0.5, predicted_positive(prediction, target, numbers), 0.0 * target)


@inlined
def predicted_positive(prediction, target, numbers):
    return select(prediction > numbers[0], 1.0, 0.0 * target)


@inlined
def positive(prediction, target, numbers):
    return select(target > 0.5, 1.0, 0.0 * target)


@inlined
def false_positive(prediction, target, numbers):
    return select(target > 0.5, 0.0 * target, predicted_positive(prediction, target, numbers))


@inlined
def true_negative(prediction, target, numbers):
    return select(target > 0.5, 0.0 * target, 1.0 - predicted_positive(prediction, target, numbers))


@inlined
def false_negative(prediction, target, numbers):
    return select(target > 0.5, 1.0 - predicted_positive(prediction, target, numbers), 0.0 * target)


class Terms(NamedTuple):
    """The compiled side of a loss or metric; a metric has no gradient.

    `takes_mean` says whether a sample's value is the mean of its outputs' terms, or their sum.
    """

    value: object
    gradient: object = None
    takes_mean: bool = True


TERMS = {
    "mean_squared_error": Terms(squared_error, squared_error_gradient),
    "mean_absolute_error": Terms(absolute_error, absolute_error_gradient),
    "mean_absolute_percentage_error": Terms(percentage_error, percentage_error_gradient),
    "mean_squared_logarithmic_error": Terms(
        squared_logarithmic_error, squared_logarithmic_error_gradient
    ),
    "huber": Terms(huber, huber_gradient),
    "log_cosh": Terms(log_cosh, log_cosh_gradient),
    "quantile": Terms(quantile, quantile_gradient),
    "poisson": Terms(poisson, poisson_gradient),
    "hinge": Terms(hinge, hinge_gradient),
    "squared_hinge": Terms(squared_hinge, squared_hinge_gradient),
    "kl_divergence": Terms(divergence, divergence_gradient, takes_mean=False),
    "binary_crossentropy": Terms(binary_crossentropy, binary_crossentropy_gradient),
    "binary_crossentropy_of_logits": Terms(
        binary_crossentropy_of_logits, binary_crossentropy_of_logits_gradient
    ),
    "binary_focal_crossentropy": Terms(binary_focal, binary_focal_gradient),
    "binary_focal_crossentropy_of_logits": Terms(
        binary_focal_of_logits, binary_focal_of_logits_gradient
    ),
    "binary_accuracy": Terms(binary_hit),
    "exact_accuracy": Terms(exact_hit),
    "mean": Terms(output_itself),
    "sum_of_outputs": Terms(output_itself, takes_mean=False),
    "true_positives": Terms(true_positive, takes_mean=False),
    "false_positives": Terms(false_positive, takes_mean=False),
    "true_negatives": Terms(true_negative, takes_mean=False),
    "false_negatives": Terms(false_negative, takes_mean=False),
    "predicted_positives": Terms(predicted_positive, takes_mean=False),
    "positives": Terms(positive, takes_mean=False),
}
