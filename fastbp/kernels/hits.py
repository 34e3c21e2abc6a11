"""Metrics that ask which outputs of a sample are the largest; samples in lanes, as for the losses."""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.losses import Loss, finish_values, formula_numbers
from fastbp.kernels.simd import maximum, select

_LOWEST = -float("inf")


def class_accuracy(sparse):
    """values[s] = scale[s] where the largest output (the first of equals) is the right class"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            top = simd.load(arena, begin)
            best = simd.splat(arena, 0.0)
            targets = r.targets + block * r.padded_features * lanes
            top_target = simd.load(arena, r.targets if sparse else targets)
            right = simd.splat(arena, 0.0)
            for o in range(1, r.n_out):
                y = simd.load(arena, begin + o * lanes)
                best = select(y > top, simd.cast_to(arena, o), best)
                top = maximum(y, top)
                if not sparse:
                    t = simd.load(arena, targets + o * lanes)
                    right = select(t > top_target, simd.cast_to(arena, o), right)
                    top_target = maximum(t, top_target)
            if sparse:
                right = simd.load(arena, r.targets + block * lanes)
            finish_values(arena, r, c, block, lanes, select(best == right, 1.0, best * 0.0))

    return kernel


def top_k_accuracy(sparse):
    """values[s] = scale[s] where fewer than k outputs are above that of the right class;  numbers = (k,)"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        k = formula_numbers(arena, r)[0]
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = r.outputs + block * r.padded_features * lanes
            targets = r.targets + block * r.padded_features * lanes
            right = simd.load(arena, begin)
            if sparse:
                label = simd.load(arena, r.targets + block * lanes)
                for o in range(1, r.n_out):
                    y = simd.load(arena, begin + o * lanes)
                    right = select(label == simd.cast_to(arena, o), y, right)
            else:
                top_target = simd.load(arena, targets)
                for o in range(1, r.n_out):
                    t = simd.load(arena, targets + o * lanes)
                    right = select(t > top_target, simd.load(arena, begin + o * lanes), right)
                    top_target = maximum(t, top_target)
            above = simd.splat(arena, 0.0)
            for o in range(r.n_out):
                y = simd.load(arena, begin + o * lanes)
                above = above + select(y > right, 1.0, above * 0.0)
            finish_values(arena, r, c, block, lanes, select(above < k, 1.0, above * 0.0))

    return kernel


class Largest(NamedTuple):
    """Fields of `keep_largest`."""

    outputs: int  # samples in lanes
    padded_features: int
    n_out: int
    k: int
    kept: int  # samples in lanes, written


def keep_largest():
    """kept[o, s] = y[o, s] for the k largest outputs of a sample, of equals the first; -inf for the others

    One pass finds the next one in this order: the largest of those that come behind the one before.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Largest)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        lowest = simd.splat(arena, _LOWEST)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            last, at_last = -lowest, simd.splat(arena, -1.0)
            for _ in range(r.k):
                best, at_best = lowest, simd.splat(arena, simd.cast_to(arena, r.n_out))
                for o in range(r.n_out):
                    y = simd.load(arena, r.outputs + begin + o * lanes)
                    number = simd.splat(arena, simd.cast_to(arena, o))
                    comes_behind = (y < last) | ((y == last) & (number > at_last))
                    is_next = comes_behind & (y > best)
                    at_best = select(is_next, number, at_best)
                    best = select(is_next, y, best)
                last, at_last = best, at_best
            for o in range(r.n_out):
                y = simd.load(arena, r.outputs + begin + o * lanes)
                number = simd.splat(arena, simd.cast_to(arena, o))
                is_kept = (y > last) | ((y == last) & (number <= at_last))
                # What is no number stays, and makes sums none.
                kept = select(is_kept, y, select(y == y, lowest, y))
                simd.store(arena, r.kept + begin + o * lanes, kept)

    return kernel
