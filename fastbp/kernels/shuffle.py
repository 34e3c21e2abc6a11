"""The order of an epoch's samples, from counters alone."""

from typing import Any

import numpy as np
from numba import types

from fastbp.kernels import simd
from fastbp.runtime.cache import compile_callable

# Odd constants of the generator SplitMix64 (Steele, Lea and Flood, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_LOW_HALF = np.uint64(0xFFFFFFFF)


def shuffle_epochs(orders_address, epochs, n, seed, first_epoch, draws_address, n_draws):
    """orders[e] = a random permutation of 0 ... n - 1 drawn from (seed, first_epoch + e)

    orders   (epochs, n) int64, n < 2**32   overwritten
    draws    (n_draws,) int64               so many are drawn at a time, in vectors

    Fisher and Yates from the end; the draw for place i is mix(start + i * step), start = mix(mix(seed + step) + epoch)
    with SplitMix64's mix, of which the upper bits are scaled to 0 ... i (the bias is below n / 2**64).
    """
    draws = simd.pointer_at(draws_address, simd.int64)
    for row in range(epochs):
        order = simd.advance(simd.pointer_at(orders_address, simd.int64), row * n)
        state = seed + _STEP
        epoch = first_epoch + np.uint64(row)
        for word in (epoch, np.uint64(0)):
            state = (state ^ (state >> np.uint64(30))) * _FIRST
            state = (state ^ (state >> np.uint64(27))) * _SECOND
            state = (state ^ (state >> np.uint64(31))) + word
        for place in range(n):
            order[place] = place
        last = n - 1
        while last > 0:
            n_now = min(n_draws, last)
            for i in range(n_now):
                place = np.uint64(last - i)
                draw = state + place * _STEP
                draw = (draw ^ (draw >> np.uint64(30))) * _FIRST
                draw = (draw ^ (draw >> np.uint64(27))) * _SECOND
                draw = draw ^ (draw >> np.uint64(31))
                count = place + np.uint64(1)
                low = ((draw & _LOW_HALF) * count) >> np.uint64(32)
                draws[i] = np.int64(((draw >> np.uint64(32)) * count + low) >> np.uint64(32))
            for i in range(n_now):
                kept = order[last - i]
                order[last - i] = order[draws[i]]
                order[draws[i]] = kept
            last -= n_now


def compiled_shuffle() -> Any:
    """`shuffle_epochs`, to be called with integers."""
    i64, u64 = types.int64, types.uint64
    signature = types.void(i64, i64, i64, u64, u64, i64, i64)
    return compile_callable("shuffle_epochs", lambda: shuffle_epochs, signature).ctypes
