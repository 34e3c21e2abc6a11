"""The layer that brings inputs to mean 0 and variance 1."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastbp.errors import ArgumentError, DataError, NotReadyError
from fastbp.nn.layers.layer import Layer
from fastbp.specification import choose, last_axis

# Rows that are converted at a time: a memmap larger than memory passes through.
_BLOCK_ROWS = 4096


class Normalization(Layer):
    """``(inputs - mean) / sqrt(variance)``, column by column; a model's first layer.

    It is applied while the rows of a batch are gathered, so it costs nothing, and it is saved with the model.
    A column whose variance is 0 is only centered.

    Parameters
    ----------
    axis : int, default -1
        That of the columns; there is no other.
    mean, variance : float or array_like (n_columns,), optional
        The statistics, where `adapt` is not to find them; one number serves all columns.
    name : str, optional
        Shown in `summary`.

    Raises
    ------
    ArgumentError
        If the axis is another one, one of mean and variance is given alone, they have different shapes, are not finite,
        or a variance is negative.

    References
    ----------
    LeCun, Bottou, Orr and Müller, "Efficient backprop", 1998, section 4.3; Keras 3's `keras.layers.Normalization`.

    Examples
    --------
    >>> normalization = Normalization()
    >>> normalization.adapt([[1.0, 5.0], [3.0, 5.0]])
    >>> normalization.mean
    array([2., 5.])
    >>> normalization.scale
    array([1., 1.])
    """

    computes: ClassVar[bool] = False

    _mean: NDArray[np.float64] | None
    _variance: NDArray[np.float64] | None

    __hash__ = object.__hash__

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        mean: ArrayLike | None = None,
        variance: ArrayLike | None = None,
        name: str | None = None,
    ) -> None:
        self._choose_name(name)
        last_axis(axis)
        choose(self, _mean=None, _variance=None)
        if (mean is None) != (variance is None):
            raise ArgumentError("mean and variance must be given both or not at all")
        if mean is not None and variance is not None:
            self._set(np.array(mean, np.float64), np.array(variance, np.float64))

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        columns = "not adapted" if self._mean is None else f"{len(self._mean)} columns"
        return f"Normalization({columns})"

    def to_config(self) -> dict[str, Any]:
        """Return the name alone: the statistics are arrays, which a model file keeps beside the weights."""
        return {"class": "Normalization", "name": self.name}

    @property
    def adapted(self) -> bool:
        """Whether there are statistics."""
        return self._mean is not None

    @property
    def mean(self) -> NDArray[np.float64]:
        """The mean of each column; not to be written."""
        if self._mean is None:
            raise NotReadyError("Normalization has no statistics yet: call adapt(x) first")
        return self._mean

    @property
    def variance(self) -> NDArray[np.float64]:
        """The variance of each column; not to be written."""
        if self._variance is None:
            raise NotReadyError("Normalization has no statistics yet: call adapt(x) first")
        return self._variance

    @property
    def scale(self) -> NDArray[np.float64]:
        """What a centered column is multiplied with: ``1 / sqrt(variance)``, and 1 where that is infinite."""
        deviation = np.sqrt(self.variance)
        return 1 / np.where(deviation > 0, deviation, 1.0)

    def columns(self, n_columns: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and scale of each of so many columns.

        Raises
        ------
        ArgumentError
            If there are statistics of another number of columns.
        """
        if len(self.mean) not in (1, n_columns):
            raise ArgumentError(
                f"Normalization was adapted to {len(self.mean)} columns, but the input has {n_columns}"
            )
        return np.broadcast_to(self.mean, n_columns), np.broadcast_to(self.scale, n_columns)

    def adapt(self, x: ArrayLike) -> None:
        """Take mean and variance from data.

        Parameters
        ----------
        x : array_like (n_samples, n_columns)
            Numbers of any type; read in blocks and never copied whole.

        Raises
        ------
        DataError
            If `x` is empty, not a table of numbers, or holds NaN or infinity.
        """
        rows = _table(x)
        n_samples = len(rows)
        starts = range(0, n_samples, _BLOCK_ROWS)
        total = np.zeros(rows.shape[1])
        smallest = np.full(rows.shape[1], np.inf)
        largest = np.full(rows.shape[1], -np.inf)
        for start in starts:
            block = np.asarray(rows[start : start + _BLOCK_ROWS], np.float64)
            _check_finite(block, start)
            total += block.sum(axis=0)
            np.minimum(smallest, block.min(axis=0), out=smallest)
            np.maximum(largest, block.max(axis=0), out=largest)
        mean = np.clip(total / n_samples, smallest, largest)
        squares = np.zeros(rows.shape[1])
        for start in starts:
            block = np.asarray(rows[start : start + _BLOCK_ROWS], np.float64)
            squares += ((block - mean) ** 2).sum(axis=0)
        self._set(mean, squares / n_samples)

    def _set(self, mean: NDArray[np.float64], variance: NDArray[np.float64]) -> None:
        mean, variance = np.atleast_1d(mean), np.atleast_1d(variance)
        if mean.ndim != 1 or mean.shape != variance.shape:
            raise ArgumentError(
                "mean and variance must be rows of the same length, "
                f"not of shapes {mean.shape} and {variance.shape}"
            )
        if not (np.isfinite(mean).all() and np.isfinite(variance).all() and (variance >= 0).all()):
            raise ArgumentError("mean and variance must be finite, and no variance negative")
        mean.flags.writeable = variance.flags.writeable = False
        choose(self, _mean=mean, _variance=variance)


def _table(x: ArrayLike) -> NDArray[Any]:
    rows = np.asarray(x)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2 or rows.size == 0:
        raise DataError(
            f"x must be a table, (n_samples, n_columns), and not empty; its shape is {np.shape(x)}"
        )
    if rows.dtype.kind not in "biuf":
        raise DataError(f"x must hold numbers, not {rows.dtype}")
    return rows


def _check_finite(block: NDArray[np.float64], first_row: int) -> None:
    finite = np.isfinite(block)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise DataError(
            f"x must be finite: row {first_row + row}, column {column} is {block[row, column]}"
        )
