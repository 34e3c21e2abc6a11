"""Words that workers share, and calls through addresses: what Numba has no Python for."""

import platform

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from fastbp.kernels.context import CONTEXT_SIZE

_i64 = ir.IntType(64)


def _element(context, builder, sig, args):
    return builder.gep(context.make_array(sig.args[0])(context, builder, args[0]).data, [args[1]])


@intrinsic
def atomic_add(typing, array, index, amount):
    """Adds to an element and returns what was there."""

    def generate(context, builder, sig, args):
        return builder.atomic_rmw("add", _element(context, builder, sig, args), args[2], "acq_rel")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def atomic_or(typing, array, index, bits):
    """Sets bits of an element and returns what was there."""

    def generate(context, builder, sig, args):
        return builder.atomic_rmw("or", _element(context, builder, sig, args), args[2], "acq_rel")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def atomic_load(typing, array, index):
    """Reads an element anew."""

    def generate(context, builder, sig, args):
        return builder.load_atomic(_element(context, builder, sig, args), "acquire", 8)

    return types.int64(array, types.int64), generate


@intrinsic
def atomic_store(typing, array, index, value):
    """Writes an element for all to see."""

    def generate(context, builder, sig, args):
        builder.store_atomic(args[2], _element(context, builder, sig, args), "release", 8)
        return context.get_dummy_value()

    return types.void(array, types.int64, types.int64), generate


@intrinsic
def load_word(typing, address):
    """The int64 at an address, read anew each time."""

    def generate(context, builder, sig, args):
        return builder.load_atomic(builder.inttoptr(args[0], _i64.as_pointer()), "acquire", 8)

    return types.int64(types.int64), generate


@intrinsic
def store_word(typing, address, value):
    """Writes the int64 at an address."""

    def generate(context, builder, sig, args):
        builder.store_atomic(args[1], builder.inttoptr(args[0], _i64.as_pointer()), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def copy_bytes(typing, source, target, count):
    """Copies so many bytes from an address to another, which lie apart."""

    def generate(context, builder, sig, args):
        pointer = ir.IntType(8).as_pointer()
        source, target = (builder.inttoptr(each, pointer) for each in args[:2])
        cgutils.raw_memcpy(builder, target, source, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), generate


@intrinsic
def yield_processor(typing):
    """Lets another thread run: a worker whose processor is taken must not be waited for by spinning."""

    def generate(context, builder, sig, args):
        kind = ir.FunctionType(ir.IntType(32), [])
        builder.call(cgutils.get_or_insert_function(builder.module, kind, "sched_yield"), [])
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def read_ticks(typing):
    """The processor's counter of time, in units of its own."""

    def generate(context, builder, sig, args):
        # x86 counts time with its cycle counter; elsewhere the cycle counter may be closed to programs.
        x86 = platform.machine().lower() in ("x86_64", "amd64", "i686")
        name = "llvm.readcyclecounter" if x86 else "llvm.readsteadycounter"
        kind = ir.FunctionType(_i64, [])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])

    return types.int64(), generate


@intrinsic
def call_kernel(
    typing, address, program, row, arena, context_array, context_row, hyper, worker, workers
):
    """Calls the kernel at `address` with the row after it, the arena, a worker's context and the step's numbers."""

    def generate(context, builder, sig, args):
        address, program, row, arena, contexts, context_row, hyper, worker, workers = args
        pointer = ir.IntType(8).as_pointer()
        program_at = context.make_array(sig.args[1])(context, builder, program)
        width = builder.extract_value(program_at.shape, 1)
        fields = builder.gep(
            program_at.data, [builder.add(builder.mul(row, width), ir.Constant(_i64, 1))]
        )
        contexts_at = context.make_array(sig.args[4])(context, builder, contexts)
        own = builder.gep(
            contexts_at.data, [builder.mul(context_row, ir.Constant(_i64, CONTEXT_SIZE))]
        )
        kind = ir.FunctionType(ir.VoidType(), [pointer, pointer, pointer, pointer, _i64, _i64])
        builder.call(
            builder.inttoptr(address, kind.as_pointer()),
            [
                builder.bitcast(fields, pointer),
                builder.inttoptr(arena, pointer),
                builder.bitcast(own, pointer),
                builder.inttoptr(hyper, pointer),
                worker,
                workers,
            ],
        )
        return context.get_dummy_value()

    integers = [types.int64] * 2
    sig = types.void(
        types.int64,
        program,
        types.int64,
        types.int64,
        context_array,
        types.int64,
        types.int64,
        *integers,
    )
    return sig, generate
