"""Penalties on what layers give out."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.losses import inside_batch, stop_unless_finite
from fastbp.kernels.simd import absolute, fma, select
from fastbp.kernels.weight_gradients import penalized, strengths
from fastbp.runtime.inlined import inlined


class Activity(NamedTuple):
    """Fields of both kernels."""

    outputs: int  # samples in lanes
    target: int  # values of the loss, [sample], or the gradient, samples in lanes
    padded_features: int
    n_features: int
    l1: int  # bits of a float64
    l2: int


@inlined
def _mean_strengths(arena, r, c):
    """l1 and l2 by the rows of the batch"""
    share = 1.0 / simd.cast_to(arena, c.rows)
    l1, l2 = strengths(arena, r)
    return share * l1, share * l2


def activity_penalty():
    """values[s] += (l1 sum |outputs[s]| + l2 sum outputs[s]**2) / rows"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Activity)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        l1, l2 = _mean_strengths(arena, r, c)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = r.outputs + block * r.padded_features * lanes
            sizes = squares = simd.splat(arena, 0.0)
            for _ in range(r.n_features):
                output = simd.load(arena, at)
                sizes = sizes + absolute(output)
                squares = fma(output, output, squares)
                at += lanes
            penalty = select(
                inside_batch(arena, c.rows, block, lanes), l1 * sizes + l2 * squares, 0.0
            )
            place = r.target + block * lanes
            value = simd.load(arena, place) + penalty
            stop_unless_finite(c, value)
            simd.store(arena, place, value)

    return kernel


def activity_backward():
    """gradient[s] += (l1 sign(outputs[s]) + 2 l2 outputs[s]) / rows"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Activity)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        l1, l2 = _mean_strengths(arena, r, c)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            inside = inside_batch(arena, c.rows, block, lanes)
            for _ in range(r.n_features):
                output = simd.load(arena, r.outputs + at)
                gradient = simd.load(arena, r.target + at)
                more = penalized(gradient, output, l1, l2)
                simd.store(arena, r.target + at, select(inside, more, gradient))
                at += lanes

    return kernel
