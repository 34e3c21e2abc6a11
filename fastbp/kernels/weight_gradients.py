"""The products of a dense layer that give the gradients of its parameters, which go straight into the update rule."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, share
from fastbp.kernels.product import product
from fastbp.kernels.rules import rule_of
from fastbp.kernels.tile import COLUMNS, MAIN_ROWS
from fastbp.runtime.inlined import inlined
from fastbp.runtime.processor import processor

#: Samples, and vectors of weights, up to which stores past the caches are worth it.
_MOST_STREAMED_SAMPLES = 96
_MOST_STREAMED_VECTORS = 8192

#: Rules that keep the gradient, for what is done with it later.
KEEPING = ("store", "add")


def take_of(rule, regularized):
    """``(setup, take, ask)``: what becomes of a vector of the weight gradient while it is in a register.

    ``setup(arena, fields, hyper)`` gives what ``take(gradient, arena, index, state)`` needs. Rule
    ``"store"`` writes the gradient into the first slot, ``"add"`` adds it there; the others update the weights and
    their slots. ``ask(weights, index, state)`` asks for the cache lines that `take` will want.
    """
    if rule in KEEPING:
        adds = rule == "add"

        @inlined
        def setup(arena, fields, hyper, streams):
            return simd.advance(arena, fields.slots), *strengths(arena, fields)

        @inlined
        def take(gradient, weights, index, state):
            target, l1, l2 = state
            if regularized:
                gradient = penalized(gradient, simd.load(weights, index), l1, l2)
            if adds:
                gradient = gradient + simd.load(target, index)
            simd.store(target, index, gradient)

        @inlined
        def ask(weights, index, state):
            simd.prefetch(state[0], index)

        return setup, take, ask

    function, n_slots, n_hyper, _ = rule_of(rule)
    can_stream = _can_stream(rule)

    @inlined
    def setup(arena, fields, hyper, streams):
        slots = simd.advance(arena, fields.slots)
        pointers = simd.pointers_apart(slots, fields.slot_stride, n_slots)
        numbers = simd.get_many(hyper, n_hyper)
        return pointers, numbers, *strengths(arena, fields), streams

    @inlined
    def take(gradient, weights, index, state):
        pointers, numbers, l1, l2, streams = state
        weight = simd.load(weights, index)
        if regularized:
            gradient = penalized(gradient, weight, l1, l2)
        weight, values = function(weight, gradient, simd.load_each(pointers, index), numbers)
        if can_stream and streams:
            simd.stream(weights, index, weight)
        else:
            simd.store(weights, index, weight)
        simd.store_each(pointers, index, values)

    @inlined
    def ask(weights, index, state):
        simd.prefetch(weights, index)
        simd.prefetch_each(state[0], index)

    return setup, take, ask


def n_slots(rule: str) -> int:
    """Arrays beside the weights that a rule reads or writes."""
    return 1 if rule in KEEPING else int(rule_of(rule).n_slots)


def _has_state(rule):
    """Whether a rule reads and writes more than the weights, and computes more than a product."""
    return rule not in KEEPING and rule_of(rule).n_slots > 0


def _can_stream(rule):
    """Whether weights may be written past the caches.

    All workers read all weights, so a store has to take the line back from the others. These requests are made in
    order and few at a time: the state's stores, between which they stand, wait as long. A large batch hides that;
    weights that no cache holds gain nothing. Nor does a rule without state, whose requests follow each other closely.
    """
    return _has_state(rule) and processor().streams


@inlined
def _is_worth_streaming(samples, fields, lanes):
    small = fields.n_in * fields.n_out <= _MOST_STREAMED_VECTORS * lanes
    return 1 < samples <= _MOST_STREAMED_SAMPLES and small


@inlined
def strengths(arena, fields):
    """Those of the regularizer, in the arena's type"""
    l1, l2 = simd.double_from_bits(fields.l1), simd.double_from_bits(fields.l2)
    return simd.cast_to(arena, l1), simd.cast_to(arena, l2)


