"""As many vector FMAs as a core can do: what all other kernels are measured against."""

import time

import numpy as np
from numba import types

from fastbp.kernels import simd
from fastbp.runtime.cache import compile_function
from fastbp.runtime.processor import processor

#: Chains that do not wait for each other: enough to hide the latency of an fma, few enough for 16 registers.
_CHAINS = 12
_ROUNDS = 200_000
_REPEATS = 20


def _make_chains(scalar):
    """chain[i] = chain[i] * factor + term, over and over

    numbers  (2 + 12, lanes)  factor, term, chains: read, the chains overwritten
    """

    def fma_chains(numbers, rounds):
        p = simd.pointer_at(numbers, scalar)
        n = simd.lanes(p)
        x, y = simd.load(p, 0), simd.load(p, n)
        a, b, c = simd.load(p, 2 * n), simd.load(p, 3 * n), simd.load(p, 4 * n)
        d, e, f = simd.load(p, 5 * n), simd.load(p, 6 * n), simd.load(p, 7 * n)
        g, h, i = simd.load(p, 8 * n), simd.load(p, 9 * n), simd.load(p, 10 * n)
        j, k, m = simd.load(p, 11 * n), simd.load(p, 12 * n), simd.load(p, 13 * n)
        for _ in range(rounds):
            a, b, c = simd.fma(a, x, y), simd.fma(b, x, y), simd.fma(c, x, y)
            d, e, f = simd.fma(d, x, y), simd.fma(e, x, y), simd.fma(f, x, y)
            g, h, i = simd.fma(g, x, y), simd.fma(h, x, y), simd.fma(i, x, y)
            j, k, m = simd.fma(j, x, y), simd.fma(k, x, y), simd.fma(m, x, y)
        simd.store(p, 2 * n, a + b + c + d + e + f + g + h + i + j + k + m)

    return fma_chains


def measure_peak(dtype: str = "float32") -> float:
    """The most floating-point operations that one core did in a second, in GFLOP/s; takes some 40 ms.

    Parameters
    ----------
    dtype : {"float32", "float64"}
    """
    scalar = {"float32": types.float32, "float64": types.float64}[dtype]
    signature = types.void(types.int64, types.int64)
    chains = compile_function(f"fma_chains-{dtype}", _make_chains(scalar), signature)
    lanes = processor().lanes(np.dtype(dtype).itemsize)
    numbers = np.full((2 + _CHAINS, lanes), 0.5, dtype)
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.perf_counter()
        chains(numbers.ctypes.data, _ROUNDS)
        best = min(best, time.perf_counter() - began)
    return 2 * _CHAINS * lanes * _ROUNDS / best / 1e9
