"""SIMD vectors as values of ordinary Numba code. The only file that writes LLVM IR.

A `Vector` is an LLVM vector as wide as the machine's registers; a `Mask` is what its comparisons give. Arithmetic,
comparison and the functions below work on vectors, on numbers and on mixtures (a number is broadcast), so that an
activation, a loss or an update rule is written once as a plain function.

Pointers are Numba's ``CPointer``; an index counts elements. Addresses are formed by GEP alone: integer arithmetic
on addresses is miscompiled when loops are unrolled.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

from fastbp.runtime.processor import processor

int64, float32, float64 = types.int64, types.float32, types.float64
_i1, _i8, _i32, _i64 = ir.IntType(1), ir.IntType(8), ir.IntType(32), ir.IntType(64)


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
        super().__init__(manager, kind, ir.VectorType(_i1, kind.lanes))


def lanes_of(scalar) -> int:
    """Lanes of a vector of ``scalar`` (a Numba type) on this processor."""
    return processor().lanes(scalar.bitwidth // 8)


def vector_of(scalar) -> Vector:
    return Vector(scalar, lanes_of(scalar))


def _is_value(kind):
    return isinstance(kind, (Vector, types.Number, types.NumberClass))


def _kind(*kinds):
    """The type of an operation's result: the vector among its operands, else the floating-point number."""
    for kind in kinds:
        if isinstance(kind, Vector):
            return kind
    for kind in kinds:
        if kind == types.float32 or kind == types.float64:
            return kind
    return types.float64


def _splat(builder, value, lanes):
    undefined = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_i32, 0))
    return builder.shuffle_vector(
        first, undefined, ir.Constant(ir.VectorType(_i32, lanes), [0] * lanes)
    )


def _coerce(context, builder, value, kind, wanted):
    if isinstance(kind, Vector):
        return value
    if isinstance(wanted, Vector):
        return _splat(builder, context.cast(builder, value, kind, wanted.scalar), wanted.lanes)
    return context.cast(builder, value, kind, wanted)


def _suffix(kind):
    return (
        f"v{kind.lanes}f{kind.scalar.bitwidth}" if isinstance(kind, Vector) else f"f{kind.bitwidth}"
    )


def _call(builder, name, result, arguments):
    kind = ir.FunctionType(result, [a.type for a in arguments])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _constant(kind, value):
    """A floating-point constant of an IR type, scalar or vector."""
    if isinstance(kind, ir.VectorType):
        return ir.Constant(kind, [value] * kind.count)
    return ir.Constant(kind, value)


# --- arithmetic and comparison ------------------------------------------------------------------------------------


def _register_operator(function, result_of, emit):
    @infer_global(function)
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            vectors = [a for a in args if isinstance(a, Vector)]
            if vectors and all(isinstance(a, (Vector, types.Number)) for a in args):
                return signature(result_of(vectors[0]), *args)

    def implement(context, builder, sig, args):
        wanted = _kind(*sig.args)
        return emit(
            builder, *[_coerce(context, builder, v, t, wanted) for v, t in zip(args, sig.args)]
        )

    if function in (operator.neg, operator.pos):
        lower_builtin(function, Vector)(implement)
        return
    for kinds in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(function, *kinds)(implement)


for _function, _name in (
    (operator.add, "fadd"),
    (operator.sub, "fsub"),
    (operator.mul, "fmul"),
    (operator.truediv, "fdiv"),
):
    _register_operator(_function, lambda v: v, lambda b, x, y, name=_name: getattr(b, name)(x, y))
for _function, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _register_operator(
        _function, lambda v: Mask(v.lanes), lambda b, x, y, sign=_sign: b.fcmp_ordered(sign, x, y)
    )
_register_operator(operator.neg, lambda v: v, lambda b, x: b.fneg(x))


@infer_global(operator.and_)
@infer_global(operator.or_)
class _MaskTemplate(AbstractTemplate):
    def generic(self, args, kws):
        if len(args) == 2 and isinstance(args[0], Mask) and args[0] == args[1]:
            return signature(args[0], *args)


