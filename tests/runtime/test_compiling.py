"""Kernels are made of parts as Python would run them, and nothing is made that nobody calls."""

import gc
import math
from typing import Any

import numba
import pytest
from numba import types
from numba.core.registry import cpu_target

from fastbp.runtime import cache
from fastbp.runtime.inlined import inlined


def compiled(kernel: Any) -> Any:
    """A function of an integer as a kernel that no disk keeps."""
    signature = types.int64(types.int64)
    return cache.compile_callable("test", lambda: kernel, signature, keep=False).ctypes


@inlined
def _carried_from_turn_to_turn(n):  # type: ignore[no-untyped-def]
    total, before = 0, 2
    for i in range(n):
        if i % 3 > 0:
            total += before * 3
            continue
        before = i - total
    return total


@inlined
def _operators(n):  # type: ignore[no-untyped-def]
    x = n
    x += 5
    x *= x - n
    x -= n // 3
    x = x << 2
    x %= 1013
    return x + n**2 + (n**3) % 7 - (-n // 4) * (n & 6)


@inlined
def _tuples(n):  # type: ignore[no-untyped-def]
    pairs = (n, 2 * n), (3, n - 1)
    (a, b), c = pairs[0], pairs[1]
    return a * b + c[0] * c[1] + min(a, c[1]) - max(b, 4)


@inlined
def _types_that_grow(n):  # type: ignore[no-untyped-def]
    total = 0
    for i in range(n):
        total = total + i * 0.5
    return int(total)


@pytest.mark.parametrize(
    "part", [_carried_from_turn_to_turn, _operators, _tuples, _types_that_grow]
)
def test_a_part_does_what_python_does(part: Any) -> None:
    def kernel(n):  # type: ignore[no-untyped-def]
        return part(n) + 2 * part(n + 1)

    plain, function = part.py_func, compiled(kernel)
    for n in (0, 1, 2, 5, 17):
        assert function(n) == plain(n) + 2 * plain(n + 1)


def test_parts_are_compiled_once_for_all_kernels_and_become_no_machine_code() -> None:
    @inlined
    def only_part(n):  # type: ignore[no-untyped-def]
        return n * 7 + 1

    def one_kernel(n):  # type: ignore[no-untyped-def]
        return only_part(n) + only_part(2 * n)

    def other_kernel(n):  # type: ignore[no-untyped-def]
        return only_part(n) - 3

    before = set(cpu_target.target_context.codegen()._engine._defined_symbols)
    assert compiled(one_kernel)(4) == 29 + 57
    assert compiled(other_kernel)(4) == 26
    made = set(cpu_target.target_context.codegen()._engine._defined_symbols) - before
    assert any("one_kernel" in name for name in made)
    assert not any("only_part" in name for name in made if "NumbaEnv" not in name)
    assert len(only_part.dispatcher.overloads) == 1


def test_what_numba_compiled_can_be_called_and_its_failure_is_zero() -> None:
    @numba.njit
    def root(n):  # type: ignore[no-untyped-def]
        if n < 0:
            raise ValueError("negative")
        return math.sqrt(n)

    @inlined
    def part(n):  # type: ignore[no-untyped-def]
        return int(root(n))

    def kernel(n):  # type: ignore[no-untyped-def]
        return part(n) + 10

    function = compiled(kernel)
    assert function(49) == 17
    assert function(-1) == 10
    # Elsewhere it fails as ever.
    with pytest.raises(ValueError, match="negative"):
        root(-1)


@pytest.mark.parametrize("was", [True, False])
def test_garbage_is_collected_again_after_compiling(was: bool) -> None:
    def fails(n):  # type: ignore[no-untyped-def]
        return n.nothing

    before = gc.isenabled()
    try:
        (gc.enable if was else gc.disable)()
        with pytest.raises(numba.core.errors.TypingError, match="nothing"):
            cache.compile_callable("test", lambda: fails, types.int64(types.int64), keep=False)
        assert gc.isenabled() is was
    finally:
        (gc.enable if before else gc.disable)()
