"""Activations and what they do to a gradient, as functions of vectors, against their NumPy twins."""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

import naive
from fastbp.kernels.activations import ACTIVATIONS, ActivationFunctions
from fastbp.kernels.activations_by_numbers import BY_NUMBERS
from fastbp.kernels.simd import select
from fastbp.nn.activations import name_and_numbers
from fastbp.runtime.inlined import inlined
from kernels.probes import elementwise

Array = NDArray[Any]
#: Each of those with numbers in their formulas, with the numbers of its twin.
NUMBERED = (
    "threshold(0.3, -0.7)",
    "relu(0.1, 1.5, 0.4)",
    "leaky_relu(0.45)",
    "soft_shrink(0.375)",
    "hard_shrink(0.375)",
    "elu(0.7)",
    "celu(0.7)",
    "squareplus(1.5)",
)
NAMES = (*ACTIVATIONS, *NUMBERED)
#: Straight lines, whose slopes do not tell of x.
IN_PIECES = (
    "linear",
    "relu",
    "leaky_relu",
    "relu6",
    "hard_sigmoid",
    "hard_tanh",
    "soft_shrink",
    "hard_shrink",
    "sparse_sigmoid",
    *NUMBERED[:5],
)
#: Differences of nearly equal numbers, in the twin of gelu for instance, which adds 1 to what is nearly -1.
CANCELLING = ("gelu", "gelu_tanh", "tanh_shrink", NUMBERED[1])
#: What comes from above in the backward pass.
GRADIENT = 1.5


def functions_of(name: str) -> ActivationFunctions:
    """Those of an activation, with the numbers behind its name."""
    plain, numbers = name_and_numbers(name)
    if not numbers:
        return ACTIVATIONS[name]
    value_of, backward_of, keeps = BY_NUMBERS[plain]

    @inlined
    def value(x):
        return value_of(x, numbers)

    @inlined
    def backward(gradient, x):
        return backward_of(gradient, x, numbers)

    return ActivationFunctions(value, backward, keeps)


def test_all_are_here() -> None:
    assert {name_and_numbers(name)[0] for name in NUMBERED} == set(BY_NUMBERS)


def slope(name: str) -> Any:
    """``f(x)`` = GRADIENT * value'(x), from what the forward pass keeps."""
    functions = functions_of(name)
    value, backward, keeps_input = functions.value, functions.backward, functions.keeps == "input"

    @inlined
    def backward_of(x):
        kept = x if keeps_input else value(x)
        return backward(select(x == x, GRADIENT, x), kept)

    backward_of.__name__ = f"{functions.value.__name__}_slope"
    return backward_of


@pytest.fixture(scope="module")
def values() -> Callable[[Array], dict[str, Array]]:
    run = elementwise("activations", [functions_of(name).value for name in NAMES], "float64")
    return lambda x: dict(zip(NAMES, run(x), strict=True))


@pytest.fixture(scope="module")
def slopes() -> Callable[[Array], dict[str, Array]]:
    run = elementwise("slopes", [slope(name) for name in NAMES], "float64")
    return lambda x: dict(zip(NAMES, run(x), strict=True))


def arguments(name: str) -> Array:
    """About zero, over the range in which anything happens, and far out; no kinks."""
    random = np.random.default_rng(0)
    parts = [random.normal(size=500), random.uniform(-40, 40, 500), [-700.0, -1e4, 700.0, 1e4]]
    x = np.concatenate([*parts, 10.0 ** random.uniform(-30, 0, 100)])
    # Beyond, it is more than any number in float32.
    return np.minimum(x, 80.0) if name == "exponential" else x


@pytest.mark.parametrize("name", NAMES)
def test_values(name: str, values: Any) -> None:
    x = arguments(name)
    expected = naive.ACTIVATIONS[name](x)
    # exp never falls below the smallest normal number.
    absolute = 1e-15 if name in CANCELLING else 1e-300
    np.testing.assert_allclose(values(x)[name], expected, rtol=2e-13, atol=absolute)


