"""Noise on what passes from layer to layer, in training; all buffers have samples in lanes.

What meets a number depends on (seed, layer, update, the sample's place in the batch, feature) alone. The factors are
kept for the backward pass: to read them takes a third of the time of drawing them anew, for normal numbers a seventh.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.elementwise import Elementwise
from fastbp.kernels.random import key_of, normal_numbers, random_words
from fastbp.kernels.simd import fma, select
from fastbp.runtime.inlined import inlined


class Noise(NamedTuple):
    """Fields of `noise`."""

    inputs: int
    outputs: int
    factors: int  # derivatives of the outputs, or -1
    padded_features: int
    n_features: int
    layer: int  # its number in the network
    seed: int  # of its own, or -1 for the model's
    threshold: int  # a word below it drops a number
    scale: int  # bits of a float64, as the next two
    shift: int
    low: int


@inlined
def _words(pointer, x, y):
    return x, y


@inlined
def _drop(pointer, x, word, threshold, scale, shift, low):
    dropped = word < threshold
    return select(dropped, low, fma(x, scale, shift)), select(
        dropped, simd.splat(pointer, 0.0), scale
    )


@inlined
def _add(pointer, x, normal, threshold, scale, shift, low):
    return fma(normal, scale, x), normal


@inlined
def _multiply(pointer, x, normal, threshold, scale, shift, low):
    factor = fma(normal, scale, 1.0)
    return x * factor, factor


#: How two random words become what two features meet, and what becomes of a feature then, and its derivative.
_KINDS = {
    "drop": (_words, _drop),
    "add": (normal_numbers, _add),
    "multiply": (normal_numbers, _multiply),
}


def noise(kind):
    """outputs = low where a number is dropped, else inputs * scale + shift       ("drop"; factors 0 or scale)
    outputs = inputs + scale * normal                                            ("add"; no factors)
    outputs = inputs * factors,  factors = 1 + scale * normal                    ("multiply")

    Features come in twos, which share what random numbers are made of.
    """
    pair_of, change = _KINDS[kind]

    @inlined
    def put(arena, r, at, number, numbers):
        value, factor = change(
            arena, simd.load(arena, r.inputs + at), number, r.threshold, *numbers
        )
        simd.store(arena, r.outputs + at, value)
        if r.factors >= 0:
            simd.store(arena, r.factors + at, factor)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Noise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        numbers = (
            simd.cast_to(arena, simd.double_from_bits(r.scale)),
            simd.cast_to(arena, simd.double_from_bits(r.shift)),
            simd.cast_to(arena, simd.double_from_bits(r.low)),
        )
        key = key_of(c.seed if r.seed < 0 else r.seed, r.layer, c.steps_before + c.step)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            samples = simd.lane_words(arena, block * lanes)
            at = block * r.padded_features * lanes
            for pair in range(r.n_features // 2):
                one, other = pair_of(arena, *random_words(pair, samples, key))
                put(arena, r, at, one, numbers)
                put(arena, r, at + lanes, other, numbers)
                at += 2 * lanes
            if r.n_features % 2 == 1:
                one, _ = pair_of(arena, *random_words(r.n_features // 2, samples, key))
                put(arena, r, at, one, numbers)

    return kernel


def noise_backward():
    """outputs (a gradient) = outputs * inputs, the factors that `noise` kept"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            at = block * r.padded_features * lanes
            for _ in range(r.n_features):
                gradient = simd.load(arena, r.outputs + at) * simd.load(arena, r.inputs + at)
                simd.store(arena, r.outputs + at, gradient)
                at += lanes

    return kernel
