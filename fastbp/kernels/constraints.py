"""What is done to arrays of weights after an update. Nothing, where gradients are only added up in this step."""

import math
from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import share
from fastbp.kernels.updates import no_update

#: Squares that are added before their sum is added to that of the others.
_AT_A_TIME = 16


class ConstrainNorms(NamedTuple):
    """Fields of `constrain_norms`."""

    weights: int
    groups: int
    group_stride: int
    terms: int  # vectors in a group, or numbers
    term_stride: int
    least: int  # bits of a float64
    largest: int
    rate: int
    step_share: int  # which of the step's numbers is 0 where there was no update; or -1


def constrain_norms(apart):
    """w <- w (norm + rate (min(max(norm, least), largest) - norm)) / norm;  zeros stay

    weights  [group][term][lanes], with any strides  overwritten

    With `apart` each lane of a group has a norm of its own, without there is one of all its lanes. A worker owns whole
    groups, and adds the terms in order.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, ConstrainNorms)
        if no_update(hyper, r.step_share):
            return
        least = simd.cast_to(arena, simd.double_from_bits(r.least))
        largest = simd.cast_to(arena, simd.double_from_bits(r.largest))
        rate = simd.cast_to(arena, simd.double_from_bits(r.rate))
        first, end = share(r.groups, worker, workers)
        for group in range(first, end):
            weights = simd.advance(arena, r.weights + group * r.group_stride)
            total = simd.splat(arena, 0.0)
            for top in range(0, r.terms, _AT_A_TIME):
                part = simd.splat(arena, 0.0)
                for term in range(top, min(top + _AT_A_TIME, r.terms)):
                    weight = simd.load(weights, term * r.term_stride)
                    part = simd.fma(weight, weight, part)
                total = total + part
            if apart:
                norm = simd.sqrt(total)
            else:
                norm = simd.splat(arena, simd.cast_to(arena, simd.sqrt(simd.sum_lanes(total))))
            bounded = simd.maximum(least, simd.minimum(largest, norm))
            wanted = simd.fma(rate, bounded - norm, norm)
            factor = simd.select(norm > 0.0, wanted / norm, 1.0)
            for term in range(r.terms):
                at = term * r.term_stride
                simd.store(weights, at, factor * simd.load(weights, at))

    return kernel


def constrain_norms_of_numbers():
    """The same, of numbers that lie side by side without being whole vectors

    weights  [group][term], with any strides  overwritten

    A worker owns whole groups, and adds the terms in order.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, ConstrainNorms)
        if no_update(hyper, r.step_share):
            return
        least = simd.cast_to(arena, simd.double_from_bits(r.least))
        largest = simd.cast_to(arena, simd.double_from_bits(r.largest))
        rate = simd.cast_to(arena, simd.double_from_bits(r.rate))
        first, end = share(r.groups, worker, workers)
        for group in range(first, end):
            weights = simd.advance(arena, r.weights + group * r.group_stride)
            total = 0.0
            for term in range(r.terms):
                weight = simd.get(weights, term * r.term_stride)
                total += float(weight) * float(weight)
            norm = simd.cast_to(arena, math.sqrt(total))
            bounded = max(least, min(largest, norm))
            wanted = norm + rate * (bounded - norm)
            factor = wanted / norm if norm > 0.0 else norm * 0.0 + 1.0
            for term in range(r.terms):
                at = term * r.term_stride
                simd.put(weights, at, simd.cast_to(arena, factor * simd.get(weights, at)))

    return kernel


class ConstrainSigns(NamedTuple):
    """Fields of `constrain_signs`."""

    weights: int
    outer: int  # the weights are [outer][stride], of which `inner` numbers count, whole vectors
    stride: int
    inner: int
    step_share: int  # which of the step's numbers is 0 where there was no update; or -1


def constrain_signs():
    """w <- max(w, 0)

    weights  [outer][stride]  overwritten

    A worker owns whole vectors.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, ConstrainSigns)
        if no_update(hyper, r.step_share):
            return
        lanes = simd.lanes(arena)
        # Where there is one row, it is shared out by vectors, else by rows.
        rows, vectors = share(r.outer, worker, workers), (0, r.inner // lanes)
        if r.outer == 1:
            rows, vectors = (0, 1), share(r.inner // lanes, worker, workers)
        for i in range(rows[0], rows[1]):
            weights = simd.advance(arena, r.weights + i * r.stride)
            for j in range(vectors[0], vectors[1]):
                at = j * lanes
                simd.store(weights, at, simd.maximum(0.0, simd.load(weights, at)))

    return kernel
