"""The rows that bring arrays of weights back to what is to hold of them."""

from fastbp.compiler.extents import extent, groups
from fastbp.compiler.layout import Place
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import RowWriter
from fastbp.kernels import constraints
from fastbp.nn.constraints import NonNeg, Norm


def constrain(writer: RowWriter, place: Place, step_share: int) -> None:
    """A row for one array.

    Parameters
    ----------
    writer : RowWriter
    place : Place
        Where the array lies, and its constraint.
    step_share : int
        Which of a step's numbers is 0 where there was no update, or -1.
    """
    constraint = place.constraint
    if isinstance(constraint, NonNeg):
        signs = constraints.ConstrainSigns(*extent(place, writer.lanes), step_share)
        writer.add("constrain_signs", signs)
    elif isinstance(constraint, Norm):
        array = groups(place, constraint.axes, writer.lanes)
        least, largest, rate = map(float_bits, constraint.bounds)
        norms = constraints.ConstrainNorms(*array[:5], least, largest, rate, step_share)
        if array.of_numbers:
            writer.add("constrain_norms_of_numbers", norms)
        else:
            writer.add("constrain_norms", norms, array.apart)
