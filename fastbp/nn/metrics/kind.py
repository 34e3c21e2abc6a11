"""What a kind of metric is: which sums over the samples it needs, and what is made of these at the end.

A network adds up sums, sample by sample and batch by batch; nothing but sums is averaged. A metric that is no mean
over samples, a precision or an area under a curve, is computed from the sums of a whole epoch, or of a whole set.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastbp.nn.metrics.counting import Counting
from fastbp.nn.metrics.curves import Confusion

Numbers = tuple[float, ...]
Array = NDArray[np.float64]
#: One number, or several: one for each threshold, or for each output.
Figure = float | list[float]


class Summand(NamedTuple):
    """What the kernels add up.

    Attributes
    ----------
    kind : str
        The kernels' name for it.
    numbers : tuple of float
        Those in its formula.
    weighted : bool
        Whether samples count by their weights.
    cells : int
        How many sums its kernel adds to by itself; 0 for a number of each sample.
    counting : Counting or None
        Of which outputs and targets, where not of all as they are; its thresholds are the numbers.
    """

    kind: str
    numbers: Numbers = ()
    weighted: bool = False
    cells: int = 0
    counting: Counting | None = None


@dataclass(frozen=True)
class Totals:
    """What a metric is computed from.

    Attributes
    ----------
    sums : list of float
        All of its sums, each divided by the number of samples.
    weight : float
        The mean weight of the samples, 1 where they are not weighted.
    weighted : bool
        Whether they are.
    numbers : tuple of float
        The metric's.
    counting : Counting or None
        The metric's.
    """

    sums: Sequence[float]
    weight: float
    weighted: bool
    numbers: Numbers
    counting: Counting | None = None

    def n_samples(self, mark: int) -> int:
        """The number of samples, from one of the sums that is a 1, and not a sum."""
        return round(ratio(1.0, self.sums[mark]))


Finish = Callable[[Totals], Figure]
OfCounts = Callable[[Confusion, Numbers], Array]


@dataclass(frozen=True)
class Kind:
    """How a kind of metric is computed.

    Attributes
    ----------
    targets : str
        As for a loss.
    numbers : tuple of float
        Where the user chose none.
    sums : tuple of str
        What is added up; none where it is what the kind is called.
    finish : callable
        From the sums to the metric.
    in_sums : callable
        From the metric's numbers to those that the sums have in their formulas.
    cells : callable or None
        From these and the number of outputs: how many sums it has that its kernel adds to by itself, those of the last
        of `sums`.
    of_counts : callable or None
        From counts at thresholds, and the numbers, to the metric's figures, where it can be computed from these.
    counting : Counting or None
        What is counted where the user chose nothing.
    by_output : bool
        Whether there is a figure for each output.
    takes_probabilities : bool
        Whether outputs are to lie in [0, 1].
    minimize : bool or None
        Whether less is better; None where nobody knows.
    n_outputs_least : int
        The fewest outputs of which it says anything.
    """

    targets: str = "dense"
    numbers: Numbers = ()
    sums: tuple[str, ...] = ()
    finish: Finish = lambda totals: ratio(totals.sums[0], totals.weight)
    in_sums: Callable[[Numbers], Numbers] = lambda numbers: numbers
    cells: Callable[[Numbers, int], int] | None = None
    of_counts: OfCounts | None = None
    counting: Counting | None = None
    by_output: bool = False
    takes_probabilities: bool = False
    minimize: bool | None = False
    n_outputs_least: int = 1


def ratio(part: float, whole: float) -> float:
    """0 where the whole is 0"""
    return part / whole if whole else 0.0
