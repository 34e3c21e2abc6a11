"""Elementary functions against higher precision: the largest error in units in the last place (ULP)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

from fastbp.kernels import math, simd
from fastbp.runtime.inlined import inlined
from kernels.probes import SCALARS, compile_probe, elementwise

Array = NDArray[Any]
DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class Function:
    """What is known of one function.

    double, exact   the same in float64 for arguments in float32, and with any number of digits
    lowest, highest   by type, where the bound holds; beyond them the function saturates
    bound   the largest error in ULP at x, by the type of x
    """

    double: Callable[[Array], Array]
    exact: Callable[[Any], Any]
    lowest: dict[str, float]
    highest: dict[str, float]
    bound: Callable[[Array], Array]


def by_type(single: float, double: float) -> dict[str, float]:
    return {"float32": single, "float64": double}


def constant(single: float, double: float) -> Callable[[Array], Array]:
    return lambda x: np.full(x.shape, single if x.dtype == np.float32 else double)


@inlined
def tail(x):
    return math.normal_tail(x)[1]


@inlined
def density(x):
    return math.normal_tail(x)[2]


@inlined
def cosine(x):
    return math.cos_sin(x)[0]


@inlined
def sine(x):
    return math.cos_sin(x)[1]


TINY = by_type(1.1754944e-38, 2.2250738585072014e-308)
HUGE = by_type(3.4e38, 1.79e308)
ZERO = by_type(0.0, 0.0)
LOWEST = by_type(-87.3, -708.0)

FUNCTIONS = {
    "exp": Function(np.exp, mpmath.exp, LOWEST, by_type(88.37, 709.43), constant(1.01, 1.01)),
    "expm1": Function(np.expm1, mpmath.expm1, LOWEST, by_type(88.37, 709.43), constant(1.7, 1.9)),
    "log": Function(np.log, mpmath.log, TINY, HUGE, constant(0.9, 0.9)),
    "log1p": Function(np.log1p, mpmath.log1p, ZERO, by_type(1.0, 1.0), constant(3.6, 1.3)),
    "tanh": Function(np.tanh, mpmath.tanh, by_type(-3.4e38, -1.79e308), HUGE, constant(4.9, 2.7)),
    "sigmoid": Function(
        special.expit, lambda x: 1 / (1 + mpmath.exp(-x)), LOWEST, HUGE, constant(2.5, 2.5)
    ),
    "tail": Function(
        lambda x: special.ndtr(-np.abs(x)),
        lambda x: mpmath.ncdf(-abs(x)),
        by_type(-12.8, -37.4),
        by_type(12.8, 37.4),
        lambda x: 5.2 + 0.7 * x**2 if x.dtype == np.float32 else np.full(x.shape, 5.0),
    ),
    "density": Function(
        lambda x: np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi),
        mpmath.npdf,
        by_type(-13.0, -37.5),
        by_type(13.0, 37.5),
        constant(2.1, 2.1),
    ),
}
COMPILED = {name: getattr(math, name, None) for name in FUNCTIONS}
COMPILED |= {"tail": tail, "density": density}
NAMES = tuple(FUNCTIONS)


@pytest.fixture(scope="module")
def vectors() -> dict[str, Callable[[Array], dict[str, Array]]]:
    """By type: every function's values at x, computed on vectors."""
    functions = [COMPILED[name] for name in NAMES]
    found = {}
    for dtype in DTYPES:
        run = elementwise("math", functions, dtype)
        found[dtype] = lambda x, run=run: dict(zip(NAMES, run(x), strict=True))
    return found


def arguments(name: str, dtype: str, count: int) -> Array:
    """Numbers from all of the function's range: evenly, by magnitude, about 0 and about 1, and its ends."""
    random = np.random.default_rng(1)
    low, high = FUNCTIONS[name].lowest[dtype], FUNCTIONS[name].highest[dtype]
    near = (max(low, -100.0 if dtype == "float32" else -720.0), min(high, 720.0))
    magnitudes = np.exp(random.uniform(np.log(TINY[dtype]), np.log(HUGE[dtype]), count))
    signs = random.choice([-1.0, 1.0], count)
    parts = [
        random.uniform(*near, count),
        random.uniform(-10, 10, count),
        random.normal(size=count),
        1 + 0.01 * random.normal(size=count),
        signs * magnitudes,
        signs * np.sqrt(magnitudes),
        [low, high, TINY[dtype], -TINY[dtype], 0.0],
    ]
    x = np.concatenate(parts).astype(dtype)
    return x[(x >= np.dtype(dtype).type(low)) & (x <= np.dtype(dtype).type(high))]


