"""The types `Vector` and `Mask`, and how numbers become vectors."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import register_model

from fastbp.runtime.processor import processor

int64, float32, float64 = types.int64, types.float32, types.float64
i1, i8, i32, i64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)


class Vector(types.Type):
    """``lanes`` numbers of type ``scalar`` in one register."""

    def __init__(self, scalar, lanes):
        self.scalar, self.lanes = scalar, lanes
        super().__init__(f"Vector({scalar}, {lanes})")

    @property
    def key(self):
        return self.scalar, self.lanes


class Mask(types.Type):
    """One bit a lane: the value of a comparison of vectors."""

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(f"Mask({lanes})")

    @property
    def key(self):
        return self.lanes


def _scalar_ir(scalar):
    return ir.FloatType() if scalar == types.float32 else ir.DoubleType()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(_scalar_ir(kind.scalar), kind.lanes))


@register_model(Mask)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(i1, kind.lanes))


def lanes_of(scalar) -> int:
    """Lanes of a vector of ``scalar`` (a Numba type) on this processor."""
    return processor().lanes(scalar.bitwidth // 8)


def vector_of(scalar) -> Vector:
    return Vector(scalar, lanes_of(scalar))


def common_kind(*kinds):
    """The type of an operation's result: the vector among its operands, else the floating-point number."""
    for kind in kinds:
        if isinstance(kind, Vector):
            return kind
    for kind in kinds:
        if kind == types.float32 or kind == types.float64:
            return kind
    return types.float64


def broadcast(builder, value, lanes):
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(i32, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(i32, lanes), [0] * lanes)
    )


def coerce(context, builder, value, kind, wanted):
    if isinstance(kind, Vector):
        return value
    if isinstance(wanted, Vector):
        return broadcast(builder, context.cast(builder, value, kind, wanted.scalar), wanted.lanes)
    return context.cast(builder, value, kind, wanted)


def suffix(kind):
    return (
        f"v{kind.lanes}f{kind.scalar.bitwidth}" if isinstance(kind, Vector) else f"f{kind.bitwidth}"
    )


def call(builder, name, result, arguments):
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def constant(kind, value):
    """A floating-point constant of an IR type, scalar or vector."""
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [value] * kind.count)
    return ir.Constant(kind, value)
