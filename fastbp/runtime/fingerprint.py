"""What identifies a user's function: a digest of its bytecode, its constants, and all that it refers to.

Compiled code is kept on the disk under it, so it must change whenever the machine code would.
"""

import builtins
import hashlib
from collections.abc import Iterator, Sequence
from types import CodeType, FunctionType, ModuleType
from typing import Any

#: Modules whose contents belong to the versions of Python and Numba, which the cache folder is named by.
_FIXED_MODULES = ("math", "cmath", "operator", "numpy")


class _Unknown(Exception):
    """Something that cannot be told apart from others like it"""


def fingerprint(functions: Sequence[Any]) -> str | None:
    """A digest of compiled functions (those of `numba.njit`), or None where they refer to what has none.

    Numbers, strings, tuples of these, other compiled functions, and the modules math and numpy have one.
    """
    digest = hashlib.sha256()
    try:
        for function in functions:
            for part in _parts(function, ()):
                digest.update(part.encode() + b"\0")
    except _Unknown:
        return None
    return digest.hexdigest()[:16]


def _parts(value: Any, inside: tuple[Any, ...]) -> Iterator[str]:
    """Texts that tell a value from others"""
    plain = getattr(value, "py_func", value)
    if isinstance(plain, FunctionType):
        if plain in inside:
            yield f"itself {inside.index(plain)}"
            return
        yield repr(getattr(value, "targetoptions", None))
        yield from _function_parts(plain, (*inside, plain))
    elif isinstance(value, (bool, int, float, complex, str, bytes)) or value is None:
        yield f"{type(value).__name__} {value!r}"
    elif isinstance(value, (tuple, frozenset)):
        yield f"{type(value).__name__} of {len(value)}"
        for item in value if isinstance(value, tuple) else sorted(value, key=repr):
            yield from _parts(item, inside)
    elif isinstance(value, ModuleType) and value.__name__ in _FIXED_MODULES:
        yield f"module {value.__name__}"
    elif callable(value) and getattr(value, "__module__", None) in (*_FIXED_MODULES, "builtins"):
        yield f"{value.__module__} {getattr(value, '__qualname__', repr(value))}"
    elif type(value).__module__ == "numpy" and type(value).__name__ == "ufunc":
        yield f"ufunc {value.__name__}"
    else:
        raise _Unknown


def _function_parts(function: FunctionType, inside: tuple[Any, ...]) -> Iterator[str]:
    yield from _code_parts(function.__code__, inside)
    yield from _parts(function.__defaults__, inside)
    for cell in function.__closure__ or ():
        yield from _parts(cell.cell_contents, inside)
    for name in _global_names(function.__code__):
        if name in function.__globals__:
            yield f"global {name}"
            yield from _parts(function.__globals__[name], inside)
        elif hasattr(builtins, name):
            yield f"builtin {name}"


def _code_parts(code: CodeType, inside: tuple[Any, ...]) -> Iterator[str]:
    yield code.co_code.hex()
    yield repr((code.co_names, code.co_varnames, code.co_freevars, code.co_flags))
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _code_parts(constant, inside)
        else:
            yield from _parts(constant, inside)


def _global_names(code: CodeType) -> list[str]:
    """All names that may be globals, those of inner functions included"""
    names = list(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names += _global_names(constant)
    return names
