"""The accumulators of a product: a tuple of vectors that stays in registers."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastbp.kernels.simd.blocks import offsets
from fastbp.kernels.simd.memory import vector_pointer
from fastbp.kernels.simd.types import broadcast, call, constant, i64, suffix, vector_of


@intrinsic(prefer_literal=True)
def zero_tile(typing, pointer, rows, columns):
    """A tile of rows * columns (literals) zero vectors."""
    kind = vector_of(pointer.dtype)
    result = types.UniTuple(kind, rows.literal_value * columns.literal_value)

    def generate(context, builder, sig, args):
        zero = constant(context.get_value_type(kind), 0.0)
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
            at = builder.add(row, ir.Constant(i64, r))
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
                builder.gep(scratch, [ir.Constant(i64, i)]),
                align=pointer.dtype.bitwidth // 8,
            )
        return builder.bitcast(scratch, context.get_value_type(pointer))

    return pointer(pointer, tile), generate
