"""Are the gradients right? A look at them by differences, in float64."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbp.nn import table
from fastbp.specification import real_number, truth_value, whole_number
from fastbp.training.learner import Learner

Floats = NDArray[np.floating[Any]]
LossOf = Callable[[Sequence[Floats]], float]

# A gradient is right if it is this close to the difference, relative to the larger of both and to a share of the
# array's largest, below which the rounding of the loss hides everything.
_TOLERANCE = 1e-5
_FLOOR = 1e-3


@dataclass(frozen=True)
class GradientRow:
    """How one array of weights came out.

    Attributes
    ----------
    name : str
        The array.
    shape : tuple of int
        Its shape.
    n_checked : int
        How many of its elements were looked at.
    error : float
        The largest relative difference, kinks left out.
    worst : tuple of int
        Where that is.
    n_kinks : int
        Elements where the loss has a kink: the differences to both sides disagree, however near.
    n_errors : int
        Elements where the gradient is wrong.
    """

    name: str
    shape: tuple[int, ...]
    n_checked: int
    error: float
    worst: tuple[int, ...]
    n_kinks: int
    n_errors: int


@dataclass(frozen=True)
class GradientReport:
    """The result of `gradient_check`: a row for every array of weights; prints as a table.

    Attributes
    ----------
    rows : tuple of GradientRow
    ok : bool
        Whether no gradient is wrong.
    """

    rows: tuple[GradientRow, ...]

    @property
    def ok(self) -> bool:
        """Whether no gradient is wrong."""
        return not any(row.n_errors for row in self.rows)

    def __str__(self) -> str:
        cells = [
            [
                row.name,
                "x".join(map(str, row.shape)),
                f"{row.n_checked:,}",
                f"{row.error:.1e}",
                str(row.n_kinks),
                f"{row.n_errors}{f' worst at {row.worst}' if row.n_errors else ''}",
            ]
            for row in self.rows
        ]
        header = ["weights", "shape", "checked", "largest error", "kinks", "wrong"]
        verdict = "all gradients are right" if self.ok else "some gradients are WRONG"
        return "\n".join([*table(header, cells, n_left=2), verdict])


class HasLearner(Protocol):
    """A model, as far as it matters here."""

    learner: Learner


def gradient_check(
    model: HasLearner,
    x: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    epsilon: float = 1e-5,
    limit: int | None = 256,
    *,
    training: bool = False,
) -> GradientReport:
    """Compare a model's gradients with two-sided differences of its loss, in float64 whatever the model's dtype.

    Where the loss has a kink, as relu has at 0, there is no gradient to compare with: the differences to the two sides
    disagree however near the points are. Such places are counted apart from errors.

    Parameters
    ----------
    model : Model
        Compiled; it is not changed.
    x, y : array_like
        As in `fit`; some samples are enough.
    sample_weight : array_like, optional
        As in `fit`.
    epsilon : float, default 1e-5
        How far a weight is moved, times its size where that is above 1.
    limit : int or None, default 256
        How many elements of each array are looked at, evenly spread; None means all.
    training : bool, default False
        Whether layers do what they do in training alone, as in the model's first update.

    Returns
    -------
    GradientReport
        A row for every array of weights; prints as a table. Its `ok` says whether no gradient is wrong.

    Examples
    --------
    >>> from fastbp import Dense, Sequential
    >>> model = Sequential([Dense(3, "tanh"), Dense(1)], seed=1)
    >>> model.compile("sgd", "mean_squared_error")
    >>> report = gradient_check(model, [[1.0, -2.0], [0.5, 3.0]], [1.0, 0.0])
    >>> report.ok, [row.name for row in report.rows]
    (True, ['dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias'])
    """
    epsilon = real_number("epsilon", epsilon, above=0)
    limit = None if limit is None else whole_number("limit", limit)
    twin = model.learner.in_dtype("float64")
    samples = twin.samples(x, y, sample_weight)
    network = twin.network(samples.inputs.n_columns)
    data = samples.inputs, samples.targets, samples.sample_weight
    training = truth_value("training", training)

    def loss_of(weights: Sequence[Floats]) -> float:
        network.set_weights(weights)
        return network.gradients(*data, training=training)[0]

    weights = network.weights()
    _, gradients = network.gradients(*data, training=training)
    names = twin.stack.weight_names
    return check_gradients(loss_of, names, weights, gradients, epsilon, limit)


def check_gradients(
    loss_of: LossOf,
    names: Sequence[str],
    weights: Sequence[Floats],
    gradients: Sequence[Floats],
    epsilon: float,
    limit: int | None,
) -> GradientReport:
    """Compare gradients with two-sided differences of the loss.

    Parameters
    ----------
    loss_of : callable
        The loss for a list of weights.
    names : sequence of str
        A name for every array.
    weights, gradients : sequence of ndarray of float64
        Where, and what is to be checked.
    epsilon : float
        Half the distance of the two points, relative to weights above 1.
    limit : int or None
        At most so many elements of an array, evenly spread.
    """
    probe = _Probe(loss_of, [array.copy() for array in weights])
    rows = []
    for index, (name, gradient) in enumerate(zip(names, gradients, strict=True)):
        size = gradient.size
        n_checked = size if limit is None else min(size, limit)
        places = np.unique(np.linspace(0, size - 1, n_checked).astype(np.int64))
        rows.append(_check_array(probe, index, name, gradient, places, epsilon))
    return GradientReport(tuple(rows))


def _check_array(
    probe: "_Probe",
    index: int,
    name: str,
    gradient: Floats,
    places: NDArray[np.int64],
    epsilon: float,
) -> GradientRow:
    floor = max(_FLOOR * float(np.abs(gradient).max()), np.finfo(np.float64).tiny)
    worst, largest = 0, 0.0
    n_kinks = n_errors = 0
    for place in places.tolist():
        value = float(gradient.flat[place])
        difference = probe.central(index, place, epsilon)
        error = _relative(value, difference, floor)
        if error > _TOLERANCE and abs(value - difference) <= probe.rounding / epsilon:
            # A gradient that is 0 but for rounding, of a bias below a batch normalization for instance.
            error = 0.0
        if error > _TOLERANCE:
            # Nearer, a kink beside the point falls out of the interval; one at the point stays.
            nearer = epsilon / 100
            error = min(error, _relative(value, probe.central(index, place, nearer), floor))
            if error > _TOLERANCE:
                if probe.has_kink(index, place, epsilon):
                    n_kinks += 1
                    continue
                n_errors += 1
        if error >= largest:
            worst, largest = place, error
    place_of_worst = tuple(int(axis) for axis in np.unravel_index(worst, gradient.shape))
    return GradientRow(
        name, gradient.shape, len(places), largest, place_of_worst, n_kinks, n_errors
    )


def _relative(value: float, difference: float, floor: float) -> float:
    return abs(value - difference) / max(abs(value), abs(difference), floor)


class _Probe:
    """The loss with one weight moved."""

    def __init__(self, loss_of: LossOf, weights: list[Floats]) -> None:
        self._loss_of = loss_of
        self._weights = weights
        self._loss_here = loss_of(weights)
        #: What the rounding of the losses alone can make of the difference of two.
        self.rounding = 8 * np.finfo(np.float64).eps * abs(self._loss_here)

    def _moved(self, index: int, place: int, step: float) -> tuple[float, float]:
        """The loss there, and how far the weight has really moved."""
        array = self._weights[index]
        before = float(array.flat[place])
        array.flat[place] = before + step * max(1.0, abs(before))
        moved = float(array.flat[place] - before)
        loss = self._loss_of(self._weights)
        array.flat[place] = before
        return loss, moved

    def central(self, index: int, place: int, epsilon: float) -> float:
        """The difference quotient to both sides."""
        above, up = self._moved(index, place, epsilon)
        below, down = self._moved(index, place, -epsilon)
        return (above - below) / (up - down)

    def has_kink(self, index: int, place: int, epsilon: float) -> bool:
        """Whether the quotients to the two sides stay apart when the points come ten times nearer.

        Where the loss is smooth, they come ten times nearer to each other.
        """
        apart = []
        for step in (epsilon, epsilon / 10):
            above, up = self._moved(index, place, step)
            below, down = self._moved(index, place, -step)
            right = (above - self._loss_here) / up
            left = (below - self._loss_here) / down
            scale = max(abs(right), abs(left), np.finfo(np.float64).tiny)
            rounding = self.rounding / up
            apart.append(abs(right - left) if abs(right - left) > rounding + 1e-9 * scale else 0.0)
        return apart[1] > 0.5 * apart[0] > 0
