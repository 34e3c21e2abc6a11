"""What is trained on, checked against the network before anything starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fastbp.data.source import as_source, check_finite, magnitudes
from fastbp.errors import ArgumentError, DataError
from fastbp.nn import LossFunction
from fastbp.source import Source
from fastbp.specification import real_number

# Elements looked at in one go, so that the temporaries stay in the cache.
_BLOCK = 1 << 16


# Not frozen, since it takes half a microsecond to make one that is.
@dataclass(slots=True)
class Samples:
    """Inputs, targets and weights of the same samples, none of them copied."""

    inputs: Source
    targets: Source
    sample_weight: Source | None

    @property
    def n_samples(self) -> int:
        """The number of samples."""
        return self.inputs.n_samples

    def split(self, share: float) -> "tuple[Samples, Samples]":
        """The first samples, and the last `share` of them for validation.

        Raises
        ------
        ArgumentError
            If one of the parts would be empty, or `share` is not in (0, 1).
        """
        share = real_number("validation_split", share, above=0, below=1)
        n_first = int(self.n_samples * (1 - share))
        if n_first == 0 or n_first == self.n_samples:
            raise ArgumentError(
                f"validation_split={share!r} of {self.n_samples} samples leaves "
                f"{n_first} for training and {self.n_samples - n_first} for validation"
            )
        return self._rows(0, n_first), self._rows(n_first, self.n_samples)

    def _rows(self, start: int, stop: int) -> "Samples":
        weights = self.sample_weight
        return Samples(
            as_source(self.inputs.array[start:stop], "x"),
            as_source(self.targets.array[start:stop], "y"),
            None if weights is None else as_source(weights.array[start:stop], "sample_weight"),
        )


def check_inputs(
    x: object, n_inputs: int, dtype: str, name: str = "x", *, looks: bool = True
) -> Source:
    """Return the inputs as a source with `n_inputs` columns, finite ones if it `looks`.

    Raises
    ------
    DataError
        Naming what does not fit.
    """
    inputs = as_source(x, name)
    if inputs.n_columns != n_inputs:
        raise DataError(
            f"{name} has {_columns(inputs.n_columns)}, but the model's input has {n_inputs}"
        )
    if looks:
        check_finite(inputs, name, dtype=dtype)
    return inputs


def check_samples(
    x: object,
    y: object,
    sample_weight: object,
    *,
    n_inputs: int,
    n_outputs: int,
    loss: LossFunction,
    dtype: str,
    prefix: str = "",
) -> Samples:
    """Return inputs, targets and sample weights that fit the network, its loss and each other.

    Parameters
    ----------
    x, y, sample_weight : array_like
        As the user gave them; `sample_weight` may be None.
    n_inputs, n_outputs : int
        The network's.
    loss : LossFunction
        Says what targets must be.
    dtype : str
        What the network computes in: greater numbers do not fit.
    prefix : str
        Put before the names in messages, "validation " for instance.

    Raises
    ------
    DataError
        Naming what does not fit, and what would.
    """
    inputs = check_inputs(x, n_inputs, dtype, f"{prefix}x")
    if y is None:
        raise DataError(f"{prefix}y is missing: there must be a target for every row of x")
    targets = _check_targets(y, n_outputs, loss, dtype, f"{prefix}y")
    _check_count(targets, inputs, f"{prefix}y", f"{prefix}x")
    weights = None
    if sample_weight is not None:
        weights = _check_weights(sample_weight, dtype, f"{prefix}sample_weight")
        _check_count(weights, inputs, f"{prefix}sample_weight", f"{prefix}x")
    return Samples(inputs, targets, weights)


def _check_count(source: Source, inputs: Source, name: str, inputs_name: str) -> None:
    if source.n_samples != inputs.n_samples:
        raise DataError(
            f"{name} has {source.n_samples} rows, but {inputs_name} has {inputs.n_samples}"
        )


def _check_targets(y: object, n_outputs: int, loss: LossFunction, dtype: str, name: str) -> Source:
    targets = as_source(y, name)
    if targets.n_columns != (1 if loss.targets == "classes" else n_outputs):
        raise DataError(_columns_message(targets.n_columns, n_outputs, loss, name))
    if loss.targets == "classes":
        _check_classes(targets, n_outputs, name)
        return targets
    check_finite(targets, name, dtype=dtype)
    if targets.array.dtype.kind == "b":
        return targets
    if loss.target_range is None and not loss.target_signs:
        return targets
    lowest, highest = targets.array.min(), targets.array.max()
    if loss.target_range is not None:
        low, high = loss.target_range
        if lowest < low or highest > high:
            bounds = f"of at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
            remedy = f"the loss {loss.kind!r} takes targets {bounds}"
            refuse_first(targets, lambda block: (block < low) | (block > high), name, remedy)
    if loss.target_signs:
        small = -1 if lowest < 0 else 0
        remedy = f"the loss {loss.kind!r} takes targets -1 and 1, or 0 and 1"
        refuse_first(targets, lambda block: (block != small) & (block != 1), name, remedy)
    return targets


def _columns_message(n_columns: int, n_outputs: int, loss: LossFunction, name: str) -> str:
    message = f"{name} has {_columns(n_columns)}, but "
    if loss.targets == "classes":
        message += f"the loss {loss.kind!r} takes one column of class numbers"
        if n_columns == n_outputs:
            message += "; one-hot targets go with 'categorical_crossentropy'"
        return message
    message += f"the model has {n_outputs} output{'s' * (n_outputs != 1)}"
    if n_columns == 1 and loss.kind == "categorical_crossentropy":
        message += "; class numbers go with 'sparse_categorical_crossentropy'"
    return message


def _check_classes(targets: Source, n_classes: int, name: str) -> None:
    """Whole numbers from 0 to n_classes - 1; NaN is none of them."""
    classes = targets.array
    if classes.dtype.kind == "f":
        remedy = f"class numbers are whole and go from 0 to {n_classes - 1}"
        refuse_first(
            targets,
            lambda block: ~((block >= 0) & (block < n_classes) & (block == np.floor(block))),
            name,
            remedy,
        )
    elif not _are_below(targets, n_classes):
        remedy = f"class numbers go from 0 to {n_classes - 1}, one a model output"
        refuse_first(targets, lambda block: (block < 0) | (block >= n_classes), name, remedy)


def _are_below(targets: Source, n_classes: int) -> bool:
    """Whether all integers are from 0 to n_classes - 1."""
    classes = targets.array
    itemsize = classes.itemsize
    if itemsize >= 4 and targets.row_stride == itemsize:
        found: bool = magnitudes().are_below(targets.address, classes.size, itemsize, n_classes)
        return found
    return bool(classes.min() >= 0 and classes.max() < n_classes)


def look_at_targets(
    targets: Source, n_classes: int, loss: LossFunction
) -> tuple[int, tuple[float, float] | None] | None:
    """What compiled code has to look for in targets of a form that fits the loss.

    Returns
    -------
    tuple or None
        The number of classes below which whole numbers lie, 0 where numbers have to be finite; and between what finite
        ones lie, if that matters. None if this does not say it all, or they do not lie one behind the other.
    """
    array = targets.array
    if not array.flags.c_contiguous or loss.target_signs:
        return None
    kind, is_wide = array.dtype.kind, array.itemsize >= 4
    if loss.targets == "classes":
        return (n_classes, None) if kind in "iu" and is_wide else None
    if loss.target_range is None or kind == "b":
        return 0, None
    if kind == "f":
        return 0, loss.target_range
    # Whole numbers from 0 to 1 are like those of two classes.
    return (2, None) if loss.target_range == (0.0, 1.0) and is_wide else None


def _check_weights(sample_weight: object, dtype: str, name: str) -> Source:
    weights = as_source(sample_weight, name)
    if weights.n_columns != 1:
        raise DataError(
            f"{name} has {_columns(weights.n_columns)}; it must have one, a number a row"
        )
    check_finite(weights, name, dtype=dtype)
    if weights.array.min() < 0:
        refuse_first(weights, lambda block: block < 0, name, "weights must not be negative")
    return weights


def refuse_first(
    source: Source,
    wrong: Callable[[np.ndarray], np.ndarray],
    name: str,
    remedy: str,
    columns: Sequence[int] | None = None,
) -> None:
    """Raise for the first element that is wrong, of these columns or of all, if there is one."""
    n_rows = max(1, _BLOCK // source.n_columns)
    for start in range(0, source.n_samples, n_rows):
        block = source.array[start : start + n_rows]
        if columns is not None:
            block = block[:, list(columns)]
        bad = wrong(block)
        if bad.any():
            row, column = np.argwhere(bad)[0]
            value = block[row, column]
            if columns is not None:
                column = columns[column]
            place = f"row {start + row}" + (f", column {column}" if source.n_columns > 1 else "")
            raise DataError(f"{name} holds {value} at {place} (counted from 0); {remedy}")


def _columns(count: int) -> str:
    return f"{count} column" if count == 1 else f"{count} columns"
