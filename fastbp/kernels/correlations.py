"""Metrics that ask how a sample's outputs go with its targets; samples in lanes, as for the losses."""

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.loss_terms import CLIP
from fastbp.kernels.losses import Loss, finish_values
from fastbp.kernels.simd import fma, sqrt


def correlation(concordance):
    """values[s] = scale[s] * cov / ((sd(y) + epsilon) (sd(t) + epsilon)),  or with `concordance`
    scale[s] * 2 cov / (var(y) + var(t) + (mean(y) - mean(t))**2 + epsilon)

    Over the outputs of a sample, variances divided by their number. Means come first, so that squares do not cancel.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Loss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        first, end = sample_blocks(c, lanes, worker, workers)
        share_of_one = 1.0 / r.n_out
        for block in range(first, end):
            begin = block * r.padded_features * lanes
            y_mean, t_mean = simd.splat(arena, 0.0), simd.splat(arena, 0.0)
            for o in range(r.n_out):
                y_mean = y_mean + simd.load(arena, r.outputs + begin + o * lanes)
                t_mean = t_mean + simd.load(arena, r.targets + begin + o * lanes)
            y_mean, t_mean = y_mean * share_of_one, t_mean * share_of_one
            product, y_square, t_square = (
                simd.splat(arena, 0.0),
                simd.splat(arena, 0.0),
                simd.splat(arena, 0.0),
            )
            for o in range(r.n_out):
                y = simd.load(arena, r.outputs + begin + o * lanes) - y_mean
                t = simd.load(arena, r.targets + begin + o * lanes) - t_mean
                product = fma(y, t, product)
                y_square = fma(y, y, y_square)
                t_square = fma(t, t, t_square)
            product = product * share_of_one
            y_square, t_square = y_square * share_of_one, t_square * share_of_one
            if concordance:
                apart = y_mean - t_mean
                value = 2.0 * product / (fma(apart, apart, y_square + t_square) + CLIP)
            else:
                value = product / ((sqrt(y_square) + CLIP) * (sqrt(t_square) + CLIP))
            finish_values(arena, r, c, block, lanes, value)

    return kernel
