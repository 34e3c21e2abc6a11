"""Products against NumPy: every way of reaching A, packed or not, ragged edges, and long sums in pieces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbp.kernels import simd
from fastbp.kernels.packing import room_for_panels
from fastbp.kernels.product import (
    CACHE_BYTES,
    K_AT_A_TIME,
    MOST_ROWS,
    product,
    rows_at_a_time,
    rows_side_by_side,
)
from fastbp.kernels.tile import COLUMNS, MAIN_ROWS, REST_ROWS
from fastbp.runtime.inlined import inlined
from kernels.probes import SCALARS, aligned, compile_probe, n_lanes

Array = NDArray[Any]

PACKED = ("packed transposed", "packed blocked", "packed transposed row table")
WAYS = ("strided", "transposed", "blocked", "row table", "transposed row table", *PACKED)
#: What is compiled: all ways, and the other precision where the lanes count.
PRODUCTS = [
    *((way, "float32") for way in WAYS),
    *((way, "float64") for way in ("blocked", "row table", *PACKED)),
]


def compile_product(way: str, dtype: str) -> Callable[..., None]:
    """``f(scalars, strides, k, vectors, stride, bounds, panels, target, block_stride)``: target gets 2 C + 1

    strides  (row_stride, step, jump)

    bounds   (first row, end row, rows at a time, first block, end block)
    target   [block][block_stride], in which a row is a vector
    """
    scalar = SCALARS[dtype]
    uses_table = "table" in way

    @inlined
    def finish(value, row, block, environment):
        out, block_stride, lanes = environment
        simd.store(
            out, block * block_stride + row * lanes, simd.fma(value, 2.0, simd.splat(out, 1.0))
        )

    def make() -> Any:
        sweep = product(way.removeprefix("packed "), finish)
        element = simd.int64 if uses_table else scalar
        packs = int(way in PACKED)

        def kernel(scalars, strides, k, vectors, stride, bounds, panels, target, block_stride):
            steps = simd.pointer_at(strides, simd.int64)
            a = (
                simd.pointer_at(scalars, element),
                simd.get(steps, 0),
                simd.get(steps, 1),
                simd.get(steps, 2),
            )
            b = simd.pointer_at(vectors, scalar)
            out, limit = simd.pointer_at(target, scalar), simd.pointer_at(bounds, simd.int64)
            rows = (simd.get(limit, 0), simd.get(limit, 1), simd.get(limit, 2))
            blocks = (simd.get(limit, 3), simd.get(limit, 4))
            environment = (out, block_stride, simd.lanes(out))
            room = (packs, simd.pointer_at(panels, scalar))
            sweep(a, k, b, stride, rows, blocks, room, environment)

        return kernel

    return compile_probe(f"product-{way}-{dtype}", make, 9)


@pytest.fixture(scope="module")
def products() -> dict[tuple[str, str], Callable[..., None]]:
    """Compiled products, by way and type."""
    return {(way, dtype): compile_product(way, dtype) for way, dtype in PRODUCTS}


@dataclass(frozen=True)
class Shape:
    """Rows, vector blocks and terms of a product; the part of it that is asked for; rows at a time."""

    m: int
    blocks: int
    k: int
    rows: tuple[int, int] | None = None
    part: tuple[int, int] | None = None
    rows_at_a_time: int = MOST_ROWS


def arrange(way: str, a: Array, lanes: int) -> tuple[Any, list[int], list[Any]]:
    """A as a way reads it, with NaN in all memory beside it.

    Returns scalars, (row_stride, step, jump), and what must stay alive.
    """
    m, k = a.shape
    dtype = a.dtype.name
    if way == "strided":
        kept = aligned((m + 1, k + 3 + lanes), dtype, np.nan)
        kept[:m, :k] = a
        return kept, [k + 3 + lanes, 1, 0], [kept]
    if way == "transposed":
        # As the input gradient reads the weights, with a gap behind each row.
        kept = aligned((k + 1, m + 3 + lanes), dtype, np.nan)
        kept[:k, :m] = a.T
        return kept, [1, m + 3 + lanes, 0], [kept]
    if way == "blocked":
        depth = -(-k // lanes)
        kept = aligned((depth + 1, m + 1 + lanes, lanes), dtype, np.nan)
        for i in range(k):
            kept[i // lanes, :m, i % lanes] = a[:, i]
        return kept, [lanes, 1, (m + 1 + lanes) * lanes], [kept]
    rows = a if way == "row table" else a.T
    kept = aligned((len(rows), rows.shape[1] + 5), dtype, np.nan)
    order = np.random.default_rng(0).permutation(len(rows))
    kept[order, : rows.shape[1]] = rows
    table = np.array([kept[place].ctypes.data for place in order], np.int64)
    return table, [0, 1, 0], [kept, table]


def compute(products: Any, way: str, dtype: str, shape: Shape, a: Array, b: Array) -> Array:
    """C as [row][column], and NaN where nothing was written; asserts that nothing beside it was."""
    lanes = n_lanes(dtype)
    scalars, strides, _alive = arrange(way.removeprefix("packed "), a, lanes)
    stride = shape.k * lanes + 2 * lanes
    vectors = aligned((shape.blocks, stride), dtype, np.nan)
    vectors[:, : shape.k * lanes] = (
        b.reshape(shape.k, shape.blocks, lanes).swapaxes(0, 1).reshape(shape.blocks, -1)
    )
    block_stride = (shape.m + 2) * lanes
    target = aligned((shape.blocks, shape.m + 2, lanes), dtype, np.nan)
    bounds = np.array(
        [*(shape.rows or (0, shape.m)), shape.rows_at_a_time, *(shape.part or (0, shape.blocks))]
    )
    size = room_for_panels(shape.rows_at_a_time, shape.k, lanes) if way in PACKED else 0
    panels = aligned(size + lanes, dtype, np.nan)
    products[way, dtype](
        scalars,
        np.array(strides),
        shape.k,
        vectors,
        stride,
        bounds,
        panels,
        target,
        block_stride,
    )
    assert np.isnan(target[:, shape.m :]).all()
    assert np.isnan(panels[size:]).all()
    return target[:, : shape.m].swapaxes(0, 1).reshape(shape.m, -1)


def numbers(shape: Shape, dtype: str) -> tuple[Array, Array]:
    random = np.random.default_rng(shape.m + 100 * shape.k)
    lanes = n_lanes(dtype)
    a = random.normal(size=(shape.m, shape.k)).astype(dtype)
    return a, random.normal(size=(shape.k, shape.blocks * lanes)).astype(dtype)


def largest_error(found: Array, a: Array, b: Array) -> float:
    """Of 2 C + 1, in units of what rounding may do to a sum of k products; at most 1."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    eps = np.finfo(found.dtype).eps
    error = np.abs(found - (2 * (a @ b) + 1))
    allowed = eps * (1 + 2 * np.sqrt(a.shape[1]) * (np.abs(a) @ np.abs(b)))
    worst = (error / allowed).max()
    return np.inf if np.isnan(worst) else float(worst)