@pytest.mark.parametrize("name", NAMES)
def test_slopes(name: str, slopes: Any) -> None:
    """Not relative to the slope: from an output 1 - e a derivative knows e to the rounding of 1, and x times it."""
    x = arguments(name)
    step = 1e-20
    expected = GRADIENT * naive.ACTIVATIONS[name](x + 1j * step).imag / step
    relative = 1e-14 if name == "exponential" else 0
    np.testing.assert_allclose(slopes(x)[name], expected, rtol=relative, atol=1e-14)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_a_number_is_handed_on(name: str, values: Any) -> None:
    """Else a loss would not show that a network has diverged."""
    found = values(np.array([np.nan, 1.0, -np.nan]))[name]
    np.testing.assert_array_equal(np.isnan(found), [True, False, True])


@pytest.fixture(scope="module")
def single() -> Callable[[Array], dict[str, tuple[Array, Array]]]:
    """In float32 each activation's values and slopes."""
    functions = [functions_of(name).value for name in NAMES], [slope(name) for name in NAMES]
    runs = [
        elementwise(f"activations-single-{i}", some, "float32") for i, some in enumerate(functions)
    ]
    return lambda x: dict(zip(NAMES, zip(*(run(x) for run in runs), strict=True), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_single_precision(name: str, single: Any) -> None:
    """Values and slopes to the rounding of float32; a slope also to that of the output it is had from."""
    x = arguments(name).astype(np.float32)
    found_values, found_slopes = single(x)[name]
    exact, step = x.astype(np.float64), 1e-20
    expected = naive.ACTIVATIONS[name](exact)
    np.testing.assert_allclose(
        found_values, expected, rtol=6e-7, atol=2e-7 if name in CANCELLING else 1e-37
    )
    expected = GRADIENT * naive.ACTIVATIONS[name](exact + 1j * step).imag / step
    relative = 1e-6 if name == "exponential" else 0
    np.testing.assert_allclose(found_slopes, expected, rtol=relative, atol=2e-6)


def test_gelu_at_the_ends(single: Any, values: Any, slopes: Any) -> None:
    """Zero and its argument, without a NaN from the product of zero and infinity."""
    x = np.array([-np.inf, -1e30, -38.0, 38.0, 1e30, np.inf])
    short = x.astype(np.float32)
    for ends, found in (
        (x, (values(x)["gelu"], slopes(x)["gelu"])),
        (short, single(short)["gelu"]),
    ):
        np.testing.assert_array_equal(found[0], np.maximum(ends, 0))
        np.testing.assert_array_equal(found[1], GRADIENT * (ends > 0))


def test_gelu_keeps_its_digits_far_below_zero(values: Any, slopes: Any) -> None:
    """Where the twin, which adds 1 to what is nearly -1, has none: against 30 digits."""
    x = np.random.default_rng(1).uniform(-37, -2, 100)
    with mpmath.workdps(30):
        exact = [mpmath.mpf(float(number)) for number in x]
        expected = [float(number * mpmath.ncdf(number)) for number in exact]
        turn = [float(mpmath.ncdf(number) + number * mpmath.npdf(number)) for number in exact]
    np.testing.assert_allclose(values(x)["gelu"], expected, rtol=1.2e-15)
    np.testing.assert_allclose(slopes(x)["gelu"], GRADIENT * np.array(turn), rtol=2e-15)


def test_planted_fault_is_seen(values: Any, slopes: Any) -> None:
    """Two activations whose values differ little, and a slope taken at another place."""
    x = arguments("gelu")
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(values(x)["gelu"], values(x)["silu"], rtol=2e-13)
    for name in sorted(set(NAMES) - set(IN_PIECES)):
        x = arguments(name)
        assert np.abs(slopes(x + 1e-9)[name] - slopes(x)[name]).max() > 1e-13
