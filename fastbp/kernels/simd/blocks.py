"""Several vectors at once: tuples of them, and square blocks that are transposed or summed."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from fastbp.kernels.simd.memory import ask_for_line, vector_pointer
from fastbp.kernels.simd.types import constant, i32, i64, lanes_of, vector_of


def offsets(builder, index, stride, count):
    return [builder.add(index, builder.mul(stride, ir.Constant(i64, i))) for i in range(count)]


@intrinsic
def store_many(typing, pointer, index, stride, values):
    """Writes a tuple of vectors, `stride` elements apart."""

    def generate(context, builder, sig, args):
        for i, at in enumerate(offsets(builder, args[1], args[2], len(values))):
            value = builder.extract_value(args[3], i)
            builder.store(
                value,
                vector_pointer(builder, args[0], at, value.type),
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
            builder.load(builder.gep(args[0], [ir.Constant(i64, i)])) for i in range(len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, count), generate


@intrinsic(prefer_literal=True)
def pointers_apart(typing, pointer, stride, count):
    """A tuple of `count` (a literal) pointers, `stride` elements apart."""
    result = types.UniTuple(pointer, count.literal_value)

    def generate(context, builder, sig, args):
        zero = ir.Constant(i64, 0)
        values = [builder.gep(args[0], [at]) for at in offsets(builder, zero, args[1], len(result))]
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
            place = vector_pointer(builder, builder.extract_value(args[0], i), args[1], shape)
            values.append(builder.load(place, align=kind.scalar.bitwidth // 8))
        return context.make_tuple(builder, result, values)

    return result(pointers, types.int64), generate


@intrinsic
def prefetch_each(typing, pointers, index):
    """Asks for the cache lines of the same index of several pointers."""

    def generate(context, builder, sig, args):
        for i in range(len(pointers)):
            ask_for_line(builder, builder.extract_value(args[0], i), args[1])
        return context.get_dummy_value()

    return types.void(pointers, types.int64), generate


@intrinsic
def store_each(typing, pointers, index, values):
    """Writes vectors at the same index of several pointers."""

    def generate(context, builder, sig, args):
        for i, pointer in enumerate(pointers):
            value = builder.extract_value(args[2], i)
            place = vector_pointer(builder, builder.extract_value(args[0], i), args[1], value.type)
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
                vector_pointer(builder, args[0], at, shape), align=pointer.dtype.bitwidth // 8
            )
            for at in offsets(builder, args[1], args[2], len(result))
        ]
        return context.make_tuple(builder, result, values)

    return result(pointer, types.int64, types.int64), generate


@intrinsic(prefer_literal=True)
def load_joined(typing, pointer, index, stride, size):
    """A vector of parts, `size` (a literal) numbers each, that lie `stride` elements apart."""
    kind = vector_of(pointer.dtype)
    count = kind.lanes // size.literal_value

    def generate(context, builder, sig, args):
        align = pointer.dtype.bitwidth // 8
        shape = ir.VectorType(context.get_value_type(pointer.dtype), kind.lanes // count)
        parts = [
            builder.load(vector_pointer(builder, args[0], at, shape), align=align)
            for at in offsets(builder, args[1], args[2], count)
        ]
        while len(parts) > 1:
            order = list(range(2 * parts[0].type.count))
            parts = [shuffle(builder, x, y, order) for x, y in zip(parts[::2], parts[1::2])]
        return parts[0]

    return kind(pointer, types.int64, types.int64, size), generate


@intrinsic
def keep_first(typing, block, count):
    """The block with zeros in place of all vectors but the first `count`."""

    def generate(context, builder, sig, args):
        kind = context.get_value_type(block.dtype)
        values = []
        for i in range(len(block)):
            inside = builder.icmp_signed("<", ir.Constant(i64, i), args[1])
            values.append(
                builder.select(inside, builder.extract_value(args[0], i), constant(kind, 0.0))
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
                    rows[i] = shuffle(builder, x, y, low)
                    rows[i + distance] = shuffle(builder, x, y, high)
            distance *= 2
        return context.make_tuple(builder, block, rows)

    return block(block), generate


def shuffle(builder, x, y, order):
    return builder.shuffle_vector(x, y, ir.Constant(ir.VectorType(i32, len(order)), order))


@intrinsic
def horizontal_sums(typing, block):
    """The vector whose lane i is the sum of the lanes of vector i, added as a binary tree."""

    def generate(context, builder, sig, args):
        return _sums_of_lanes(
            builder, [builder.extract_value(args[0], i) for i in range(len(block))]
        )

    return block.dtype(block), generate


def _sums_of_lanes(builder, rows):
    n, distance = len(rows), 1
    while distance < n:
        low = [i if not i & distance else n + i - distance for i in range(n)]
        high = [i + distance if not i & distance else n + i for i in range(n)]
        rows = [
            builder.fadd(shuffle(builder, x, y, low), shuffle(builder, x, y, high))
            for x, y in zip(rows[::2], rows[1::2])
        ]
        distance *= 2
    return rows[0]


@intrinsic
def all_horizontal_sums(typing, tile):
    """As `horizontal_sums`, of any number of vectors: as many vectors as hold a sum of each, zeros behind the last."""
    kind = tile.dtype
    result = types.UniTuple(kind, -(-len(tile) // kind.lanes))

    def generate(context, builder, sig, args):
        rows = [builder.extract_value(args[0], i) for i in range(len(tile))]
        zero = constant(context.get_value_type(kind), 0.0)
        rows += [zero] * (len(result) * kind.lanes - len(rows))
        values = [
            _sums_of_lanes(builder, rows[first : first + kind.lanes])
            for first in range(0, len(rows), kind.lanes)
        ]
        return context.make_tuple(builder, result, values)

    return result(tile), generate


@intrinsic
def add_each(typing, totals, pointers, index):
    """totals[r] + the vector at the same index of pointers[r]."""
    kind = totals.dtype

    def generate(context, builder, sig, args):
        values = []
        for i in range(len(totals)):
            place = vector_pointer(
                builder,
                builder.extract_value(args[1], i),
                args[2],
                context.get_value_type(kind),
            )
            vector = builder.load(place, align=kind.scalar.bitwidth // 8)
            values.append(builder.fadd(builder.extract_value(args[0], i), vector))
        return context.make_tuple(builder, totals, values)

    return totals(totals, pointers, types.int64), generate


@intrinsic
def sum_lanes(typing, vector):
    """The sum of a vector's lanes as a float64, lane after lane."""

    def generate(context, builder, sig, args):
        total = ir.Constant(ir.DoubleType(), 0.0)
        for i in range(vector.lanes):
            lane = builder.extract_element(args[0], ir.Constant(i32, i))
            total = builder.fadd(total, context.cast(builder, lane, vector.scalar, types.float64))
        return total

    return types.float64(vector), generate


@intrinsic
def squares(typing, vector):
    """A vector of float64 that adds up to the sum of a vector's squares; no square of a float32 is too large for it."""
    kind = vector_of(types.float64)

    def generate(context, builder, sig, args):
        (value,) = args
        if vector.scalar == types.float64:
            return builder.fmul(value, value)
        double, half = context.get_value_type(kind), vector.lanes // 2
        total = None
        for first in (0, half):
            part = shuffle(builder, value, value, list(range(first, first + half)))
            wide = builder.fpext(part, double)
            square = builder.fmul(wide, wide)
            total = square if total is None else builder.fadd(total, square)
        return total

    return kind(vector), generate


@intrinsic
def total_of_lanes(typing, vector):
    """The sum of a vector's lanes in their own type, added as a binary tree."""

    def generate(context, builder, sig, args):
        total, n = args[0], vector.lanes
        distance = 1
        while distance < n:
            total = builder.fadd(
                total, shuffle(builder, total, total, [i ^ distance for i in range(n)])
            )
            distance *= 2
        return builder.extract_element(total, ir.Constant(i32, 0))

    return vector.scalar(vector), generate
