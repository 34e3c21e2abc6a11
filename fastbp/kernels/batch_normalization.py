"""Batch normalization, forward and backward; all buffers have samples in lanes.

In training workers own features of all samples, which they add up in an order that does not depend on how features are
shared out. With the moving statistics no sample knows of another, and workers own samples.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.layer_normalization import number_or
from fastbp.kernels.losses import inside_batch
from fastbp.kernels.simd import fma, maximum, select, sqrt
from fastbp.runtime.inlined import inlined


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
def write_statistics(arena, begin, padded, feature, statistics):
    """Those of a feature"""
    simd.put(arena, begin + feature, statistics.center)
    simd.put(arena, begin + padded + feature, statistics.rest)
    simd.put(arena, begin + 2 * padded + feature, statistics.variance)
    simd.put(arena, begin + 3 * padded + feature, statistics.inverse)


@inlined
def statistics_of(arena, inputs, stride, rows, epsilon):
    """The statistics of one feature, whose sample blocks are `stride` apart

    Each lane is summed over the blocks, then the lanes as a binary tree. The first sample takes off most of a mean that
    is far from 0; what rounding leaves of the mean is found with the variance.
    """
    lanes = simd.lanes(arena)
    blocks = (rows + lanes - 1) // lanes
    weight = simd.cast_to(arena, 1.0 / rows)
    begin = simd.get(arena, inputs)
    total = simd.splat(arena, 0.0)
    for block in range(blocks):
        apart = simd.load(arena, inputs + block * stride) - begin
        total = total + select(inside_batch(arena, rows, block, lanes), apart, 0.0)
    center = fma(simd.total_of_lanes(total), weight, begin)
    total, square = simd.splat(arena, 0.0), simd.splat(arena, 0.0)
    for block in range(blocks):
        apart = simd.load(arena, inputs + block * stride) - center
        apart = select(inside_batch(arena, rows, block, lanes), apart, 0.0)
        total = total + apart
        square = fma(apart, apart, square)
    rest = simd.total_of_lanes(total) * weight
    variance = maximum(0.0, fma(-rest, rest, simd.total_of_lanes(square) * weight))
    return Statistics(center, rest, variance, 1.0 / sqrt(variance + epsilon))


@inlined
def normalized(value, statistics):
    """(value - mean) / sqrt(variance + epsilon)"""
    return (value - statistics.center - statistics.rest) * statistics.inverse


def batch_normalization():
    """outputs[f, s] = gamma[f] * (inputs[f, s] - mean[f]) / sqrt(variance[f] + epsilon) + beta[f]

    Mean and variance over the samples of the batch; a worker owns features.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, BatchNormalize)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.padded_features * lanes
        epsilon = simd.cast_to(arena, simd.double_from_bits(r.epsilon))
        first, end = share(r.n_features, worker, workers)
        for f in range(first, end):
            found = statistics_of(arena, r.inputs + f * lanes, stride, c.rows, epsilon)
            write_statistics(arena, r.statistics, r.padded_features, f, found)
            gamma = number_or(arena, r.gamma, f, 1.0)
            beta = number_or(arena, r.beta, f, 0.0)
            at = f * lanes
            for _ in range((c.rows + lanes - 1) // lanes):
                value = normalized(simd.load(arena, r.inputs + at), found)
                simd.store(arena, r.outputs + at, fma(value, gamma, beta))
                at += stride

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
        first, end = share(r.n_features, worker, workers)
        for f in range(first, end):
            found = read_statistics(arena, r.statistics, r.padded_features, f)
            total, product = simd.splat(arena, 0.0), simd.splat(arena, 0.0)
            at = f * lanes
            for _ in range(blocks):
                gradient = simd.load(arena, r.output_gradient + at)
                term = gradient * normalized(simd.load(arena, r.inputs + at), found)
                total, product = total + gradient, product + term
                if r.gamma_terms >= 0:
                    simd.store(arena, r.gamma_terms + at, term)
                at += stride
            if r.mean_gradient >= 0:
                simd.put(arena, r.mean_gradient + f, 0.0)
                simd.put(arena, r.variance_gradient + f, 0.0)
            if r.gradient >= 0:
                mean = simd.total_of_lanes(total) * weight
                slope = simd.total_of_lanes(product) * weight
                factor = number_or(arena, r.gamma, f, 1.0) * found.inverse
                at = f * lanes
                for block in range(blocks):
                    gradient = simd.load(arena, r.output_gradient + at) - mean
                    value = normalized(simd.load(arena, r.inputs + at), found)
                    gradient = fma(-value, slope, gradient) * factor
                    inside = inside_batch(arena, c.rows, block, lanes)
                    simd.store(arena, r.gradient + at, select(inside, gradient, 0.0))
                    at += stride

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
