"""Pointers, and loading and storing through them.

An index counts elements. Addresses are formed by GEP alone: integer arithmetic on addresses is miscompiled when
loops are unrolled.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastbp.kernels.simd.types import call, coerce, i8, i32, i64, lanes_of, vector_of

#: Bytes that a cache takes at once.
LINE_BYTES = 64


def vector_pointer(builder, pointer, index, kind):
    return builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())


def ask_for_line(builder, pointer, index, to_write=True):
    place = builder.bitcast(builder.gep(pointer, [index]), i8.as_pointer())
    # To be written or read, to be kept, data.
    numbers = [ir.Constant(i32, n) for n in (int(to_write), 3, 1)]
    call(builder, "llvm.prefetch.p0", ir.VoidType(), [place, *numbers])


@intrinsic
def load(typing, pointer, index):
    """The vector that begins at an element."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        shape = context.get_value_type(kind)
        return builder.load(
            vector_pointer(builder, *args, shape), align=pointer.dtype.bitwidth // 8
        )

    return kind(pointer, types.int64), generate


@intrinsic
def store(typing, pointer, index, vector):
    """Writes a vector where an element begins."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        value = coerce(context, builder, args[2], sig.args[2], kind)
        builder.store(
            value,
            vector_pointer(builder, *args[:2], value.type),
            align=pointer.dtype.bitwidth // 8,
        )
        return context.get_dummy_value()

    return types.void(pointer, types.int64, vector), generate


@intrinsic
def stream(typing, pointer, index, vector):
    """Writes a vector past the caches, where an element begins that is aligned to a vector.

    Others see it for sure only behind a `fence`.
    """
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        value = coerce(context, builder, args[2], sig.args[2], kind)
        place = vector_pointer(builder, *args[:2], value.type)
        written = builder.store(value, place, align=kind.lanes * pointer.dtype.bitwidth // 8)
        written.set_metadata("nontemporal", builder.module.add_metadata([ir.Constant(i32, 1)]))
        return context.get_dummy_value()

    return types.void(pointer, types.int64, vector), generate


@intrinsic
def fence(typing):
    """All that was written before is there for others before anything that is written behind."""

    def generate(context, builder, sig, args):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


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
        return builder.ptrtoint(args[0], i64)

    return types.int64(pointer), generate


@intrinsic
def advance_bytes(typing, pointer, count):
    """The pointer `count` bytes further."""

    def generate(context, builder, sig, args):
        bytes_ = builder.bitcast(args[0], i8.as_pointer())
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
        return ir.Constant(i64, lanes_of(pointer.dtype))

    return types.int64(pointer), generate


@intrinsic
def prefetch(typing, pointer, index):
    """Asks for the cache line of an element, which will be written soon."""

    def generate(context, builder, sig, args):
        ask_for_line(builder, *args)
        return context.get_dummy_value()

    return types.void(pointer, types.int64), generate


@intrinsic
def prefetch_to_read(typing, pointer, index):
    """Asks for the cache line of an element, which will be read soon."""

    def generate(context, builder, sig, args):
        ask_for_line(builder, *args, to_write=False)
        return context.get_dummy_value()

    return types.void(pointer, types.int64), generate


@intrinsic
def in_a_line(typing, pointer):
    """Elements of a cache line: a constant."""

    def generate(context, builder, sig, args):
        return ir.Constant(i64, LINE_BYTES * 8 // pointer.dtype.bitwidth)

    return types.int64(pointer), generate


@intrinsic
def splat(typing, pointer, value):
    """A vector of the pointer's elements, all lanes equal to `value`."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        return coerce(context, builder, args[1], sig.args[1], kind)

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
            builder.load(builder.gep(args[0], [ir.Constant(i64, i)])) for i in range(len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(row, fields), generate


@intrinsic
def cast_to(typing, pointer, value):
    """A number converted to the type of the pointer's elements."""

    def generate(context, builder, sig, args):
        return context.cast(builder, args[1], sig.args[1], pointer.dtype)

    return pointer.dtype(pointer, value), generate
