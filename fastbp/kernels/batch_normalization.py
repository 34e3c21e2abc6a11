"""Batch normalization, forward and backward; all buffers have samples in lanes.

In training workers own features of all samples, some of which they take at a time, block of samples by block. A lane is
summed over the blocks, then the lanes as a binary tree: the order does not depend on how features are shared out.
With the moving statistics no sample knows of another, and workers own samples.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.layer_normalization import number_or
from fastbp.kernels.losses import inside_batch
from fastbp.kernels.simd import fma, maximum, select, sqrt
from fastbp.runtime.inlined import inlined

#: Features that a worker takes at a time: their sums stay in the first-level cache.
_TOGETHER = 32
#: Two vectors for each of them.
_ROOM = 2 * _TOGETHER


class BatchNormalize(NamedTuple):
    """Fields of `batch_normalization`. -1 for what is not there."""

    inputs: int
    outputs: int
    statistics: int  # [4][padded features], written: see `Statistics`
    gamma: int
    beta: int
    epsilon: int  # bits of a float64
    padded_features: int
    n_features: int


class Statistics(NamedTuple):
    """Those of a feature over the batch; its mean is center + rest."""

    center: object
    rest: object
    variance: object
    inverse: object  # 1 / sqrt(variance + epsilon)


@inlined
def read_statistics(arena, begin, padded, feature):
    """Those of a feature"""
    return Statistics(
        simd.get(arena, begin + feature),
        simd.get(arena, begin + padded + feature),
        simd.get(arena, begin + 2 * padded + feature),
        simd.get(arena, begin + 3 * padded + feature),
    )


@inlined
def clear(sums):
    """Zeros for what a worker adds up"""
    lanes = simd.lanes(sums)
    for i in range(2 * _TOGETHER):
        simd.store(sums, i * lanes, simd.splat(sums, 0.0))


@inlined
def find_statistics(arena, r, rows, sums, top, bottom):
    """Write the statistics of the features from `top` to `bottom`

    The first sample takes off most of a mean that is far from 0; what rounding leaves of the mean is found with the
    variance.
    """
    lanes = simd.lanes(arena)
    stride = r.padded_features * lanes
    blocks = (rows + lanes - 1) // lanes
    weight = simd.cast_to(arena, 1.0 / rows)
    epsilon = simd.cast_to(arena, simd.double_from_bits(r.epsilon))
    squares = simd.advance(sums, _TOGETHER * lanes)
    clear(sums)
    for block in range(blocks):
        inside = inside_batch(arena, rows, block, lanes)
        at = r.inputs + block * stride
        for f in range(top, bottom):
            apart = simd.load(arena, at + f * lanes) - simd.get(arena, r.inputs + f * lanes)
            place = (f - top) * lanes
            simd.store(sums, place, simd.load(sums, place) + select(inside, apart, 0.0))
    for f in range(top, bottom):
        total = simd.total_of_lanes(simd.load(sums, (f - top) * lanes))
        begin = simd.get(arena, r.inputs + f * lanes)
        simd.put(arena, r.statistics + f, fma(total, weight, begin))
    clear(sums)
    for block in range(blocks):
        inside = inside_batch(arena, rows, block, lanes)
        at = r.inputs + block * stride
        for f in range(top, bottom):
            apart = simd.load(arena, at + f * lanes) - simd.get(arena, r.statistics + f)
            apart = select(inside, apart, 0.0)
            place = (f - top) * lanes
            simd.store(sums, place, simd.load(sums, place) + apart)
            simd.store(squares, place, fma(apart, apart, simd.load(squares, place)))
    for f in range(top, bottom):
        place = (f - top) * lanes
        rest = simd.total_of_lanes(simd.load(sums, place)) * weight
        square = simd.total_of_lanes(simd.load(squares, place)) * weight
        variance = maximum(0.0, fma(-rest, rest, square))
        at = r.statistics + f
        simd.put(arena, at + r.padded_features, rest)
        simd.put(arena, at + 2 * r.padded_features, variance)
        simd.put(arena, at + 3 * r.padded_features, 1.0 / sqrt(variance + epsilon))


def batch_normalization():
    """outputs[f, s] = gamma[f] * (inputs[f, s] - mean[f]) / sqrt(variance[f] + epsilon) + beta[f]

    Mean and variance over the samples of the batch; a worker owns features.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, BatchNormalize)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.padded_features * lanes
        sums = simd.room(arena, _ROOM)
        first, end = share(r.n_features, worker, workers)
        for top in range(first, end, _TOGETHER):
            bottom = min(top + _TOGETHER, end)
            find_statistics(arena, r, c.rows, sums, top, bottom)
            # outputs = (inputs - center) * factor + offset
            factors, offsets = sums, simd.advance(sums, _TOGETHER)
            for f in range(top, bottom):
                found = read_statistics(arena, r.statistics, r.padded_features, f)
                factor = found.inverse * number_or(arena, r.gamma, f, 1.0)
                beta = number_or(arena, r.beta, f, 0.0)
                simd.put(factors, f - top, factor)
                simd.put(offsets, f - top, fma(-found.rest, factor, beta))
            for block in range((c.rows + lanes - 1) // lanes):
                for f in range(top, bottom):
                    at = block * stride + f * lanes
                    value = simd.load(arena, r.inputs + at) - simd.get(arena, r.statistics + f)
                    factor = simd.splat(arena, simd.get(factors, f - top))
                    offset = simd.splat(arena, simd.get(offsets, f - top))
                    simd.store(arena, r.outputs + at, fma(value, factor, offset))

    return kernel


class BatchNormalizeBackward(NamedTuple):
    """Fields of `batch_normalization_backward`. -1 for what is not there, or not wanted."""

    inputs: int
    statistics: int
    output_gradient: int
    gamma: int
    gradient: int  # written
    gamma_terms: int  # written: each sample's share of gamma's gradient
    mean_gradient: int  # [feature], written: that of the moving mean, which is 0
    variance_gradient: int
    padded_features: int
    n_features: int


def batch_normalization_backward():
    """gradient[f, s] = gamma[f] * inverse[f] * (g[f, s] - mean of g[f] - x[f, s] * mean of g[f] x[f])

    g is the gradient of the outputs, x the normalized inputs, and means are over the samples; a worker owns features.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, BatchNormalizeBackward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.padded_features * lanes
        blocks = (c.rows + lanes - 1) // lanes
        weight = simd.cast_to(arena, 1.0 / c.rows)
        sums = simd.room(arena, _ROOM)
        products = simd.advance(sums, _TOGETHER * lanes)
        first, end = share(r.n_features, worker, workers)
        for top in range(first, end, _TOGETHER):
            bottom = min(top + _TOGETHER, end)
            clear(sums)
            for block in range(blocks):
                for f in range(top, bottom):
                    at, place = block * stride + f * lanes, (f - top) * lanes
                    found = read_statistics(arena, r.statistics, r.padded_features, f)
                    gradient = simd.load(arena, r.output_gradient + at)
                    apart = simd.load(arena, r.inputs + at) - found.center - found.rest
                    term = gradient * (apart * found.inverse)
                    simd.store(sums, place, simd.load(sums, place) + gradient)
                    simd.store(products, place, simd.load(products, place) + term)
                    if r.gamma_terms >= 0:
                        simd.store(arena, r.gamma_terms + at, term)
            if r.mean_gradient >= 0:
                for f in range(top, bottom):
                    simd.put(arena, r.mean_gradient + f, 0.0)
                    simd.put(arena, r.variance_gradient + f, 0.0)
            if r.gradient < 0:
                continue
            # gradient = (g - mean - (inputs - center - rest) * slope) * factor
            for f in range(top, bottom):
                place = (f - top) * lanes
                mean = simd.total_of_lanes(simd.load(sums, place)) * weight
                slope = simd.total_of_lanes(simd.load(products, place)) * weight
                found = read_statistics(arena, r.statistics, r.padded_features, f)
                simd.put(sums, place, mean)
                simd.put(products, place, slope * found.inverse)
                factor = number_or(arena, r.gamma, f, 1.0) * found.inverse
                simd.put(products, place + 1, factor)
            for block in range(blocks):
                inside = inside_batch(arena, c.rows, block, lanes)
                for f in range(top, bottom):
                    at, place = block * stride + f * lanes, (f - top) * lanes
                    found = read_statistics(arena, r.statistics, r.padded_features, f)
                    gradient = simd.load(arena, r.output_gradient + at) - simd.get(sums, place)
                    apart = simd.load(arena, r.inputs + at) - found.center - found.rest
                    gradient = fma(-apart, simd.get(products, place), gradient)
                    gradient = gradient * simd.get(products, place + 1)
                    simd.store(arena, r.gradient + at, select(inside, gradient, 0.0))

    return kernel


class MoveStatistics(NamedTuple):
    """Fields of `move_statistics`."""

    statistics: int  # of the batch
    mean: int  # of the layer, as all that moves
    variance: int
    momentum: int  # bits of a float64
    padded_features: int
    n_features: int


def move_statistics():
    """mean = momentum * mean + (1 - momentum) * that of the batch, and the same of the variance"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, MoveStatistics)
        momentum = simd.double_from_bits(r.momentum)
        kept, taken = simd.cast_to(arena, momentum), simd.cast_to(arena, 1.0 - momentum)
        first, end = share(r.n_features, worker, workers)
        for f in range(first, end):
            found = read_statistics(arena, r.statistics, r.padded_features, f)
            mean, variance = simd.get(arena, r.mean + f), simd.get(arena, r.variance + f)
            simd.put(arena, r.mean + f, fma(kept, mean, taken * (found.center + found.rest)))
            simd.put(arena, r.variance + f, fma(kept, variance, taken * found.variance))

    return kernel


class MovingNormalize(NamedTuple):
    """Fields of `moving_normalization`. -1 for what is not there."""

    inputs: int
    outputs: int
    gamma: int
    beta: int
    mean: int
    variance: int
    epsilon: int  # bits of a float64
    padded_features: int
    n_features: int


def moving_normalization():
    """outputs[f, s] = gamma[f] * (inputs[f, s] - mean[f]) / sqrt(variance[f] + epsilon) + beta[f];  no batch counts"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, MovingNormalize)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.padded_features * lanes
        epsilon = simd.cast_to(arena, simd.double_from_bits(r.epsilon))
        first, end = sample_blocks(c, lanes, worker, workers)
        for f in range(r.n_features):
            mean = simd.get(arena, r.mean + f)
            factor = 1.0 / sqrt(simd.get(arena, r.variance + f) + epsilon)
            factor = factor * number_or(arena, r.gamma, f, 1.0)
            beta = number_or(arena, r.beta, f, 0.0)
            at = first * stride + f * lanes
            for _ in range(first, end):
                value = simd.load(arena, r.inputs + at) - mean
                simd.store(arena, r.outputs + at, fma(value, factor, beta))
                at += stride

    return kernel


class MovingNormalizeBackward(NamedTuple):
    """Fields of `moving_normalization_backward`. -1 for what is not there, or not wanted."""

    inputs: int
    output_gradient: int
    gamma: int
    mean: int
    variance: int
    epsilon: int  # bits of a float64
    gradient: int  # written
    gamma_terms: int  # written, as the next: each sample's share of the gradients of the weights, or all three -1
    mean_terms: int
    variance_terms: int
    padded_features: int
    n_features: int


def moving_normalization_backward():
    """gradient[f, s] = gamma[f] * inverse[f] * output_gradient[f, s],   inverse = 1 / sqrt(variance + epsilon)"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, MovingNormalizeBackward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.padded_features * lanes
        epsilon = simd.cast_to(arena, simd.double_from_bits(r.epsilon))
        first, end = sample_blocks(c, lanes, worker, workers)
        for f in range(r.n_features):
            mean = simd.get(arena, r.mean + f)
            inverse = 1.0 / sqrt(simd.get(arena, r.variance + f) + epsilon)
            factor = inverse * number_or(arena, r.gamma, f, 1.0)
            at = first * stride + f * lanes
            for _ in range(first, end):
                gradient = simd.load(arena, r.output_gradient + at)
                if r.gamma_terms >= 0:
                    value = (simd.load(arena, r.inputs + at) - mean) * inverse
                    simd.store(arena, r.gamma_terms + at, gradient * value)
                    simd.store(arena, r.mean_terms + at, -factor * gradient)
                    turn = value * (inverse * factor)
                    simd.store(arena, r.variance_terms + at, gradient * turn * -0.5)
                if r.gradient >= 0:
                    simd.store(arena, r.gradient + at, gradient * factor)
                at += stride

    return kernel
