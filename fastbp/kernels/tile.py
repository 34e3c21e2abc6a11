"""The register tile: rows x 2 accumulators kept in registers over the whole inner sum, then handed to an epilogue.

    C[m, n] = sum over k of A[m, k] * B[k, n],   then   epilogue(C[m, n])

`n` runs over vectors, `m` over numbers that are broadcast. B is in vector blocks ``[n block][k][lanes]``: its next k
lies one vector further. A is reached in one of the ways below. Every output is summed over k in ascending order by one
worker, so the bits do not depend on how rows and blocks are shared out.

A tile that is cut off by the last row computes that row again and does not store it: no masks, and no more code.
"""

from functools import cache

from fastbp.kernels import simd
from fastbp.runtime.inlined import inlined, shared
from fastbp.runtime.processor import processor

MAIN_ROWS, REST_ROWS = processor().tile_rows
#: Columns of a tile, in vectors.
COLUMNS = 2
#: Terms of a sum that are added before the next rows are begun.
K_AT_A_TIME = 512


def _strided(rows, columns):
    """A[m, k] = scalars[m * row_stride + k * step]"""

    @inlined
    def tile(a, row, k0, k1, b):
        scalars, last, row_stride, step, _ = a
        vectors, begin, stride = b
        tile = simd.zero_tile(vectors, rows, columns)
        pointers = simd.row_pointers(scalars, row, row_stride, last, rows)
        for i in range(k0, k1):
            tile = simd.multiply_add(
                tile,
                pointers,
                i * step,
                vectors,
                begin + i * simd.lanes(vectors),
                stride,
            )
        return tile

    return tile


def _blocked(rows, columns):
    """A[m, k] = scalars[(k // lanes) * jump + m * row_stride + k % lanes]: activations with samples in lanes"""

    @inlined
    def tile(a, row, k0, k1, b):
        scalars, last, row_stride, _, jump = a
        vectors, begin, stride = b
        tile = simd.zero_tile(vectors, rows, columns)
        pointers = simd.row_pointers(scalars, row, row_stride, last, rows)
        lanes = simd.lanes(vectors)
        at = 0
        for _ in range(k1 // lanes):
            for i in range(lanes):
                tile = simd.multiply_add(tile, pointers, at + i, vectors, begin + i * lanes, stride)
            at += jump
            begin += lanes * lanes
        for i in range(k1 % lanes):
            tile = simd.multiply_add(tile, pointers, at + i, vectors, begin + i * lanes, stride)
        return tile

    return tile


def _row_table(rows, columns):
    """A[m, k] = (row m of the batch)[k], rows reached through a table of addresses"""

    @inlined
    def tile(a, row, k0, k1, b):
        table, last, _, _, _ = a
        vectors, begin, stride = b
        tile = simd.zero_tile(vectors, rows, columns)
        pointers = simd.row_pointers_from_table(vectors, table, row, last, rows)
        for i in range(k0, k1):
            tile = simd.multiply_add(
                tile, pointers, i, vectors, begin + i * simd.lanes(vectors), stride
            )
        return tile

    return tile


def _transposed_row_table(rows, columns):
    """A[m, k] = (row k of the batch)[m], rows reached through a table of addresses"""

    @inlined
    def tile(a, row, k0, k1, b):
        table, last, _, _, _ = a
        vectors, begin, stride = b
        tile = simd.zero_tile(vectors, rows, columns)
        for i in range(k1):
            sample = simd.pointer_like(vectors, simd.get(table, i))
            pointers = simd.row_pointers(sample, row, 1, last, rows)
            tile = simd.multiply_add(
                tile, pointers, 0, vectors, begin + i * simd.lanes(vectors), stride
            )
        return tile

    return tile


_WAYS = {
    "strided": _strided,
    "blocked": _blocked,
    "row table": _row_table,
    "transposed row table": _transposed_row_table,
}


@cache
def _tile(way, rows):
    return _WAYS[way](rows, COLUMNS)


@inlined
def _even_parts(rows, most):
    """Rows at a time, at most `most`, so that the last part is not much smaller than the others"""
    if rows <= most:
        return most
    parts = (rows + most - 1) // most
    return (rows + parts * MAIN_ROWS - 1) // (parts * MAIN_ROWS) * MAIN_ROWS


def product(way, epilogue, partial=None):
    """A compiled ``f(scalars, row_stride, step, jump, k, vectors, stride, m, n, environment)``.

    Walks the rows ``m = (first, end, most rows at a time)`` and vector blocks ``n = (first, end)`` of an output, `k`
    terms an element. `way` says how A is reached; ``epilogue(value, row, block, environment)`` takes each vector.

    A sum of more than `K_AT_A_TIME` terms is cut so that what it reads stays in the caches, if `partial` is given:
    ``partial(row, block, environment)`` is the pointer and index where a partial sum may lie until it is whole.
    """
    main, rest = _tile(way, MAIN_ROWS), _tile(way, REST_ROWS)
    finish_main = simd.for_each_in_tile(MAIN_ROWS, epilogue)
    finish_rest = simd.for_each_in_tile(REST_ROWS, epilogue)
    cut = partial is not None
    finish = inlined(epilogue)
    find = inlined(partial or _nowhere)

    @shared
    def add_part(part, row, block, begins, ends, environment):
        scratch, rows, columns = part
        for r in range(rows):
            for c in range(columns):
                value = simd.load(scratch, (r * COLUMNS + c) * simd.lanes(scratch))
                pointer, at = find(row + r, block + c, environment)
                if not begins:
                    value = value + simd.load(pointer, at)
                if ends:
                    finish(value, row + r, block + c, environment)
                else:
                    simd.store(pointer, at, value)

    @inlined
    def sweep(scalars, row_stride, step, jump, k, vectors, stride, m, n, environment):
        first_row, end_row, most_rows = m
        rows_at_a_time = _even_parts(end_row - first_row, most_rows)
        first_block, end_block = n
        a = (scalars, end_row - 1, row_stride, step, jump)
        k_at_a_time = K_AT_A_TIME if cut else k
        whole = k <= k_at_a_time
        for top in range(first_row, end_row, rows_at_a_time):
            bottom = min(top + rows_at_a_time, end_row)
            for k0 in range(0, k, k_at_a_time):
                k1 = min(k0 + k_at_a_time, k)
                for block in range(first_block, end_block, COLUMNS):
                    columns = min(end_block - block, COLUMNS)
                    # The second column of a tile at the edge is the first again: computed and not stored.
                    apart = stride if columns > 1 else 0
                    b = (vectors, block * stride, apart)
                    row = top
                    while row < bottom:
                        left = bottom - row
                        if left > REST_ROWS:
                            tile = main(a, row, k0, k1, b)
                            if not cut or whole:
                                finish_main(tile, left, columns, row, block, environment)
                            else:
                                part = (
                                    simd.spill(vectors, tile),
                                    min(left, MAIN_ROWS),
                                    columns,
                                )
                                add_part(part, row, block, k0 == 0, k1 == k, environment)
                            row += MAIN_ROWS
                        else:
                            tile = rest(a, row, k0, k1, b)
                            if not cut or whole:
                                finish_rest(tile, left, columns, row, block, environment)
                            else:
                                part = (
                                    simd.spill(vectors, tile),
                                    min(left, REST_ROWS),
                                    columns,
                                )
                                add_part(part, row, block, k0 == 0, k1 == k, environment)
                            row += REST_ROWS

    return sweep


def _nowhere(row, block, environment):
    return environment[0], row
