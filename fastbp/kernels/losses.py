"""Losses and metrics, on activations with samples in lanes: one vector is one output of L samples.

A loss kernel writes each sample's loss to `values` (times its scale: sample weight / rows, 0 in the padding) and,
where a gradient is wanted, the gradient of their sum. The cross-entropies exist twice: on probabilities, clipped as
Keras does, and on logits, where they are fused with the softmax or sigmoid below them.

To add a loss that is a mean of one term an output: write ``value(prediction, target)`` and ``gradient(prediction,
target)`` and enter them in `POINTWISE`.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.math import exp, log, log1p, sigmoid
from fastbp.kernels.simd import absolute, fma, maximum, minimum, select
from fastbp.runtime.inlined import inlined

_CLIP = 1e-7


@inlined
def squared_error(prediction, target):
    error = prediction - target
    return error * error


@inlined
def squared_error_gradient(prediction, target):
    return 2.0 * (prediction - target)


@inlined
def absolute_error(prediction, target):
    return absolute(prediction - target)


@inlined
def absolute_error_gradient(prediction, target):
    error = prediction - target
    return select(error > 0.0, 1.0, select(error < 0.0, -1.0, error * 0.0))


@inlined
def huber(prediction, target):
    error = absolute(prediction - target)
    return select(error <= 1.0, 0.5 * error * error, error - 0.5)


@inlined
def huber_gradient(prediction, target):
    return minimum(1.0, maximum(-1.0, prediction - target))


@inlined
def binary_crossentropy(prediction, target):
    p = minimum(1.0 - _CLIP, maximum(_CLIP, prediction))
    return -fma(target, log(p), (1.0 - target) * log(1.0 - p))


@inlined
def binary_crossentropy_gradient(prediction, target):
    p = minimum(1.0 - _CLIP, maximum(_CLIP, prediction))
    gradient = (p - target) / (p * (1.0 - p))
    return select((prediction >= _CLIP) & (prediction <= 1.0 - _CLIP), gradient, gradient * 0.0)


@inlined
def binary_crossentropy_of_logits(logit, target):
    """max(z, 0) - z t + log(1 + exp(-|z|))"""
    return fma(-logit, target, maximum(0.0, logit)) + log1p(exp(-absolute(logit)))


@inlined
def binary_crossentropy_of_logits_gradient(logit, target):
    return sigmoid(logit) - target


@inlined
def binary_hit(prediction, target):
    """1 where the target equals prediction > 1/2"""
    predicted = select(prediction > 0.5, 1.0, 0.0 * target)
    return select(predicted == target, 1.0, 0.0 * target)


@inlined
def binary_hit_of_logits(logit, target):
    predicted = select(logit > 0.0, 1.0, 0.0 * target)
    return select(predicted == target, 1.0, 0.0 * target)


#: name -> (value, gradient or None); the mean over a sample's outputs is taken.
POINTWISE = {
    "mean_squared_error": (squared_error, squared_error_gradient),
    "mean_absolute_error": (absolute_error, absolute_error_gradient),
    "huber": (huber, huber_gradient),
    "binary_crossentropy": (binary_crossentropy, binary_crossentropy_gradient),
    "binary_crossentropy_of_logits": (
        binary_crossentropy_of_logits,
        binary_crossentropy_of_logits_gradient,
    ),
    "binary_accuracy": (binary_hit, None),
    "binary_accuracy_of_logits": (binary_hit_of_logits, None),
}


class Loss(NamedTuple):
    """Fields of all loss and metric kernels. -1 for what is not wanted."""

    outputs: int  # samples in lanes
    padded_features: int  # of outputs, targets and gradient
    n_out: int
    targets: int  # samples in lanes, or class numbers [sample]
    scale: int  # [sample]; for metrics -1: every sample counts the same
    values: int  # [sample], written
    gradient: int  # samples in lanes, written


@inlined
def _inside(arena, rows, block, lanes):
    """Mask of a block's samples that belong to the batch"""
    return simd.lane_numbers(arena) < simd.cast_to(arena, rows - block * lanes)


@inlined
def _scale(arena, r, c, block, lanes):
    """What each of a block's samples counts"""
    if r.scale < 0:
        return simd.splat(arena, 1.0) / simd.cast_to(arena, c.rows)
    return simd.load(arena, r.scale + block * lanes)


@inlined
def _finish(arena, r, c, block, lanes, value):
    """Keeps a block's losses; a loss that is not finite stops training before the weights are touched"""
    scale = _scale(arena, r, c, block, lanes)
    value = select(_inside(arena, c.rows, block, lanes), value * scale, scale * 0.0)
    if c.status != 0 and not simd.all_true(simd.is_finite(value)):
        simd.put(simd.pointer_at(c.status, simd.int64), 0, c.step)
    simd.store(arena, r.values + block * lanes, value)


def pointwise_loss(name, with_gradient):
    """values[s] = scale[s] * mean over o of value(outputs[o, s], targets[o, s]), and its gradient"""
    value_of, gradient_of = POINTWISE[name]

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        share_of_one = 1.0 / r.n_out
        for block in range(first, end):
            inside = _inside(arena, c.rows, block, lanes)
            scale = _scale(arena, r, c, block, lanes) * share_of_one
            at = block * r.padded_features * lanes
            total = simd.splat(arena, 0.0)
            for _ in range(r.n_out):
                output = simd.load(arena, r.outputs + at)
                target = simd.load(arena, r.targets + at)
                total = total + value_of(output, target)
                if with_gradient:
                    gradient = gradient_of(output, target) * scale
                    simd.store(arena, r.gradient + at, select(inside, gradient, 0.0))
                at += lanes
            _finish(arena, r, c, block, lanes, total * share_of_one)

    return kernel


