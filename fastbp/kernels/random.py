"""Random numbers that are functions of counters: no state, and the same whoever asks for them in whatever order."""

from math import pi

import numpy as np

from fastbp.kernels.math import cos_sin, log
from fastbp.kernels.simd import fma, numbers_of, rotate_left, select, sqrt
from fastbp.runtime.inlined import inlined

# Odd constants of the generator SplitMix64 (Steele, Lea and Flood, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)

_PARITY = 0x1BD11BDA
_WORD = np.uint64(0xFFFFFFFF)
# Of a turn, which is 2**32.
_EIGHTH, _QUARTER, _HALF = 1 << 29, 1 << 30, 1 << 31
_ANGLE_OF_UNIT, _MINUS_EIGHTH = 2 * pi / 2**32, -pi / 4
_UNIT, _HALF_UNIT = 2.0**-32, 2.0**-33


@inlined
def _mix(state):
    state = (state ^ (state >> np.uint64(30))) * _FIRST
    state = (state ^ (state >> np.uint64(27))) * _SECOND
    return state ^ (state >> np.uint64(31))


@inlined
def key_of(seed, stream, time):
    """``(k0, k1)``, the halves of mix(mix(mix(seed + step) + stream * step) + time * step), with SplitMix64's mix

    It is one to one: two times of a stream, or two streams at a time, never have the same key.
    """
    state = _mix(np.uint64(seed) + _STEP)
    state = _mix(state + np.uint64(stream) * _STEP)
    state = _mix(state + np.uint64(time) * _STEP)
    return np.int64(state & _WORD), np.int64(state >> np.uint64(32))


@inlined
def _four_rounds(x, y, r0, r1, r2, r3):
    x = x + y
    y = rotate_left(y, r0) ^ x
    x = x + y
    y = rotate_left(y, r1) ^ x
    x = x + y
    y = rotate_left(y, r2) ^ x
    x = x + y
    y = rotate_left(y, r3) ^ x
    return x, y


@inlined
def random_words(number, words, key):
    """Two words for each pair of counters (a number, and one of some words): Threefry-2x32 in 13 rounds

    As many as it takes to pass all of BigCrush; 20 are for the cautious (Salmon, Moraes, Dror and Shaw, "Parallel
    random numbers: as easy as 1, 2, 3", 2011).
    """
    k0, k1 = key
    k2 = k0 ^ k1 ^ _PARITY
    x, y = _four_rounds(number + k0, words + k1, 13, 15, 26, 6)
    x, y = _four_rounds(x + k1, y + (k2 + 1), 17, 29, 16, 24)
    x, y = _four_rounds(x + k2, y + (k0 + 2), 13, 15, 26, 6)
    x, y = x + k0, y + (k1 + 3)
    x = x + y
    return x, rotate_left(y, 17) ^ x


@inlined
def normal_numbers(pointer, x, y):
    """Two independent numbers of mean 0 and variance 1 for each pair of words, none beyond 6.77

    sqrt(-2 log u) times cosine and sine of 2 pi v, with u = (x + 1/2) / 2**32 and v = y / 2**32 (Box and Muller, "A
    note on the generation of random normal deviates", 1958).
    """
    radius = sqrt(-2.0 * log(fma(numbers_of(pointer, x), _UNIT, _HALF_UNIT)))
    # The nearest multiple of a quarter of a turn is taken off.
    y = y + _EIGHTH
    cosine, sine = cos_sin(
        fma(numbers_of(pointer, y & (_QUARTER - 1)), _ANGLE_OF_UNIT, _MINUS_EIGHTH)
    )
    even = y + y < _HALF
    first, second = select(even, cosine, sine), select(even, sine, cosine)
    first = select(y + _QUARTER < _HALF, first, -first)
    second = select(y < _HALF, second, -second)
    return radius * first, radius * second
