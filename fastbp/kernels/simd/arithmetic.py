"""Arithmetic, comparison and selection, of vectors and of numbers."""

import operator

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin

from fastbp.kernels.simd.types import (
    Mask,
    Vector,
    call,
    coerce,
    common_kind,
    constant,
    i1,
    i32,
    i64,
    suffix,
)


def _register_operator(function, result_of, emit):
    @infer_global(function)
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            vectors = [a for a in args if isinstance(a, Vector)]
            if vectors and all(isinstance(a, (Vector, types.Number)) for a in args):
                return signature(result_of(vectors[0]), *args)

    def implement(context, builder, sig, args):
        wanted = common_kind(*sig.args)
        return emit(
            builder, *[coerce(context, builder, v, t, wanted) for v, t in zip(args, sig.args)]
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
            *[coerce(context, builder, v, t, wanted) for v, t in zip(args, sig.args)],
        )

    return generate


@intrinsic
def fma(typing, x, y, z):
    """x * y + z, rounded once."""
    kind = common_kind(x, y, z)
    return kind(x, y, z), _elementwise(
        lambda b, t, x, y, z: call(b, "llvm.fma." + suffix(t), x.type, [x, y, z])
    )


@intrinsic
def maximum(typing, x, y):
    """The larger one; `y` where `x` is not a number, so ``maximum(0.0, x)`` hands a NaN on."""
    return common_kind(x, y)(x, y), _elementwise(
        lambda b, t, x, y: b.select(b.fcmp_ordered(">", x, y), x, y)
    )


@intrinsic
def minimum(typing, x, y):
    """The smaller one; `y` where `x` is not a number."""
    return common_kind(x, y)(x, y), _elementwise(
        lambda b, t, x, y: b.select(b.fcmp_ordered("<", x, y), x, y)
    )


def _unary(name):
    @intrinsic
    def function(typing, x):
        return common_kind(x)(x), _elementwise(
            lambda b, t, x: call(b, f"llvm.{name}.{suffix(t)}", x.type, [x])
        )

    return function


sqrt = _unary("sqrt")
absolute = _unary("fabs")


@intrinsic
def select(typing, condition, x, y):
    """`x` where the condition holds, else `y`."""
    kind = common_kind(x, y)

    def generate(context, builder, sig, args):
        chosen = [coerce(context, builder, v, t, kind) for v, t in zip(args[1:], sig.args[1:])]
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
    integer, mantissa, bias = (i32, 23, 127) if scalar == types.float32 else (i64, 52, 1023)
    return (
        (ir.VectorType(integer, kind.lanes) if isinstance(kind, Vector) else integer),
        mantissa,
        bias,
    )


@intrinsic
def nearest_power_of_two(typing, x, factor):
    """``(n, 2**n)`` for the integer n (as a floating-point number) nearest to x * factor; of a NaN a NaN and anything.

    From one below the smallest exponent of a normal number, where 2**n is given as 0, to one above the largest, where
    it is infinite.
    """
    kind = common_kind(x, factor)

    def generate(context, builder, sig, args):
        values = [coerce(context, builder, v, t, kind) for v, t in zip(args, sig.args)]
        integer, mantissa, bias = _bit_parts(kind)
        # Added to a number whose last bit is worth one, x * factor is rounded, and n is in the last bits of the sum.
        shifter = constant(values[0].type, 1.5 * 2.0**mantissa)
        total = call(builder, "llvm.fma." + suffix(kind), shifter.type, [*values, shifter])
        exponent = builder.shl(builder.bitcast(total, integer), constant(integer, mantissa))
        power = builder.add(exponent, constant(integer, bias << mantissa))
        parts = [builder.fsub(total, shifter), builder.bitcast(power, shifter.type)]
        return context.make_tuple(builder, sig.return_type, parts)

    return types.UniTuple(kind, 2)(x, factor), generate


@intrinsic
def split_exponent(typing, x):
    """``(fraction, exponent)`` with x = fraction * 2**exponent, sqrt(1/2) <= fraction < sqrt(2), for normal x > 0."""
    kind = common_kind(x)

    def generate(context, builder, sig, args):
        integer, mantissa, _ = _bit_parts(kind)
        # Subtracting the bits of sqrt(1/2) leaves the wanted exponent in the exponent field.
        half_root = 0x3F3504F3 if mantissa == 23 else 0x3FE6A09E667F3BCD
        bits = builder.bitcast(args[0], integer)
        exponent = builder.ashr(
            builder.sub(bits, constant(integer, half_root)), constant(integer, mantissa)
        )
        fraction = builder.sub(bits, builder.shl(exponent, constant(integer, mantissa)))
        parts = [builder.bitcast(fraction, args[0].type), builder.sitofp(exponent, args[0].type)]
        return context.make_tuple(builder, sig.return_type, parts)

    return types.UniTuple(kind, 2)(x), generate


@intrinsic
def is_double(typing, x):
    """Whether `x` is of double precision: a constant, so that only one side of an ``if`` is compiled."""
    kind = common_kind(x)
    scalar = kind.scalar if isinstance(kind, Vector) else kind

    def generate(context, builder, sig, args):
        return ir.Constant(i1, int(scalar == types.float64))

    return types.boolean(x), generate


def _polynomial(emit):
    """A code generator of a value and a tuple of coefficients, highest power first."""

    def generate(context, builder, sig, args):
        kind, count = sig.return_type, len(sig.args[1])
        numbers = [builder.extract_value(args[1], i) for i in range(count)]
        values = [coerce(context, builder, v, sig.args[1].dtype, kind) for v in numbers]
        return emit(builder, "llvm.fma." + suffix(kind), args[0], values)

    return generate


def _horner(builder, name, x, coefficients):
    total = coefficients[0]
    for value in coefficients[1:]:
        total = call(builder, name, total.type, [total, x, value])
    return total


@intrinsic
def horner(typing, x, coefficients):
    """The polynomial with the given coefficients, highest power first, by Horner's rule in fma."""
    return common_kind(x)(x, coefficients), _polynomial(_horner)


@intrinsic
def even_odd(typing, x, coefficients):
    """The same polynomial by two chains that do not wait for each other: Horner's rule in x**2 for every other power.

    Of three coefficients at least. The last is added last, as in Horner's rule: where |x| is small it rounds as well.
    """

    def emit(builder, name, x, coefficients):
        *others, last = coefficients
        n, square = len(others), builder.fmul(x, x)
        even = _horner(builder, name, square, others[(n - 1) % 2 :: 2])
        odd = _horner(builder, name, square, others[n % 2 :: 2])
        both = call(builder, name, x.type, [odd, x, even])
        return call(builder, name, x.type, [both, x, last])

    return common_kind(x)(x, coefficients), _polynomial(emit)
