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
#: More rows than these at an edge are computed as one main tile.
MOST_REST_ROWS = 4
#: Columns of a tile, in vectors.
COLUMNS = 2


@inlined
def ask_for(numbers, first, n):
    """Ask for the cache lines of numbers[first : first + n], which will be read soon"""
    for i in range(first, first + n, simd.in_a_line(numbers)):
        simd.prefetch_to_read(numbers, i)


@cache
def _strided(rows):
    """A[m, k] = scalars[m * row_stride + k * step]"""

    @inlined
    def pointers(a, vectors, row, last):
        scalars, row_stride, _, _ = a
        return simd.row_pointers(scalars, row, row_stride, last, rows)

    @inlined
    def add(tile, pointers, a, row, last, i, b):
        vectors, begin, stride = b
        at = begin + i * simd.lanes(vectors)
        return simd.multiply_add(tile, pointers, i * a[2], vectors, at, stride)

    return pointers, add, None


@cache
def _transposed(rows):
    """A[m, k] = scalars[m + k * step]: a matrix that lies row by row, its rows being the terms"""

    @inlined
    def pointers(a, vectors, row, last):
        return simd.row_pointers(a[0], row, 1, last, rows)

    @inlined
    def add(tile, pointers, a, row, last, i, b):
        vectors, begin, stride = b
        at = begin + i * simd.lanes(vectors)
        # Those of the next rows: nobody else does, as terms lie far apart.
        simd.prefetch_to_read(a[0], i * a[2] + row + 2 * rows - 1)
        return simd.multiply_add(tile, pointers, i * a[2], vectors, at, stride)

    return pointers, add, None


@cache
def _blocked(rows):
    """A[m, k] = scalars[(k // lanes) * jump + m * row_stride + k % lanes]: activations with samples in lanes"""

    @inlined
    def add(tile, pointers, a, row, last, i, b):
        vectors, begin, stride = b
        lanes = simd.lanes(vectors)
        place = (i & -lanes) * (a[3] // lanes) + (i & (lanes - 1))
        return simd.multiply_add(tile, pointers, place, vectors, begin + i * lanes, stride)

    ahead = rows == MAIN_ROWS

    @inlined
    def add_many(tile, pointers, a, row, k0, k1, b):
        vectors, begin, stride = b
        lanes = simd.lanes(vectors)
        i = k0
        # Where a block lies is worked out once: for each term it takes longer than that term's products.
        while i < k1:
            block = i & -lanes
            end = min(block + lanes, k1)
            apart = block * (a[3] // lanes) - block
            if ahead:
                # Those of the next rows: nobody else does, as blocks lie far apart.
                ask_for(a[0], apart + block + (row + rows) * lanes, rows * lanes)
            for j in range(i, end):
                at = begin + j * lanes
                tile = simd.multiply_add(tile, pointers, apart + j, vectors, at, stride)
            i = end
        return tile

    return _strided(rows)[0], add, add_many


@cache
def _row_table(rows):
    """A[m, k] = (row m of the batch)[k], rows reached through a table of addresses"""

    @inlined
    def pointers(a, vectors, row, last):
        return simd.row_pointers_from_table(vectors, a[0], row, last, rows)

    @inlined
    def add(tile, pointers, a, row, last, i, b):
        vectors, begin, stride = b
        at = begin + i * simd.lanes(vectors)
        return simd.multiply_add(tile, pointers, i, vectors, at, stride)

    return pointers, add, None


@cache
def _transposed_row_table(rows):
    """A[m, k] = (row k of the batch)[m], rows reached through a table of addresses"""

    @inlined
    def pointers(a, vectors, row, last):
        return ()

    @inlined
    def add(tile, pointers, a, row, last, i, b):
        vectors, begin, stride = b
        sample = simd.pointer_like(vectors, simd.get(a[0], i))
        pointers = simd.row_pointers(sample, row, 1, last, rows)
        at = begin + i * simd.lanes(vectors)
        return simd.multiply_add(tile, pointers, 0, vectors, at, stride)

    return pointers, add, None


_WAYS = {
    "strided": _strided,
    "transposed": _transposed,
    "blocked": _blocked,
    "row table": _row_table,
    "transposed row table": _transposed_row_table,
}


@cache
def make_tile(way, rows, between=None):
    """A compiled ``f(tile, a, row, last, k0, k1, b, done)``: `rows` rows from `row` on get terms k0 to k1 added.

    A row beyond `last` is `last` again. ``a = (scalars, row_stride, step, jump)`` is read as the way says, and ``b =
    (vectors, begin, stride)``: two blocks, the first at `begin`.

    Between its first terms it does ``between(r, done)``, if given, for ``r < done[0]``.
    """
    pointers_of, add, add_many = _WAYS[way](rows)
    has_more, has_many = between is not None, add_many is not None

    @inlined
    def tile(tile, a, row, last, k0, k1, b, done):
        pointers = pointers_of(a, b[0], row, last)
        i = k0
        if has_more:
            for r in range(done[0]):
                if i < k1:
                    tile = add(tile, pointers, a, row, last, i, b)
                    i += 1
                between(r, done)
        if has_many:
            return add_many(tile, pointers, a, row, i, k1, b)
        for j in range(i, k1):
            tile = add(tile, pointers, a, row, last, j, b)
        return tile

    return tile
