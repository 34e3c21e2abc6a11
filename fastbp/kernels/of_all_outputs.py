"""Activations in which each output depends on all others: softmax, its logarithm and sparsemax, forward and backward.

All buffers have samples in lanes.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.math import exp, log
from fastbp.kernels.simd import fma, maximum, select
from fastbp.runtime.inlined import inlined


class OfAllOutputs(NamedTuple):
    """Fields of all kernels here."""

    inputs: int
    outputs: int
    padded_features: int
    n_features: int


def _change_samples(change):
    """A kernel that does ``change(arena, inputs, outputs, n_features)``, of offsets of the first feature's vectors"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, OfAllOutputs)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            change(arena, r.inputs + begin, r.outputs + begin, r.n_features)

    return kernel


@inlined
def _largest(arena, inputs, n_features):
    lanes = simd.lanes(arena)
    top = simd.load(arena, inputs)
    for o in range(1, n_features):
        top = maximum(top, simd.load(arena, inputs + o * lanes))
    return top


def softmax():
    """outputs[o] = exp(inputs[o]) / sum over o of exp(inputs[o])"""

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        top = _largest(arena, inputs, n_features)
        total = simd.splat(arena, 0.0)
        for o in range(n_features):
            e = exp(simd.load(arena, inputs + o * lanes) - top)
            total = total + e
            simd.store(arena, outputs + o * lanes, e)
        inverse = 1.0 / total
        for o in range(n_features):
            at = outputs + o * lanes
            simd.store(arena, at, simd.load(arena, at) * inverse)

    return _change_samples(change)


def softmax_backward():
    """outputs (a gradient g) = y * (g - sum over o of g[o] y[o]);  inputs are the softmax's outputs y"""

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        total = simd.splat(arena, 0.0)
        for o in range(n_features):
            y = simd.load(arena, inputs + o * lanes)
            total = fma(simd.load(arena, outputs + o * lanes), y, total)
        for o in range(n_features):
            at = outputs + o * lanes
            gradient = simd.load(arena, at) - total
            simd.store(arena, at, gradient * simd.load(arena, inputs + o * lanes))

    return _change_samples(change)


def log_softmax():
    """outputs[o] = inputs[o] - log(sum over o of exp(inputs[o]))"""

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        top = _largest(arena, inputs, n_features)
        total = simd.splat(arena, 0.0)
        for o in range(n_features):
            total = total + exp(simd.load(arena, inputs + o * lanes) - top)
        logarithm = log(total)
        for o in range(n_features):
            value = simd.load(arena, inputs + o * lanes) - top - logarithm
            simd.store(arena, outputs + o * lanes, value)

    return _change_samples(change)


def log_softmax_backward():
    """outputs (a gradient g) = g - exp(y) * sum over o of g[o];  inputs are the outputs y of `log_softmax`"""

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        total = simd.splat(arena, 0.0)
        for o in range(n_features):
            total = total + simd.load(arena, outputs + o * lanes)
        for o in range(n_features):
            at = outputs + o * lanes
            share = exp(simd.load(arena, inputs + o * lanes))
            simd.store(arena, at, fma(-share, total, simd.load(arena, at)))

    return _change_samples(change)


@inlined
def _tau(arena, inputs, n_features, top):
    """What the sparsemax's tau has above the largest input, for a vector of samples

    It begins 1 below the largest input, which is too low or right. The tau by which those inputs alone that are above
    it sum up to 1 is higher, but not too high: so it rises, and inputs fall out of the sum, until none does any more
    (Michelot 1986). Samples whose tau has been found keep it while others in the vector go on.
    """
    lanes = simd.lanes(arena)
    tau = simd.splat(arena, -1.0)
    counted = simd.splat(arena, n_features + 1)
    found = False
    while not found:
        count = total = simd.splat(arena, 0.0)
        for o in range(n_features):
            excess = simd.load(arena, inputs + o * lanes) - top
            inside = excess > tau
            count = count + select(inside, simd.splat(arena, 1.0), 0.0)
            total = total + select(inside, excess, 0.0)
        fewer = count < counted
        found = simd.all_true(count >= counted)
        tau = select(fewer, (total - 1.0) / count, tau)
        counted = select(fewer, count, counted)
    return tau


def sparsemax():
    """outputs[o] = max(inputs[o] - tau, 0), where tau is such that sum over o of outputs[o] = 1

    The point of the probability simplex next to the inputs (Martins and Astudillo 2016).
    """

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        top = _largest(arena, inputs, n_features)
        tau = _tau(arena, inputs, n_features, top)
        for o in range(n_features):
            share = simd.load(arena, inputs + o * lanes) - top - tau
            simd.store(arena, outputs + o * lanes, maximum(0.0, share))

    return _change_samples(change)


def sparsemax_backward():
    """outputs (a gradient g) = g - mean of g over all o with y[o] > 0 there, else 0;  inputs are the outputs y"""

    @inlined
    def change(arena, inputs, outputs, n_features):
        lanes = simd.lanes(arena)
        count = total = simd.splat(arena, 0.0)
        for o in range(n_features):
            inside = simd.load(arena, inputs + o * lanes) > 0.0
            count = count + select(inside, simd.splat(arena, 1.0), 0.0)
            total = total + select(inside, simd.load(arena, outputs + o * lanes), 0.0)
        # Lanes without a sample may have none.
        mean = total / maximum(1.0, count)
        for o in range(n_features):
            at = outputs + o * lanes
            gradient = simd.load(arena, at) - mean
            inside = simd.load(arena, inputs + o * lanes) > 0.0
            simd.store(arena, at, select(inside, gradient, 0.0))

    return _change_samples(change)