@lower_builtin(operator.and_, Mask, Mask)
def _mask_and(context, builder, sig, args):
    return builder.and_(*args)


@lower_builtin(operator.or_, Mask, Mask)
def _mask_or(context, builder, sig, args):
    return builder.or_(*args)


def _elementwise(emit):
    """An intrinsic of one to three values that gives a value of their common type."""

    def generate(context, builder, sig, args):
        wanted = sig.return_type
        return emit(
            builder,
            wanted,
            *[_coerce(context, builder, v, t, wanted) for v, t in zip(args, sig.args)],
        )

    return generate


@intrinsic
def fma(typing, x, y, z):
    """x * y + z, rounded once."""
    kind = _kind(x, y, z)
    return kind(x, y, z), _elementwise(
        lambda b, t, x, y, z: _call(b, "llvm.fma." + _suffix(t), x.type, [x, y, z])
    )


@intrinsic
def maximum(typing, x, y):
    """The larger one; `y` where `x` is not a number, so ``maximum(0.0, x)`` hands a NaN on."""
    return _kind(x, y)(x, y), _elementwise(
        lambda b, t, x, y: b.select(b.fcmp_ordered(">", x, y), x, y)
    )


@intrinsic
def minimum(typing, x, y):
    """The smaller one; `y` where `x` is not a number."""
    return _kind(x, y)(x, y), _elementwise(
        lambda b, t, x, y: b.select(b.fcmp_ordered("<", x, y), x, y)
    )


def _unary(name):
    @intrinsic
    def function(typing, x):
        return _kind(x)(x), _elementwise(
            lambda b, t, x: _call(b, f"llvm.{name}.{_suffix(t)}", x.type, [x])
        )

    return function


rint = _unary("rint")
sqrt = _unary("sqrt")
absolute = _unary("fabs")


@intrinsic
def select(typing, condition, x, y):
    """`x` where the condition holds, else `y`."""
    kind = _kind(x, y)

    def generate(context, builder, sig, args):
        chosen = [_coerce(context, builder, v, t, kind) for v, t in zip(args[1:], sig.args[1:])]
        return builder.select(args[0], *chosen)

    return kind(condition, x, y), generate


@intrinsic
def is_finite(typing, x):
    """Whether each lane (or the number) is neither infinite nor NaN."""
    result = Mask(x.lanes) if isinstance(x, Vector) else types.boolean

    def generate(context, builder, sig, args):
        # x - x is NaN exactly for what is not finite.
        zero = builder.fsub(args[0], args[0])
        return builder.fcmp_ordered("==", zero, zero)

    return result(x), generate


@intrinsic
def all_true(typing, mask):
    """Whether every lane of a mask holds."""

    def generate(context, builder, sig, args):
        if not isinstance(sig.args[0], Mask):
            return args[0]
        bits = ir.IntType(sig.args[0].lanes)
        return builder.icmp_signed("==", builder.bitcast(args[0], bits), ir.Constant(bits, -1))

    return types.boolean(mask), generate


def _bit_parts(kind):
    """Integer type of the same shape, mantissa bits, and exponent bias of a floating-point type."""
    scalar = kind.scalar if isinstance(kind, Vector) else kind
    integer, mantissa, bias = (_i32, 23, 127) if scalar == types.float32 else (_i64, 52, 1023)
    return (
        (ir.VectorType(integer, kind.lanes) if isinstance(kind, Vector) else integer),
        mantissa,
        bias,
    )


@intrinsic
def scale_by_power_of_two(typing, x, n):
    """x * 2**n for integral `n` (as floating-point numbers) while the result is a normal number."""
    kind = _kind(x, n)

    def emit(builder, t, x, n):
        integer, mantissa, _ = _bit_parts(t)
        shifted = builder.shl(builder.fptosi(n, integer), _constant(integer, mantissa))
        return builder.bitcast(builder.add(builder.bitcast(x, integer), shifted), x.type)

    return kind(x, n), _elementwise(emit)