def errors(values: Array, reference: Array, rest: Array | float = 0.0) -> Array:
    """|values - (reference + rest)| in units in the last place of the reference, which is rounded to float64."""
    smallest = np.finfo(values.dtype).smallest_normal
    unit = np.spacing(np.maximum(np.abs(reference).astype(values.dtype), smallest))
    return np.abs((values.astype(np.float64) - reference) - rest) / unit.astype(np.float64)


def too_large(name: str, x: Array, values: Array, reference: Array, rest: Any = 0.0) -> list[str]:
    """The places where the error exceeds the bound (a NaN does)."""
    found = errors(values, reference, rest)
    bound = FUNCTIONS[name].bound(x)
    return [
        f"{name}({x[i]!r}) is off by {found[i]:.2f} ULP of {bound[i]:.2f}"
        for i in np.flatnonzero(~(found <= bound))
    ]


def exact_values(name: str, x: Array) -> tuple[Array, Array]:
    """The function to some 30 digits, as a sum of two float64."""
    with mpmath.workprec(100):
        exact = [FUNCTIONS[name].exact(mpmath.mpf(float(number))) for number in x]
        first = [float(number) for number in exact]
        return np.array(first), np.array([float(e - f) for e, f in zip(exact, first, strict=True)])


@pytest.mark.parametrize("name", NAMES)
def test_error_in_float32(name: str, vectors: Any) -> None:
    x = arguments(name, "float32", 20_000)
    assert len(x) > 40_000
    reference = FUNCTIONS[name].double(x.astype(np.float64))
    values = vectors["float32"](x)[name]
    assert too_large(name, x, values, reference) == []
    if name == "exp":
        assert too_large(name, x, np.nextafter(values, np.inf), reference)


@pytest.mark.parametrize("name", NAMES)
def test_error_in_float64(name: str, vectors: Any) -> None:
    x = arguments(name, "float64", 150)
    assert len(x) > 300
    values = vectors["float64"](x)[name]
    assert too_large(name, x, values, *exact_values(name, x)) == []


@pytest.mark.parametrize("name", NAMES)
def test_planted_fault_is_seen(name: str, vectors: Any) -> None:
    """Values that are off by a little more than the bound at one place, or NaN there, are found."""
    x = arguments(name, "float64", 150)
    values, exact = vectors["float64"](x)[name], exact_values(name, x)
    place = int(np.argmin(np.abs(x - 1.25)))
    unit = np.spacing(abs(exact[0][place]))
    bound = FUNCTIONS[name].bound(x[place : place + 1])[0]
    for fault in ((bound + 2) * unit, -(bound + 2) * unit, np.nan):
        planted = values.copy()
        planted[place] += fault
        assert len(too_large(name, x, planted, *exact)) == 1


