"""Activations by themselves, the softmax and its logarithm, forward and backward.

All buffers have samples in lanes; where there are few samples, those of single numbers may have features in lanes.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS, BY_NUMBERS
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.few import first_lanes
from fastbp.kernels.math import exp, log
from fastbp.kernels.simd import fma, maximum
from fastbp.runtime.inlined import inlined


class Elementwise(NamedTuple):
    """Fields of all kernels here."""

    inputs: int
    outputs: int
    padded_features: int
    n_features: int
    few: int = (
        0  # padded samples, if features are in lanes, and workers own features of all samples
    )


class ElementwiseByNumbers(NamedTuple):
    """Fields of the kernels of activations with numbers in their formulas."""

    inputs: int
    outputs: int
    padded_features: int
    n_features: int
    few: int
    first: int  # the numbers: bits of a float64
    second: int


@inlined
def _numbers(arena, r):
    return (
        simd.cast_to(arena, simd.double_from_bits(r.first)),
        simd.cast_to(arena, simd.double_from_bits(r.second)),
    )


@inlined
def _no_numbers(arena, r):
    return ()


def _change_each(change, fields_of, numbers_of):
    """A kernel that puts ``change(arena, inputs, outputs, numbers)``, of offsets of vectors, in place of outputs"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, fields_of)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        numbers = numbers_of(arena, r)
        if r.few > 0:
            first, end = share((r.n_features + lanes - 1) // lanes, worker, workers)
            for block in range(first, end):
                count = r.n_features - block * lanes
                at = block * r.few * lanes
                for _ in range(c.rows):
                    value = change(arena, r.inputs + at, r.outputs + at, numbers)
                    simd.store(arena, r.outputs + at, first_lanes(value, arena, count))
                    at += lanes
            return
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            for _ in range(r.n_features):
                value = change(arena, r.inputs + at, r.outputs + at, numbers)
                simd.store(arena, r.outputs + at, value)
                at += lanes

    return kernel


def activate(activation):
    """outputs = activation(inputs)"""
    value_of = ACTIVATIONS[activation].value

    @inlined
    def change(arena, inputs, outputs, numbers):
        return value_of(simd.load(arena, inputs))

    return _change_each(change, Elementwise, _no_numbers)


def activate_backward(activation):
    """outputs (a gradient) = outputs * activation'(inputs, which are what the forward pass kept)"""
    backward = ACTIVATIONS[activation].backward

    @inlined
    def change(arena, inputs, outputs, numbers):
        return backward(simd.load(arena, outputs), simd.load(arena, inputs))

    return _change_each(change, Elementwise, _no_numbers)


def activate_by_numbers(activation):
    """outputs = activation(inputs, numbers)"""
    value_of = BY_NUMBERS[activation].value

    @inlined
    def change(arena, inputs, outputs, numbers):
        return value_of(simd.load(arena, inputs), numbers)

    return _change_each(change, ElementwiseByNumbers, _numbers)


def activate_backward_by_numbers(activation):
    """outputs (a gradient) = outputs * activation'(inputs, numbers), of what the activation was applied to"""
    backward = BY_NUMBERS[activation].backward

    @inlined
    def change(arena, inputs, outputs, numbers):
        return backward(simd.load(arena, outputs), simd.load(arena, inputs), numbers)

    return _change_each(change, ElementwiseByNumbers, _numbers)


def softmax():
    """outputs[o] = exp(inputs[o]) / sum over o of exp(inputs[o])"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            top = simd.load(arena, r.inputs + begin)
            for o in range(1, r.n_features):
                top = maximum(top, simd.load(arena, r.inputs + begin + o * lanes))
            total = simd.splat(arena, 0.0)
            for o in range(r.n_features):
                e = exp(simd.load(arena, r.inputs + begin + o * lanes) - top)
                total = total + e
                simd.store(arena, r.outputs + begin + o * lanes, e)
            inverse = 1.0 / total
            for o in range(r.n_features):
                at = r.outputs + begin + o * lanes
                simd.store(arena, at, simd.load(arena, at) * inverse)

    return kernel


def softmax_backward():
    """outputs (a gradient g) = y * (g - sum over o of g[o] y[o]);  inputs are the softmax's outputs y"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            total = simd.splat(arena, 0.0)
            for o in range(r.n_features):
                at = begin + o * lanes
                total = fma(
                    simd.load(arena, r.outputs + at), simd.load(arena, r.inputs + at), total
                )
            for o in range(r.n_features):
                at = begin + o * lanes
                gradient = simd.load(arena, r.outputs + at) - total
                simd.store(arena, r.outputs + at, gradient * simd.load(arena, r.inputs + at))

    return kernel


def log_softmax():
    """outputs[o] = inputs[o] - log(sum over o of exp(inputs[o]))"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            top = simd.load(arena, r.inputs + begin)
            for o in range(1, r.n_features):
                top = maximum(top, simd.load(arena, r.inputs + begin + o * lanes))
            total = simd.splat(arena, 0.0)
            for o in range(r.n_features):
                total = total + exp(simd.load(arena, r.inputs + begin + o * lanes) - top)
            logarithm = log(total)
            for o in range(r.n_features):
                at = begin + o * lanes
                value = simd.load(arena, r.inputs + at) - top - logarithm
                simd.store(arena, r.outputs + at, value)

    return kernel


def log_softmax_backward():
    """outputs (a gradient g) = g - exp(y) * sum over o of g[o];  inputs are the outputs y of `log_softmax`"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            total = simd.splat(arena, 0.0)
            for o in range(r.n_features):
                total = total + simd.load(arena, r.outputs + begin + o * lanes)
            for o in range(r.n_features):
                at = begin + o * lanes
                share = exp(simd.load(arena, r.inputs + at))
                gradient = fma(-share, total, simd.load(arena, r.outputs + at))
                simd.store(arena, r.outputs + at, gradient)

    return kernel
