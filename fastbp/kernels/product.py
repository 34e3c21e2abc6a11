"""Products of matrices, walked tile by tile so that what is read again lies in a cache.

    C[m, n] = sum over k of A[m, k] * B[k, n],   then   epilogue(C[m, n])

A few rows of A, with all of their terms, stay in the second-level cache while the blocks of B stream past; a piece of
two blocks of B stays in the first while all of these rows meet it. Every output is summed over k in ascending order by
one worker, so the bits depend neither on how rows and blocks are shared out nor on where a sum is cut.
"""

from math import lcm

from fastbp.kernels import simd
from fastbp.kernels.packing import PACKINGS, panel_size
from fastbp.kernels.simd.memory import LINE_BYTES
from fastbp.kernels.tile import COLUMNS, MAIN_ROWS, MOST_REST_ROWS, REST_ROWS, make_tile
from fastbp.runtime.inlined import inlined

#: Terms of a sum that are added before the next rows are begun: two blocks of B, 16 KiB or 32 with the widest vectors,
#: stay in a first-level cache, or nearly.
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


def rows_side_by_side(rows: int, k: int, itemsize: int) -> int:
    """The same of `rows` rows that lie side by side: whole cache lines, none of which is fetched for two parts."""
    most = rows_at_a_time(k, itemsize)
    whole = lcm(MAIN_ROWS, LINE_BYTES // itemsize)
    return most if rows <= most else max(whole, most // whole * whole)


@inlined
def _even_parts(rows, most):
    """Rows at a time, at most `most`, so that the last part is not much smaller than the others"""
    if rows <= most:
        return most
    parts = (rows + most - 1) // most
    return (rows + parts * MAIN_ROWS - 1) // (parts * MAIN_ROWS) * MAIN_ROWS


def _stage(way, rows, epilogue, between, columns=COLUMNS):
    """A compiled ``f(a, source, target, place, terms, b, before)``: terms k0 to k1 of k of a tile's sums.

    It begins the sums or takes them up at `place`, where they wait if terms are left. The last terms are followed by
    the epilogue; without one they are put down where `finish_row` finds them. With `between` (see `make_tile`) those of
    the tile before are finished. ``source = (row, last)`` says where A is read, ``target = (row, valid rows, block,
    valid columns)`` where the output is.
    """
    tile_of = make_tile(way, rows, between)
    finishes = epilogue is not None
    finish = simd.for_each_in_tile(rows, epilogue) if finishes else None

    @inlined
    def stage(a, source, target, place, terms, b, before):
        (first, last), (row, left, block, valid), (k0, k1, k) = source, target, terms
        sums, environment = before[4], before[5]
        tile = simd.begin_tile(sums, place, k0, rows, columns)
        tile = tile_of(tile, a, first, last, k0, k1, b, before)
        if k1 < k:
            simd.put_tile(sums, place, tile)
        elif finishes:
            finish(tile, left, valid, row, block, environment)
        else:
            simd.put_tile(sums, _MOST_VECTORS, tile)

    return stage


def product(way, epilogue, prepare=None, late=False, odd=False, packs=True):
    """A compiled ``f(a, k, vectors, stride, m, n, panels, environment)``.

    Walks the rows ``m = (first, end, most rows at a time)`` and vector blocks ``n = (first, end)`` of an output, `k`
    terms an element. ``a = (scalars, row_stride, step, jump)`` is read as `way` says. With ``panels = (packs, room)``
    and `packs` not 0 it is packed into the room before; there is no code for that unless `packs` is true here, too.

    ``epilogue(value, row, block, environment)``, a part, takes each vector while it is in a register. With `late`, it
    takes those of a tile between the first terms of the next one. So a slow one waits for its roots and quotients
    while products are under way; to a quick one, that the sums leave the registers costs more than it gains.

    With `odd`, a single block at the end has tiles of its own: where workers share the blocks, it may be all that one
    of them has. Without, a tile computes it twice.

    ``prepare(row, block, environment)``, a part if given, is told of each row of a tile before its last terms are
    added, where A is packed: where there is time for it.
    """

    @inlined
    def finish_row(r, done):
        _, row, block, columns, sums, environment = done
        lanes = simd.lanes(sums)
        at = (_MOST_VECTORS + r * COLUMNS) * lanes
        epilogue(simd.load(sums, at), row + r, block, environment)
        if columns > 1:
            epilogue(simd.load(sums, at + lanes), row + r, block + 1, environment)

    between = finish_row if late else None
    at_once = None if late else epilogue
    main, rest = (_stage(way, rows, at_once, between) for rows in (MAIN_ROWS, REST_ROWS))
    packed_main = main if way == "strided" else _stage("strided", MAIN_ROWS, at_once, between)
    single = _stage(way, MAIN_ROWS, at_once, between, 1) if odd else main
    can_pack, prepares = packs and way in PACKINGS, prepare is not None
    pack = PACKINGS.get(way)
    has_whole_lines = way == "transposed"

    @inlined
    def sweep(a, k, vectors, stride, m, n, panels, environment):
        first_row, end_row, most_rows = m
        if not has_whole_lines:
            most_rows = _even_parts(end_row - first_row, most_rows)
        first_block, end_block = n
        packs, room = panels
        # A constant would be another type, for which the tiles would be compiled once more.
        packed = (room, 1, simd.int64(MAIN_ROWS), 0)
        last = end_row - 1
        # Sums that are cut wait here for their next terms; behind them, those of a tile that are finished late.
        sums = simd.room(vectors, _ROOM)
        # Rows of that tile, the first of them, its block, and its columns.
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
                    # Nor is this the constant 0.
                    place = panel = row - top
                    while row < bottom:
                        left = bottom - row
                        source, target, terms = (
                            (row, last),
                            (row, left, block, columns),
                            (k0, k1, k),
                        )
                        before = (*done, sums, environment)
                        if packs or left > MOST_REST_ROWS:
                            if prepares and packs and k1 == k:
                                for r in range(min(left, MAIN_ROWS)):
                                    prepare(row + r, block, environment)
                            if can_pack and packs:
                                source = (panel, panel + MAIN_ROWS)
                                packed_main(packed, source, target, place, terms, b, before)
                            elif odd and columns == 1:
                                single(a, source, target, place, terms, b, before)
                            else:
                                main(a, source, target, place, terms, b, before)
                            rows = MAIN_ROWS
                        else:
                            rest(a, source, target, place, terms, b, before)
                            rows = REST_ROWS
                        if late:
                            done = (min(left, rows) if k1 == k else 0, row, block, columns)
                        row += rows
                        place += rows * COLUMNS
                        panel += panel_size(room, k)
        if late:
            for r in range(done[0]):
                finish_row(r, (*done, sums, environment))

    return sweep
