"""The products of a dense layer that go from layer to layer, and what is fused into them.

The first layer has its features in lanes and reads the samples in place; its weights are
``[output block][input][L outputs]``. All other layers have samples in lanes and weights ``[output][stride of
inputs]``. So each weight is stored once, and forward pass, input gradient and weight gradient all read it as it lies.
Layers of few inputs, and first ones of few outputs, have it the other way round (`narrow.py`, `slim.py`); and where
gradients are added up in parts, all layers have samples in lanes (`partial_gradients.py`).

A batch of few samples has features in lanes everywhere (`few.py`, `few_dense.py`), and workers share the outputs of a
layer rather than the samples. Such rows have a barrier before them.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.few import first_lanes, sample_by_sample
from fastbp.kernels.product import product
from fastbp.runtime.inlined import inlined


class FirstForward(NamedTuple):
    """Fields of `first_forward`."""

    table: int  # addresses of the batch's rows
    weights: int
    bias: int
    outputs: int  # features in lanes
    samples: int  # padded samples of `outputs`
    n_in: int
    n_out: int
    rows_at_a_time: int
    few: int  # whether workers own outputs of all samples, rather than samples


def first_forward(activation):
    """outputs[s, o] = activation(bias[o] + sum over i of x[s, i] * weights[i, o]);  a worker owns whole samples"""
    activate = ACTIVATIONS[activation].value

    @inlined
    def finish(value, row, block, environment):
        arena, outputs, block_stride, bias, lanes, n_out = environment
        value = activate(value + simd.load(arena, bias + block * lanes))
        # What an activation makes of 0 would be the padding's, and go into the norms of the next layer's gradient.
        value = first_lanes(value, arena, n_out - block * lanes)
        simd.store(arena, outputs + block * block_stride + row * lanes, value)

    sweep, sweep_one = product("row table", finish, odd=True), sample_by_sample(finish)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FirstForward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        weights = simd.advance(arena, r.weights)
        table = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        environment = (arena, r.outputs, r.samples * lanes, r.bias, lanes, r.n_out)
        first, end = sample_blocks(c, lanes, worker, workers)
        first, end = first * lanes, min(end * lanes, c.rows)
        blocks = (0, (r.n_out + lanes - 1) // lanes)
        if r.few:
            first, end = 0, c.rows
            blocks = share(blocks[1], worker, workers)
        if r.few and c.rows <= 2:
            sweep_one(table, r.n_in, weights, r.n_in * lanes, c.rows, blocks, environment)
        else:
            sweep(
                (table, 0, 1, 0), r.n_in, weights, r.n_in * lanes,
                (first, end, r.rows_at_a_time), blocks, (0, arena), environment,
            )  # fmt: skip

    return kernel


class Forward(NamedTuple):
    """Fields of `forward`."""

    inputs: int  # samples in lanes
    inputs_features: int  # padded
    weights: int
    weights_stride: int  # from an output to the next
    weights_step: int  # from an input to the next
    group: int  # outputs for which these strides hold: all, or L in the first layer's form
    bias: int
    outputs: int  # samples in lanes
    outputs_features: int  # padded
    sums: int  # what the activation was applied to, kept for its derivative; as `outputs`
    n_in: int
    n_out: int
    rows_at_a_time: int


def forward(activation):
    """outputs[o, s] = activation(bias[o] + sum over i of weights[o, i] * inputs[i, s]);  a worker owns whole samples"""
    functions = ACTIVATIONS[activation]
    activate, keeps_input = functions.value, functions.keeps == "input"

    @inlined
    def finish(value, row, block, environment):
        arena, outputs, block_stride, bias, lanes, sums = environment
        value = value + simd.get(arena, bias + row)
        at = block * block_stride + row * lanes
        if keeps_input:
            simd.store(arena, sums + at, value)
        simd.store(arena, outputs + at, activate(value))

    sweep = product("strided", finish, odd=True, packs=False)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Forward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        for top in range(0, r.n_out, r.group):
            sweep(
                (simd.advance(arena, r.weights + top * r.n_in), r.weights_stride, r.weights_step, 0),
                r.n_in,
                simd.advance(arena, r.inputs), r.inputs_features * lanes,
                (0, min(r.n_out - top, r.group), r.rows_at_a_time),
                sample_blocks(c, lanes, worker, workers),
                (0, arena),
                (
                    arena, r.outputs + top * lanes, r.outputs_features * lanes,
                    r.bias + top, lanes, r.sums + top * lanes,
                ),
            )  # fmt: skip

    return kernel


class InputGradient(NamedTuple):
    """Fields of `input_gradient`."""

    output_gradient: int  # samples in lanes
    output_features: int  # padded
    weights: int
    weights_stride: int
    kept: int  # what the layer below kept for the derivative of its activation; samples in lanes
    gradient: int  # samples in lanes
    gradient_features: int  # padded; that of `kept` too
    n_in: int
    n_out: int
    rows_at_a_time: int
    packs: int  # whether the weights are packed first


def finish_gradient(activation):
    """A part that multiplies a vector of a gradient by the activation's derivative

    ``environment = (arena, gradient, block_stride, kept, lanes)``: see `InputGradient`.
    """
    backward = ACTIVATIONS[activation].backward

    @inlined
    def finish(value, row, block, environment):
        arena, gradient, block_stride, kept, lanes = environment
        at = block * block_stride + row * lanes
        simd.store(arena, gradient + at, backward(value, simd.load(arena, kept + at)))

    return finish


def input_gradient(activation):
    """gradient[i, s] = activation'(kept[i, s]) * sum over o of weights[o, i] * output_gradient[o, s]

    The gradient with respect to what the layer below summed up, before its activation. A worker owns whole samples.
    """
    sweep = product("transposed", finish_gradient(activation), odd=True)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, InputGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        environment = (arena, r.gradient, r.gradient_features * lanes, r.kept, lanes)
        sweep(
            (simd.advance(arena, r.weights), 1, r.weights_stride, 0), r.n_out,
            simd.advance(arena, r.output_gradient), r.output_features * lanes,
            (0, r.n_in, r.rows_at_a_time),
            sample_blocks(c, lanes, worker, workers),
            (r.packs, simd.pointer_like(arena, c.panels)), environment,
        )  # fmt: skip

    return kernel