RAGGED = [
    Shape(m, blocks, k)
    for m, blocks, k in [
        (1, 1, 1),
        (REST_ROWS - 1, 1, 2),
        (REST_ROWS, 2, 3),
        (REST_ROWS + 1, 3, 5),
        (MAIN_ROWS, 2, 17),
        (MAIN_ROWS + 1, 3, 31),
        (MAIN_ROWS + REST_ROWS, 1, 33),
        (2 * MAIN_ROWS + REST_ROWS + 1, 5, 64),
        (37, 4, 100),
    ]
]


@pytest.mark.parametrize(("way", "dtype"), PRODUCTS)
def test_ragged_edges(way: str, dtype: str, products: Any) -> None:
    for shape in RAGGED:
        a, b = numbers(shape, dtype)
        assert largest_error(compute(products, way, dtype, shape, a, b), a, b) < 1, shape


@pytest.mark.parametrize(("way", "dtype"), PRODUCTS)
@pytest.mark.parametrize(
    "k", [K_AT_A_TIME, K_AT_A_TIME + 1, 2 * K_AT_A_TIME, 2 * K_AT_A_TIME + 100]
)
def test_long_sums_in_pieces(k: int, way: str, dtype: str, products: Any) -> None:
    """The epilogue sees the whole sum, once."""
    for shape in (Shape(MAIN_ROWS + 1, COLUMNS + 1, k), Shape(REST_ROWS - 1, 1, k)):
        a, b = numbers(shape, dtype)
        assert largest_error(compute(products, way, dtype, shape, a, b), a, b) < 1


