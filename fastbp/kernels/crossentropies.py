"""Cross-entropies over the classes of a sample; samples in lanes, as for the other losses.

They exist twice: on probabilities, clipped as Keras does, and on logits, where the softmax below them is part of them.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.loss_terms import CLIP, power
from fastbp.kernels.losses import (
    Loss,
    finish_values,
    formula_numbers,
    inside_batch,
    sample_scale,
)
from fastbp.kernels.math import exp, log
from fastbp.kernels.simd import fma, maximum, minimum, select
from fastbp.runtime.inlined import inlined


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
            scale = sample_scale(arena, r, c, block, lanes)
            inside = inside_batch(arena, c.rows, block, lanes)
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
            finish_values(arena, r, c, block, lanes, value)
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


@inlined
def _crossentropy(p, target, numbers):
    """-t log(p)"""
    return -target * log(p)


@inlined
def _crossentropy_slope(p, target, numbers):
    return -target / p


@inlined
def _focal(p, target, numbers):
    """-alpha (1 - p)**gamma t log(p);  numbers = (gamma, alpha)"""
    return -numbers[1] * power(1.0 - p, numbers[0]) * (target * log(p))


@inlined
def _focal_slope(p, target, numbers):
    rest = 1.0 - p
    slope = numbers[0] * log(p) / rest - 1.0 / p
    return numbers[1] * power(rest, numbers[0]) * (target * slope)


#: name -> what a class counts, and its derivative by the class's share p, which was clipped before
SHARE_TERMS = {
    "categorical_crossentropy": (_crossentropy, _crossentropy_slope),
    "categorical_focal_crossentropy": (_focal, _focal_slope),
}


def probability_crossentropy(name, sparse, with_gradient):
    """values[s] = scale[s] * sum over o of term(clip(y[o] / sum(y)), t[o])   on outputs that are not logits"""
    term, slope = SHARE_TERMS[name]

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        numbers = formula_numbers(arena, r)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            out = r.gradient + block * r.padded_features * lanes
            inside = inside_batch(arena, c.rows, block, lanes)
            scale = sample_scale(arena, r, c, block, lanes)
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
                clipped = minimum(1.0 - CLIP, maximum(CLIP, p))
                value = value + term(clipped, target, numbers)
                if with_gradient:
                    pull = slope(clipped, target, numbers)
                    pull = select((p >= CLIP) & (p <= 1.0 - CLIP), pull, target * 0.0)
                    pulled = fma(pull, p, pulled)
                    simd.store(arena, out + o * lanes, pull)
            finish_values(arena, r, c, block, lanes, value)
            if with_gradient:
                for o in range(r.n_out):
                    gradient = (simd.load(arena, out + o * lanes) - pulled) / total * scale
                    simd.store(arena, out + o * lanes, select(inside, gradient, 0.0))

    return kernel


class SmoothTargets(NamedTuple):
    """Fields of `smooth_targets`."""

    targets: int  # samples in lanes, or class numbers [sample]
    smoothed: int  # samples in lanes, written
    padded_features: int
    n_out: int
    smoothing: int  # bits of a float64
    classes: int  # among which what is taken off is shared


def smooth_targets(sparse):
    """smoothed[o, s] = (1 - smoothing) * targets[o, s] + smoothing / classes   (Szegedy et al. 2016)

    Class numbers become one-hot targets first.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, SmoothTargets)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        smoothing = simd.double_from_bits(r.smoothing)
        kept = simd.cast_to(arena, 1.0 - smoothing)
        shared = simd.cast_to(arena, smoothing / r.classes)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            for o in range(r.n_out):
                if sparse:
                    label = simd.load(arena, r.targets + block * lanes)
                    target = select(label == simd.cast_to(arena, o), 1.0, label * 0.0)
                else:
                    target = simd.load(arena, r.targets + begin + o * lanes)
                simd.store(
                    arena,
                    r.smoothed + begin + o * lanes,
                    fma(target, kept, simd.splat(arena, shared)),
                )

    return kernel
