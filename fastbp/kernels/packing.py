"""Copies of a part of A in the order in which tiles read it: worth it where each number is used many times.

    panels[m // MAIN_ROWS][k][m % MAIN_ROWS] = A[m, k],   a panel being `panel_size` elements long

Whole vectors of rows are stored, and what is too much is overwritten by the next k, or lies behind a panel.
"""

from fastbp.kernels import simd
from fastbp.kernels.tile import MAIN_ROWS, ask_for
from fastbp.runtime.inlined import inlined


def _spare(lanes):
    """Terms that a panel has room for behind its last, so that a vector stored there spills nothing into the next."""
    return (lanes + MAIN_ROWS - 1) // MAIN_ROWS


def room_for_panels(rows: int, k: int, lanes: int) -> int:
    """Elements that are written when `rows` rows of `k` terms are packed."""
    panels = -(-rows // MAIN_ROWS)
    return (panels * (k + _spare(lanes)) + lanes) * MAIN_ROWS


_spare_terms = inlined(_spare)

# Terms of which the numbers are asked for so many before they are packed: they lie too far apart to be foreseen.
_AHEAD = 8


@inlined
def panel_size(panels, k):
    """Elements from the beginning of a packed panel to the next; whole terms"""
    return (k + _spare_terms(simd.lanes(panels))) * MAIN_ROWS


@inlined
def _pack_row(panels, to, size, source, first, n):
    """One k of all panels: panels[p][to + r] = source[first + p * MAIN_ROWS + r], reading whole vectors"""
    lanes = simd.lanes(panels)
    for row in range(0, n, MAIN_ROWS):
        for lane in range(0, MAIN_ROWS, lanes):
            simd.store(panels, to + lane, simd.load(source, first + row + lane))
        to += size


@inlined
def _pack_transposed(a, top, bottom, last, k, panels):
    """A[m, k] = scalars[m + k * step]; what lies behind the rows is read, too"""
    scalars, _, step, _ = a
    for i in range(k):
        ask_for(scalars, (i + _AHEAD) * step + top, bottom - top)
        _pack_row(
            panels,
            i * MAIN_ROWS,
            panel_size(panels, k),
            simd.advance(scalars, i * step),
            top,
            bottom - top,
        )


@inlined
def _pack_transposed_row_table(a, top, bottom, last, k, panels):
    """A[m, k] = (row k of the batch)[m]; nothing behind a row's last number is read"""
    table, _, _, _ = a
    lanes = simd.lanes(panels)
    # Panels whose vectors lie inside the row.
    reach = (MAIN_ROWS + lanes - 1) // lanes * lanes
    inside = min((last + 1 - reach - top) // MAIN_ROWS + 1, (bottom - top) // MAIN_ROWS) * MAIN_ROWS
    inside = max(inside, 0)
    for i in range(k):
        later = simd.pointer_like(panels, simd.get(table, min(i + _AHEAD, k - 1)))
        ask_for(later, top, bottom - top)
        sample = simd.pointer_like(panels, simd.get(table, i))
        _pack_row(panels, i * MAIN_ROWS, panel_size(panels, k), sample, top, inside)
        for row in range(top + inside, bottom):
            panel = (row - top) // MAIN_ROWS
            to = panel * panel_size(panels, k) + i * MAIN_ROWS + (row - top) % MAIN_ROWS
            simd.put(panels, to, simd.get(sample, row))


@inlined
def _pack_blocked(a, top, bottom, last, k, panels):
    """A[m, k] = scalars[(k // lanes) * jump + m * lanes + k % lanes]: squares are transposed in registers"""
    scalars, _, _, jump = a
    lanes = simd.lanes(panels)
    # From the last lanes on: what they spill into the next k is overwritten by the first.
    for lane in range((MAIN_ROWS - 1) // lanes * lanes, -1, -lanes):
        to = lane
        for row in range(top, bottom, MAIN_ROWS):
            at = (row + lane) * lanes
            for i in range(0, k, lanes):
                square = simd.transpose(simd.load_block(scalars, at, lanes))
                simd.store_many(panels, to + i * MAIN_ROWS, MAIN_ROWS, square)
                at += jump
            to += panel_size(panels, k)


#: way of reaching A -> ``pack(a, top, bottom, last, k, panels)``: rows top to bottom, `last` being the last there is.
PACKINGS = {
    "transposed": _pack_transposed,
    "blocked": _pack_blocked,
    "transposed row table": _pack_transposed_row_table,
}
