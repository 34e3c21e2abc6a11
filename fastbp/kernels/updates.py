"""The update in two stages: gradients that were kept reach the rule after all of them have been looked at.

The arrays of a layer are ``[outer][stride]`` numbers, of which `inner` of each, whole vectors, count.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import share
from fastbp.kernels.rules import rule_of
from fastbp.runtime.inlined import inlined

#: Vectors whose squares one worker adds; so the sum is the same whoever adds them.
PIECE = 512


@inlined
def no_update(hyper, step_share):
    """Whether gradients are only added up in this step"""
    return step_share >= 0 and simd.get(hyper, step_share) == 0.0


class SumSquares(NamedTuple):
    """Fields of `sum_squares`."""

    values: int
    outer: int
    stride: int
    inner: int
    sums: int  # float64 [pieces]
    step_share: int  # which of the step's numbers is 0 where no update follows; or -1


def sum_squares():
    """sums[p] = sum over the numbers x of piece p of x**2;  pieces are `PIECE` vectors

    values  [outer][stride]    read
    sums    (pieces,) float64  overwritten

    A worker owns whole pieces, and adds vector after vector, then the lanes.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, SumSquares)
        if no_update(hyper, r.step_share):
            return
        lanes = simd.lanes(arena)
        sums = simd.reinterpret(simd.advance(arena, r.sums), simd.float64)
        across = r.inner // lanes
        n_vectors = r.outer * across
        first, end = share((n_vectors + PIECE - 1) // PIECE, worker, workers)
        for piece in range(first, end):
            begin, stop = piece * PIECE, min((piece + 1) * PIECE, n_vectors)
            i = begin // across
            j = begin - i * across
            total = simd.squares(simd.load(arena, r.values + i * r.stride + j * lanes))
            j += 1
            done = begin + 1
            while done < stop:
                if j == across:
                    i, j = i + 1, 0
                count = min(stop - done, across - j)
                at = r.values + i * r.stride + j * lanes
                for k in range(count):
                    total = total + simd.squares(simd.load(arena, at + k * lanes))
                j += count
                done += count
            simd.put(sums, piece, simd.sum_lanes(total))

    return kernel


class ApplyRule(NamedTuple):
    """Fields of `apply_rule`."""

    gradient: int
    weights: int
    slots: int
    slot_stride: int
    outer: int
    stride: int
    inner: int
    sums: int  # of squares of the gradients whose norm is clipped, float64
    n_sums: int
    limit: int  # which of the step's numbers bounds the norm; or -1
    step_share: int  # which of them the gradient is multiplied by, 0 where no update is due; or -1


def apply_rule(rule):
    """weights <- rule(weights, factor * gradient)

    Here ``factor = share * limit / max(share * norm, limit)`` with the norm of the gradients that `sums` are of; a
    gradient that is accumulated begins at 0 again.

    gradient        [outer][stride]  read; accumulated ones are overwritten
    weights, slots  [outer][stride]  overwritten
    """
    function, n_slots, n_hyper, _ = rule_of(rule)

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, ApplyRule)
        accumulates = r.step_share >= 0
        part = 1.0
        if accumulates:
            part = 1.0 * simd.get(hyper, r.step_share)
            if part == 0.0:
                return
        factor = simd.cast_to(arena, part * clipping(r, arena, hyper, part))
        lanes = simd.lanes(arena)
        numbers = simd.get_many(hyper, n_hyper)
        slots = simd.pointers_apart(simd.advance(arena, r.slots), r.slot_stride, n_slots)
        weights, gradients = simd.advance(arena, r.weights), simd.advance(arena, r.gradient)
        across = r.inner // lanes
        done, end = share(r.outer * across, worker, workers)
        if done == end:
            return
        i = done // across
        j = done - i * across
        while done < end:
            count = min(end - done, across - j)
            at = i * r.stride + j * lanes
            for k in range(count):
                index = at + k * lanes
                gradient = factor * simd.load(gradients, index)
                weight, values = function(
                    simd.load(weights, index), gradient, simd.load_each(slots, index), numbers
                )
                simd.store(weights, index, weight)
                simd.store_each(slots, index, values)
                if accumulates:
                    simd.store(gradients, index, 0.0 * factor)
            i, j = i + 1, 0
            done += count

    return kernel


@inlined
def clipping(r, arena, hyper, part):
    """limit / max(part * norm, limit), or 1; not a number where the norm is infinite, which must not go unnoticed"""
    if r.limit < 0:
        return 1.0
    sums = simd.reinterpret(simd.advance(arena, r.sums), simd.float64)
    total = 0.0
    for i in range(r.n_sums):
        total += simd.get(sums, i)
    limit = 1.0 * simd.get(hyper, r.limit)
    norm = part * simd.sqrt(total)
    return limit / norm + (norm - norm) if norm > limit else 1.0