@inlined
def penalized(gradient, weight, l1, l2):
    """gradient + l1 * sign(weight) + 2 * l2 * weight"""
    sign = simd.select(weight > 0.0, l1, simd.select(weight < 0.0, -l1, weight * 0.0))
    return simd.fma(2.0 * l2, weight, gradient) + sign


class WeightGradient(NamedTuple):
    """Fields of `first_weight_gradient`, `slim_weight_gradient`, `narrow_weight_gradient` and `weight_gradient`."""

    inputs: int  # the table of row addresses in a first layer, else features in lanes
    output_gradient: (
        int  # features in lanes where outputs of the weights are, else samples in lanes
    )
    output_features: int  # padded
    samples: int  # padded samples of what has features in lanes
    weights: int
    weights_stride: int
    slots: int
    slot_stride: int
    l1: int  # bits of a float64
    l2: int
    n_in: int
    n_out: int
    rows_at_a_time: int
    packs: int  # whether the operand that is broadcast is packed first


def first_weight_gradient(rule, regularized):
    """weights[i, o] <- rule(weights[i, o], sum over s of x[s, i] * output_gradient[s, o])

    A worker owns whole tiles of the weights and adds samples in ascending order.
    """
    return _gradient_in_blocks("transposed row table", rule, regularized)


def narrow_weight_gradient(rule, regularized):
    """The same for a layer behind the first, of few inputs (see `fastbp.kernels.narrow`)"""
    return _gradient_in_blocks("strided", rule, regularized)


