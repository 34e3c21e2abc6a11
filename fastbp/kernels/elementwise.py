"""Activations of single numbers by themselves, forward and backward.

All buffers have samples in lanes or, where there are few samples, features.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.activations_by_numbers import BY_NUMBERS
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.few import first_lanes
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
    second: int = 0
    third: int = 0


@inlined
def _numbers(arena, r):
    return (
        simd.cast_to(arena, simd.double_from_bits(r.first)),
        simd.cast_to(arena, simd.double_from_bits(r.second)),
        simd.cast_to(arena, simd.double_from_bits(r.third)),
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
