"""The rows that move matrices by Muon: all of them from stage to stage together, with a barrier in between."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastbp.compiler.extents import Lines, lines
from fastbp.compiler.layout import Place, padded, spread
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import RowWriter
from fastbp.kernels import muon
from fastbp.optimizers.gathering import Orthogonalization


@dataclass(frozen=True)
class Matrix:
    """A matrix, and room for what its rows hand on.

    Attributes
    ----------
    place : Place
    lines : Lines
        How its weights lie.
    turned : bool
        Whether the lines are columns of X, which has at least as many columns as rows.
    rows, columns : int
        Of X.
    x : list of int
        Where X lies, from one iteration to the next, and back.
    x_block : int
        Numbers from one block of columns to the next, of X and of what is as wide as it is high.
    gram, factors : int
        Where X X^T, and what X is multiplied by, lie.
    squares, n_squares : int
        Where parts of the sum of all squares lie, and how many they are.
    """

    place: Place
    lines: Lines
    turned: bool
    rows: int
    columns: int
    x: list[int]
    x_block: int
    gram: int
    factors: int
    squares: int
    n_squares: int


def matrix(writer: RowWriter, place: Place) -> Matrix:
    """Take the room for a matrix."""
    lanes, itemsize, take = writer.lanes, writer.itemsize, writer.memory.take
    own = lines(place, lanes)
    rows, columns = min(place.shape), max(place.shape)
    height = padded(rows, lanes)
    x_block = spread(height * lanes, itemsize)
    x_size, square_size = padded(columns, lanes) // lanes * x_block, height // lanes * x_block
    if own.in_a_row:
        n_squares = -(-own.lines * own.width // lanes**2)
    else:
        n_squares = padded(own.lines, lanes) * padded(own.width, lanes) // lanes**2
    return Matrix(
        place,
        own,
        own.width < own.lines,
        rows,
        columns,
        [take(x_size), take(x_size)],
        x_block,
        take(square_size),
        take(square_size),
        take(n_squares * 8 // itemsize),
        n_squares,
    )


def take_momentum(
    writer: RowWriter,
    matrix: Matrix,
    gradients: int,
    momenta: int,
    clipping: tuple[int, int, int],
    step_share: int,
    clips: bool,
) -> None:
    """A row for one matrix: momentum, and what is to be made orthogonal.

    Parameters
    ----------
    writer : RowWriter
    matrix : Matrix
    gradients, momenta : int
        Offsets of those of the first parameter.
    clipping : tuple of int
        As in `ApplyRule`: sums, n_sums, limit.
    step_share : int
        As in `ApplyRule`.
    clips : bool
        Whether each number of the gradient is clipped.
    """
    offset = matrix.place.offset
    fields = muon.Momentum(
        gradients + offset,
        momenta + offset,
        *matrix.lines,
        int(matrix.turned),
        matrix.x[0],
        matrix.x_block,
        matrix.squares,
        *clipping,
        step_share,
    )
    writer.add("muon_momentum", fields, clips)


def move_matrices(
    writer: RowWriter,
    matrices: Sequence[Matrix],
    how: Orthogonalization,
    averages: int,
    step_share: int,
    rule: str,
) -> None:
    """Rows behind those of the momenta, for all matrices: the direction, and the step along it.

    Parameters
    ----------
    writer : RowWriter
    matrices : sequence of Matrix
    how : Orthogonalization
    averages : int
        Offset of the slot of the first parameter behind Muon's own.
    step_share : int
        As in `ApplyRule`.
    rule : str
    """

    def stage(write: Callable[..., None], *numbers: int) -> None:
        writer.barrier()
        for each in matrices:
            write(each, *numbers)

    def normalize(each: Matrix) -> None:
        fields = muon.Normalize(
            each.x[0],
            each.x_block,
            each.rows,
            each.columns,
            each.squares,
            each.n_squares,
            step_share,
        )
        writer.add("muon_normalize", fields)

    def multiply_by_itself(each: Matrix, here: int) -> None:
        fields = muon.Gram(
            each.x[here], each.x_block, each.rows, each.columns, each.gram, step_share
        )
        writer.add("muon_gram", fields, False)

    def combine(each: Matrix) -> None:
        fields = muon.Gram(each.gram, each.x_block, each.rows, each.rows, each.factors, step_share)
        writer.add("muon_gram", fields, True)

    def multiply(each: Matrix, here: int, there: int) -> None:
        fields = muon.NewtonSchulz(
            each.x[here],
            each.x[there],
            each.x_block,
            each.rows,
            each.columns,
            each.factors,
            writer.rows_at_a_time(each.rows),
            writer.packs(each.rows, each.columns),
            step_share,
        )
        writer.add("muon_newton_schulz", fields)

    def follow(each: Matrix) -> None:
        scale = math.sqrt(each.columns) if how.scaled else 1.0
        fields = muon.Follow(
            each.place.offset,
            averages + each.place.offset,
            *each.lines,
            int(each.turned),
            each.x[how.steps % 2],
            each.x_block,
            float_bits(scale),
            step_share,
        )
        writer.add("muon_follow", fields, rule)

    stage(normalize)
    for step in range(how.steps):
        here, there = step % 2, 1 - step % 2
        stage(multiply_by_itself, here)
        stage(combine)
        stage(multiply, here, there)
    stage(follow)
