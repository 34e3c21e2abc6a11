"""Products of few samples, which would leave most lanes empty: here features are in lanes.

All of them read some rows of the weights at a time, each from its beginning to its end, and all of the samples meet
what was read before it leaves the first-level cache. Sums are added in an order of their own, which does not depend on
how outputs are shared out.
"""

from functools import cache

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.runtime.inlined import inlined
from fastbp.runtime.processor import processor

#: Samples at most.
MOST_SAMPLES = 24
#: Rows of weights that are read at a time for sums down the columns.
_ROWS = 8
#: Samples at most whose sums with four rows of weights fit into the registers, a vector each pair.
_SAMPLES_OF_FOUR_ROWS = 3 if processor().tile_rows[0] < 8 else 4
#: Terms of a sum that are added before the next samples are begun.
_K_AT_A_TIME = 512
#: Elements of a gradient, of all samples, that stay in the first-level cache.
_STAYING = 4096
#: Vectors that wait for the next terms at most, and those that hold the sums of a block: one a sample, and one more,
#: since the last sums are written with zeros behind them.
_MOST_WAITING, _MOST_SUMS = 4 * MOST_SAMPLES, MOST_SAMPLES + 1


def rows_in_tile(samples: int, n_out: int) -> int:
    """Rows of weights whose sums are best computed at once, where these are the samples, and so many rows there are.

    Four, unless most of them would be missing, or samples come in fours, which leave registers for two alone.
    """
    in_fours = samples % 4 == 0 and _SAMPLES_OF_FOUR_ROWS < 4
    return 2 if processor().lanes(8) < 4 or n_out <= 2 or in_fours else 4


@inlined
def first_lanes(vector, pointer, count):
    """The vector with zeros in place of all lanes but the first `count`"""
    return simd.select(simd.lane_numbers(pointer) < simd.cast_to(pointer, count), vector, 0.0)


def finish_outputs(activation):
    """A part that gives a vector of a sample's sums their bias and the activation, and keeps what its derivative needs

    ``environment = (arena, outputs, block_stride, bias, lanes, sums, n_out)``: see `few_dense.FewForward`.
    """
    functions = ACTIVATIONS[activation]
    activate, keeps_input = functions.value, functions.keeps == "input"

    @inlined
    def finish(value, sample, block, environment):
        arena, outputs, block_stride, bias, lanes, sums, n_out = environment
        value = value + simd.load(arena, bias + block * lanes)
        at = block * block_stride + sample * lanes
        count = n_out - block * lanes
        if keeps_input:
            simd.store(arena, sums + at, first_lanes(value, arena, count))
        simd.store(arena, outputs + at, first_lanes(activate(value), arena, count))

    return finish


