"""Weight gradients of a large batch on small layers, from sums over parts of the batch.

The parts are those in which the samples go through the layers (`Context.piece`), the same for any number of workers.
Whoever does a part adds up its gradients while its activations are in the cache; behind a barrier the sums of all
parts are added in order and go into the update rule. Both operands have samples in lanes, and the lanes stay apart
until the part ends: nothing is transposed, and layers of a few units fill the registers, too.

Sums lie as they come out of the registers: ``[part][tile of outputs][tile of inputs][output][input]``, and behind them
those of the bias, ``[output]``.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks, share
from fastbp.kernels.weight_gradients import take_of
from fastbp.runtime.processor import processor

#: Outputs and inputs of a tile: a register for each pair, and some for what is read.
OUTPUTS, INPUTS = (4, 4) if processor().vector_registers >= 32 else (4, 2)


def tile_size(lanes: int) -> int:
    """Numbers that a tile's sums take, whole vectors."""
    return max(OUTPUTS * INPUTS, lanes)


def bias_begins(n_in: int, n_out: int, lanes: int) -> int:
    """Where the sums of the bias begin behind those of the weights."""
    return -(-n_in // INPUTS) * -(-n_out // OUTPUTS) * tile_size(lanes)


def sums_of_a_part(n_in: int, n_out: int, lanes: int) -> int:
    """Numbers that the sums of one part take; a vector is written where the last outputs begin."""
    return bias_begins(n_in, n_out, lanes) + n_out + lanes + OUTPUTS


class PartialGradient(NamedTuple):
    """Fields of `partial_gradient`."""

    inputs: int  # samples in lanes
    inputs_features: int  # padded
    output_gradient: int  # samples in lanes
    output_features: int  # padded
    sums: int  # [part][sums_stride]
    sums_stride: int
    bias: int  # where the sums of the bias begin among those of a part
    n_in: int
    n_out: int


def partial_gradient():
    """sums[part][o, i] = sum over s of output_gradient[o, s] * inputs[i, s], and those of output_gradient[o, s]

    Lane by lane over the part's sample blocks in ascending order, then the lanes as a binary tree.
    """
    size = OUTPUTS * INPUTS

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, PartialGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        sums = simd.advance(arena, r.sums + c.piece * r.sums_stride)
        inputs = simd.advance(arena, r.inputs)
        gradient = simd.advance(arena, r.output_gradient)
        across, down = r.inputs_features * lanes, r.output_features * lanes
        to = 0
        for o in range(0, r.n_out, OUTPUTS):
            left = simd.row_pointers(gradient, o, lanes, r.n_out - 1, OUTPUTS)
            for i in range(0, r.n_in, INPUTS):
                right = simd.row_pointers(inputs, i, lanes, r.n_in - 1, INPUTS)
                tile = simd.begin_tile(arena, 0, 0, OUTPUTS, INPUTS)
                if i == 0:
                    # Additions have units of their own in many processors.
                    totals = simd.begin_tile(arena, 0, 0, OUTPUTS, 1)
                    for block in range(first, end):
                        at = block * down
                        tile = simd.multiply_add_pairs(tile, left, at, right, block * across)
                        totals = simd.add_each(totals, left, at)
                    simd.store_many(sums, r.bias + o, lanes, simd.all_horizontal_sums(totals))
                else:
                    for block in range(first, end):
                        at = block * down
                        tile = simd.multiply_add_pairs(tile, left, at, right, block * across)
                simd.store_many(sums, to, lanes, simd.all_horizontal_sums(tile))
                to += max(size, lanes)

    return kernel


class PartialSums(NamedTuple):
    """Fields of `sum_partial_gradients`."""

    sums: int  # [part][sums_stride]
    sums_stride: int
    parts: int
    gradient: int  # room for it, as the weights lie; -1 for a bias, whose sums are a vector
    weights: int
    weights_stride: int  # from an output to the next; 0 in the first layer's form
    slots: int
    slot_stride: int
    l1: int  # bits of a float64
    l2: int
    n_in: int
    n_out: int


def sum_partial_gradients(rule, regularized):
    """weights <- rule(weights, sum over the parts of sums);  a worker owns whole groups of outputs"""
    setup, take, _ = take_of(rule, regularized)
    size = OUTPUTS * INPUTS

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, PartialSums)
        lanes = simd.lanes(arena)
        state = setup(arena, r, hyper, False)
        weights, sums = simd.advance(arena, r.weights), simd.advance(arena, r.sums)
        group = max(lanes, OUTPUTS)
        first, end = share((r.n_out + group - 1) // group, worker, workers)
        first, end = first * group, min(end * group, r.n_out)
        if r.gradient < 0:
            for o in range(first, end, lanes):
                total = simd.load(sums, o)
                for part in range(1, r.parts):
                    total = total + simd.load(sums, o + part * r.sums_stride)
                inside = simd.lane_numbers(arena) < simd.cast_to(arena, r.n_out - o)
                take(simd.select(inside, total, 0.0), weights, o, state)
            return
        gradient = simd.advance(arena, r.gradient)
        blocked = r.weights_stride == 0
        # What this worker owns, as rows of whole vectors.
        begin, rows, stride = first * r.weights_stride, end - first, r.weights_stride
        width = (r.n_in + lanes - 1) // lanes * lanes
        if blocked:
            begin, rows, stride = first * r.n_in, 1, 0
            width = ((end + lanes - 1) // lanes * lanes - first) * r.n_in
        for y in range(rows):
            for j in range(0, width, lanes):
                simd.store(gradient, begin + y * stride + j, simd.splat(arena, 0.0))
        tile = simd.room(arena, 8)
        across = (r.n_in + INPUTS - 1) // INPUTS
        for o in range(first, end, OUTPUTS):
            for i in range(0, r.n_in, INPUTS):
                source = (o // OUTPUTS * across + i // INPUTS) * max(size, lanes)
                for j in range(0, size, lanes):
                    total = simd.load(sums, source + j)
                    for part in range(1, r.parts):
                        total = total + simd.load(sums, source + j + part * r.sums_stride)
                    simd.store(tile, j, total)
                for y in range(min(OUTPUTS, end - o)):
                    for x in range(min(INPUTS, r.n_in - i)):
                        to = (o + y) * r.weights_stride + i + x
                        if blocked:
                            lane = (o + y) & (lanes - 1)
                            to = (o + y - lane) * r.n_in + (i + x) * lanes + lane
                        simd.put(gradient, to, simd.get(tile, y * INPUTS + x))
        for y in range(rows):
            for j in range(0, width, lanes):
                at = begin + y * stride + j
                take(simd.load(gradient, at), weights, at, state)

    return kernel
