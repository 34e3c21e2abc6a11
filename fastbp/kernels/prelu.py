"""The rectifier with a slope for each feature, forward and backward; all buffers have samples in lanes."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.simd import minimum, select


class Rectify(NamedTuple):
    """Fields of `prelu`."""

    inputs: int
    outputs: int
    alpha: int
    padded_features: int
    n_features: int


def prelu():
    """outputs[f] = inputs[f] where that is positive, else alpha[f] * inputs[f]"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Rectify)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            for f in range(r.n_features):
                value = simd.load(arena, r.inputs + at)
                slope = simd.get(arena, r.alpha + f)
                simd.store(arena, r.outputs + at, select(value > 0.0, value, slope * value))
                at += lanes

    return kernel


class RectifyBackward(NamedTuple):
    """Fields of `prelu_backward`. -1 for what is not wanted."""

    inputs: int
    gradient: int  # of the outputs; overwritten with that of the inputs
    terms: int  # written: each sample's share of alpha's gradient
    alpha: int
    padded_features: int
    n_features: int


def prelu_backward():
    """terms[f] = gradient[f] * min(inputs[f], 0);   gradient[f] *= 1 where inputs[f] > 0, alpha[f] below 0, 0 at 0"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, RectifyBackward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            for f in range(r.n_features):
                value = simd.load(arena, r.inputs + at)
                gradient = simd.load(arena, r.gradient + at)
                if r.terms >= 0:
                    simd.store(arena, r.terms + at, gradient * minimum(value, 0.0))
                falling = select(value < 0.0, simd.get(arena, r.alpha + f) * gradient, 0.0)
                simd.store(arena, r.gradient + at, select(value > 0.0, gradient, falling))
                at += lanes

    return kernel