@intrinsic
def split_exponent(typing, x):
    """``(fraction, exponent)`` with x = fraction * 2**exponent and sqrt(1/2) <= fraction < sqrt(2), for normal x > 0."""
    kind = _kind(x)

    def generate(context, builder, sig, args):
        integer, mantissa, _ = _bit_parts(kind)
        # Subtracting the bits of sqrt(1/2) leaves the wanted exponent in the exponent field.
        half_root = 0x3F3504F3 if mantissa == 23 else 0x3FE6A09E667F3BCD
        bits = builder.bitcast(args[0], integer)
        exponent = builder.ashr(
            builder.sub(bits, _constant(integer, half_root)), _constant(integer, mantissa)
        )
        fraction = builder.sub(bits, builder.shl(exponent, _constant(integer, mantissa)))
        parts = [builder.bitcast(fraction, args[0].type), builder.sitofp(exponent, args[0].type)]
        return context.make_tuple(builder, sig.return_type, parts)

    return types.UniTuple(kind, 2)(x), generate


@intrinsic
def is_double(typing, x):
    """Whether `x` is of double precision: a constant, so that only one side of an ``if`` is compiled."""
    kind = _kind(x)
    scalar = kind.scalar if isinstance(kind, Vector) else kind

    def generate(context, builder, sig, args):
        return ir.Constant(_i1, int(scalar == types.float64))

    return types.boolean(x), generate


@intrinsic
def horner(typing, x, coefficients):
    """The polynomial with the given coefficients, highest power first, by Horner's rule in fma."""
    kind = _kind(x)

    def generate(context, builder, sig, args):
        values = [
            _coerce(context, builder, builder.extract_value(args[1], i), coefficients.dtype, kind)
            for i in range(len(coefficients))
        ]
        total = values[0]
        for value in values[1:]:
            total = _call(builder, "llvm.fma." + _suffix(kind), total.type, [total, args[0], value])
        return total

    return kind(x, coefficients), generate


@intrinsic
def clenshaw(typing, x, coefficients):
    """The Chebyshev series with the given coefficients, lowest order first."""
    kind = _kind(x)

    def generate(context, builder, sig, args):
        values = [
            _coerce(context, builder, builder.extract_value(args[1], i), coefficients.dtype, kind)
            for i in range(len(coefficients))
        ]
        x = args[0]
        twice = builder.fadd(x, x)
        name = "llvm.fma." + _suffix(kind)
        b1 = b2 = _constant(x.type, 0.0)
        for value in values[:0:-1]:
            b1, b2 = builder.fsub(_call(builder, name, x.type, [twice, b1, value]), b2), b1
        return builder.fsub(_call(builder, name, x.type, [x, b1, values[0]]), b2)

    return kind(x, coefficients), generate


# --- memory -------------------------------------------------------------------------------------------------------


def _vector_pointer(builder, pointer, index, kind):
    return builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())


@intrinsic
def load(typing, pointer, index):
    """The vector that begins at an element."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        shape = context.get_value_type(kind)
        return builder.load(
            _vector_pointer(builder, *args, shape), align=pointer.dtype.bitwidth // 8
        )

    return kind(pointer, types.int64), generate


@intrinsic
def store(typing, pointer, index, vector):
    """Writes a vector where an element begins."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        value = _coerce(context, builder, args[2], sig.args[2], kind)
        builder.store(
            value,
            _vector_pointer(builder, *args[:2], value.type),
            align=pointer.dtype.bitwidth // 8,
        )
        return context.get_dummy_value()

    return types.void(pointer, types.int64, vector), generate


@intrinsic
def get(typing, pointer, index):
    """One element."""

    def generate(context, builder, sig, args):
        return builder.load(builder.gep(args[0], [args[1]]))

    return pointer.dtype(pointer, types.int64), generate


