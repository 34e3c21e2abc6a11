"""The accumulators of a product: a tuple of vectors that stays in registers."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastbp.kernels.simd.blocks import offsets
from fastbp.kernels.simd.memory import vector_pointer
from fastbp.kernels.simd.types import broadcast, call, constant, i64, suffix, vector_of


@intrinsic(prefer_literal=True)
def room(typing, pointer, count):
    """Room on the stack for `count` (a literal) vectors, as a pointer of the same type as `pointer`."""
    kind = vector_of(pointer.dtype)
    size = count.literal_value

    def generate(context, builder, sig, args):
        shape = context.get_value_type(kind)
        place = cgutils.alloca_once(builder, shape, size=size)
        return builder.bitcast(place, context.get_value_type(pointer))

    return pointer(pointer, count), generate


@intrinsic(prefer_literal=True)
def begin_tile(typing, pointer, place, k0, rows, columns):
    """A tile of rows * columns (literals) vectors: zeros where k0 is 0, else what `put_tile` kept at a place."""
    result = types.UniTuple(vector_of(pointer.dtype), rows.literal_value * columns.literal_value)

    def generate(context, builder, sig, args):
        return _kept_or_zero(context, builder, pointer, result, *args[:3])

    return result(pointer, types.int64, types.int64, rows, columns), generate


def _kept_or_zero(context, builder, pointer, result, room, place, k0):
    shape = context.get_value_type(result.dtype)
    zero = context.make_tuple(builder, result, [constant(shape, 0.0)] * len(result))
    goes_on = builder.icmp_signed("!=", k0, ir.Constant(i64, 0))
    before = builder.block
    with builder.if_then(goes_on):
        kept = context.make_tuple(
            builder,
            result,
            [
                builder.load(at, align=pointer.dtype.bitwidth // 8)
                for at in _places(builder, room, place, shape, len(result))
            ],
        )
        inside = builder.block
    tile = builder.phi(zero.type)
    tile.add_incoming(zero, before)
    tile.add_incoming(kept, inside)
    return tile


@intrinsic
def put_tile(typing, pointer, place, tile):
    """Keeps a tile's vectors, one after the other, from the vector number `place` on."""

    def generate(context, builder, sig, args):
        shape = context.get_value_type(tile.dtype)
        for i, at in enumerate(_places(builder, args[0], args[1], shape, len(tile))):
            builder.store(builder.extract_value(args[2], i), at, align=pointer.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(pointer, types.int64, tile), generate


def _places(builder, pointer, place, shape, count):
    vectors = builder.bitcast(pointer, shape.as_pointer())
    return [builder.gep(vectors, [builder.add(place, ir.Constant(i64, i))]) for i in range(count)]


@intrinsic(prefer_literal=True)
def row_pointers(typing, pointer, row, stride, last, rows):
    """Pointers to `rows` (a literal) rows from `row` on; a row beyond `last` is `last` again."""
    result = types.UniTuple(pointer, rows.literal_value)

    def generate(context, builder, sig, args):
        return _rows_from(context, builder, result, *args[:4])

    return result(pointer, types.int64, types.int64, types.int64, rows), generate


def _rows_from(context, builder, result, base, row, stride, last):
    pointers = []
    for r in range(len(result)):
        at = builder.add(row, ir.Constant(i64, r))
        at = builder.select(builder.icmp_signed("<", at, last), at, last)
        pointers.append(builder.gep(base, [builder.mul(at, stride)]))
    return context.make_tuple(builder, result, pointers)


@intrinsic(prefer_literal=True)
def row_pointers_from_table(typing, pointer, table, row, last, rows):
    """As `row_pointers`, with the address of each row read from a table."""
    result = types.UniTuple(pointer, rows.literal_value)

    def generate(context, builder, sig, args):
        _, table, row, last, _ = args
        pointers = []
        for r in range(len(result)):
            at = builder.add(row, ir.Constant(i64, r))
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
                vector_pointer(builder, vectors_, o, shape), align=kind.scalar.bitwidth // 8
            )
            for o in offsets(builder, begin, stride, columns)
        ]
        values = []
        for r in range(rows):
            number = builder.load(builder.gep(builder.extract_value(scalars_, r), [at]))
            spread = broadcast(builder, number, kind.lanes)
            for c in range(columns):
                old = builder.extract_value(tile_, r * columns + c)
                values.append(
                    call(builder, "llvm.fma." + suffix(kind), shape, [spread, column[c], old])
                )
        return context.make_tuple(builder, tile, values)

    return tile(tile, scalars, types.int64, vectors, types.int64, types.int64), generate


@intrinsic
def multiply_add_each(typing, totals, pointers, index, vector):
    """totals[r] += vector at `index` of pointers[r] * `vector`"""
    kind = totals.dtype

    def generate(context, builder, sig, args):
        values = [
            _multiply_add(
                builder, kind, args[1], r, args[2], args[3], builder.extract_value(args[0], r)
            )
            for r in range(len(totals))
        ]
        return context.make_tuple(builder, totals, values)

    return totals(totals, pointers, types.int64, vector), generate


