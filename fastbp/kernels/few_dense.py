"""A dense layer behind the first, where samples are few: features are in lanes, and workers share its outputs."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.context import Context, share
from fastbp.kernels.few import column_sums, finish_outputs, first_lanes, row_sums
from fastbp.runtime.inlined import inlined


class FewForward(NamedTuple):
    """Fields of `few_forward`."""

    inputs: int  # features in lanes
    weights: int
    weights_stride: int  # from an output to the next
    bias: int
    outputs: int  # features in lanes
    sums: int  # what the activation was applied to, kept for its derivative; as `outputs`
    samples: int  # padded
    n_in: int
    n_out: int


def few_forward(activation, rows):
    """outputs[s, o] = activation(bias[o] + sum over i of weights[o, i] * inputs[s, i]);  a worker owns whole blocks

    So many `rows` of the weights are summed at once, see `fastbp.kernels.few.rows_in_tile`.
    """
    sweep = row_sums(finish_outputs(activation), rows)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FewForward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.samples * lanes
        sweep(
            simd.advance(arena, r.weights), r.weights_stride, r.n_out - 1,
            simd.advance(arena, r.inputs), stride, r.n_in, c.rows,
            share((r.n_out + lanes - 1) // lanes, worker, workers),
            (arena, r.outputs, stride, r.bias, lanes, r.sums, r.n_out),
        )  # fmt: skip

    return kernel


class FewInputGradient(NamedTuple):
    """Fields of `few_input_gradient`."""

    output_gradient: int  # features in lanes
    weights: int
    weights_stride: int  # from an output to the next
    kept: int  # what the layer below kept for the derivative of its activation; as the gradients
    gradient: int
    samples: int  # padded
    n_in: int
    n_out: int


def few_input_gradient(activation):
    """gradient[s, i] = activation'(kept[s, i]) * sum over o of weights[o, i] * output_gradient[s, o]

    The gradient with respect to what the layer below summed up, before its activation. A worker owns whole blocks.
    """
    backward = ACTIVATIONS[activation].backward

    @inlined
    def finish(value, sample, block, environment):
        arena, kept, stride, lanes, n_in = environment
        value = backward(value, simd.load(arena, kept + block * stride + sample * lanes))
        # The padding of the first layer's weights has to stay zero.
        return first_lanes(value, arena, n_in - block * lanes)

    sweep = column_sums(finish)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FewInputGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        stride = r.samples * lanes
        sweep(
            simd.advance(arena, r.weights), r.weights_stride, r.n_out,
            simd.advance(arena, r.output_gradient), stride,
            simd.advance(arena, r.gradient), stride, c.rows,
            share((r.n_in + lanes - 1) // lanes, worker, workers),
            (arena, r.kept, stride, lanes, r.n_in),
        )  # fmt: skip

    return kernel