@intrinsic
def put(typing, pointer, index, value):
    """Writes one element."""

    def generate(context, builder, sig, args):
        cast = context.cast(builder, args[2], sig.args[2], pointer.dtype)
        builder.store(cast, builder.gep(args[0], [args[1]]))
        return context.get_dummy_value()

    return types.void(pointer, types.int64, value), generate


@intrinsic
def advance(typing, pointer, count):
    """The pointer `count` elements further."""

    def generate(context, builder, sig, args):
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.int64), generate


@intrinsic
def pointer_at(typing, address, kind):
    """A pointer from an integer address; `kind` is a Numba scalar type."""
    result = types.CPointer(
        kind.dtype if isinstance(kind, types.NumberClass) else kind.instance_type
    )

    def generate(context, builder, sig, args):
        return builder.inttoptr(args[0], context.get_value_type(result))

    return result(types.int64, kind), generate


@intrinsic
def pointer_like(typing, pointer, address):
    """A pointer of the same type as `pointer`, from an integer address."""

    def generate(context, builder, sig, args):
        return builder.inttoptr(args[1], context.get_value_type(pointer))

    return pointer(pointer, types.int64), generate


@intrinsic
def reinterpret(typing, pointer, kind):
    """The same address as a pointer to another scalar type."""
    result = types.CPointer(
        kind.dtype if isinstance(kind, types.NumberClass) else kind.instance_type
    )

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], context.get_value_type(result))

    return result(pointer, kind), generate


@intrinsic
def address_of(typing, pointer):
    """The address as an integer, to be kept in a table (not to calculate with)."""

    def generate(context, builder, sig, args):
        return builder.ptrtoint(args[0], _i64)

    return types.int64(pointer), generate


@intrinsic
def advance_bytes(typing, pointer, count):
    """The pointer `count` bytes further."""

    def generate(context, builder, sig, args):
        bytes_ = builder.bitcast(args[0], _i8.as_pointer())
        return builder.bitcast(builder.gep(bytes_, [args[1]]), context.get_value_type(pointer))

    return pointer(pointer, types.int64), generate


@intrinsic
def double_from_bits(typing, bits):
    """The float64 with the given bits: how a row of integers holds a number."""

    def generate(context, builder, sig, args):
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


@intrinsic
def lanes(typing, pointer):
    """Lanes of a vector of the pointer's elements: a constant."""

    def generate(context, builder, sig, args):
        return ir.Constant(_i64, lanes_of(pointer.dtype))

    return types.int64(pointer), generate


@intrinsic
def splat(typing, pointer, value):
    """A vector of the pointer's elements, all lanes equal to `value`."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        return _coerce(context, builder, args[1], sig.args[1], kind)

    return kind(pointer, value), generate


@intrinsic
def lane_numbers(typing, pointer):
    """The vector 0, 1, 2 ... of the pointer's elements."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        return ir.Constant(context.get_value_type(kind), [float(i) for i in range(kind.lanes)])

    return kind(pointer), generate


