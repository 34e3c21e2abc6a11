"""Losses and metrics, on activations with samples in lanes: one vector is one output of L samples.

A loss kernel writes each sample's loss to `values` (times its scale: sample weight / rows, 0 in the padding) and,
where a gradient is wanted, the gradient of their sum. Here are those of one term an output, and those that need a whole
sample at once; the cross-entropies have a file of their own.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.loss_terms import CLIP, TERMS
from fastbp.kernels.simd import fma, maximum, select, sqrt
from fastbp.runtime.inlined import inlined


class Loss(NamedTuple):
    """Fields of all loss and metric kernels. -1 for what is not wanted."""

    outputs: int  # samples in lanes
    padded_features: int  # of outputs, targets and gradient
    n_out: int
    targets: int  # samples in lanes, or class numbers [sample]
    scale: int  # [sample]; -1 where every sample counts the same: for metrics, unless they are weighted
    values: int  # [sample], written
    gradient: int  # samples in lanes, written
    first: int = 0  # the numbers of the formula: bits of a float64
    second: int = 0
    third: int = 0


@inlined
def inside_batch(arena, rows, block, lanes):
    """Mask of a block's samples that belong to the batch"""
    return simd.lane_numbers(arena) < simd.cast_to(arena, rows - block * lanes)


@inlined
def sample_scale(arena, r, c, block, lanes):
    """What each of a block's samples counts"""
    if r.scale < 0:
        return simd.splat(arena, 1.0) / simd.cast_to(arena, c.rows)
    return simd.load(arena, r.scale + block * lanes)


@inlined
def stop_unless_finite(c, value):
    """A loss that is not finite stops training before the weights are touched"""
    if c.status != 0 and not simd.all_true(simd.is_finite(value)):
        simd.put(simd.pointer_at(c.status, simd.int64), 0, c.step)


@inlined
def finish_values(arena, r, c, block, lanes, value):
    """Keeps a block's losses, and looks whether they are finite"""
    scale = sample_scale(arena, r, c, block, lanes)
    value = select(inside_batch(arena, c.rows, block, lanes), value * scale, scale * 0.0)
    stop_unless_finite(c, value)
    simd.store(arena, r.values + block * lanes, value)


@inlined
def formula_numbers(arena, r):
    """What the loss's formula asks for, in the arena's type"""
    return (
        simd.cast_to(arena, simd.double_from_bits(r.first)),
        simd.cast_to(arena, simd.double_from_bits(r.second)),
        simd.cast_to(arena, simd.double_from_bits(r.third)),
    )


def pointwise_loss(name, with_gradient):
    """values[s] = scale[s] * mean (or sum) over o of value(outputs[o, s], targets[o, s]), and its gradient"""
    value_of, gradient_of, takes_mean = TERMS[name]

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        numbers = formula_numbers(arena, r)
        share_of_one = 1.0 / r.n_out if takes_mean else 1.0
        for block in range(first, end):
            inside = inside_batch(arena, c.rows, block, lanes)
            scale = sample_scale(arena, r, c, block, lanes) * share_of_one
            at = block * r.padded_features * lanes
            total = simd.splat(arena, 0.0)
            for _ in range(r.n_out):
                output = simd.load(arena, r.outputs + at)
                target = simd.load(arena, r.targets + at)
                total = total + value_of(output, target, numbers)
                if with_gradient:
                    gradient = gradient_of(output, target, numbers) * scale
                    simd.store(arena, r.gradient + at, select(inside, gradient, 0.0))
                at += lanes
            finish_values(arena, r, c, block, lanes, total * share_of_one)

    return kernel


def cosine_similarity(negative, with_gradient):
    """values[s] = scale[s] * y . t / (|y| |t|), a length below epsilon counting as epsilon; the loss is its negative

    Gradient: (t / |t| - y (y . t) / (|t| |y|**2)) / |y|, without the second term where |y| is below epsilon.
    """
    sign = -1.0 if negative else 1.0

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            product, y_square, t_square = (
                simd.splat(arena, 0.0),
                simd.splat(arena, 0.0),
                simd.splat(arena, 0.0),
            )
            for o in range(r.n_out):
                y = simd.load(arena, r.outputs + begin + o * lanes)
                t = simd.load(arena, r.targets + begin + o * lanes)
                product = fma(y, t, product)
                y_square = fma(y, y, y_square)
                t_square = fma(t, t, t_square)
            y_length, t_length = sqrt(y_square), sqrt(t_square)
            y_inverse = 1.0 / maximum(CLIP, y_length)
            t_inverse = 1.0 / maximum(CLIP, t_length)
            cosine = product * y_inverse * t_inverse
            finish_values(arena, r, c, block, lanes, sign * cosine)
            if with_gradient:
                inside = inside_batch(arena, c.rows, block, lanes)
                factor = sample_scale(arena, r, c, block, lanes) * sign * y_inverse
                back = select(y_length > CLIP, cosine * y_inverse, cosine * 0.0)
                for o in range(r.n_out):
                    y = simd.load(arena, r.outputs + begin + o * lanes)
                    t = simd.load(arena, r.targets + begin + o * lanes)
                    gradient = factor * fma(-back, y, t * t_inverse)
                    simd.store(arena, r.gradient + begin + o * lanes, select(inside, gradient, 0.0))

    return kernel


def categorical_hinge(with_gradient):
    """values[s] = scale[s] * max(0, 1 + max over o of (1 - t[o]) y[o] - sum over o of t[o] y[o])

    The gradient goes to the first output at which the maximum is taken.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            right = simd.splat(arena, 0.0)
            wrong = simd.splat(arena, 0.0)
            at_wrong = simd.splat(arena, 0.0)
            for o in range(r.n_out):
                y = simd.load(arena, r.outputs + begin + o * lanes)
                t = simd.load(arena, r.targets + begin + o * lanes)
                right = fma(t, y, right)
                rival = (1.0 - t) * y
                if o == 0:
                    wrong = rival
                else:
                    at_wrong = select(rival > wrong, simd.cast_to(arena, o), at_wrong)
                    wrong = maximum(rival, wrong)
            margin = 1.0 + wrong - right
            finish_values(arena, r, c, block, lanes, maximum(0.0, margin))
            if with_gradient:
                scale = sample_scale(arena, r, c, block, lanes)
                counts = inside_batch(arena, c.rows, block, lanes) & (margin > 0.0)
                for o in range(r.n_out):
                    t = simd.load(arena, r.targets + begin + o * lanes)
                    rival = select(at_wrong == simd.cast_to(arena, o), 1.0 - t, t * 0.0)
                    simd.store(
                        arena,
                        r.gradient + begin + o * lanes,
                        select(counts, scale * (rival - t), 0.0),
                    )

    return kernel
