"""Products of few samples, which would leave most lanes empty: here features are in lanes.

All of them read some rows of the weights at a time, each from its beginning to its end, and all of the samples meet
what was read before it leaves the first-level cache. Sums are added in an order of their own, which does not depend on
how outputs are shared out.
"""

from fastbp.kernels import simd
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.runtime.inlined import inlined

#: Samples at most.
MOST_SAMPLES = 16
#: Rows of weights that are read at a time, where it is not as many as a vector has lanes.
_ROWS = 8
#: Terms of a sum that are added before the next sample is begun.
_K_AT_A_TIME = 512
#: Elements of a gradient, of all samples, that stay in the first-level cache.
_STAYING = 4096
#: Vectors that wait for the next terms at most: a sample's are as many as a vector has lanes, which are 16 at most.
_MOST_WAITING = MOST_SAMPLES * 16


@inlined
def first_lanes(vector, pointer, count):
    """The vector with zeros in place of all lanes but the first `count`"""
    return simd.select(simd.lane_numbers(pointer) < simd.cast_to(pointer, count), vector, 0.0)


def finish_outputs(activation):
    """A part that gives a vector of a sample's sums their bias and the activation, and keeps what its derivative needs

    ``environment = (arena, outputs, block_stride, bias, lanes, sums, n_out)``: see `fastbp.kernels.dense.Forward`.
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


def row_sums(finish):
    """A compiled ``f(weights, weights_stride, last, inputs, block_stride, k, samples, blocks, environment)``.

        output[s, o] = sum over i of weights[o, i] * inputs[s, i],   then   finish(vector of outputs, s, block)

    `inputs` has features in lanes, its blocks `block_stride` apart; what lies behind its `k` features does not count.
    Each lane of i is summed in ascending order, then the lanes as a binary tree. A row of weights behind `last` is
    `last` again.
    """

    @inlined
    def sweep(weights, weights_stride, last, inputs, block_stride, k, samples, blocks, environment):
        lanes = simd.lanes(weights)
        waiting = simd.room(weights, _MOST_WAITING)
        for block in range(blocks[0], blocks[1]):
            rows = simd.block_pointers(weights, block * lanes, weights_stride, last)
            for k0 in range(0, k, _K_AT_A_TIME):
                k1 = min(k0 + _K_AT_A_TIME, k)
                for s in range(samples):
                    totals = simd.begin_block(waiting, s * lanes, k0)
                    at = k0 // lanes * block_stride + s * lanes
                    whole = k1 // lanes * lanes
                    for i in range(k0, whole, lanes):
                        totals = simd.multiply_add_each(totals, rows, i, simd.load(inputs, at))
                        at += block_stride
                    if k1 > whole:
                        vector = first_lanes(simd.load(inputs, at), weights, k1 - whole)
                        totals = simd.multiply_add_each(totals, rows, whole, vector)
                    if k1 == k:
                        finish(simd.horizontal_sums(totals), s, block, environment)
                    else:
                        simd.put_tile(waiting, s * lanes, totals)

    return sweep


def column_sums(finish):
    """A compiled ``f(weights, weights_stride, k, numbers, number_stride, target, stride, samples, blocks, env)``.

        target[s, i] = finish(sum over o of weights[o, i] * numbers[s, o], s, block, env)

    `numbers` and `target` have features in lanes, their blocks `number_stride` and `stride` apart. Terms are added in
    ascending order.
    """

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
                for s in range(samples):
                    place = o // lanes * number_stride + s * lanes + o % lanes
                    factors = simd.splat_blocked(numbers, place, number_stride, k - o, _ROWS)
                    at = begin * stride + s * lanes
                    for block in range(begin, end):
                        value = simd.load(target, at) if o > 0 else simd.splat(target, 0.0)
                        value = simd.add_products(value, factors, rows, block * lanes)
                        if o + _ROWS >= k:
                            value = finish(value, s, block, environment)
                        simd.store(target, at, value)
                        at += stride

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