def _gradient_in_blocks(way, rule, regularized):
    """Of weights ``[output block][input][L outputs]``, from features in lanes; inputs are read as `way` says"""
    setup, take, ask = take_of(rule, regularized)
    can_stream, from_table = _can_stream(rule), way == "transposed row table"

    @inlined
    def finish(value, row, block, environment):
        weights, block_stride, lanes, state = environment
        take(value, weights, block * block_stride + row * lanes, state)

    @inlined
    def prepare(row, block, environment):
        weights, block_stride, lanes, state = environment
        ask(weights, block * block_stride + row * lanes, state)
        ask(weights, (block + 1) * block_stride + row * lanes, state)

    sweep = product(way, finish, prepare, _has_state(rule))

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, WeightGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        inputs = simd.advance(arena, r.inputs)
        table = simd.reinterpret(inputs, simd.int64)
        streams = can_stream and workers > 1 and _is_worth_streaming(c.rows, r, lanes)
        state = setup(arena, r, hyper, streams)
        rows, blocks = _tiles(r.n_in, (r.n_out + lanes - 1) // lanes, worker, workers)
        weights = simd.advance(arena, r.weights)
        # Inputs of a row of the table lie one after the other, others a block of all samples after the other.
        apart = 0 if from_table else (r.samples - 1) * lanes
        if c.rows == 1:
            # No sums: a tile would take longer to begin and end than it works.
            sample = simd.pointer_like(arena, simd.get(table, 0)) if from_table else inputs
            for block in range(blocks[0], blocks[1]):
                gradient = simd.load(arena, r.output_gradient + block * r.samples * lanes)
                at = block * r.n_in * lanes
                for i in range(rows[0], rows[1]):
                    number = simd.splat(arena, simd.get(sample, i + i // lanes * apart))
                    take(gradient * number, weights, at + i * lanes, state)
            return
        row, end = rows
        while row < end:
            if from_table:
                a, bottom = (table, 0, 1, 0), end
            else:
                a = (simd.advance(inputs, row // lanes * apart), 1, lanes, 0)
                bottom = min((row // lanes + 1) * lanes, end)
            sweep(
                a, c.rows,
                simd.advance(arena, r.output_gradient), r.samples * lanes,
                (row, bottom, r.rows_at_a_time), blocks, (r.packs, simd.pointer_like(arena, c.panels)),
                (weights, r.n_in * lanes, lanes, state),
            )  # fmt: skip
            row = bottom
        if can_stream and streams:
            simd.fence()

    return kernel


def weight_gradient(rule, regularized):
    """weights[o, i] <- rule(weights[o, i], sum over s of output_gradient[o, s] * inputs[s, i])

    A worker owns whole tiles of the weights and adds samples in ascending order.
    """
    setup, take, ask = take_of(rule, regularized)
    can_stream = _can_stream(rule)

    @inlined
    def finish(value, row, block, environment):
        weights, row_stride, lanes, state = environment
        take(value, weights, row * row_stride + block * lanes, state)

    @inlined
    def prepare(row, block, environment):
        weights, row_stride, lanes, state = environment
        ask(weights, row * row_stride + block * lanes, state)

    sweep = product("blocked", finish, prepare, _has_state(rule))

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, WeightGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        streams = can_stream and workers > 1 and _is_worth_streaming(c.rows, r, lanes)
        state = setup(arena, r, hyper, streams)
        rows, blocks = _tiles(r.n_out, (r.n_in + lanes - 1) // lanes, worker, workers)
        weights = simd.advance(arena, r.weights)
        if c.rows == 1:
            for o in range(rows[0], rows[1]):
                gradient = simd.splat(arena, simd.get(arena, r.output_gradient + o * lanes))
                at = o * r.weights_stride
                for block in range(blocks[0], blocks[1]):
                    numbers = simd.load(arena, r.inputs + block * r.samples * lanes)
                    take(gradient * numbers, weights, at + block * lanes, state)
            return
        sweep(
            (simd.advance(arena, r.output_gradient), lanes, 1, r.output_features * lanes), c.rows,
            simd.advance(arena, r.inputs), r.samples * lanes,
            (rows[0], rows[1], r.rows_at_a_time), blocks, (r.packs, simd.pointer_like(arena, c.panels)),
            (weights, r.weights_stride, lanes, state),
        )  # fmt: skip
        if can_stream and streams:
            simd.fence()

    return kernel


@inlined
def _tiles(rows, blocks, worker, workers):
    """A worker's ``((first row, end row), (first block, end block))``: whole tiles, split along the longer side"""
    across, down = (blocks + COLUMNS - 1) // COLUMNS, (rows + MAIN_ROWS - 1) // MAIN_ROWS
    if down >= across:
        first, end = share(down, worker, workers)
        return (first * MAIN_ROWS, min(end * MAIN_ROWS, rows)), (0, blocks)
    first, end = share(across, worker, workers)
    return (0, rows), (first * COLUMNS, min(end * COLUMNS, blocks))


class BiasGradient(NamedTuple):
    """Fields of `bias_gradient`."""

    output_gradient: int  # samples in lanes
    output_features: int  # padded
    bias: int
    slots: int
    slot_stride: int
    l1: int  # bits of a float64
    l2: int
    n_out: int


def bias_gradient(rule, regularized):
    """bias[o] <- rule(bias[o], sum over s of output_gradient[o, s])

    Lane by lane over the sample blocks, then the lanes as a binary tree. A worker owns whole blocks of L outputs.
    """
    setup, take, _ = take_of(rule, regularized)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, BiasGradient)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        state = setup(arena, r, hyper, False)
        bias = simd.advance(arena, r.bias)
        first, end = share((r.n_out + lanes - 1) // lanes, worker, workers)
        for block in range(first, end):
            at = r.output_gradient + block * lanes * lanes
            total = simd.load_block(arena, at, lanes)
            for _ in range(1, (c.rows + lanes - 1) // lanes):
                at += r.output_features * lanes
                total = simd.add_many(total, simd.load_block(arena, at, lanes))
            if (block + 1) * lanes > r.n_out:
                total = simd.keep_first(total, r.n_out - block * lanes)
            take(simd.horizontal_sums(total), bias, block * lanes, state)

    return kernel
