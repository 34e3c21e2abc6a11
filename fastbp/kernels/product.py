"""Products of matrices, walked tile by tile so that what is read again lies in a cache.

    C[m, n] = sum over k of A[m, k] * B[k, n],   then   epilogue(C[m, n])

A few rows of A, with all of their terms, stay in the second-level cache while the blocks of B stream past; a piece of
two blocks of B stays in the first while all of these rows meet it. Every output is summed over k in ascending order by
one worker, so the bits depend neither on how rows and blocks are shared out nor on where a sum is cut.
"""

from fastbp.kernels import simd
from fastbp.kernels.packing import PACKINGS, panel_size
from fastbp.kernels.tile import COLUMNS, MAIN_ROWS, REST_ROWS, make_tile
from fastbp.runtime.inlined import inlined

#: Terms of a sum that are added before the next rows are begun: two blocks of B take half of a first-level cache.
K_AT_A_TIME = 256
#: Rows that share a piece of B at most.
MOST_ROWS = 20 * MAIN_ROWS
#: Bytes of a second-level cache for what is to stay in it.
CACHE_BYTES = 1 << 18
_MOST_VECTORS = MOST_ROWS * COLUMNS
_ROOM = _MOST_VECTORS + MAIN_ROWS * COLUMNS


def rows_at_a_time(k: int, itemsize: int) -> int:
    """Rows of A, with `k` terms each, that stay in the second-level cache; whole tiles."""
    rows = CACHE_BYTES // (k * itemsize) // MAIN_ROWS * MAIN_ROWS
    return min(MOST_ROWS, max(2 * MAIN_ROWS, rows))


@inlined
def _even_parts(rows, most):
    """Rows at a time, at most `most`, so that the last part is not much smaller than the others"""
    if rows <= most:
        return most
    parts = (rows + most - 1) // most
    return (rows + parts * MAIN_ROWS - 1) // (parts * MAIN_ROWS) * MAIN_ROWS


def product(way, epilogue, prepare=None, late=False):
    """A compiled ``f(a, k, vectors, stride, m, n, panels, environment)``.

    Walks the rows ``m = (first, end, most rows at a time)`` and vector blocks ``n = (first, end)`` of an output, `k`
    terms an element. ``a = (scalars, row_stride, step, jump)`` is read as `way` says. With ``panels = (packs, room)``
    and `packs` not 0 it is packed into the room before.

    ``epilogue(value, row, block, environment)`` takes each vector while it is in a register. With `late`, it takes
    those of a tile between the first terms of the next one. So a slow one waits for its roots and quotients while
    products are under way; to a quick one, that the sums leave the registers costs more than it gains.

    ``prepare(row, block, environment)``, if given, is told of each row of a tile before its last terms are added,
    where A is packed: where there is time for it.
    """
    take = inlined(epilogue)

    @inlined
    def finish_row(r, done):
        _, row, block, columns, sums, environment = done
        lanes = simd.lanes(sums)
        at = (_MOST_VECTORS + r * COLUMNS) * lanes
        take(simd.load(sums, at), row + r, block, environment)
        if columns > 1:
            take(simd.load(sums, at + lanes), row + r, block + 1, environment)

    meanwhile = finish_row if late else None
    main, packed_main = (make_tile(each, MAIN_ROWS, meanwhile) for each in (way, "strided"))
    rest = make_tile(way, REST_ROWS, meanwhile)
    finish_main, finish_rest = (simd.for_each_in_tile(n, epilogue) for n in (MAIN_ROWS, REST_ROWS))
    can_pack, prepares = way in PACKINGS, prepare is not None
    pack = PACKINGS.get(way)
    prepare = inlined(prepare) if prepares else None

    @inlined
    def sweep(a, k, vectors, stride, m, n, panels, environment):
        first_row, end_row, most_rows = m
        most_rows = _even_parts(end_row - first_row, most_rows)
        first_block, end_block = n
        packs, room = panels
        packed = (room, 1, MAIN_ROWS, 0)
        last = end_row - 1
        # Sums that are cut wait here for their next terms; behind them, those of a tile that are finished late.
        sums = simd.room(vectors, _ROOM)
        done = (0, 0, 0, 0)
        for top in range(first_row, end_row, most_rows):
            bottom = min(top + most_rows, end_row)
            if can_pack and packs:
                pack(a, top, bottom, last, k, room)
            for block in range(first_block, end_block, COLUMNS):
                columns = min(end_block - block, COLUMNS)
                # The second column of a tile at the edge is the first again: computed and not stored.
                apart = stride if columns > 1 else 0
                b = (vectors, block * stride, apart)
                for k0 in range(0, k, K_AT_A_TIME):
                    k1 = min(k0 + K_AT_A_TIME, k)
                    row = top
                    place = panel = 0
                    while row < bottom:
                        left = bottom - row
                        before = (*done, sums, environment)
                        to = place if k1 < k else _MOST_VECTORS
                        if packs or left > REST_ROWS:
                            if prepares and packs and k1 == k:
                                for r in range(min(left, MAIN_ROWS)):
                                    prepare(row + r, block, environment)
                            tile = simd.begin_tile(sums, place, k0, MAIN_ROWS, COLUMNS)
                            if can_pack and packs:
                                tile = packed_main(
                                    tile, packed, panel, panel + MAIN_ROWS, k0, k1, b, before
                                )
                            else:
                                tile = main(tile, a, row, last, k0, k1, b, before)
                            if late or k1 < k:
                                simd.put_tile(sums, to, tile)
                            else:
                                finish_main(tile, left, columns, row, block, environment)
                            rows = MAIN_ROWS
                        else:
                            tile = simd.begin_tile(sums, place, k0, REST_ROWS, COLUMNS)
                            tile = rest(tile, a, row, last, k0, k1, b, before)
                            if late or k1 < k:
                                simd.put_tile(sums, to, tile)
                            else:
                                finish_rest(tile, left, columns, row, block, environment)
                            rows = REST_ROWS
                        if late:
                            done = (min(left, rows) if k1 == k else 0, row, block, columns)
                        row += rows
                        place += MAIN_ROWS * COLUMNS
                        panel += panel_size(room, k)
        if late:
            for r in range(done[0]):
                finish_row(r, (*done, sums, environment))

    return sweep