def row_sums(finish, rows_in_tile):
    """A compiled ``f(weights, weights_stride, last, inputs, block_stride, k, samples, blocks, environment)``.

        output[s, o] = sum over i of weights[o, i] * inputs[s, i],   then   finish(vector of outputs, s, block)

    `inputs` has features in lanes, its blocks `block_stride` apart; what lies behind its `k` features does not count.
    Each lane of i is summed in ascending order, then the lanes as a binary tree. A row of weights behind `last` is
    `last` again.
    """
    most = 4 if rows_in_tile == 2 else _SAMPLES_OF_FOUR_ROWS
    many, two, one = (_sums_of_rows(count, rows_in_tile) for count in (most, 2, 1))

    @inlined
    def sweep(weights, weights_stride, last, inputs, block_stride, k, samples, blocks, environment):
        lanes = simd.lanes(weights)
        # Of each sample those of all rows of a block, as they come out of the tiles.
        sums, waiting = simd.room(weights, _MOST_SUMS), simd.room(weights, _MOST_WAITING)
        whole = samples // most * most
        for block in range(blocks[0], blocks[1]):
            for row in range(0, lanes, rows_in_tile):
                if block * lanes + row > last:
                    break
                rows = simd.row_pointers(
                    weights, block * lanes + row, weights_stride, last, rows_in_tile
                )
                to = row * MOST_SAMPLES
                for k0 in range(0, k, _K_AT_A_TIME):
                    k1 = min(k0 + _K_AT_A_TIME, k)
                    at = simd.advance(inputs, k0 // lanes * block_stride)
                    for s in range(0, whole, most):
                        many(rows, at, s, block_stride, (k0, k1, k), waiting, sums, to)
                    s = whole
                    if s + 1 < samples:
                        two(rows, at, s, block_stride, (k0, k1, k), waiting, sums, to)
                        s += 2
                    if s < samples:
                        one(rows, at, s, block_stride, (k0, k1, k), waiting, sums, to)
            for s in range(samples):
                value = simd.load_joined(
                    sums, s * rows_in_tile, rows_in_tile * MOST_SAMPLES, rows_in_tile
                )
                finish(value, s, block, environment)

    return sweep


@cache
def _sums_of_rows(samples, rows_in_tile):
    """A part that adds terms k0 to k1 of k of the sums of so many samples, `s` the first, with so many rows."""

    @inlined
    def add(rows, inputs, s, block_stride, terms, waiting, sums, to):
        k0, k1, k = terms
        lanes = simd.lanes(inputs)
        place = s * rows_in_tile
        vectors = simd.pointers_apart(simd.advance(inputs, s * lanes), lanes, samples)
        tile = simd.begin_tile(waiting, place, k0, samples, rows_in_tile)
        at, whole = 0, k1 // lanes * lanes
        for i in range(k0, whole, lanes):
            tile = simd.multiply_add_pairs(tile, vectors, at, rows, i)
            at += block_stride
        if k1 > whole:
            tails = simd.room(inputs, samples)
            for y in range(samples):
                vector = simd.load(inputs, at + (s + y) * lanes)
                simd.store(tails, y * lanes, first_lanes(vector, inputs, k1 - whole))
            vectors = simd.pointers_apart(tails, lanes, samples)
            tile = simd.multiply_add_pairs(tile, vectors, 0, rows, whole)
        if k1 == k:
            simd.store_many(sums, to + place, lanes, simd.all_horizontal_sums(tile))
        else:
            simd.put_tile(waiting, place, tile)

    return add


def column_sums(finish):
    """A compiled ``f(weights, weights_stride, k, numbers, number_stride, target, stride, samples, blocks, env)``.

        target[s, i] = finish(sum over o of weights[o, i] * numbers[s, o], s, block, env)

    `numbers` and `target` have features in lanes, their blocks `number_stride` and `stride` apart. Terms are added in
    ascending order.
    """

    @inlined
    def factors_of(numbers, number_stride, s, o, k):
        lanes = simd.lanes(numbers)
        place = o // lanes * number_stride + s * lanes + o % lanes
        return simd.splat_blocked(numbers, place, number_stride, k - o, _ROWS)

    @inlined
    def add(target, at, factors, rows, o, block):
        value = simd.load(target, at) if o > 0 else simd.splat(target, 0.0)
        return simd.add_products(value, factors, rows, block * simd.lanes(target))

    @inlined
    def sweep(
        weights,
        weights_stride,
        k,
        numbers,
        number_stride,
        target,
        stride,
        samples,
        blocks,
        environment,
    ):
        lanes = simd.lanes(weights)
        at_a_time = max(1, _STAYING // (samples * lanes))
        for begin in range(blocks[0], blocks[1], at_a_time):
            end = min(begin + at_a_time, blocks[1])
            for o in range(0, k, _ROWS):
                rows = simd.row_pointers(weights, o, weights_stride, k - 1, _ROWS)
                # Two samples at a time: each vector of weights is read for both.
                for s in range(0, samples - 1, 2):
                    first = factors_of(numbers, number_stride, s, o, k)
                    second = factors_of(numbers, number_stride, s + 1, o, k)
                    at = begin * stride + s * lanes
                    for block in range(begin, end):
                        x = add(target, at, first, rows, o, block)
                        y = add(target, at + lanes, second, rows, o, block)
                        simd.store(target, at, x)
                        simd.store(target, at + lanes, y)
                        at += stride
                if samples % 2 == 1:
                    first = factors_of(numbers, number_stride, samples - 1, o, k)
                    at = begin * stride + (samples - 1) * lanes
                    for block in range(begin, end):
                        simd.store(target, at, add(target, at, first, rows, o, block))
                        at += stride
            for block in range(begin, end):
                for s in range(samples):
                    at = block * stride + s * lanes
                    value = finish(simd.load(target, at), s, block, environment)
                    simd.store(target, at, value)

    return sweep


def sample_by_sample(epilogue):
    """A compiled ``f(table, k, weights, block_stride, samples, blocks, environment)``: for one sample or two.

        output[s, o] = sum over i of (row s of the table)[i] * weights[o // lanes][i][o % lanes],   then   epilogue

    Terms are added in ascending order, as tiles do it; but a tile of so few rows waits for its own sums.
    """
    finish = simd.for_each_in_tile(1, epilogue)

    @inlined
    def sweep(table, k, weights, block_stride, samples, blocks, environment):
        lanes = simd.lanes(weights)
        for s in range(samples):
            sample = simd.pointer_like(weights, simd.get(table, s))
            for block in range(blocks[0], blocks[1], _ROWS):
                columns = simd.row_pointers(weights, block, block_stride, blocks[1] - 1, _ROWS)
                totals = simd.begin_tile(weights, 0, 0, 1, _ROWS)
                for i in range(k):
                    number = simd.splat(weights, simd.get(sample, i))
                    totals = simd.multiply_add_each(totals, columns, i * lanes, number)
                finish(totals, 1, blocks[1] - block, s, block, environment)

    return sweep
