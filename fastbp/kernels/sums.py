"""Sums over a batch: loss, metrics, penalties."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, has_first_samples
from fastbp.runtime.inlined import inlined

#: Blocks that are added in the arena's precision before the sum goes on in float64.
_BLOCKS_AT_A_TIME = 16


@inlined
def _sum(arena, begin, samples):
    """The sum of so many numbers of the arena, and of those behind them up to a whole vector, block after block"""
    lanes = simd.lanes(arena)
    blocks = (samples + lanes - 1) // lanes
    total = 0.0
    for top in range(0, blocks, _BLOCKS_AT_A_TIME):
        part = simd.load(arena, begin + top * lanes)
        for block in range(top + 1, min(top + _BLOCKS_AT_A_TIME, blocks)):
            part = part + simd.load(arena, begin + block * lanes)
        total += simd.sum_lanes(part)
    return total


class SumValues(NamedTuple):
    """Fields of `sum_values`."""

    values: int  # [number of values][samples]
    samples: int  # padded
    n_values: int
    penalty: int  # what the regularizers add to the loss, one number; or -1


def sum_values():
    """epoch[v] += rows * sum over s of values[v, s], and the penalty to the loss: the epoch's sum over samples

    One worker does it, block after block.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        if worker != workers - 1:
            return
        r = simd.read_fields(row, SumValues)
        c = simd.read_fields(context, Context)
        epoch = simd.pointer_at(c.values, simd.float64)
        for v in range(r.n_values):
            total = _sum(arena, r.values + v * r.samples, c.rows)
            if v == 0 and r.penalty >= 0:
                total += simd.get(arena, r.penalty)
            simd.put(epoch, v, simd.get(epoch, v) + c.rows * total)

    return kernel


class BatchLoss(NamedTuple):
    """Fields of `batch_loss`."""

    values: int  # [samples]
    penalty: int  # what the regularizers add to the loss, one number; or -1
    number: int  # which of the update rule's


def batch_loss():
    """hyper[number] = sum over s of values[s], and the penalty: the loss, for an update rule that asks for it

    One worker does it, block after block.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        if worker != 0:
            return
        r = simd.read_fields(row, BatchLoss)
        c = simd.read_fields(context, Context)
        total = _sum(arena, r.values, c.rows)
        if r.penalty >= 0:
            total += simd.get(arena, r.penalty)
        simd.put(hyper, r.number, total)

    return kernel


class Penalty(NamedTuple):
    """Fields of `penalty`."""

    penalty: int  # one number
    weights: int
    outer: int  # the weights are [outer][outer_stride], of which `inner` numbers count
    outer_stride: int
    inner: int
    l1: int  # bits of a float64
    l2: int
    first: int  # 1 for the kernel that begins the sum


def penalty():
    """penalty (+)= sum over the weights w of l1 |w| + l2 w**2;  one worker, once, in order"""

    def kernel(row, arena, context, hyper, worker, workers):
        if not has_first_samples(simd.read_fields(context, Context), worker):
            return
        r = simd.read_fields(row, Penalty)
        l1, l2 = simd.double_from_bits(r.l1), simd.double_from_bits(r.l2)
        total = 0.0 if r.first else 1.0 * simd.get(arena, r.penalty)
        for i in range(r.outer):
            for j in range(r.inner):
                w = 1.0 * simd.get(arena, r.weights + i * r.outer_stride + j)
                total += l1 * abs(w) + l2 * w * w
        simd.put(arena, r.penalty, total)

    return kernel