@intrinsic
def multiply_add_pairs(typing, tile, rows, row_index, columns, column_index):
    """tile[r, c] += vector at `row_index` of rows[r] * vector at `column_index` of columns[c], lane by lane."""
    kind = tile.dtype

    def generate(context, builder, sig, args):
        tile_, rows_, row_index, columns_, column_index = args
        shape = context.get_value_type(kind)

        def vectors(pointers, count, index):
            return [
                builder.load(
                    vector_pointer(builder, builder.extract_value(pointers, i), index, shape),
                    align=kind.scalar.bitwidth // 8,
                )
                for i in range(count)
            ]

        left = vectors(rows_, len(rows), row_index)
        right = vectors(columns_, len(columns), column_index)
        values = [
            call(
                builder,
                "llvm.fma." + suffix(kind),
                shape,
                [x, y, builder.extract_value(tile_, r * len(right) + c)],
            )
            for r, x in enumerate(left)
            for c, y in enumerate(right)
        ]
        return context.make_tuple(builder, tile, values)

    return tile(tile, rows, types.int64, columns, types.int64), generate


@intrinsic
def add_products(typing, total, factors, pointers, index):
    """total + factors[0] * vector at `index` of pointers[0] + factors[1] * ..., from left to right"""

    def generate(context, builder, sig, args):
        value = args[0]
        for r in range(len(factors)):
            factor = builder.extract_value(args[1], r)
            value = _multiply_add(builder, total, args[2], r, args[3], factor, value)
        return value

    return total(total, factors, pointers, types.int64), generate


def _multiply_add(builder, kind, pointers, r, index, factor, total):
    place = vector_pointer(builder, builder.extract_value(pointers, r), index, total.type)
    vector = builder.load(place, align=kind.scalar.bitwidth // 8)
    return call(builder, "llvm.fma." + suffix(kind), total.type, [vector, factor, total])


@intrinsic(prefer_literal=True)
def splat_blocked(typing, pointer, begin, block_stride, valid, count):
    """A tuple of `count` (a literal) vectors, each of one number; of numbers from the number `valid` on, zero.

    Number r is ``pointer[begin + r // lanes * block_stride + r % lanes]``, for a `begin` at which a block begins, or at
    which `count` numbers are left of one.
    """
    kind = vector_of(pointer.dtype)
    result = types.UniTuple(kind, count.literal_value)

    def generate(context, builder, sig, args):
        base, begin, block_stride, valid, _ = args
        values = []
        for r in range(len(result)):
            blocks, lane = divmod(r, kind.lanes)
            at = builder.add(builder.mul(block_stride, ir.Constant(i64, blocks)), begin)
            at = builder.add(at, ir.Constant(i64, lane))
            inside = builder.icmp_signed("<", ir.Constant(i64, r), valid)
            # The first is read instead of what may lie outside of everything.
            number = builder.load(builder.gep(base, [builder.select(inside, at, begin)]))
            number = builder.select(inside, number, constant(number.type, 0.0))
            values.append(broadcast(builder, number, kind.lanes))
        return context.make_tuple(builder, result, values)

    return result(pointer, types.int64, types.int64, types.int64, count), generate


def for_each_in_tile(rows, body):
    """An intrinsic ``f(tile, valid_rows, valid_columns, row, column, environment)``.

    It calls ``body(value, row + r, column + c, environment)``, a part, on the vectors of the first `valid_rows` of the
    tile's `rows` rows and the first `valid_columns` columns, while they are still in registers.
    """

    @intrinsic
    def visit(typing, tile, valid_rows, valid_columns, row, column, environment):
        # The type by itself would not keep the part alive.
        kind_of_body = body.type
        columns = len(tile) // rows
        call = kind_of_body.get_call_type(
            typing, (tile.dtype, types.int64, types.int64, environment), {}
        )

        def generate(context, builder, sig, args):
            tile_, valid_rows, valid_columns, row, column, environment_ = args
            take = context.get_function(kind_of_body, call)
            context.add_linking_libs(take.libs)
            for r in range(rows):
                for c in range(columns):
                    inside = builder.icmp_signed("<", ir.Constant(i64, r), valid_rows)
                    if c > 0:
                        inside = builder.and_(
                            inside, builder.icmp_signed("<", ir.Constant(i64, c), valid_columns)
                        )
                    with builder.if_then(inside):
                        value = builder.extract_value(tile_, r * columns + c)
                        place = [
                            builder.add(row, ir.Constant(i64, r)),
                            builder.add(column, ir.Constant(i64, c)),
                        ]
                        take(builder, [value, *place, environment_])
            return context.get_dummy_value()

        return types.void(tile, *[types.int64] * 4, environment), generate

    return visit
