"""Products of a first layer of many inputs that has no more outputs than a vector has lanes.

With outputs in lanes most of them would be empty. So its weights are ``[output][stride of inputs]``, as those behind
the first are, and its products run along the inputs of a sample, which are read in place.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.partial_gradients import INPUTS, OUTPUTS
from fastbp.kernels.weight_gradients import WeightGradient, take_of

#: Samples and outputs of a tile of sums.
_SAMPLES, _OUTPUTS = OUTPUTS, INPUTS
#: Vectors that a tile's sums take at most, and those of as many outputs as a vector has lanes, which are 16 at most.
_SUMS, _MOST_OUTPUTS = OUTPUTS * INPUTS, 16
#: Samples whose terms are added at once to what waits in memory, and vectors that wait there, for all outputs together
#: and for each at most: with the samples they stay in the first-level cache.
_AT_A_TIME, _WAITING, _BLOCKS = 8, 144, 32


class SlimForward(NamedTuple):
    """Fields of `slim_forward`."""

    table: int  # addresses of the batch's rows
    weights: int
    weights_stride: int  # from an output to the next
    bias: int
    outputs: int  # samples in lanes
    outputs_features: int  # padded
    n_in: int
    n_out: int


def slim_forward(activation):
    """outputs[o, s] = activation(bias[o] + sum over i of weights[o, i] * x[s, i]);  a worker owns whole samples

    Lane by lane over the inputs, then the lanes as a binary tree.
    """
    activate = ACTIVATIONS[activation].value

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, SlimForward)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        table = simd.reinterpret(simd.advance(arena, r.table), simd.int64)
        weights = simd.advance(arena, r.weights)
        whole = r.n_in // lanes * lanes
        # Nothing behind a sample's last number is read: the last vector goes back, and only its new inputs count.
        again = lanes - (r.n_in - whole)
        ends = simd.room(arena, _MOST_OUTPUTS)
        for o in range(r.n_out):
            end = simd.load(weights, o * r.weights_stride + r.n_in - lanes)
            new = simd.lane_numbers(arena) >= simd.cast_to(arena, again)
            simd.store(ends, o * lanes, simd.select(new, end, 0.0))
        sums, found = simd.room(arena, _MOST_OUTPUTS), simd.room(arena, _SUMS)
        first, last = sample_blocks(c, lanes, worker, workers)
        for block in range(first, last):
            # What belongs to other blocks may not be there yet.
            end = min((block + 1) * lanes, c.rows)
            for begin in range(0, lanes, _SAMPLES):
                s = block * lanes + begin
                samples = simd.row_pointers_from_table(arena, table, s, end - 1, _SAMPLES)
                for o in range(0, r.n_out, _OUTPUTS):
                    rows = simd.row_pointers(weights, o, r.weights_stride, r.n_out - 1, _OUTPUTS)
                    tile = simd.begin_tile(arena, 0, 0, _SAMPLES, _OUTPUTS)
                    for i in range(0, whole, lanes):
                        tile = simd.multiply_add_pairs(tile, samples, i, rows, i)
                    if again < lanes:
                        rows = simd.row_pointers(ends, o, lanes, r.n_out - 1, _OUTPUTS)
                        tile = simd.multiply_add_pairs(tile, samples, r.n_in - lanes, rows, 0)
                    simd.store_many(found, 0, lanes, simd.all_horizontal_sums(tile))
                    for y in range(min(_SAMPLES, lanes)):
                        for x in range(min(_OUTPUTS, r.n_out - o)):
                            number = simd.get(found, y * _OUTPUTS + x)
                            simd.put(sums, (o + x) * lanes + begin + y, number)
            at = r.outputs + block * r.outputs_features * lanes
            for o in range(r.n_out):
                value = simd.load(sums, o * lanes) + simd.get(arena, r.bias + o)
                simd.store(arena, at + o * lanes, activate(value))

    return kernel


def slim_weight_gradient(rule, regularized):
    """weights[o, i] <- rule(weights[o, i], sum over s of output_gradient[o, s] * x[s, i])

    A worker owns whole vectors of inputs and adds samples in ascending order.
    """
    setup, take, _ = take_of(rule, regularized)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, WeightGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        table = simd.reinterpret(simd.advance(arena, r.inputs), simd.int64)
        state = setup(arena, r, hyper, False)
        weights, gradient = simd.advance(arena, r.weights), simd.advance(arena, r.output_gradient)
        stride = r.output_features * lanes
        whole, rest = r.n_in // lanes, r.n_in % lanes
        sums, end_of = simd.room(arena, _WAITING), simd.room(arena, 2)
        at_a_time = min(_BLOCKS, _WAITING // r.n_out - 1)
        zero = simd.splat(arena, 0.0)
        first, last = share((r.n_in + lanes - 1) // lanes, worker, workers)
        for begin in range(first, last, at_a_time):
            stop = min(begin + at_a_time, last)
            cut = stop > whole
            stop = min(stop, whole)
            for s in range(0, c.rows, _AT_A_TIME):
                samples = simd.row_pointers_from_table(arena, table, s, c.rows - 1, _AT_A_TIME)
                for o in range(r.n_out):
                    place = s // lanes * stride + o * lanes + s % lanes
                    factors = simd.splat_blocked(gradient, place, stride, c.rows - s, _AT_A_TIME)
                    at = o * (at_a_time + 1) * lanes
                    for block in range(begin, stop):
                        value = simd.load(sums, at) if s > 0 else zero
                        value = simd.add_products(value, factors, samples, block * lanes)
                        simd.store(sums, at, value)
                        at += lanes
                    if cut:
                        # Nothing behind a sample's last number is read: this vector ends with it.
                        value = simd.load(sums, at) if s > 0 else zero
                        value = simd.add_products(value, factors, samples, r.n_in - lanes)
                        simd.store(sums, at, value)
            for o in range(r.n_out):
                at = o * (at_a_time + 1) * lanes
                to = o * r.weights_stride
                for block in range(begin, stop):
                    take(simd.load(sums, at), weights, to + block * lanes, state)
                    at += lanes
                if cut:
                    simd.store(end_of, 0, simd.load(sums, at))
                    simd.store(end_of, lanes, zero)
                    take(simd.load(end_of, lanes - rest), weights, to + whole * lanes, state)

    return kernel
