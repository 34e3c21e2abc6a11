"""Layer normalization, forward and backward; all buffers have samples in lanes: sums over features need no shuffles."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.losses import inside_batch
from fastbp.kernels.simd import fma, select, sqrt
from fastbp.runtime.inlined import inlined


class LayerNormalize(NamedTuple):
    """Fields of `layer_normalization`. -1 for what is not there."""

    inputs: int
    outputs: int
    normalized: int  # as `outputs`, before gamma and beta; written for the backward pass
    inverse: int  # [sample], written: 1 / sqrt(variance + epsilon)
    center: int  # [sample], written: the mean in that unit
    gamma: int
    beta: int
    epsilon: int  # bits of a float64
    padded_features: int
    n_features: int


@inlined
def number_or(arena, offset, index, otherwise):
    """A number of the vector at an offset; `otherwise`, in the arena's type, where there is none"""
    if offset < 0:
        return simd.cast_to(arena, otherwise)
    return simd.get(arena, offset + index)


def layer_normalization(only_scales):
    """outputs[f] = gamma[f] * normalized[f] + beta[f],   normalized = (inputs - mean) / sqrt(variance + epsilon)

    With `only_scales` normalized = inputs / sqrt(variance + epsilon). Mean and variance are over the features of a
    sample. What rounding leaves of the mean is found with the variance, and taken off too.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, LayerNormalize)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        share = simd.cast_to(arena, 1.0 / r.n_features)
        epsilon = simd.cast_to(arena, simd.double_from_bits(r.epsilon))
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            total = simd.splat(arena, 0.0)
            for f in range(r.n_features):
                total = total + simd.load(arena, r.inputs + begin + f * lanes)
            mean = total * share
            rest, square = simd.splat(arena, 0.0), simd.splat(arena, 0.0)
            for f in range(r.n_features):
                apart = simd.load(arena, r.inputs + begin + f * lanes) - mean
                rest = rest + apart
                square = fma(apart, apart, square)
            rest = rest * share
            variance = fma(-rest, rest, square * share)
            # What is in the padding stays finite even if epsilon is 0.
            inverse = 1.0 / sqrt(variance + epsilon)
            inverse = select(inside_batch(arena, c.rows, block, lanes), inverse, 0.0)
            if r.inverse >= 0:
                simd.store(arena, r.inverse + block * lanes, inverse)
                simd.store(arena, r.center + block * lanes, (mean + rest) * inverse)
            for f in range(r.n_features):
                at = begin + f * lanes
                value = simd.load(arena, r.inputs + at)
                if only_scales:
                    value = value * inverse
                else:
                    value = (value - mean - rest) * inverse
                if r.normalized >= 0:
                    simd.store(arena, r.normalized + at, value)
                gamma = number_or(arena, r.gamma, f, 1.0)
                beta = number_or(arena, r.beta, f, 0.0)
                simd.store(arena, r.outputs + at, fma(value, gamma, beta))

    return kernel


class LayerNormalizeBackward(NamedTuple):
    """Fields of `layer_normalization_backward`. -1 for what is not there."""

    output_gradient: int
    normalized: int  # read; overwritten with each sample's share of gamma's gradient
    inverse: int
    center: int
    gamma: int
    gradient: int  # written
    padded_features: int
    n_features: int


def layer_normalization_backward(only_scales):
    """gradient = inverse * (s - mean of s - normalized * mean of s * normalized),   s = gamma * output_gradient

    normalized <- output_gradient * normalized, which added up over the samples is the gradient of gamma. With
    `only_scales` gradient = inverse * (s - centered * mean of s * normalized), where centered = normalized - center.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, LayerNormalizeBackward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        share = simd.cast_to(arena, 1.0 / r.n_features)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            total, product = simd.splat(arena, 0.0), simd.splat(arena, 0.0)
            for f in range(r.n_features):
                at = begin + f * lanes
                gradient = simd.load(arena, r.output_gradient + at)
                gradient = gradient * number_or(arena, r.gamma, f, 1.0)
                total = total + gradient
                product = fma(gradient, simd.load(arena, r.normalized + at), product)
            total, product = total * share, product * share
            inverse = simd.load(arena, r.inverse + block * lanes)
            center = simd.load(arena, r.center + block * lanes)
            for f in range(r.n_features):
                at = begin + f * lanes
                gradient = simd.load(arena, r.output_gradient + at)
                value = simd.load(arena, r.normalized + at)
                simd.store(arena, r.normalized + at, gradient * value)
                if r.gradient >= 0:
                    gradient = gradient * number_or(arena, r.gamma, f, 1.0)
                    if only_scales:
                        gradient = fma(center - value, product, gradient)
                    else:
                        gradient = fma(-value, product, gradient - total)
                    simd.store(arena, r.gradient + at, gradient * inverse)

    return kernel