@pytest.mark.parametrize("way", WAYS)
def test_the_bits_do_not_depend_on_the_share(way: str, products: Any) -> None:
    """Rows and blocks shared out in any way, and walked in any pieces, make the same sums."""
    shape = Shape(23, 5, K_AT_A_TIME + 40)
    a, b = numbers(shape, "float32")
    lanes = n_lanes("float32")
    whole = compute(products, way, "float32", shape, a, b)
    for row, block, most_rows in (
        (1, 1, MOST_ROWS),
        (11, 2, MAIN_ROWS),
        (20, 4, 2 * MAIN_ROWS),
    ):
        parts = np.full_like(whole, np.nan)
        for rows in ((0, row), (row, shape.m)):
            for part in ((0, block), (block, shape.blocks)):
                mine = Shape(shape.m, shape.blocks, shape.k, rows, part, most_rows)
                found = compute(products, way, "float32", mine, a, b)
                inside = np.zeros(whole.shape, bool)
                inside[slice(*rows), part[0] * lanes : part[1] * lanes] = True
                assert np.isnan(found[~inside]).all()
                parts[inside] = found[inside]
        np.testing.assert_array_equal(parts, whole)


def test_an_empty_share_writes_nothing(products: Any) -> None:
    for rows, part in (((3, 3), (0, 2)), ((0, 9), (1, 1))):
        shape = Shape(9, 2, 7, rows, part)
        a, b = numbers(shape, "float32")
        for way in WAYS:
            assert np.isnan(compute(products, way, "float32", shape, a, b)).all()


@pytest.mark.parametrize("way", WAYS)
def test_sums_are_added_in_ascending_order(way: str, products: Any) -> None:
    """1 + e/2 + e/2 ... stays 1 in ascending order, and only there; also where a sum is cut."""
    shape = Shape(2, 1, K_AT_A_TIME + 40)
    a = np.full((2, shape.k), 2.0**-24, np.float32)
    a[:, 0] = 1.0
    b = np.ones((shape.k, n_lanes("float32")), np.float32)
    np.testing.assert_array_equal(compute(products, way, "float32", shape, a, b), 3.0)
    assert compute(products, way, "float32", shape, a[:, ::-1].copy(), b).min() > 3.0


@pytest.mark.parametrize("itemsize", [4, 8])
def test_rows_at_a_time_are_whole_tiles_that_fit(itemsize: int) -> None:
    for k in (1, 7, 100, 1000, 10_000, 1_000_000):
        rows = rows_at_a_time(k, itemsize)
        assert rows % MAIN_ROWS == 0
        assert 2 * MAIN_ROWS <= rows <= MOST_ROWS
        assert rows == 2 * MAIN_ROWS or rows * k * itemsize <= CACHE_BYTES


@pytest.mark.parametrize("itemsize", [4, 8])
def test_rows_side_by_side_are_whole_tiles_and_lines(itemsize: int) -> None:
    for k in (1, 100, 1000, 10_000, 1_000_000):
        for n in (1, MAIN_ROWS, MOST_ROWS, MOST_ROWS + 1, 5000):
            rows = rows_side_by_side(n, k, itemsize)
            assert rows % MAIN_ROWS == 0
            assert rows <= MOST_ROWS
            assert rows >= n or rows * itemsize % 64 == 0


def test_planted_faults_are_seen(products: Any) -> None:
    """A term left out, one counted twice and a row of another place exceed what rounding may do."""
    shape = Shape(9, 2, 100)
    a, b = numbers(shape, "float32")
    found = compute(products, "strided", "float32", shape, a, b)
    short, twice, moved = a.copy(), a.copy(), np.roll(a, 1, axis=0)
    short[:, -1] = 0
    twice[:, 0] *= 2
    for planted in (short, twice, moved):
        assert largest_error(found, planted, b) > 100
