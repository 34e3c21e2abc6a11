"""Kernels made for tests: what Python cannot call by itself, run over arrays."""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from fastbp.kernels import simd
from fastbp.runtime.cache import compile_callable
from fastbp.runtime.inlined import inlined
from fastbp.runtime.processor import processor

Array = NDArray[Any]

SCALARS = {"float32": types.float32, "float64": types.float64}


def n_lanes(dtype: str) -> int:
    """Numbers in a vector."""
    return processor().lanes(np.dtype(dtype).itemsize)


def aligned(shape: int | tuple[int, ...], dtype: str, fill: float = 0.0) -> Array:
    """A new array that begins on a cache line, as all buffers of an arena do."""
    itemsize = np.dtype(dtype).itemsize
    size = int(np.prod(shape))
    raw = np.empty(size * itemsize + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    array = raw[begin : begin + size * itemsize].view(dtype).reshape(shape)
    array[...] = fill
    return array


def compile_probe(
    name: str, make: Callable[[], Any], n_arguments: int, parts: Sequence[Any] = ()
) -> Callable[..., None]:
    """The function that `make` gives, of `n_arguments` integers; arrays stand for their addresses.

    Kept on the disk under a name that changes with the files that `make` and `parts`, the functions it is made of,
    are written in.
    """
    written = {inspect.getsourcefile(make), *(inspect.getsourcefile(p.py_func) for p in parts)}
    sources = [Path(file).read_bytes() for file in sorted(filter(None, written))]
    names = " ".join(part.__name__ for part in parts).encode()
    version = hashlib.sha256(b"".join([*sources, Path(__file__).read_bytes(), names])).hexdigest()
    signature = types.void(*[types.int64] * n_arguments)
    compiled = compile_callable(f"test-{name}-{version[:8]}", make, signature)

    def probe(*arguments: Any) -> None:
        compiled.ctypes(*[a.ctypes.data if hasattr(a, "ctypes") else int(a) for a in arguments])

    return probe


def _store_all(functions: Sequence[Any]) -> Any:
    """An inlined ``f(x, target, index, stride)`` that stores each function's value of x, `stride` elements apart."""
    if not functions:

        @inlined
        def nothing(x, target, index, stride):
            pass

        return nothing
    first, others = functions[0], _store_all(functions[1:])

    @inlined
    def store_all(x, target, index, stride):
        simd.store(target, index, first(x))
        others(x, target, index + stride, stride)

    return store_all


def elementwise(name: str, functions: Sequence[Any], dtype: str) -> Callable[[Array], Array]:
    """``f(x)`` with shape (len(functions), len(x)): each function's values, computed on vectors."""
    scalar = SCALARS[dtype]
    store_all = _store_all(functions)

    def make() -> Any:
        def kernel(source, target, n):
            x = simd.pointer_at(source, scalar)
            y = simd.pointer_at(target, scalar)
            for i in range(0, n, simd.lanes(x)):
                store_all(simd.load(x, i), y, i, n)

        return kernel

    probe = compile_probe(f"{name}-{dtype}", make, 3, functions)

    def run(x: Array) -> Array:
        lanes = n_lanes(dtype)
        n = -(-len(x) // lanes) * lanes
        source, target = aligned(n, dtype), aligned((len(functions), n), dtype)
        source[: len(x)] = x
        probe(source, target, n)
        return target[:, : len(x)]

    return run
