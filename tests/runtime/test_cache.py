"""Compiled code on disk: what is loaded, what is believed, and what is left where it cannot be written."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba import types

from contracts import children
from fastbp.errors import CacheWarning
from fastbp.runtime import cache
from fastbp.runtime.cache import CACHE_VARIABLE, compile_function
from runtime.kept import files, plus_one


def test_what_was_compiled_is_loaded(folder: Path, new_process: Callable[[], list[str]]) -> None:
    """By its label alone: two functions of one label are the same function."""
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    compiled = new_process()
    assert plus_one(number=40)(2) == 3
    assert compiled == []


def test_another_signature_is_another_file(folder: Path) -> None:
    def same(x):  # type: ignore[no-untyped-def]
        return x

    for kind in (types.int64, types.float64):
        assert compile_function("test-same", same, kind(kind))(3) == 3
    assert len(files(folder)) == 2


def flipped(content: bytes, place: int) -> bytes:
    """With one bit of one byte turned over, which no pickle notices in the middle of machine code."""
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"\0" * len(content),
        lambda content: b"not a pickle",
        lambda content: cache._sealed(pickle.dumps({"another": "thing"})),
        lambda content: cache._sealed(pickle.dumps(None)),
        lambda content: flipped(content, 0),
        lambda content: flipped(content, len(content) // 2),
        lambda content: flipped(content, len(content) - 1),
    ],
)
def test_a_damaged_file_is_compiled_again_and_replaced(
    damage: Callable[[bytes], bytes], folder: Path, new_process: Callable[[], list[str]]
) -> None:
    plus_one()
    (file,) = files(folder)
    file.write_bytes(damage(file.read_bytes()))
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    assert files(folder) == [file]
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == []


def test_damaged_machine_code_of_a_kernel_is_not_run(
    folder: Path, new_process: Callable[[], list[str]]
) -> None:
    """Wherever the bit is."""

    def plus() -> Any:
        return cache.compile_callable(
            "test-kernel", lambda: lambda x: x + 1, types.int64(types.int64)
        )

    assert plus().ctypes(2) == 3
    (file,) = files(folder)
    whole = file.read_bytes()
    for place in range(0, len(whole), len(whole) // 7):
        file.write_bytes(flipped(whole, place))
        compiled = new_process()
        assert plus().ctypes(2) == 3
        assert compiled == ["test-kernel"]
    compiled = new_process()
    assert plus().ctypes(2) == 3
    assert compiled == []


@pytest.mark.parametrize("step", ["replace", "fdopen"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: BaseException
) -> None:
    """A full disk, for instance: a warning, the right answer, and nothing is left behind."""
    original = getattr(cache.os, step)

    def fail(*arguments: Any) -> None:
        if step == "fdopen":
            with original(*arguments) as stream:
                stream.write(b"half")
        raise fault

    monkeypatch.setattr(cache.os, step, fail)
    if isinstance(fault, OSError):
        with pytest.warns(CacheWarning, match="No space left"):
            assert plus_one()(2) == 3
    else:
        with pytest.raises(KeyboardInterrupt):
            plus_one()
    assert files(folder) == []


def test_code_that_cannot_be_pickled_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._CodeCache, "_payload", lambda *_: lambda: None)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        plus_one()
    assert not folder.exists() or files(folder) == []


COLLISION = """
import contextlib, itertools, json, sys, warnings
from numba import types
from numba.core.bytecode import FunctionIdentity
from fastbp.runtime import cache
from fastbp.runtime.inlined import inlined

if sys.argv[-1] == "unguarded":
    cache._own_names = contextlib.nullcontext

def kernel(number):
    @inlined
    def part(x):
        total = x
        for i in range(x):
            total += number * (total % 7)
        return total
    def whole(x):
        return part(x) + part(x + 1) + number
    return whole

def compiled(number):
    # Every process counts from 1, which it would not come back to.
    FunctionIdentity._unique_ids = itertools.count(1_000_000)
    return cache.compile_callable(f"test-{number}", lambda: kernel(number), types.int64(types.int64))

names = [{f.name for f in compiled(n)._library._final_module.functions if not f.is_declaration}
         for n in (3, 5)]
print(json.dumps(sorted(names[0] & names[1])))
"""


def shared_symbols(guarded: bool) -> list[str]:
    """The symbols that code of two closures has in common, each compiled by a process that counts from 1."""
    ending = "" if guarded else 'import sys; sys.argv.append("unguarded")'
    found: list[str] = children.run(ending, COLLISION, **{CACHE_VARIABLE: "off"})
    return found


def test_two_processes_do_not_use_the_same_symbols() -> None:
    """In a third, the loader would take one function for the other; without the guard there are some."""
    assert shared_symbols(guarded=True) == []
    assert any("whole" in name for name in shared_symbols(guarded=False))


@pytest.mark.parametrize("parallel", [False, True])
def test_a_function_lets_go_of_its_arrays(parallel: bool) -> None:
    def total(numbers):  # type: ignore[no-untyped-def]
        result = 0
        for i in numba.prange(len(numbers)):
            result += numbers[i]
        return result

    signature = types.int64(types.Array(types.int64, 1, "C"))
    function = compile_function(f"test-total-{parallel}", total, signature, parallel=parallel)
    numbers = np.arange(10)
    holders = sys.getrefcount(numbers)
    assert [function(numbers) for _ in range(5)] == [45] * 5
    assert sys.getrefcount(numbers) == holders