@pytest.mark.parametrize("dtype", DTYPES)
def test_beyond_the_range(dtype: str, vectors: Any) -> None:
    """What is out of range saturates: no infinity, no jump."""
    high = [88.8, 1e4, 3e38, np.inf] if dtype == "float32" else [709.8, 1e4, 1e308, np.inf]
    x = np.array([*high, *(-number for number in high)], dtype)
    low = slice(len(high), None)
    values = vectors[dtype](x)
    at_ends = vectors[dtype](np.array([HUGE[dtype], -HUGE[dtype]], dtype))
    assert all(np.isfinite(values[name]).all() for name in NAMES if not name.startswith("log"))
    exp = values["exp"]
    assert (exp[: len(high)] == at_ends["exp"][0]).all()
    assert at_ends["exp"][0] > 0.69 * np.finfo(dtype).max
    assert (exp[low] == at_ends["exp"][1]).all()
    assert TINY[dtype] <= at_ends["exp"][1] < 1.6 * TINY[dtype]
    assert (values["expm1"][: len(high)] == at_ends["expm1"][0]).all()
    assert (values["expm1"][low] == -1).all()
    np.testing.assert_array_equal(values["tanh"], np.sign(x))
    np.testing.assert_array_equal(values["sigmoid"], x > 0)
    for name in ("tail", "density"):
        np.testing.assert_array_equal(values[name], 0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", NAMES)
def test_nan_is_handed_on(name: str, dtype: str, vectors: Any) -> None:
    x = np.array([1.0, np.nan, 1.0, -np.nan, 2.0, np.nan, np.nan, np.nan], dtype)
    # A NaN may hold anything in its last bits.
    bits = x.view(f"u{x.itemsize}")
    bits[5:] += np.array([1, 255, 257], bits.dtype)
    np.testing.assert_array_equal(np.isnan(vectors[dtype](x)[name]), np.isnan(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_and_denormal_numbers(dtype: str, vectors: Any) -> None:
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.array([0.0, smallest, 1000 * smallest, np.finfo(dtype).tiny / 3], dtype)
    x = np.concatenate([x, -x])
    values = vectors[dtype](x)
    for name, at_zero in (("exp", 1.0), ("sigmoid", 0.5), ("tail", 0.5)):
        rounding = np.finfo(dtype).eps if name == "tail" else 0.0
        np.testing.assert_allclose(values[name], at_zero, rtol=rounding)
    for name in ("expm1", "tanh", "log1p"):
        # log1p is asked for x >= 0
        mine = x[: len(x) // 2] if name == "log1p" else x
        np.testing.assert_allclose(values[name][: len(mine)], mine, rtol=0, atol=2 * smallest)


@pytest.mark.parametrize("dtype", DTYPES)
def test_values_stay_within_their_limits(dtype: str, vectors: Any) -> None:
    random = np.random.default_rng(2)
    x = np.concatenate([random.uniform(-40, 40, 50_000), 8 * random.normal(size=50_000)])
    values = vectors[dtype](x.astype(dtype))
    for name, low, high in (
        ("tanh", -1, 1),
        ("sigmoid", 0, 1),
        ("tail", 0, 0.5000001),
        ("expm1", -1, np.inf),
        ("exp", 0, np.inf),
    ):
        assert values[name].min() >= low
        assert values[name].max() <= high


def test_numbers_are_treated_as_vectors_are(vectors: Any) -> None:
    """A function of one number has the bits of the same function of a vector."""
    names = ("exp", "log", "tanh", "tail")
    exp, log, tanh, tail = (COMPILED[name] for name in names)
    scalar = SCALARS["float64"]

    def make() -> Any:
        def kernel(source, target, n):
            x = simd.pointer_at(source, scalar)
            y = simd.pointer_at(target, scalar)
            for i in range(n):
                value = simd.get(x, i)
                simd.put(y, i, exp(value))
                simd.put(y, n + i, log(value))
                simd.put(y, 2 * n + i, tanh(value))
                simd.put(y, 3 * n + i, tail(value))

        return kernel

    x = np.random.default_rng(3).uniform(1e-3, 30, 1000)
    values = np.empty((len(names), len(x)))
    compile_probe("math-numbers", make, 3)(x, values, len(x))
    expected = vectors["float64"](x)
    for name, found in zip(names, values, strict=True):
        np.testing.assert_array_equal(found, expected[name])


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_odd_to_the_bit(dtype: str, vectors: Any) -> None:
    x = arguments("tanh", dtype, 5000)
    np.testing.assert_array_equal(vectors[dtype](-x)["tanh"], -vectors[dtype](x)["tanh"])


def test_tanh_reaches_one_where_it_is_clamped(vectors: Any) -> None:
    """All numbers of float32 from 7 to 9: below 1 before the place of the clamp, 1 from there on."""
    first, last = np.array([7.0, 9.0], np.float32).view(np.uint32)
    x = np.arange(first, last, dtype=np.uint32).view(np.float32)
    values = vectors["float32"](x)["tanh"]
    below = x < np.float32(math._TANH_END)
    assert (values[below] < 1).all()
    assert (values[~below] == 1).all()
    assert (errors(values, np.tanh(x.astype(np.float64))) <= 4.9).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tail_and_its_complement_to_the_rounding_of_one(dtype: str, vectors: Any) -> None:
    x = np.random.default_rng(4).uniform(0, 15, 100_000).astype(dtype)
    found = vectors[dtype](x)["tail"]
    bound = 1.5e-7 if dtype == "float32" else 5e-16
    np.testing.assert_allclose(found, special.ndtr(-x.astype(np.float64)), rtol=0, atol=bound)
    np.testing.assert_allclose(1 - found, special.ndtr(x.astype(np.float64)), rtol=0, atol=bound)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cosine_and_sine_of_an_eighth_of_a_turn(dtype: str) -> None:
    random = np.random.default_rng(5)
    x = np.append(random.uniform(-1, 1, 3000), random.normal(scale=1e-3, size=300)) * np.pi / 4
    x = np.append(x, [0.0, np.pi / 4, -np.pi / 4]).astype(dtype)
    found = elementwise("cos-sin", [cosine, sine], dtype)(x)
    for values, exact in zip(found, (mpmath.cos, mpmath.sin), strict=True):
        with mpmath.workprec(100):
            precise = [exact(mpmath.mpf(float(number))) for number in x]
            first = np.array([float(number) for number in precise])
            rest = np.array([float(e - f) for e, f in zip(precise, first, strict=True)])
        off = errors(values, first, rest)
        assert off.max() <= 1.2
        assert errors(values * (1 + 4 * np.finfo(dtype).eps), first, rest).max() > 1.2
