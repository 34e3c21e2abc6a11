"""Functions that are compiled only as parts of kernels."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from numba.core import sigutils, types
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import CPUDispatcher

from fastbp.runtime.lowering import call_of
from fastbp.runtime.passes import KernelCompiler

_OPTIONS = {
    "nopython": True,
    "boundscheck": False,
    "error_model": "numpy",
    "no_cpython_wrapper": True,
    "no_cfunc_wrapper": True,
    "forceinline": True,
    # Nothing is allocated in kernels.
    "_nrt": False,
}


class _Dispatcher(CPUDispatcher):
    """A dispatcher that makes no machine code: an ordinary one would, for each part, and nobody would call it."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function, {}, _OPTIONS, pipeline_class=KernelCompiler)
        self._compiler._customize_flags = _without_machine_code

    @global_compiler_lock
    def compile(self, sig: Any) -> Any:
        arguments, result = sigutils.normalize_signature(sig)
        existing = self.overloads.get(tuple(arguments))
        if existing is not None:
            return existing.entry_point
        # The entry point is only a key by which callers find the library.
        compiled = self._compiler.compile(arguments, result)._replace(entry_point=object())
        call = call_of(compiled.fndesc, compiled.library)
        self.targetctx.insert_func_defn([(call, compiled.entry_point, compiled.fndesc.argtypes)])
        self.overloads[tuple(compiled.signature.args)] = compiled
        return compiled.entry_point


def _without_machine_code(flags: Any) -> Any:
    flags.no_compile = True
    return flags


class Part:
    """A function that kernels call. A process whose kernels are on disk makes no dispatchers."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.py_func, self.__name__ = function, function.__name__

    @cached_property
    def dispatcher(self) -> CPUDispatcher:
        """What compiles it."""
        return _Dispatcher(self.py_func)

    @property
    def type(self) -> types.Dispatcher:
        """What Numba knows it by; it does not keep the part alive."""
        return types.Dispatcher(self.dispatcher)

    # Numba asks for it by this name.
    _numba_type_ = type


def inlined(function: Callable[..., Any]) -> Any:
    """Decorate a function that kernels call; it becomes part of each of them. Python cannot call it."""
    return Part(function)
