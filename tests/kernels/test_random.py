"""Random numbers against the published generator and the NumPy twin, and their statistics."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special

import naive
from fastbp.kernels import random, simd
from kernels.probes import SCALARS, aligned, compile_probe, n_lanes

Array = NDArray[Any]
DTYPES = ("float32", "float64")
#: Counters, key and words of the generator's own tests (kat_vectors of Random123).
PUBLISHED = [
    ((0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0xFD36D048, 0x2D17272C)),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xBA3E4725, 0xF27D669E)),
]


def numbers_probe(dtype: str) -> Any:
    """``f(number, first, k0, k1, target)``: words (as numbers, two halves each) and normals of as many as lanes"""
    scalar = SCALARS[dtype]

    def make() -> Any:
        def kernel(number, first, k0, k1, target):
            out = simd.pointer_at(target, scalar)
            lanes = simd.lanes(out)
            x, y = random.random_words(number, simd.lane_words(out, first), (k0, k1))
            top = 0xFFFF0000
            one, other = random.normal_numbers(out, x, y)
            values = (
                simd.numbers_of(out, x & top),
                simd.numbers_of(out, x & 0xFFFF),
                simd.numbers_of(out, y & top),
                simd.numbers_of(out, y & 0xFFFF),
                one,
                other,
            )
            simd.store_many(out, 0, lanes, values)

        return kernel

    return compile_probe(f"random-{dtype}", make, 5, [random.random_words])


@pytest.fixture(scope="module")
def numbers() -> Any:
    """``f(dtype, number, first, key)``: (words, words, normals, normals), each (lanes,)"""
    probes = {dtype: numbers_probe(dtype) for dtype in DTYPES}

    def run(dtype: str, number: int, first: int, key: tuple[int, int]) -> tuple[Array, ...]:
        target = aligned((6, n_lanes(dtype)), dtype, np.nan)
        probes[dtype](number, first, *key, target)
        halves = target[:4].astype(np.uint32)
        return halves[0] + halves[1], halves[2] + halves[3], target[4], target[5]

    return run


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("counters", "key", "words"), PUBLISHED)
def test_published_words(numbers: Any, dtype: str, counters: Any, key: Any, words: Any) -> None:
    found = numbers(dtype, *counters, key)
    assert (found[0][0], found[1][0]) == words
    assert tuple(int(w) for w in naive.threefry(*map(np.uint32, counters), key)) == words


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_twin_has_the_same(numbers: Any, dtype: str) -> None:
    """Words to the bit; normal numbers to rounding, in single precision to that of an angle or a logarithm near 0."""
    lanes = np.arange(n_lanes(dtype), dtype=np.uint32)
    for number in range(200):
        key = naive.noise_key(5, number % 3, 1000 * number)
        x, y, one, other = numbers(dtype, number, 37 * number, key)
        expected = naive.threefry(np.uint32(number), np.uint32(37 * number) + lanes, key)
        np.testing.assert_array_equal((x, y), expected)
        normals = naive.normal_numbers(*expected)
        tolerance = 2e-15 if dtype == "float64" else 1e-6
        np.testing.assert_allclose((one, other), normals, rtol=8 * tolerance, atol=tolerance)


# --- statistics: of the twin, which has the same words ---

SHAPE = (1024, 1024)
#: What a figure with a normal distribution stays within, but for one in 2 million.
SIGMAS = 5.0


def uniform(seed: int = 1, layer: int = 0, update: int = 1) -> Array:
    """(samples, features), mean 0 and variance 1"""
    words = naive.uniform_words(seed, layer, update, SHAPE)
    return ((words + 0.5) / 2.0**32 - 0.5) * np.sqrt(12.0)


def normal(seed: int = 1, layer: int = 0, update: int = 1) -> Array:
    return naive.normals(seed, layer, update, SHAPE)


def chi_square(counts: Array) -> float:
    """By how many of its deviations the sum is off that of equal chances (Wilson and Hilferty's approximation)."""
    expected = counts.sum() / counts.size
    freedom = counts.size - 1
    total = ((counts - expected) ** 2 / expected).sum()
    part = 2.0 / (9.0 * freedom)
    return float(((total / freedom) ** (1 / 3) - (1 - part)) / np.sqrt(part))


def moments(numbers: Array, powers: dict[int, tuple[float, float]]) -> list[float]:
    """Means of powers, off what they should be, in deviations; `powers` has each one's mean and variance."""
    n = numbers.size
    return [
        float((np.mean(numbers**k) - mean) / np.sqrt(variance / n))
        for k, (mean, variance) in powers.items()
    ]


def neighbours(numbers: Any) -> dict[str, float]:
    """Correlations with the next sample, feature, update, layer and seed, in deviations."""
    here = numbers()
    pairs = {
        "sample": (here[1:], here[:-1]),
        "feature": (here[:, 1:], here[:, :-1]),
        "pair": (here[:, ::2], here[:, 1::2]),
        "two features": (here[:, 2:], here[:, :-2]),
        "vector": (here[16:], here[:-16]),
        "update": (here, numbers(update=2)),
        "layer": (here, numbers(layer=1)),
        "layer and update": (numbers(layer=1, update=1), numbers(layer=0, update=2)),
        "seed": (here, numbers(seed=2)),
        "seed and layer": (numbers(seed=2, layer=0), numbers(seed=1, layer=1)),
        "epoch": (here, numbers(update=1 + 938)),
        "transposed": (here, here.T),
    }
    return {
        name: float((a * b).mean() * np.sqrt(a.size / (2 if name == "transposed" else 1)))
        for name, (a, b) in pairs.items()
    }


def test_uniform_numbers() -> None:
    """Means, variances, 64 bins of the upper and of the lower bits, each bit, runs of two."""
    words = np.concatenate([naive.uniform_words(1, 0, t, SHAPE).ravel() for t in (1, 2, 3, 4)])
    numbers = ((words + 0.5) / 2.0**32 - 0.5) * np.sqrt(12.0)
    found = moments(numbers, {1: (0.0, 1.0), 2: (1.0, 0.8), 3: (0.0, 27 / 7), 4: (1.8, 9 - 1.8**2)})
    found += [chi_square(np.bincount(words >> np.uint32(shift) & 63)) for shift in (0, 13, 26)]
    triples = (words[::2] >> np.uint32(29)) * 8 + (words[1::2] >> np.uint32(29))
    found.append(chi_square(np.bincount(triples, minlength=64)))
    for bit in range(32):
        ones = np.count_nonzero(words >> np.uint32(bit) & 1)
        found.append((ones - words.size / 2) / np.sqrt(words.size / 4))
    assert np.abs(found).max() < SIGMAS, found


def test_normal_numbers() -> None:
    """Four moments, 64 bins of equal chance, and the tails as far as 4 million numbers fill them."""
    numbers = np.concatenate([naive.normals(1, 0, t, SHAPE).ravel() for t in (1, 2, 3, 4)])
    powers = {1: (0.0, 1.0), 2: (1.0, 2.0), 3: (0.0, 15.0), 4: (3.0, 96.0), 6: (15.0, 10170.0)}
    found = moments(numbers, powers)
    bins = np.floor(special.ndtr(numbers) * 64).astype(int)
    found.append(chi_square(np.bincount(bins, minlength=64)))
    for limit in (2.0, 3.0, 4.0, 4.5):
        for side in (numbers, -numbers):
            share = special.ndtr(-limit)
            expected = share * numbers.size
            found.append((np.count_nonzero(side > limit) - expected) / np.sqrt(expected))
    assert np.abs(found).max() < SIGMAS, found
    assert 4.9 < np.abs(numbers).max() < 6.77


@pytest.mark.parametrize("numbers", [uniform, normal])
def test_neighbours_know_nothing_of_each_other(numbers: Any) -> None:
    found = neighbours(numbers)
    assert max(map(abs, found.values())) < SIGMAS, found


def test_sizes_of_normal_neighbours_neither() -> None:
    """The two of a pair share a radius, but their squares are independent."""
    found = neighbours(lambda **where: (normal(**where) ** 2 - 1.0) / np.sqrt(2.0))
    assert max(map(abs, found.values())) < SIGMAS, found


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.9])
def test_rates(rate: float) -> None:
    """As many are dropped as shall be: of all, of each feature, and of each sample."""
    dropped = naive.uniform_words(3, 1, 7, SHAPE) < rate * 2.0**32
    variance = rate * (1.0 - rate)
    assert abs(dropped.mean() - rate) < SIGMAS * np.sqrt(variance / dropped.size)
    for axis in (0, 1):
        off = (dropped.mean(axis=axis) - rate) / np.sqrt(variance / 1024)
        assert abs((off**2).mean() - 1.0) < SIGMAS * np.sqrt(2.0 / 1024)


def test_keys_differ() -> None:
    keys = {
        naive.noise_key(s, layer, t) for s in range(20) for layer in range(20) for t in range(200)
    }
    assert len(keys) == 80_000


def test_faults_are_seen() -> None:
    """A counter that is only multiplied, and numbers half a percent too large."""
    rows, columns = np.mgrid[:1024, :1024].astype(np.uint32)
    weak = rows * np.uint32(2654435761) + columns * np.uint32(40503)
    numbers = ((weak + 0.5) / 2.0**32 - 0.5) * np.sqrt(12.0)
    assert abs((numbers[:, 1:] * numbers[:, :-1]).mean()) * 1024 > SIGMAS
    assert abs(moments(1.005 * uniform(), {2: (1.0, 0.8)})[0]) > SIGMAS
    counts = np.bincount(naive.uniform_words(1, 0, 1, SHAPE).ravel() >> np.uint32(26))
    counts[5] += 1000
    assert chi_square(counts) > SIGMAS
