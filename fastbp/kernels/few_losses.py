"""Losses of few samples, on activations with features in lanes: a vector is L outputs of one sample.

What `losses.py` says holds here, too. Samples in lanes would leave most lanes empty, and outputs, targets and gradients
would have to be turned round; here targets lie in plain rows.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import Context, sample_blocks
from fastbp.kernels.loss_terms import TERMS
from fastbp.kernels.losses import finish_values, formula_numbers
from fastbp.kernels.math import exp, log
from fastbp.kernels.simd import fma, maximum, select
from fastbp.runtime.inlined import inlined


class FewLoss(NamedTuple):
    """Fields of all kernels here. -1 for what is not wanted."""

    outputs: int  # features in lanes
    samples: int  # padded samples of outputs and gradient
    n_out: int
    targets: int  # [sample][stride], or class numbers [sample]
    targets_stride: int
    scale: int  # [sample]
    values: int  # [sample], written
    gradient: int  # features in lanes, written; not in padded samples
    first: int = 0  # the numbers of the formula: bits of a float64
    second: int = 0
    third: int = 0


@inlined
def _samples_of(c, block, lanes):
    """``(first, end)`` of a block's samples that belong to the batch"""
    return block * lanes, min((block + 1) * lanes, c.rows)


@inlined
def _inside(arena, n_out, o):
    """Mask of the outputs that there are, of those from `o` on"""
    return simd.lane_numbers(arena) < simd.cast_to(arena, n_out - o)


@inlined
def _largest(arena, vector):
    """Of a vector's lanes"""
    lanes = simd.room(arena, 1)
    simd.store(lanes, 0, vector)
    top = simd.get(lanes, 0)
    for i in range(1, simd.lanes(arena)):
        top = max(top, simd.get(lanes, i))
    return top


def few_pointwise_loss(name, with_gradient):
    """values[s] = scale[s] * mean (or sum) over o of value(outputs[s, o], targets[s, o]), and its gradient"""
    value_of, gradient_of, takes_mean = TERMS[name]

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FewLoss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        numbers = formula_numbers(arena, r)
        share_of_one = 1.0 / r.n_out if takes_mean else 1.0
        first, end = sample_blocks(c, lanes, worker, workers)
        values = simd.room(arena, 1)
        for block in range(first, end):
            simd.store(values, 0, simd.splat(arena, 0.0))
            begin, stop = _samples_of(c, block, lanes)
            for s in range(begin, stop):
                scale = simd.splat(arena, simd.get(arena, r.scale + s)) * share_of_one
                total = simd.splat(arena, 0.0)
                at, target_at = s * lanes, r.targets + s * r.targets_stride
                for o in range(0, r.n_out, lanes):
                    inside = _inside(arena, r.n_out, o)
                    output = simd.load(arena, r.outputs + at)
                    target = select(inside, simd.load(arena, target_at + o), 0.0)
                    total = total + select(inside, value_of(output, target, numbers), 0.0)
                    if with_gradient:
                        gradient = gradient_of(output, target, numbers) * scale
                        simd.store(arena, r.gradient + at, select(inside, gradient, 0.0))
                    at += r.samples * lanes
                simd.put(values, s - begin, simd.total_of_lanes(total))
            finish_values(arena, r, c, block, lanes, simd.load(values, 0) * share_of_one)

    return kernel


def few_softmax_crossentropy(sparse, with_gradient):
    """values[s] = scale[s] * (log(sum over o of exp(z[o])) - z[target]), from logits z

    With dense targets -sum over o of t[o] log(softmax(z)[o]). Gradient: scale * (softmax(z) sum(t) - t).
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, FewLoss)
        c = simd.read_fields(context, Context)
        lanes = simd.lanes(arena)
        step = r.samples * lanes
        first, end = sample_blocks(c, lanes, worker, workers)
        totals, chosens, weights = simd.room(arena, 1), simd.room(arena, 1), simd.room(arena, 1)
        for block in range(first, end):
            simd.store(totals, 0, simd.splat(arena, 1.0))
            simd.store(chosens, 0, simd.splat(arena, 0.0))
            simd.store(weights, 0, simd.splat(arena, 1.0))
            begin, stop = _samples_of(c, block, lanes)
            for s in range(begin, stop):
                outputs, out = r.outputs + s * lanes, r.gradient + s * lanes
                targets = r.targets + s * r.targets_stride
                label = simd.splat(arena, simd.get(arena, targets))
                tops = simd.splat(arena, simd.get(arena, outputs))
                at = outputs
                for o in range(0, r.n_out, lanes):
                    inside = _inside(arena, r.n_out, o)
                    tops = maximum(tops, select(inside, simd.load(arena, at), tops))
                    at += step
                top = simd.splat(arena, _largest(arena, tops))
                total = simd.splat(arena, 0.0)
                chosen = simd.splat(arena, 0.0)
                weight = simd.splat(arena, 0.0)
                at = 0
                for o in range(0, r.n_out, lanes):
                    inside = _inside(arena, r.n_out, o)
                    z = simd.load(arena, outputs + at) - top
                    e = select(inside, exp(z), 0.0)
                    total = total + e
                    if sparse:
                        here = label - simd.cast_to(arena, o) == simd.lane_numbers(arena)
                        chosen = select(here, z, chosen)
                    else:
                        target = select(inside, simd.load(arena, targets + o), 0.0)
                        # 0 * -inf must stay 0: a class that is not wanted may be infinitely unlikely.
                        chosen = chosen + select(target == 0.0, target, target * z)
                        weight = weight + target
                    if with_gradient:
                        simd.store(arena, out + at, e)
                    at += step
                all_of_it = simd.total_of_lanes(total)
                wanted = simd.total_of_lanes(weight)
                simd.put(totals, s - begin, all_of_it)
                simd.put(chosens, s - begin, simd.total_of_lanes(chosen))
                if not sparse:
                    simd.put(weights, s - begin, wanted)
                if with_gradient:
                    scale = simd.splat(arena, simd.get(arena, r.scale + s))
                    inverse = scale / all_of_it
                    if not sparse:
                        inverse = inverse * wanted
                    at = 0
                    for o in range(0, r.n_out, lanes):
                        p = simd.load(arena, out + at) * inverse
                        if sparse:
                            here = label - simd.cast_to(arena, o) == simd.lane_numbers(arena)
                            gradient = select(here, p - scale, p)
                        else:
                            inside = _inside(arena, r.n_out, o)
                            target = select(inside, simd.load(arena, targets + o), 0.0)
                            gradient = fma(-scale, target, p)
                        simd.store(arena, out + at, gradient)
                        at += step
            value = simd.load(weights, 0) * log(simd.load(totals, 0)) - simd.load(chosens, 0)
            finish_values(arena, r, c, block, lanes, value)

    return kernel
