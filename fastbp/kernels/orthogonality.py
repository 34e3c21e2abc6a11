"""The penalty that brings the vectors of a matrix, its rows or its columns, to right angles, and its gradient.

With u_a = w_a / max(|w_a|, 1e-7) it is ``scale * sum over the pairs a < b of |u_a . u_b|``.

Element e of vector v of the matrix lies at ``(v // L) vector_block + (v % L) vector_step + (e // L) element_block +
(e % L) element_step``, L being the lanes of a vector register, whatever form the matrix has.
"""

from typing import NamedTuple

from fastbp.kernels import simd
from fastbp.kernels.context import share
from fastbp.runtime.inlined import inlined

#: Vectors shorter than this are not made units.
_SHORTEST = 1e-7


@inlined
def _place(v, lanes, block, step):
    return v // lanes * block + v % lanes * step


class UnitVectors(NamedTuple):
    """Fields of `unit_vectors`."""

    weights: int
    vectors: int
    vector_block: int
    vector_step: int
    elements: int
    element_block: int
    element_step: int
    units: int  # [vectors][width]
    width: int  # elements, padded
    lengths: int  # float64 [vectors]


def unit_vectors():
    """units[v] = w_v / max(|w_v|, 1e-7);  lengths[v] = |w_v|

    A worker owns whole vectors, and adds squares in order.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, UnitVectors)
        lanes = simd.lanes(arena)
        lengths = simd.reinterpret(simd.advance(arena, r.lengths), simd.float64)
        first, end = share(r.vectors, worker, workers)
        for v in range(first, end):
            weights = simd.advance(
                arena, r.weights + _place(v, lanes, r.vector_block, r.vector_step)
            )
            units = simd.advance(arena, r.units + v * r.width)
            total = 0.0
            for e in range(r.elements):
                w = 1.0 * simd.get(weights, _place(e, lanes, r.element_block, r.element_step))
                total += w * w
            length = simd.sqrt(total)
            simd.put(lengths, v, length)
            factor = 1.0 / simd.maximum(_SHORTEST, length)
            for e in range(r.elements):
                w = 1.0 * simd.get(weights, _place(e, lanes, r.element_block, r.element_step))
                simd.put(units, e, factor * w)
            for e in range(r.elements, r.width):
                simd.put(units, e, 0.0)

    return kernel


class Orthogonality(NamedTuple):
    """Fields of `orthogonality`."""

    gradient: int  # of the matrix, in its form; or -1 where none is wanted
    vectors: int
    vector_block: int
    vector_step: int
    elements: int
    element_block: int
    element_step: int
    units: int  # [vectors][width]
    width: int
    lengths: int  # float64 [vectors]
    turns: int  # [vectors][width], written
    sums: int  # float64 [vectors], written
    scale: int  # bits of a float64


def orthogonality():
    """sums[a] = sum over b != a of |u_a . u_b|;  gradient[a] += scale (t_a - sums[a] u_a) / |w_a|

    with ``turns[a] = t_a = sum over b != a of sign(u_a . u_b) u_b``. A worker owns whole vectors a, and takes b in
    order.
    """

    def kernel(row, arena, context, hyper, worker, workers):
        r = simd.read_fields(row, Orthogonality)
        lanes = simd.lanes(arena)
        units = simd.advance(arena, r.units)
        lengths = simd.reinterpret(simd.advance(arena, r.lengths), simd.float64)
        sums = simd.reinterpret(simd.advance(arena, r.sums), simd.float64)
        scale = simd.double_from_bits(r.scale)
        first, end = share(r.vectors, worker, workers)
        for a in range(first, end):
            turn = simd.advance(arena, r.turns + a * r.width)
            for at in range(0, r.width, lanes):
                simd.store(turn, at, 0.0)
            total = 0.0
            # Four at a time share what is loaded; the last ones may be counted out.
            for b in range(0, r.vectors, 4):
                total += _four(units, turn, a, b, r.vectors, r.width, lanes)
            simd.put(sums, a, total)
            if r.gradient < 0:
                continue
            gradient = simd.advance(
                arena, r.gradient + _place(a, lanes, r.vector_block, r.vector_step)
            )
            length = simd.get(lengths, a)
            along, part = (0.0, _SHORTEST) if length < _SHORTEST else (total, length)
            for e in range(r.elements):
                at = _place(e, lanes, r.element_block, r.element_step)
                unit = 1.0 * simd.get(units, a * r.width + e)
                push = 1.0 * simd.get(turn, e) - along * unit
                simd.put(gradient, at, simd.get(gradient, at) + scale * push / part)

    return kernel


@inlined
def _four(units, turn, a, b, n, width, lanes):
    """Add to t_a what the vectors b to b + 3 give; the sum of their |u_a . u_b|"""
    own = simd.advance(units, a * width)
    # Of those that are not there the last one stands in, and counts nothing.
    p = simd.advance(units, b * width)
    q = simd.advance(units, min(b + 1, n - 1) * width)
    r = simd.advance(units, min(b + 2, n - 1) * width)
    s = simd.advance(units, min(b + 3, n - 1) * width)
    w, x = simd.splat(units, 0.0), simd.splat(units, 0.0)
    y, z = simd.splat(units, 0.0), simd.splat(units, 0.0)
    for at in range(0, width, lanes):
        unit = simd.load(own, at)
        w = simd.fma(unit, simd.load(p, at), w)
        x = simd.fma(unit, simd.load(q, at), x)
        y = simd.fma(unit, simd.load(r, at), y)
        z = simd.fma(unit, simd.load(s, at), z)
    first, size = _sign(simd.sum_lanes(w), a, b, n)
    second, size_2 = _sign(simd.sum_lanes(x), a, b + 1, n)
    third, size_3 = _sign(simd.sum_lanes(y), a, b + 2, n)
    fourth, size_4 = _sign(simd.sum_lanes(z), a, b + 3, n)
    i, j = simd.cast_to(units, first), simd.cast_to(units, second)
    k, m = simd.cast_to(units, third), simd.cast_to(units, fourth)
    for at in range(0, width, lanes):
        total = simd.fma(i, simd.load(p, at), simd.load(turn, at))
        total = simd.fma(j, simd.load(q, at), total)
        total = simd.fma(k, simd.load(r, at), total)
        simd.store(turn, at, simd.fma(m, simd.load(s, at), total))
    return size + size_2 + size_3 + size_4


@inlined
def _sign(cosine, a, b, n):
    """``(sign, size)`` of a cosine, nothing for a vector with itself and behind the last one"""
    if b == a or b >= n:
        return 0.0, 0.0
    if cosine > 0.0:
        return 1.0, cosine
    if cosine < 0.0:
        return -1.0, -cosine
    return 0.0, cosine


class PairPenalty(NamedTuple):
    """Fields of `pair_penalty`."""

    penalty: int  # one number
    sums: int  # float64 [vectors]
    vectors: int
    scale: int  # bits of a float64
    first: int  # 1 for the kernel that begins the penalty


def pair_penalty():
    """penalty (+)= scale / 2 * sum over a of sums[a];  one worker, in order"""

    def kernel(row, arena, context, hyper, worker, workers):
        if worker != 0:
            return
        r = simd.read_fields(row, PairPenalty)
        sums = simd.reinterpret(simd.advance(arena, r.sums), simd.float64)
        total = 0.0
        for a in range(r.vectors):
            total += simd.get(sums, a)
        before = 0.0 if r.first else 1.0 * simd.get(arena, r.penalty)
        simd.put(arena, r.penalty, before + 0.5 * simd.double_from_bits(r.scale) * total)

    return kernel
