"""A fingerprint changes whenever the machine code would, and with nothing else."""

import math
from math import exp
from typing import Any

import numba
import numpy as np

from fastbp.runtime.fingerprint import fingerprint

TABLE = np.arange(3.0)


def made(factor: Any, inner: Any = None) -> Any:
    """A function with a closure."""

    @numba.njit
    def function(x):
        return factor * x + (inner(x) if inner is not None else math.sin(x))

    return function


def from_source(source: str, **names: Any) -> Any:
    """A compiled function f whose globals are `names`."""
    scope: dict[str, Any] = {"numba": numba, "math": math, "np": np, **names}
    exec(source, scope)
    return numba.njit(scope["f"])


def test_the_same_function_is_the_same() -> None:
    assert fingerprint([made(2.0)]) == fingerprint([made(2.0)])
    source = "def f(x): return np.exp(x) + rate"
    assert fingerprint([from_source(source, rate=2.0)]) == fingerprint(
        [from_source("\n\n# elsewhere\n" + source, rate=2.0)]
    )


def test_what_the_code_depends_on_counts() -> None:
    """Constants, closures, globals, functions that are called, their closures, and how they are compiled."""
    source = "def f(x): return np.exp(x) + rate"
    functions = [
        made(2.0),
        made(2),
        made(3.0),
        made(2.0, made(2.0)),
        made(2.0, made(3.0)),
        from_source(source, rate=2.0),
        from_source(source, rate=3.0),
        from_source("def f(x): return np.exp(x) - rate", rate=2.0),
        from_source("def f(x): return np.log(x) + rate", rate=2.0),
        from_source("def f(x): return x + 1.0"),
        from_source("def f(x): return x + 2.0"),
        from_source("def f(x): return g(x)", g=exp),
        from_source("def f(x): return g(x)", g=math.log),
        numba.njit(fastmath=True)(from_source("def f(x): return x + 1.0").py_func),
    ]
    found = [fingerprint([function]) for function in functions]
    assert None not in found
    assert len(set(found)) == len(functions)
    assert fingerprint(functions[:2]) != fingerprint(functions[1::-1])


def test_what_cannot_be_told_has_none() -> None:
    """An array, and a module of the user's, whose contents nobody sees."""
    assert fingerprint([from_source("def f(x): return x + TABLE[0]", TABLE=TABLE)]) is None
    assert fingerprint([from_source("def f(x): return module.g(x)", module=numba)]) is None


def test_a_function_that_calls_itself() -> None:
    source = "@numba.njit\ndef f(x):\n    return x if x > 1.0 else f(x + {})"
    scopes: list[dict[str, Any]] = [{"numba": numba} for _ in range(3)]
    for scope, step in zip(scopes, (1.0, 1.0, 2.0), strict=True):
        exec(source.format(step), scope)
    one, same, other = (fingerprint([scope["f"]]) for scope in scopes)
    assert one == same != other
