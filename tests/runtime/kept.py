"""A small function that the cache keeps, and what is in the cache."""

from pathlib import Path
from typing import Any

from numba import types

from fastbp.runtime.cache import compile_function


def plus_one(number: int = 1) -> Any:
    """``f(x)`` = x + number, through the cache; its label does not tell the number."""

    def add(x):  # type: ignore[no-untyped-def]
        return x + number

    return compile_function("test-plus", add, types.int64(types.int64))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
