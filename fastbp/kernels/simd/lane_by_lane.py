"""Functions of numbers, written by somebody who knows nothing of vectors, applied to vectors.

At once where all they do is arithmetic, else lane by lane. They are compiled anew, so that a division by zero gives
what it gives in the kernels and raises nothing.
"""

from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from fastbp.kernels.simd.types import Vector
from fastbp.runtime.inlined import inlined


def of_one(function: Any) -> Any:
    """An intrinsic ``f(x)`` of what `numba.njit` compiled."""
    part = inlined(function.py_func)

    def call(x):
        return part(x)

    @intrinsic
    def apply(typing, x):
        return x(x), _generator(typing, part, call, x, (x,))

    return apply


def of_two(function: Any) -> Any:
    """An intrinsic ``f(x, y)`` of what `numba.njit` compiled."""
    part = inlined(function.py_func)

    def call(x, y):
        return part(x, y)

    @intrinsic
    def apply(typing, x, y):
        return x(x, y), _generator(typing, part, call, x, (x, y))

    return apply


def _generator(typing: Any, part: Any, call: Any, kind: Any, kinds: tuple[Any, ...]) -> Any:
    if not isinstance(kind, Vector) or _takes(typing, part, kind, kinds):
        return lambda context, builder, sig, args: context.compile_internal(
            builder, call, kind(*kinds), args
        )

    def lane_by_lane(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        shape, i32 = context.get_value_type(kind), ir.IntType(32)
        result = cgutils.alloca_once(builder, shape)
        with cgutils.for_range(builder, ir.Constant(i32, kind.lanes)) as loop:
            numbers = [builder.extract_element(vector, loop.index) for vector in args]
            scalars = (kind.scalar,) * len(kinds)
            value = context.compile_internal(builder, call, kind.scalar(*scalars), numbers)
            before = builder.load(result)
            builder.store(builder.insert_element(before, value, loop.index), result)
        return builder.load(result)

    return lane_by_lane


def _takes(typing: Any, part: Any, kind: Any, kinds: tuple[Any, ...]) -> bool:
    """Whether the function as it is works on whole vectors"""
    try:
        found = typing.resolve_function_type(part.type, kinds, {})
    except NumbaError:
        return False
    return found is not None and found.return_type == kind
