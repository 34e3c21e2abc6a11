"""Vectors as values, against NumPy on the same numbers: to the bit."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastbp.kernels import simd
from fastbp.runtime.inlined import inlined
from kernels.probes import SCALARS, aligned, compile_probe, n_lanes

Array = NDArray[Any]
DTYPES = ("float32", "float64")

#: What `lanewise_probe` computes, in this order.
LANEWISE = (
    *("add", "subtract", "multiply", "divide", "negative", "fma", "maximum", "minimum"),
    *("absolute", "sqrt", "number_right", "number_left"),
    *("less", "less_equal", "greater", "greater_equal", "equal", "both", "either", "finite"),
    *("fraction", "exponent", "nearest", "power", "polynomial"),
    *("even_odd", "even_odd_of_four"),
)


def lanewise_probe(dtype: str) -> Callable[..., None]:
    """``f(x, y, target, n)`` with target (len(LANEWISE), n)"""
    scalar = SCALARS[dtype]

    def make() -> Any:
        @inlined
        def marked(p, mask):
            return simd.select(mask, simd.splat(p, 1.0), simd.splat(p, 0.0))

        def kernel(first, second, target, n):
            x_at, y_at = simd.pointer_at(first, scalar), simd.pointer_at(second, scalar)
            out = simd.pointer_at(target, scalar)
            for i in range(0, n, simd.lanes(out)):
                x, y = simd.load(x_at, i), simd.load(y_at, i)
                fraction, exponent = simd.split_exponent(x)
                nearest, power = simd.nearest_power_of_two(x, y)
                values = (
                    x + y,
                    x - y,
                    x * y,
                    x / y,
                    -x,
                    simd.fma(x, y, x),
                    simd.maximum(x, y),
                    simd.minimum(x, y),
                    simd.absolute(x),
                    simd.sqrt(x),
                    x - 0.1,
                    3 / x,
                    marked(out, x < y),
                    marked(out, x <= y),
                    marked(out, x > y),
                    marked(out, x >= y),
                    marked(out, x == y),
                    marked(out, (x < y) & (x > 0.0)),
                    marked(out, (x < y) | (x > 0.0)),
                    marked(out, simd.is_finite(x)),
                    fraction,
                    exponent,
                    nearest,
                    power,
                    simd.horner(x, (0.5, -0.25, 3.0)),
                    simd.even_odd(x, (0.5, -0.25, 3.0, 1.25, -2.0)),
                    simd.even_odd(x, (-0.25, 3.0, 1.25, -6.0)),
                )
                simd.store_many(out, i, n, values)

        return kernel

    return compile_probe(f"simd-lanewise-{dtype}", make, 4)


@pytest.fixture(scope="module")
def lanewise() -> dict[str, Callable[[Array, Array], dict[str, Array]]]:
    """By type: the results of all operations on two arrays."""
    found = {}
    for dtype in DTYPES:
        probe = lanewise_probe(dtype)

        def run(x: Array, y: Array, dtype: str = dtype, probe: Any = probe) -> dict[str, Array]:
            lanes = n_lanes(dtype)
            n = -(-len(x) // lanes) * lanes
            sources = aligned((2, n), dtype, 1.0)
            sources[0, : len(x)], sources[1, : len(x)] = x, y
            target = aligned((len(LANEWISE), n), dtype, np.nan)
            probe(sources[0], sources[1], target, n)
            return dict(zip(LANEWISE, target[:, : len(x)], strict=True))

        found[dtype] = run
    return found


def pairs(dtype: str) -> tuple[Array, Array]:
    """All pairs of special numbers, and random ones."""
    limits = np.finfo(dtype)
    special = [0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, np.inf, -np.inf, np.nan]
    special += [limits.max, -limits.max, limits.smallest_normal, limits.smallest_subnormal]
    both = np.array(list(itertools.product(special, special)), dtype).T
    random = np.random.default_rng(0).normal(scale=10, size=(2, 1000)).astype(dtype)
    x, y = np.concatenate([both, random], axis=1)
    return x, y


@pytest.mark.parametrize("dtype", DTYPES)
def test_operations_on_every_pair(dtype: str, lanewise: Any) -> None:
    """Comparisons with NaN are false; maximum and minimum give the second where there is a NaN or none is larger."""
    x, y = pairs(dtype)
    number = np.dtype(dtype).type
    with np.errstate(all="ignore"):
        expected = {
            "add": x + y,
            "subtract": x - y,
            "multiply": x * y,
            "divide": x / y,
            "negative": -x,
            "maximum": np.where(x > y, x, y),
            "minimum": np.where(x < y, x, y),
            "absolute": np.abs(x),
            "sqrt": np.sqrt(x),
            "less": x < y,
            "less_equal": x <= y,
            "greater": x > y,
            "greater_equal": x >= y,
            "equal": x == y,
            "both": (x < y) & (x > 0),
            "either": (x < y) | (x > 0),
            "finite": np.isfinite(x),
            "number_right": x - number(0.1),
            "number_left": number(3) / x,
        }
    found = lanewise[dtype](x, y)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
        zero = (values == 0) & ~np.isnan(found[name])
        np.testing.assert_array_equal(
            np.signbit(found[name][zero]), np.signbit(values.astype(dtype)[zero]), err_msg=name
        )


@pytest.mark.parametrize("dtype", DTYPES)
def test_rules_for_what_is_not_a_number(dtype: str, lanewise: Any) -> None:
    """``maximum(0.0, x)`` hands a NaN on, and so does ``minimum``; the other way round it is dropped."""
    found = lanewise[dtype](np.array([0.0, np.nan]), np.array([np.nan, 0.0]))
    for name in ("maximum", "minimum"):
        assert np.isnan(found[name][0])
        assert found[name][1] == 0.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_fma_rounds_once(dtype: str, lanewise: Any) -> None:
    """x y + x with x = 1 + e, y = -1 + e: exact is e + e**2; a product that was rounded first would give e."""
    e = np.finfo(dtype).eps
    number = np.dtype(dtype).type
    x, y = number(1) + number(e), number(-1) + number(e)
    (found,) = lanewise[dtype](np.array([x]), np.array([y]))["fma"]
    assert found == number(e) + number(e) * number(e)
    assert x * y + x != found


@pytest.mark.parametrize("dtype", DTYPES)
def test_split_exponent(dtype: str, lanewise: Any) -> None:
    limits = np.finfo(dtype)
    random = np.random.default_rng(1)
    x = np.exp(random.uniform(np.log(limits.smallest_normal), np.log(limits.max), 2000))
    half_root = np.sqrt(np.dtype(dtype).type(0.5))
    ends = [limits.smallest_normal, limits.max, 1.0, 2.0, 0.5, 4 * half_root]
    around = [np.nextafter(half_root, np.dtype(dtype).type(way)) for way in (0, 1)]
    x = np.concatenate([x, ends, around]).astype(dtype)
    found = lanewise[dtype](x, np.ones_like(x))
    fraction, exponent = found["fraction"], found["exponent"]
    assert (fraction >= half_root * (1 - limits.eps)).all()
    assert (fraction < 2 * half_root * (1 + limits.eps)).all()
    np.testing.assert_array_equal(np.ldexp(fraction, exponent.astype(np.int32)), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nearest_power_of_two(dtype: str, lanewise: Any) -> None:
    """Of a product that is rounded once, to even; 0 and infinity next to the powers that are normal numbers."""
    limits = np.finfo(dtype)
    random = np.random.default_rng(2)
    x = random.uniform(limits.minexp - 1.4, limits.maxexp + 0.4, 3000).astype(dtype)
    x = np.append(x, [0.5, 1.5, -0.5, -1.5, -0.0, limits.minexp - 1, limits.maxexp]).astype(dtype)
    found = lanewise[dtype](x, np.ones_like(x))
    np.testing.assert_array_equal(found["nearest"], np.rint(x))
    with np.errstate(over="ignore"):
        powers = np.ldexp(np.ones_like(x), found["nearest"].astype(np.int32))
    powers[np.rint(x) < limits.minexp] = 0.0
    np.testing.assert_array_equal(found["power"], powers)
    factor = np.dtype(dtype).type(1 / 3)
    # 4.5 less half of a unit in the last place of 1/3: a product that was rounded first would be 4.5, and even 4.
    exact = lanewise[dtype](np.array([13.5], dtype), np.array([np.nextafter(factor, 1)], dtype))
    assert exact["nearest"] == 5


@pytest.mark.parametrize("dtype", DTYPES)
def test_series(dtype: str, lanewise: Any) -> None:
    x = np.linspace(-1, 1, 101).astype(dtype)
    found = lanewise[dtype](x, x)
    tolerance = 8 * np.finfo(dtype).eps
    exact = x.astype(np.float64)
    for name, coefficients in (
        ("polynomial", [0.5, -0.25, 3.0]),
        ("even_odd", [0.5, -0.25, 3.0, 1.25, -2.0]),
        ("even_odd_of_four", [-0.25, 3.0, 1.25, -6.0]),
    ):
        expected = np.polyval(coefficients, exact)
        np.testing.assert_allclose(found[name], expected, rtol=0, atol=tolerance, err_msg=name)


BLOCKS = ("transposed", "kept", "sums", "added", "apart")


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_streamed_is_there(dtype: str) -> None:
    """Vectors written past the caches are those written, each where it belongs."""
    scalar = SCALARS[dtype]

    def make() -> Any:
        def kernel(source, count, target, _):
            x, out = simd.pointer_at(source, scalar), simd.pointer_at(target, scalar)
            for i in range(0, count, simd.lanes(x)):
                simd.stream(out, i, 2.0 * simd.load(x, i))
            simd.fence()

        return kernel

    probe = compile_probe(f"simd-stream-{dtype}", make, 4)
    lanes = n_lanes(dtype)
    source, target = aligned((7 * lanes,), dtype), aligned((8 * lanes,), dtype, np.nan)
    source[:] = np.arange(7 * lanes)
    probe(source.ctypes.data, 7 * lanes, target.ctypes.data, 0)
    np.testing.assert_array_equal(target[: 7 * lanes], 2 * source)
    assert np.isnan(target[7 * lanes :]).all()


@pytest.fixture(scope="module")
def blocks() -> dict[str, Callable[[Array, int], dict[str, Array]]]:
    """By type: what is done to a square block, of which `count` vectors are kept."""
    found = {}
    for dtype in DTYPES:
        scalar = SCALARS[dtype]

        def make(scalar: Any = scalar) -> Any:
            def kernel(source, count, target, totals):
                x, out = simd.pointer_at(source, scalar), simd.pointer_at(target, scalar)
                total = simd.pointer_at(totals, simd.float64)
                lanes = simd.lanes(x)
                area = lanes * lanes
                block = simd.load_block(x, 0, lanes)
                simd.store_many(out, 0, lanes, simd.transpose(block))
                simd.store_many(out, area, lanes, simd.keep_first(block, count))
                simd.store(out, 2 * area, simd.horizontal_sums(block))
                simd.store_many(out, 3 * area, lanes, simd.add_many(block, simd.transpose(block)))
                pointers = simd.pointers_apart(x, lanes, 3)
                places = simd.pointers_apart(simd.advance(out, 4 * area), 2 * lanes, 3)
                simd.store_each(places, lanes, simd.load_each(pointers, 1))
                simd.put(total, 0, simd.sum_lanes(simd.load(x, 0)))
                mask = simd.load(x, 0) < simd.cast_to(x, count)
                simd.put(total, 1, 1.0 if simd.all_true(mask) else 0.0)
                simd.put(total, 2, simd.total_of_lanes(simd.load(x, 0)))

            return kernel

        probe = compile_probe(f"simd-blocks-{dtype}", make, 4)

        def run(block: Array, count: int, dtype: str = dtype, probe: Any = probe) -> Any:
            lanes = n_lanes(dtype)
            # More behind the block: load_each reads three vectors from its second number on.
            source = aligned((lanes + 4, lanes), dtype)
            source[:lanes] = block
            target = aligned((4 + 6, lanes * lanes), dtype, np.nan)
            totals = np.full(3, np.nan)
            probe(source, count, target, totals)
            return {
                "transposed": target[0].reshape(lanes, lanes),
                "kept": target[1].reshape(lanes, lanes),
                "sums": target[2, :lanes],
                "added": target[3].reshape(lanes, lanes),
                "apart": target[4:].ravel()[: 6 * lanes].reshape(3, 2 * lanes),
                "total": totals[0],
                "all": totals[1],
                "tree": totals[2],
            }

        found[dtype] = run
    return found


def tree(vector: Array) -> Any:
    """The sum of a vector's numbers as a binary tree, neighbours first."""
    while len(vector) > 1:
        vector = vector[::2] + vector[1::2]
    return vector[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_blocks(dtype: str, blocks: Any) -> None:
    lanes = n_lanes(dtype)
    random = np.random.default_rng(0)
    block = (random.normal(size=(lanes, lanes)) * 10.0 ** random.integers(-6, 6, lanes)).astype(
        dtype
    )
    for count in range(lanes + 1):
        found = blocks[dtype](block, count)
        np.testing.assert_array_equal(found["kept"][:count], block[:count])
        np.testing.assert_array_equal(found["kept"][count:], 0.0)
    np.testing.assert_array_equal(found["transposed"], block.T)
    np.testing.assert_array_equal(found["added"], block + block.T)
    np.testing.assert_array_equal(found["sums"], [tree(vector) for vector in block])
    flat = np.append(block.ravel(), np.zeros(4 * lanes))
    np.testing.assert_array_equal(
        found["apart"][:, lanes:], [flat[1 + i * lanes : 1 + (i + 1) * lanes] for i in range(3)]
    )
    assert np.isnan(found["apart"][:, :lanes]).all()
    total = 0.0
    for number in block[0].astype(np.float64):
        total += number
    assert found["total"] == total
    assert found["tree"] == tree(block[0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_keep_first_drops_what_is_not_a_number(dtype: str, blocks: Any) -> None:
    """So poison in padding ends there; multiplied by zero it would live on."""
    lanes = n_lanes(dtype)
    block = np.full((lanes, lanes), np.nan)
    block[0] = 1.0
    np.testing.assert_array_equal(
        blocks[dtype](block, 1)["kept"].sum(axis=1), [lanes] + [0] * (lanes - 1)
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_all_true(dtype: str, blocks: Any) -> None:
    lanes = n_lanes(dtype)
    block = np.zeros((lanes, lanes))
    assert blocks[dtype](block, 1)["all"] == 1
    for lane in range(lanes):
        for value in (1.0, np.nan):
            block[0] = 0.0
            block[0, lane] = value
            assert blocks[dtype](block, 1)["all"] == 0


def test_order_of_sums_is_seen(blocks: Any) -> None:
    """The planted fault: a block whose rows another order of addition would sum otherwise."""
    lanes = n_lanes("float32")
    block = np.zeros((lanes, lanes), np.float32)
    block[:, :4] = [1e8, 1.0, -1e8, 1.0]
    assert tree(block[0]) != block[0].astype(np.float64).sum()
    np.testing.assert_array_equal(blocks["float32"](block, 0)["sums"], tree(block[0]))
