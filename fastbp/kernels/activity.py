"""Penalties on what layers give out."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.losses import inside_batch
from fastbp.kernels.simd import absolute, fma, select
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
def _strengths(arena, r, c):
    """l1 and l2 by the rows of the batch"""
    share = 1.0 / simd.cast_to(arena, c.rows)
    l1, l2 = simd.double_from_bits(r.l1), simd.double_from_bits(r.l2)
    return share * simd.cast_to(arena, l1), share * simd.cast_to(arena, l2)


def activity_penalty():
    """values[s] += (l1 sum |outputs[s]| + l2 sum outputs[s]**2) / rows"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Activity)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        l1, l2 = _strengths(arena, r, c)
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
            simd.store(arena, place, simd.load(arena, place) + penalty)

    return kernel


def activity_backward():
    """gradient[s] += (l1 sign(outputs[s]) + 2 l2 outputs[s]) / rows"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Activity)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        l1, l2 = _strengths(arena, r, c)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            inside = inside_batch(arena, c.rows, block, lanes)
            for _ in range(r.n_features):
                output = simd.load(arena, r.outputs + at)
                sign = select(output > 0.0, l1, select(output < 0.0, -l1, output * 0.0))
                more = select(inside, fma(2.0 * l2, output, sign), 0.0)
                simd.store(arena, r.target + at, simd.load(arena, r.target + at) + more)
                at += lanes

    return kernel
