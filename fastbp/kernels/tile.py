"""The register tile: rows x 2 accumulators that stay in registers while terms are added.

    C[m, n] += sum over k0 <= k < k1 of A[m, k] * B[k, n]

`n` runs over vectors, `m` over numbers that are broadcast. B is in vector blocks ``[n block][k][lanes]``: its next k
lies one vector further. A is reached in one of the ways below.

A tile that is cut off by the last row computes that row again: no masks, and no more code.
"""

from functools import cache

from fastbp.kernels import simd
from fastbp.runtime.inlined import inlined
from fastbp.runtime.processor import processor

MAIN_ROWS, REST_ROWS = processor().tile_rows
#: Columns of a tile, in vectors.
COLUMNS = 2


def _strided(rows):
    """A[m, k] = scalars[m * row_stride + k * step]"""

    @inlined
    def tile(tile, a, row, last, k0, k1, b):
        scalars, row_stride, step, _ = a
        vectors, begin, stride = b
        pointers = simd.row_pointers(scalars, row, row_stride, last, rows)
        for i in range(k0, k1):
            at = begin + i * simd.lanes(vectors)
            tile = simd.multiply_add(tile, pointers, i * step, vectors, at, stride)
        return tile

    return tile


def _blocked(rows):
    """A[m, k] = scalars[(k // lanes) * jump + m * row_stride + k % lanes]: activations with samples in lanes"""

    @inlined
    def tile(tile, a, row, last, k0, k1, b):
        scalars, row_stride, _, jump = a
        vectors, begin, stride = b
        pointers = simd.row_pointers(scalars, row, row_stride, last, rows)
        lanes = simd.lanes(vectors)
        # A sum is cut at whole blocks.
        at = k0 // lanes * jump
        begin += k0 * lanes
        n = k1 - k0
        for _ in range(n // lanes):
            for i in range(lanes):
                tile = simd.multiply_add(tile, pointers, at + i, vectors, begin + i * lanes, stride)
            at += jump
            begin += lanes * lanes
        for i in range(n % lanes):
            tile = simd.multiply_add(tile, pointers, at + i, vectors, begin + i * lanes, stride)
        return tile

    return tile


def _row_table(rows):
    """A[m, k] = (row m of the batch)[k], rows reached through a table of addresses"""

    @inlined
    def tile(tile, a, row, last, k0, k1, b):
        table, _, _, _ = a
        vectors, begin, stride = b
        pointers = simd.row_pointers_from_table(vectors, table, row, last, rows)
        for i in range(k0, k1):
            at = begin + i * simd.lanes(vectors)
            tile = simd.multiply_add(tile, pointers, i, vectors, at, stride)
        return tile

    return tile


def _transposed_row_table(rows):
    """A[m, k] = (row k of the batch)[m], rows reached through a table of addresses"""

    @inlined
    def tile(tile, a, row, last, k0, k1, b):
        table, _, _, _ = a
        vectors, begin, stride = b
        for i in range(k0, k1):
            sample = simd.pointer_like(vectors, simd.get(table, i))
            pointers = simd.row_pointers(sample, row, 1, last, rows)
            at = begin + i * simd.lanes(vectors)
            tile = simd.multiply_add(tile, pointers, 0, vectors, at, stride)
        return tile

    return tile


_WAYS = {
    "strided": _strided,
    "blocked": _blocked,
    "row table": _row_table,
    "transposed row table": _transposed_row_table,
}


@cache
def make_tile(way, rows):
    """A compiled ``f(tile, a, row, last, k0, k1, b)``: `rows` rows from `row` on get terms k0 to k1 added.

    A row beyond `last` is `last` again. ``a = (scalars, row_stride, step, jump)`` is read as the way says, and ``b =
    (vectors, begin, stride)``: two blocks, the first at `begin`.
    """
    return _WAYS[way](rows)
