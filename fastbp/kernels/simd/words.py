"""Words of 32 bits, one a lane: what random numbers are made of.

Beside `Words` may stand an integer, of which the last 32 bits count. Sums wrap around, comparisons are of numbers
without a sign.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

from fastbp.kernels.simd.types import Mask, broadcast, call, i32, lanes_of, vector_of


class Words(types.Type):
    """``lanes`` integers of 32 bits."""

    def __init__(self, lanes):
        self.lanes = lanes
        super().__init__(f"Words({lanes})")

    @property
    def key(self):
        return self.lanes


@register_model(Words)
class _WordsModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, ir.VectorType(i32, kind.lanes))


def _as_words(builder, value, kind, lanes):
    return (
        value if isinstance(kind, Words) else broadcast(builder, builder.trunc(value, i32), lanes)
    )


def _register_operator(function, result_of, emit):
    @infer_global(function)
    class Template(AbstractTemplate):
        def generic(self, args, kws):
            found = [a for a in args if isinstance(a, Words)]
            if found and all(isinstance(a, (Words, types.Integer)) for a in args):
                return signature(result_of(found[0]), *args)

    def implement(context, builder, sig, args):
        lanes = next(kind.lanes for kind in sig.args if isinstance(kind, Words))
        return emit(builder, *[_as_words(builder, v, t, lanes) for v, t in zip(args, sig.args)])

    for kinds in ((Words, Words), (Words, types.Integer), (types.Integer, Words)):
        lower_builtin(function, *kinds)(implement)


_register_operator(operator.add, lambda w: w, lambda b, x, y: b.add(x, y))
_register_operator(operator.xor, lambda w: w, lambda b, x, y: b.xor(x, y))
_register_operator(operator.and_, lambda w: w, lambda b, x, y: b.and_(x, y))
_register_operator(operator.lt, lambda w: Mask(w.lanes), lambda b, x, y: b.icmp_unsigned("<", x, y))


@intrinsic
def lane_words(typing, pointer, first):
    """The words first, first + 1, ..., as many as a vector of the pointer's elements has lanes."""
    lanes = lanes_of(pointer.dtype)

    def generate(context, builder, sig, args):
        begin = broadcast(builder, builder.trunc(args[1], i32), lanes)
        return builder.add(begin, ir.Constant(begin.type, list(range(lanes))))

    return Words(lanes)(pointer, types.int64), generate


@intrinsic
def rotate_left(typing, words, count):
    """Each word with its bits moved up by `count`, and those that fall out moved in below."""

    def generate(context, builder, sig, args):
        value = args[0]
        counts = broadcast(builder, builder.trunc(args[1], i32), words.lanes)
        return call(builder, f"llvm.fshl.v{words.lanes}i32", value.type, [value, value, counts])

    return words(words, types.int64), generate


@intrinsic
def numbers_of(typing, pointer, words):
    """The words, none of them negative, as numbers of the pointer's type; rounded where it holds fewer bits."""
    kind = vector_of(pointer.dtype)

    def generate(context, builder, sig, args):
        return builder.uitofp(args[1], context.get_value_type(kind))

    return kind(pointer, words), generate
