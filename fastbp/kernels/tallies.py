"""Metrics that are no numbers of single samples: their kernels add a batch to the epoch's sums themselves.

They stand behind the barrier, where the outputs of all samples are there. One worker owns a sum, and adds to it block
after block, in the batch's order: the bits do not depend on the number of workers.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, share
from fastbp.kernels.losses import inside_batch
from fastbp.kernels.simd import fma, maximum, minimum, select
from fastbp.runtime.inlined import inlined

#: Blocks that are added in the arena's precision before the sum goes on in float64.
_BLOCKS_AT_A_TIME = 16
#: Numbers that `deviations` keeps for an output.
DEVIATIONS = 5


class Tally(NamedTuple):
    """Fields of all kernels here."""

    outputs: int  # samples in lanes
    padded_features: int  # of outputs and targets
    n_out: int
    targets: int  # samples in lanes
    scale: int  # [sample]: sample weight / rows; -1 where every sample counts 1
    sums: int  # the first of the epoch's sums that are the kernel's
    bins: int = 0  # of a histogram
    apart: int = 0  # whether each output has a histogram of its own


class Counts(NamedTuple):
    """Fields of `counts`, the first as those of `Tally`. Behind them lie the thresholds, rising: bits of float64s."""

    outputs: int
    padded_features: int
    n_out: int
    targets: int  # samples in lanes, or class numbers [sample]
    scale: int
    sums: int
    apart: int
    soft: int  # whether targets count in part as positive
    label: int  # the first output's class number; -1 where targets are none
    n_thresholds: int


#: How many they are.
COUNTS_FIELDS = len(Counts._fields)


@inlined
def _add(sums, place, number):
    simd.put(sums, place, simd.get(sums, place) + number)


def mark():
    """sums[0] = 1, and nothing is added: divided by the number of samples, like all sums, it tells that number"""

    def kernel(row, arena, context, hyper, worker, workers):
        if worker != workers - 1:
            return
        r = simd.read_fields(row, Tally)
        c = simd.read_fields(context, Context)
        simd.put(simd.pointer_at(c.values, simd.float64), r.sums, 1.0)

    return kernel


def _between(fields_of, bins_of, bin_of, positive_of):
    """A kernel:  sums[1 + positive, b] += w t,  sums[1 + negative, b] += w (1 - t),  b being the bin of an output

    sums     [1] + [output, or 1][positive, negative][bins]    accumulated; the first is a `mark`
    b        ``bin_of(arena, row, r, p)`` of an output p, out of ``bins_of(r)``; that of no number makes its sums none
    t        ``positive_of(arena, r, at, o, s)``: how much of sample s is positive for output o, whose place is `at`

    Where counts are whole numbers, they are exact.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, fields_of)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        bins = bins_of(r)
        sums = simd.advance(simd.pointer_at(c.values, simd.float64), r.sums)
        first, end = 0, r.n_out
        if r.apart:
            first, end = share(r.n_out, worker, workers)
        elif worker != workers - 1:
            return
        if worker == workers - 1:
            simd.put(sums, 0, 1.0)
        for o in range(first, end):
            own = simd.advance(sums, 1 + (2 * bins * o if r.apart else 0))
            for s in range(c.rows):
                block = s // lanes
                at = (block * r.padded_features + o) * lanes + s - block * lanes
                p = simd.get(arena, r.outputs + at)
                weight = 1.0
                if r.scale >= 0:
                    weight = c.rows * simd.get(arena, r.scale + s)
                b = bin_of(arena, row, r, p)
                hit = weight * positive_of(arena, r, at, o, s)
                _add(own, b, hit if p == p else p)
                _add(own, bins + b, weight - hit if p == p else p)

    return kernel


@inlined
def _inside(t):
    """A target, kept in [0, 1]"""
    return minimum(1.0, maximum(0.0, 1.0 * t))


def histogram():
    """Bins of one width:  b / bins < p <= (b + 1) / bins,  output and target kept in [0, 1]"""

    @inlined
    def bins_of(r):
        return r.bins

    @inlined
    def bin_of(arena, row, r, p):
        # Not above 0 is what is no number, too.
        place = r.bins * (min(1.0 * p, 1.0) if p > 0.0 else 0.0)
        b = int(place)
        return b - 1 if b == place and b > 0 else b

    @inlined
    def positive_of(arena, r, at, o, s):
        return _inside(simd.get(arena, r.targets + at))

    return _between(Tally, bins_of, bin_of, positive_of)


def counts():
    """Bins between any thresholds:  b of them are below p

    The target is kept in [0, 1], or is whether it is above 1/2, or whether it is the output's class number.
    """

    @inlined
    def bins_of(r):
        return r.n_thresholds + 1

    @inlined
    def bin_of(arena, row, r, p):
        thresholds = simd.advance(row, COUNTS_FIELDS)
        below, above = 0, r.n_thresholds
        while below < above:
            middle = (below + above) // 2
            threshold = simd.double_from_bits(simd.get(thresholds, middle))
            # What is no number comes behind all thresholds, so that all counts above them are none either.
            if not (p <= simd.cast_to(arena, threshold)):
                below = middle + 1
            else:
                above = middle
        return below

    @inlined
    def positive_of(arena, r, at, o, s):
        if r.label >= 0:
            return 1.0 if simd.get(arena, r.targets + s) == r.label + o else 0.0
        t = simd.get(arena, r.targets + at)
        if r.soft:
            return _inside(t)
        return 1.0 if t > 0.5 else 0.0

    return _between(Counts, bins_of, bin_of, positive_of)


def deviations():
    """Of each output, over the samples s: what tells the variance of the targets t, and the squares of the errors

    sums    [output][begun, c, sum of w (t - c), sum of w (t - c)**2, sum of w (t - y)**2]    accumulated

    The variance is the difference of two sums, which would cancel where the mean is large; so c, the first target of an
    epoch, is taken off before. `begun` is a `mark`. Workers own outputs.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Tally)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        blocks = (c.rows + lanes - 1) // lanes
        first, end = share(r.n_out, worker, workers)
        rows = simd.cast_to(arena, c.rows)
        for o in range(first, end):
            sums = simd.pointer_at(c.values, simd.float64)
            sums = simd.advance(sums, r.sums + DEVIATIONS * o)
            if simd.get(sums, 0) == 0.0:
                simd.put(sums, 0, 1.0)
                simd.put(sums, 1, simd.get(arena, r.targets + o * lanes))
            center = simd.splat(arena, simd.cast_to(arena, simd.get(sums, 1)))
            for top in range(0, blocks, _BLOCKS_AT_A_TIME):
                linear, square, error = (
                    simd.splat(arena, 0.0),
                    simd.splat(arena, 0.0),
                    simd.splat(arena, 0.0),
                )
                for block in range(top, min(top + _BLOCKS_AT_A_TIME, blocks)):
                    at = (block * r.padded_features + o) * lanes
                    t = simd.load(arena, r.targets + at)
                    y = simd.load(arena, r.outputs + at)
                    weight = simd.splat(arena, 1.0)
                    if r.scale >= 0:
                        weight = rows * simd.load(arena, r.scale + block * lanes)
                    inside = inside_batch(arena, c.rows, block, lanes)
                    deviation = select(inside, t - center, 0.0)
                    difference = select(inside, t - y, 0.0)
                    weighted = weight * deviation
                    linear = linear + weighted
                    square = fma(weighted, deviation, square)
                    error = fma(weight * difference, difference, error)
                _add(sums, 2, simd.sum_lanes(linear))
                _add(sums, 3, simd.sum_lanes(square))
                _add(sums, 4, simd.sum_lanes(error))

    return kernel
