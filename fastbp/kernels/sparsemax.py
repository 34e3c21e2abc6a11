"""The sparsemax (Martins and Astudillo 2016), forward and backward; all buffers have samples in lanes.

It is the point of the probability simplex next to the inputs: what they have above a tau, which makes that sum up to 1.
"""

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.elementwise import Elementwise
from fastbp.kernels.simd import maximum, select
from fastbp.runtime.inlined import inlined


@inlined
def _tau(arena, inputs, n_features, top):
    """What tau has above the largest input, for a vector of samples

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
    """outputs[o] = max(inputs[o] - tau, 0), where tau is such that sum over o of outputs[o] = 1"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            top = simd.load(arena, r.inputs + begin)
            for o in range(1, r.n_features):
                top = maximum(top, simd.load(arena, r.inputs + begin + o * lanes))
            tau = _tau(arena, r.inputs + begin, r.n_features, top)
            for o in range(r.n_features):
                at = begin + o * lanes
                share = simd.load(arena, r.inputs + at) - top - tau
                simd.store(arena, r.outputs + at, maximum(0.0, share))

    return kernel


def sparsemax_backward():
    """outputs (a gradient g) = g - mean of g over all o with y[o] > 0 there, else 0;  inputs are the outputs y"""

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Elementwise)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            count = total = simd.splat(arena, 0.0)
            for o in range(r.n_features):
                at = begin + o * lanes
                inside = simd.load(arena, r.inputs + at) > 0.0
                count = count + select(inside, simd.splat(arena, 1.0), 0.0)
                total = total + select(inside, simd.load(arena, r.outputs + at), 0.0)
            # Lanes without a sample may have none.
            mean = total / maximum(1.0, count)
            for o in range(r.n_features):
                at = begin + o * lanes
                gradient = simd.load(arena, r.outputs + at) - mean
                inside = simd.load(arena, r.inputs + at) > 0.0
                simd.store(arena, r.outputs + at, select(inside, gradient, 0.0))

    return kernel