@intrinsic
def read_fields(typing, row, fields):
    """The row's integers as the NamedTuple class `fields`."""
    result = types.NamedUniTuple(
        types.int64, len(fields.instance_class._fields), fields.instance_class
    )

    def generate(context, builder, sig, args):
        values = [
            builder.load(builder.gep(args[0], [ir.Constant(_i64, i)])) for i in range(len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(row, fields), generate


@intrinsic
def cast_to(typing, pointer, value):
    """A number converted to the type of the pointer's elements."""

    def generate(context, builder, sig, args):
        return context.cast(builder, args[1], sig.args[1], pointer.dtype)

    return pointer.dtype(pointer, value), generate


# --- several vectors at once --------------------------------------------------------------------------------------


def _offsets(builder, index, stride, count):
    return [builder.add(index, builder.mul(stride, ir.Constant(_i64, i))) for i in range(count)]


@intrinsic(prefer_literal=True)
def load_many(typing, pointer, index, stride, count):
    """A tuple of `count` (a literal) vectors, `stride` elements apart."""
    result = types.UniTuple(vector_of(pointer.dtype), count.literal_value)

    def generate(context, builder, sig, args):
        shape = context.get_value_type(result.dtype)
        values = [
            builder.load(
                _vector_pointer(builder, args[0], at, shape), align=pointer.dtype.bitwidth // 8
            )
            for at in _offsets(builder, args[1], args[2], len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, types.int64, types.int64, count), generate


@intrinsic
def store_many(typing, pointer, index, stride, values):
    """Writes a tuple of vectors, `stride` elements apart."""

    def generate(context, builder, sig, args):
        for i, at in enumerate(_offsets(builder, args[1], args[2], len(values))):
            value = builder.extract_value(args[3], i)
            builder.store(
                value,
                _vector_pointer(builder, args[0], at, value.type),
                align=pointer.dtype.bitwidth // 8,
            )
        return context.get_dummy_value()

    return types.void(pointer, types.int64, types.int64, values), generate


@intrinsic(prefer_literal=True)
def get_many(typing, pointer, count):
    """A tuple of the first `count` (a literal) elements."""
    result = types.UniTuple(pointer.dtype, count.literal_value)

    def generate(context, builder, sig, args):
        values = [
            builder.load(builder.gep(args[0], [ir.Constant(_i64, i)])) for i in range(len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, count), generate


@intrinsic(prefer_literal=True)
def pointers_apart(typing, pointer, stride, count):
    """A tuple of `count` (a literal) pointers, `stride` elements apart."""
    result = types.UniTuple(pointer, count.literal_value)

    def generate(context, builder, sig, args):
        zero = ir.Constant(_i64, 0)
        values = [
            builder.gep(args[0], [at]) for at in _offsets(builder, zero, args[1], len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, types.int64, count), generate


@intrinsic
def load_each(typing, pointers, index):
    """The vectors at the same index of several pointers."""
    kinds = [vector_of(pointer.dtype) for pointer in pointers]
    result = types.UniTuple(kinds[0], len(kinds)) if kinds else types.Tuple(())

    def generate(context, builder, sig, args):
        values = []
        for i, kind in enumerate(kinds):
            shape = context.get_value_type(kind)
            place = _vector_pointer(builder, builder.extract_value(args[0], i), args[1], shape)
            values.append(builder.load(place, align=kind.scalar.bitwidth // 8))
        return context.make_tuple(builder, result, values)

    return result(pointers, types.int64), generate


@intrinsic
def store_each(typing, pointers, index, values):
    """Writes vectors at the same index of several pointers."""

    def generate(context, builder, sig, args):
        for i, pointer in enumerate(pointers):
            value = builder.extract_value(args[2], i)
            place = _vector_pointer(builder, builder.extract_value(args[0], i), args[1], value.type)
            builder.store(value, place, align=pointer.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(pointers, types.int64, values), generate


@intrinsic
def load_block(typing, pointer, index, stride):
    """A square block: as many vectors as a vector has lanes."""
    result = types.UniTuple(vector_of(pointer.dtype), lanes_of(pointer.dtype))

    def generate(context, builder, sig, args):
        shape = context.get_value_type(result.dtype)
        values = [
            builder.load(
                _vector_pointer(builder, args[0], at, shape), align=pointer.dtype.bitwidth // 8
            )
            for at in _offsets(builder, args[1], args[2], len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, types.int64, types.int64), generate


@intrinsic
def keep_first(typing, block, count):
    """The block with zeros in place of all vectors but the first `count`."""

    def generate(context, builder, sig, args):
        kind = context.get_value_type(block.dtype)
        values = []
        for i in range(len(block)):
            inside = builder.icmp_signed("<", ir.Constant(_i64, i), args[1])
            values.append(
                builder.select(inside, builder.extract_value(args[0], i), _constant(kind, 0.0))
            )
        return context.make_tuple(builder, block, values)

    return block(block, types.int64), generate


@intrinsic
def add_many(typing, x, y):
    """Elementwise sum of two tuples of vectors."""

    def generate(context, builder, sig, args):
        values = [
            builder.fadd(builder.extract_value(args[0], i), builder.extract_value(args[1], i))
            for i in range(len(x))
        ]
        return context.make_tuple(builder, x, values)

    return x(x, y), generate


@intrinsic
def transpose(typing, block):
    """The transposed block: lane i of vector j becomes lane j of vector i.

    Butterfly of log2(lanes) stages: stage d exchanges, in each pair of vectors d apart, the lanes whose bit d differs.
    """
    n = len(block)

    def generate(context, builder, sig, args):
        rows = [builder.extract_value(args[0], i) for i in range(n)]
        distance = 1
        while distance < n:
            low = [i if not i & distance else n + i - distance for i in range(n)]
            high = [i + distance if not i & distance else n + i for i in range(n)]
            for i in range(n):
                if not i & distance:
                    x, y = rows[i], rows[i + distance]
                    rows[i] = _shuffle(builder, x, y, low)
                    rows[i + distance] = _shuffle(builder, x, y, high)
            distance *= 2
        return context.make_tuple(builder, block, rows)

    return block(block), generate


def _shuffle(builder, x, y, order):
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(_i32, len(order)), order))


@intrinsic
def horizontal_sums(typing, block):
    """The vector whose lane i is the sum of the lanes of vector i, added as a binary tree."""
    n = len(block)

    def generate(context, builder, sig, args):
        rows = [builder.extract_value(args[0], i) for i in range(n)]
        distance = 1
        while distance < n:
            low = [i if not i & distance else n + i - distance for i in range(n)]
            high = [i + distance if not i & distance else n + i for i in range(n)]
            rows = [
                builder.fadd(_shuffle(builder, x, y, low), _shuffle(builder, x, y, high))
                for x, y in zip(rows[::2], rows[1::2])
            ]
            distance *= 2
        return rows[0]

    return block.dtype(block), generate


@intrinsic
def sum_lanes(typing, vector):
    """The sum of a vector's lanes as a float64, lane after lane."""

    def generate(context, builder, sig, args):
        total = ir.Constant(ir.DoubleType(), 0.0)
        for i in range(vector.lanes):
            lane = builder.extract_element(args[0], ir.Constant(_i32, i))
            total = builder.fadd(total, context.cast(builder, lane, vector.scalar, types.float64))
        return total

    return types.float64(vector), generate


# --- the register tile --------------------------------------------------------------------------------------------


@intrinsic(prefer_literal=True)
def zero_tile(typing, pointer, rows, columns):
    """A tile of rows * columns (literals) zero vectors."""
    kind = vector_of(pointer.dtype)
    result = types.UniTuple(kind, rows.literal_value * columns.literal_value)

    def generate(context, builder, sig, args):
        zero = _constant(context.get_value_type(kind), 0.0)
        return context.make_tuple(builder, result, [zero] * len(result))

    return result(pointer, rows, columns), generate


@intrinsic(prefer_literal=True)
def row_pointers(typing, pointer, row, stride, last, rows):
    """Pointers to `rows` (a literal) rows from `row` on; a row beyond `last` is `last` again."""
    result = types.UniTuple(pointer, rows.literal_value)

    def generate(context, builder, sig, args):
        base, row, stride, last, _ = args
        pointers = []
        for r in range(len(result)):
            at = builder.add(row, ir.Constant(_i64, r))
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
            pointers.append(builder.gep(base, [builder.mul(at, stride)]))
        return context.make_tuple(builder, result, pointers)

    return result(pointer, types.int64, types.int64, types.int64, rows), generate


@intrinsic(prefer_literal=True)
def row_pointers_from_table(typing, pointer, table, row, last, rows):
    """As `row_pointers`, with the address of each row read from a table."""
    result = types.UniTuple(pointer, rows.literal_value)

    def generate(context, builder, sig, args):
        _, table, row, last, _ = args
        pointers = []
        for r in range(len(result)):
            at = builder.add(row, ir.Constant(_i64, r))
            at = builder.select(builder.icmp_signed("<", at, last), at, last)
            pointers.append(
                builder.inttoptr(
                    builder.load(builder.gep(table, [at])), context.get_value_type(pointer)
                )
            )
        return context.make_tuple(builder, result, pointers)

    return result(pointer, table, types.int64, types.int64, rows), generate


@intrinsic
def multiply_add(typing, tile, scalars, at, vectors, begin, stride):
    """tile[r, c] += scalars[r][at] * vector c of `vectors` (which begin at `begin`, `stride` elements apart)

    `scalars` is a tuple of pointers, one a row. One step of an outer product: the inner loop of every product.
    """
    rows = len(scalars)
    columns = len(tile) // rows
    kind = tile.dtype

    def generate(context, builder, sig, args):
        tile_, scalars_, at, vectors_, begin, stride = args
        shape = context.get_value_type(kind)
        column = [
            builder.load(
                _vector_pointer(builder, vectors_, o, shape), align=kind.scalar.bitwidth // 8
            )
            for o in _offsets(builder, begin, stride, columns)
        ]
        values = []
        for r in range(rows):
            number = builder.load(builder.gep(builder.extract_value(scalars_, r), [at]))
            broadcast = _splat(builder, number, kind.lanes)
            for c in range(columns):
                old = builder.extract_value(tile_, r * columns + c)
                values.append(
                    _call(builder, "llvm.fma." + _suffix(kind), shape, [broadcast, column[c], old])
                )
        return context.make_tuple(builder, tile, values)

    return tile(tile, scalars, types.int64, vectors, types.int64, types.int64), generate


def for_each_in_tile(rows, body):
    """An intrinsic ``f(tile, valid_rows, valid_columns, row, column, environment)``.

    It calls ``body(value, row + r, column + c, environment)`` on the vectors of the first `valid_rows` of the tile's
    `rows` rows and the first `valid_columns` columns, while they are still in registers.
    """

    @intrinsic
    def visit(typing, tile, valid_rows, valid_columns, row, column, environment):
        columns = len(tile) // rows

        def generate(context, builder, sig, args):
            tile_, valid_rows, valid_columns, row, column, environment_ = args
            call = types.void(tile.dtype, types.int64, types.int64, environment)
            for r in range(rows):
                for c in range(columns):
                    inside = builder.icmp_signed("<", ir.Constant(_i64, r), valid_rows)
                    if c > 0:
                        inside = builder.and_(
                            inside, builder.icmp_signed("<", ir.Constant(_i64, c), valid_columns)
                        )
                    with builder.if_then(inside):
                        value = builder.extract_value(tile_, r * columns + c)
                        place = [
                            builder.add(row, ir.Constant(_i64, r)),
                            builder.add(column, ir.Constant(_i64, c)),
                        ]
                        context.compile_internal(builder, body, call, [value, *place, environment_])
            return context.get_dummy_value()

        return types.void(tile, *[types.int64] * 4, environment), generate

    return visit


@intrinsic
def spill(typing, pointer, tile):
    """Puts a tile's vectors into a scratch on the stack, one after the other; a pointer to it, typed like `pointer`."""

    def generate(context, builder, sig, args):
        shape = context.get_value_type(tile.dtype)
        scratch = cgutils.alloca_once(builder, shape, size=len(tile))
        for i in range(len(tile)):
            builder.store(
                builder.extract_value(args[1], i),
                builder.gep(scratch, [ir.Constant(_i64, i)]),
                align=pointer.dtype.bitwidth // 8,
            )
        return builder.bitcast(scratch, context.get_value_type(pointer))

    return pointer(pointer, tile), generate
