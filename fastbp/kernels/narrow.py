"""Products of a layer of many outputs that has no more inputs than a vector or two have lanes, behind the first.

As rows of inputs its weights would be padded much, and their sums short. So they are ``[output block][input][L
outputs]``, as the first layer's are.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.dense import finish_gradient
from fastbp.kernels.few import finish_outputs, first_lanes
from fastbp.kernels.partial_gradients import INPUTS, OUTPUTS
from fastbp.kernels.product import product
from fastbp.kernels.weight_gradients import take_of
from fastbp.runtime.inlined import inlined

#: Blocks of outputs of a sample that are summed at once.
_BLOCKS = 8
#: Sums of a tile, of which each may take a vector.
_SUMS = OUTPUTS * INPUTS


@inlined
def place(feature, sample, samples, lanes):
    """Where a number lies that has features in lanes, and beside which there are so many samples, padded"""
    return (feature // lanes * samples + sample) * lanes + feature % lanes


class FewNarrowForward(NamedTuple):
    """Fields of `few_narrow_forward`."""

    inputs: int  # features in lanes
    weights: int
    bias: int
    outputs: int  # features in lanes
    sums: int  # what the activation was applied to, kept for its derivative; as `outputs`
    samples: int  # padded samples
    n_in: int
    n_out: int


def few_narrow_forward(activation):
    """outputs[s, o] = activation(bias[o] + sum over i of inputs[s, i] * weights[i, o]);  a worker owns whole blocks"""
    finish_each = simd.for_each_in_tile(1, finish_outputs(activation))

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FewNarrowForward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        weights, stride = simd.advance(arena, r.weights), r.n_in * lanes
        environment = (arena, r.outputs, r.samples * lanes, r.bias, lanes, r.sums, r.n_out)
        first, end = share((r.n_out + lanes - 1) // lanes, worker, workers)
        for block in range(first, end, _BLOCKS):
            columns = simd.row_pointers(weights, block, stride, end - 1, _BLOCKS)
            for s in range(c.rows):
                totals = simd.begin_tile(arena, 0, 0, 1, _BLOCKS)
                for i in range(r.n_in):
                    at = r.inputs + place(i, s, r.samples, lanes)
                    number = simd.splat(arena, simd.get(arena, at))
                    totals = simd.multiply_add_each(totals, columns, i * lanes, number)
                finish_each(totals, 1, end - block, s, block, environment)

    return kernel


class NarrowInputGradient(NamedTuple):
    """Fields of `few_narrow_input_gradient` and `narrow_input_gradient`."""

    output_gradient: int  # features in lanes where samples are few, else samples in lanes
    output_stride: int  # from a block of it to the next
    weights: int
    kept: int  # what the layer below kept for the derivative of its activation; as the gradients
    gradient: int
    gradient_stride: int  # from a block of it to the next; that of `kept` too
    samples: int  # padded
    n_in: int
    n_out: int
    rows_at_a_time: int


def few_narrow_input_gradient(activation):
    """gradient[s, i] = activation'(kept[s, i]) * sum over o of weights[i, o] * output_gradient[s, o]

    Lane by lane over the blocks of outputs, then the lanes as a binary tree. A worker owns whole blocks of inputs, of
    which there are one or two.
    """
    backward = ACTIVATIONS[activation].backward

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, NarrowInputGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = share((r.n_in + lanes - 1) // lanes, worker, workers)
        first_input, end_input = first * lanes, min(end * lanes, r.n_in)
        weights, above = simd.advance(arena, r.weights), simd.advance(arena, r.output_gradient)
        blocks = (r.n_out + lanes - 1) // lanes
        sums = simd.room(arena, _SUMS)
        for s in range(0, c.rows, OUTPUTS):
            left = simd.row_pointers(above, s, lanes, c.rows - 1, OUTPUTS)
            for i in range(first_input, end_input, INPUTS):
                right = simd.row_pointers(weights, i, lanes, r.n_in - 1, INPUTS)
                tile = simd.begin_tile(arena, 0, 0, OUTPUTS, INPUTS)
                for block in range(blocks):
                    tile = simd.multiply_add_pairs(
                        tile, left, block * r.output_stride, right, block * r.n_in * lanes
                    )
                simd.store_many(sums, 0, lanes, simd.all_horizontal_sums(tile))
                for y in range(min(OUTPUTS, c.rows - s)):
                    for x in range(min(INPUTS, end_input - i)):
                        to = r.gradient + place(i + x, s + y, r.samples, lanes)
                        simd.put(arena, to, simd.get(sums, y * INPUTS + x))
        for block in range(first, end):
            for s in range(c.rows):
                at = (block * r.samples + s) * lanes
                value = backward(simd.load(arena, r.gradient + at), simd.load(arena, r.kept + at))
                value = first_lanes(value, arena, r.n_in - block * lanes)
                simd.store(arena, r.gradient + at, value)

    return kernel


def narrow_input_gradient(activation):
    """gradient[i, s] = activation'(kept[i, s]) * sum over o of weights[i, o] * output_gradient[o, s]

    A worker owns whole samples.
    """
    sweep = product("blocked", finish_gradient(activation), odd=True)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, NarrowInputGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        sweep(
            (simd.advance(arena, r.weights), lanes, 1, r.n_in * lanes), r.n_out,
            simd.advance(arena, r.output_gradient), r.output_stride,
            (0, r.n_in, r.rows_at_a_time),
            sample_blocks(c, lanes, worker, workers),
            (0, arena),
            (arena, r.gradient, r.gradient_stride, r.kept, lanes),
        )  # fmt: skip

    return kernel


class BiasGradientOfRows(NamedTuple):
    """Fields of `bias_gradient_of_rows`."""

    output_gradient: int  # features in lanes
    samples: int  # padded
    bias: int
    slots: int
    slot_stride: int
    l1: int  # bits of a float64
    l2: int
    n_out: int


def bias_gradient_of_rows(rule, regularized):
    """bias[o] <- rule(bias[o], sum over s of output_gradient[s, o]);  a worker owns whole blocks of outputs"""
    setup, take, _ = take_of(rule, regularized)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, BiasGradientOfRows)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        state = setup(arena, r, hyper, False)
        bias = simd.advance(arena, r.bias)
        first, end = share((r.n_out + lanes - 1) // lanes, worker, workers)
        for block in range(first, end):
            at = r.output_gradient + block * r.samples * lanes
            total = simd.load(arena, at)
            for s in range(1, c.rows):
                total = total + simd.load(arena, at + s * lanes)
            total = first_lanes(total, arena, r.n_out - block * lanes)
            take(total, bias, block * lanes, state)

    return kernel
