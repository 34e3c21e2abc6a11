"""The rows of the regularizer that looks at pairs of vectors: they need a barrier in between, and kept gradients."""

from dataclasses import dataclass

from fastbp.compiler.extents import Vectors, vectors
from fastbp.compiler.layout import ParameterLayout, Place, padded
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import RowWriter
from fastbp.kernels import orthogonality
from fastbp.nn.regularizers import OrthogonalRegularizer


@dataclass(frozen=True)
class _Penalized:
    """A kernel that has such a regularizer, and room for what its rows hand on."""

    place: Place
    scale: float
    vectors: Vectors
    width: int
    units: int
    lengths: int
    turns: int
    sums: int


def of_orthogonal(parameters: ParameterLayout) -> list[tuple[Place, OrthogonalRegularizer]]:
    """The kernels with such a regularizer."""
    found = []
    for operation in parameters.dense:
        regularizer = operation.layer.kernel_regularizer
        if isinstance(regularizer, OrthogonalRegularizer):
            found.append((parameters.places[operation.index][0], regularizer))
    return found


def penalize_angles(
    writer: RowWriter, parameters: ParameterLayout, penalty: int, gradients: int, everywhere: bool
) -> int:
    """Rows behind those of the weight gradients: the penalties, and their gradients.

    Parameters
    ----------
    writer : RowWriter
    parameters : ParameterLayout
    penalty : int
        Where what other regularizers add to the loss lies, or -1.
    gradients : int
        Offset of the gradients that have been kept, or -1 where there are none.
    everywhere : bool
        Whether gradients of arrays that are not trained are wanted.

    Returns
    -------
    penalty : int
        Where it lies, or -1 where nothing is penalized.
    """
    penalized = [_take(writer, place, each) for place, each in of_orthogonal(parameters)]
    if not penalized:
        return penalty
    for each in penalized:
        fields = orthogonality.UnitVectors(
            each.place.offset, *each.vectors, each.units, each.width, each.lengths
        )
        writer.add("unit_vectors", fields)
    writer.barrier()
    for each in penalized:
        wanted = gradients >= 0 and (everywhere or each.place.trained)
        angles = orthogonality.Orthogonality(
            gradients + each.place.offset if wanted else -1,
            *each.vectors,
            each.units,
            each.width,
            each.lengths,
            each.turns,
            each.sums,
            float_bits(each.scale),
        )
        writer.add("orthogonality", angles)
    writer.barrier()
    for each in penalized:
        begins = penalty < 0
        if begins:
            penalty = writer.memory.take(1)
        sums = orthogonality.PairPenalty(
            penalty, each.sums, each.vectors.vectors, float_bits(each.scale), int(begins)
        )
        writer.add("pair_penalty", sums)
    writer.barrier()
    return penalty


def _take(writer: RowWriter, place: Place, regularizer: OrthogonalRegularizer) -> _Penalized:
    parts = vectors(place, regularizer.mode == "columns", writer.lanes)
    n_pairs = parts.vectors * (parts.vectors - 1) / 2
    width = padded(parts.elements, writer.lanes)
    doubles = parts.vectors * (8 // writer.itemsize)
    take = writer.memory.take
    return _Penalized(
        place,
        # One vector alone has no angles.
        regularizer.factor / max(n_pairs, 1.0),
        parts,
        width,
        units=take(parts.vectors * width),
        lengths=take(doubles),
        turns=take(parts.vectors * width),
        sums=take(doubles),
    )
