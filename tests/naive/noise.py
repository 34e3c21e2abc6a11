"""Noise as a function of counters: Threefry-2x32 in 13 rounds, its key from SplitMix64; Box and Muller's normals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_WORD, _LONG = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF
_STEP = 0x9E3779B97F4A7C15
_ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)


def _mix(state: int) -> int:
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _LONG
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _LONG
    return state ^ (state >> 31)


def noise_key(seed: int, layer: int, update: int) -> tuple[int, int]:
    """The two halves, the lower first, of a number mixed from all three."""
    state = _mix((seed + _STEP) & _LONG)
    for number in (layer, update):
        state = _mix((state + number * _STEP) & _LONG)
    return state & _WORD, state >> 32


def threefry(first: Any, second: Any, key: tuple[int, int]) -> tuple[Array, Array]:
    """J. Salmon, M. Moraes, R. Dror and D. Shaw, Parallel random numbers: as easy as 1, 2, 3 (2011)."""
    keys = (*key, key[0] ^ key[1] ^ 0x1BD11BDA)
    with np.errstate(over="ignore"):
        x, y = (
            np.asarray(counter, np.uint32) + np.uint32(k)
            for counter, k in zip((first, second), key, strict=True)
        )
        for turn in range(13):
            x = x + y
            count = np.uint32(_ROTATIONS[turn % 8])
            y = ((y << count) | (y >> (np.uint32(32) - count))) ^ x
            if turn % 4 == 3:
                n = turn // 4 + 1
                x = x + np.uint32(keys[n % 3])
                y = y + np.uint32((keys[(n + 1) % 3] + n) & _WORD)
    return x, y


def normal_numbers(x: Array, y: Array) -> tuple[Array, Array]:
    """sqrt(-2 log u) (cos 2 pi v, sin 2 pi v)"""
    radius = np.sqrt(-2.0 * np.log((x + 0.5) / 2.0**32))
    angle = 2.0 * np.pi * (y / 2.0**32)
    return radius * np.cos(angle), radius * np.sin(angle)


def noise_words(seed: int, layer: int, update: int, shape: tuple[int, int]) -> tuple[Array, Array]:
    """Two words for each sample and each pair of features, (n_rows, ceil(n_features / 2)) each."""
    n_rows, n_features = shape
    pairs, samples = np.arange((n_features + 1) // 2), np.arange(n_rows)
    return threefry(
        *np.broadcast_arrays(pairs[None], samples[:, None]), noise_key(seed, layer, update)
    )


def _side_by_side(pair: tuple[Array, Array], n_features: int) -> Array:
    return np.stack(pair, axis=-1).reshape(len(pair[0]), -1)[:, :n_features]


def uniform_words(seed: int, layer: int, update: int, shape: tuple[int, int]) -> Array:
    """(n_rows, n_features) integers from 0 to 2**32 - 1"""
    return _side_by_side(noise_words(seed, layer, update, shape), shape[1])


def normals(seed: int, layer: int, update: int, shape: tuple[int, int]) -> Array:
    """(n_rows, n_features) numbers of mean 0 and variance 1"""
    return _side_by_side(normal_numbers(*noise_words(seed, layer, update, shape)), shape[1])


def noise_terms(
    kind: str, strength: float, seed: int, layer: int, update: int, shape: tuple[int, int]
) -> tuple[Array, Array]:
    """(factor, added): outputs = inputs * factor + added, as Keras's layers of these names give in training."""
    keep = uniform_words(seed, layer, update, shape) >= strength * 2.0**32
    zeros = np.zeros(shape)
    if kind == "dropout":
        return keep / (1.0 - strength), zeros
    if kind == "alpha_dropout":
        lowest = -1.0507009873554805 * 1.6732632423543772
        a = 1.0 / np.sqrt((1.0 - strength) * (1.0 + strength * lowest**2))
        return a * keep, a * lowest * ~keep - a * lowest * strength
    z = normals(seed, layer, update, shape)
    if kind == "gaussian_dropout":
        return 1.0 + np.sqrt(strength / (1.0 - strength)) * z, zeros
    assert kind == "gaussian_noise"
    return np.ones(shape), strength * z