def softmax_crossentropy(sparse, with_gradient):
    """values[s] = scale[s] * (log(sum over o of exp(z[o])) - z[target]), from logits z

    With dense targets -sum over o of t[o] log(softmax(z)[o]). Gradient: scale * (softmax(z) sum(t) - t).
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            top = simd.load(arena, begin)
            for o in range(1, r.n_out):
                top = maximum(top, simd.load(arena, begin + o * lanes))
            scale = _scale(arena, r, c, block, lanes)
            inside = _inside(arena, c.rows, block, lanes)
            total = simd.splat(arena, 0.0)
            chosen = simd.splat(arena, 0.0)
            weight = simd.splat(arena, 1.0)
            out = r.gradient + block * r.padded_features * lanes
            if sparse:
                label = simd.load(arena, r.targets + block * lanes)
                for o in range(r.n_out):
                    z = simd.load(arena, begin + o * lanes) - top
                    e = exp(z)
                    total = total + e
                    chosen = select(label == simd.cast_to(arena, o), z, chosen)
                    if with_gradient:
                        simd.store(arena, out + o * lanes, e)
                value = log(total) - chosen
            else:
                targets = r.targets + block * r.padded_features * lanes
                weight = simd.splat(arena, 0.0)
                for o in range(r.n_out):
                    z = simd.load(arena, begin + o * lanes) - top
                    e = exp(z)
                    total = total + e
                    target = simd.load(arena, targets + o * lanes)
                    # 0 * -inf must stay 0: a class that is not wanted may be infinitely unlikely.
                    chosen = chosen + select(target == 0.0, target, target * z)
                    weight = weight + target
                    if with_gradient:
                        simd.store(arena, out + o * lanes, e)
                value = weight * log(total) - chosen
            _finish(arena, r, c, block, lanes, value)
            if with_gradient:
                inverse = scale * weight / total
                for o in range(r.n_out):
                    p = simd.load(arena, out + o * lanes) * inverse
                    if sparse:
                        gradient = select(label == simd.cast_to(arena, o), p - scale, p)
                    else:
                        targets = r.targets + block * r.padded_features * lanes
                        gradient = fma(-scale, simd.load(arena, targets + o * lanes), p)
                    simd.store(arena, out + o * lanes, select(inside, gradient, 0.0))

    return kernel


def probability_crossentropy(sparse, with_gradient):
    """values[s] = -scale[s] * sum over o of t[o] log(clip(y[o] / sum(y)))   on outputs that are not logits"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            out = r.gradient + block * r.padded_features * lanes
            inside = _inside(arena, c.rows, block, lanes)
            scale = _scale(arena, r, c, block, lanes)
            total = simd.splat(arena, 0.0)
            for o in range(r.n_out):
                total = total + simd.load(arena, begin + o * lanes)
            value = simd.splat(arena, 0.0)
            pulled = simd.splat(arena, 0.0)
            for o in range(r.n_out):
                p = simd.load(arena, begin + o * lanes) / total
                if sparse:
                    label = simd.load(arena, r.targets + block * lanes)
                    target = select(label == simd.cast_to(arena, o), 1.0, label * 0.0)
                else:
                    target = simd.load(
                        arena, r.targets + block * r.padded_features * lanes + o * lanes
                    )
                clipped = minimum(1.0 - _CLIP, maximum(_CLIP, p))
                value = fma(-target, log(clipped), value)
                if with_gradient:
                    pull = select(
                        (p >= _CLIP) & (p <= 1.0 - _CLIP), -target / clipped, target * 0.0
                    )
                    pulled = fma(pull, p, pulled)
                    simd.store(arena, out + o * lanes, pull)
            _finish(arena, r, c, block, lanes, value)
            if with_gradient:
                for o in range(r.n_out):
                    gradient = (simd.load(arena, out + o * lanes) - pulled) / total * scale
                    simd.store(arena, out + o * lanes, select(inside, gradient, 0.0))

    return kernel


def class_accuracy(sparse):
    """values[s] = scale[s] where the largest output (the first of equals) is the right class"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            top = simd.load(arena, begin)
            best = simd.splat(arena, 0.0)
            targets = r.targets + block * r.padded_features * lanes
            top_target = simd.load(arena, r.targets if sparse else targets)
            right = simd.splat(arena, 0.0)
            for o in range(1, r.n_out):
                y = simd.load(arena, begin + o * lanes)
                best = select(y > top, simd.cast_to(arena, o), best)
                top = maximum(y, top)
                if not sparse:
                    t = simd.load(arena, targets + o * lanes)
                    right = select(t > top_target, simd.cast_to(arena, o), right)
                    top_target = maximum(t, top_target)
            if sparse:
                right = simd.load(arena, r.targets + block * lanes)
            _finish(arena, r, c, block, lanes, select(best == right, 1.0, best * 0.0))

    return kernel
