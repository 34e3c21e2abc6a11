"""The rows that add up what regularizers add to the loss."""

import math

from fastbp.compiler.layout import ParameterLayout, padded
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import RowWriter
from fastbp.kernels import sums


def strengths(regularizer: object) -> tuple[float, float]:
    """What a regularizer, or None, multiplies the absolute values and the squares by."""
    if regularizer is None:
        return 0.0, 0.0
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def penalize(writer: RowWriter, parameters: ParameterLayout) -> int:
    """Rows that add up what the regularizers add to the loss, before the weights change; where it lies, or -1."""
    penalty = -1
    for operation in parameters.weighted:
        for place, weight in zip(
            parameters.places[operation.index], operation.weights, strict=False
        ):
            l1, l2 = strengths(weight.regularizer)
            if not (l1 or l2):
                continue
            sizes = (1, 0, math.prod(place.shape))
            if place.blocked:
                # One long row, the padding of which is zero.
                sizes = (1, 0, padded(place.shape[1], writer.lanes) * place.shape[0])
            elif place.stride:
                sizes = (place.shape[1], place.stride, place.shape[0])
            begins = penalty < 0
            if begins:
                penalty = writer.memory.take(1)
            fields = sums.Penalty(
                penalty, place.offset, *sizes, float_bits(l1), float_bits(l2), int(begins)
            )
            writer.add("penalty", fields)
    return penalty
