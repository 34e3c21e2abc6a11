"""Class labels, strings or whole numbers, as codes 0, 1, 2, ... and back."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from fastbp.errors import DataError, unknown_name

# What targets hold.
Task = Literal["auto", "classes", "numbers"]

# Whole numbers with no more distinct values than this are taken for classes.
MOST_CLASSES_GUESSED = 20


def encode_labels(
    values: object, class_names: Sequence[str] | None = None, *, name: str = "y"
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Turn labels into codes.

    Parameters
    ----------
    values : array-like
        Strings, whole numbers or booleans, one a sample; shape (n_samples,) or (n_samples, 1).
    class_names : sequence of str, optional
        The classes in the order of their codes, as an earlier call returned them. Left out, the
        classes are the sorted distinct labels.
    name : str
        What the error calls the labels.

    Returns
    -------
    codes : numpy.ndarray
        int64, shape (n_samples,).
    class_names : tuple of str
        ``class_names[code]`` is the label's text.

    Raises
    ------
    DataError
        If a label is missing, is not a whole number, or is none of `class_names`.

    Examples
    --------
    >>> encode_labels(["cat", "dog", "cat"])
    (array([0, 1, 0]), ('cat', 'dog'))
    >>> encode_labels(["dog"], ("cat", "dog"))
    (array([1]), ('cat', 'dog'))
    """
    labels = _column(values, name)
    distinct, codes = np.unique(labels, return_inverse=True)
    texts = [str(label) for label in distinct.tolist()]
    if class_names is None:
        return codes.astype(np.int64), tuple(texts)
    known = {text: code for code, text in enumerate(class_names)}
    for position, text in enumerate(texts):
        if text not in known:
            row = int(np.argmax(codes == position))
            raise DataError(f"{name}, row {row + 1}: {unknown_name('class', text, class_names)}")
    return np.array([known[text] for text in texts], np.int64)[codes], tuple(class_names)


def are_labels(targets: np.ndarray) -> bool:
    """Whether targets look like labels: text, booleans, or few distinct whole numbers in one column.

    Examples
    --------
    >>> are_labels(np.array(["cat", "dog"])), are_labels(np.array([0.5, 1.5]))
    (True, False)
    >>> are_labels(np.arange(1000) % 10), are_labels(np.arange(1000))
    (True, False)
    """
    if targets.ndim == 2 and targets.shape[1] == 1:
        targets = targets[:, 0]
    if targets.ndim != 1:
        return False
    if targets.dtype.kind not in "iuf":
        return True
    if targets.dtype.kind == "f" and not (np.floor(targets) == targets).all():
        return False
    n_distinct = len(np.unique(targets))
    return n_distinct <= MOST_CLASSES_GUESSED and (n_distinct < len(targets) or n_distinct <= 2)


def _column(values: object, name: str) -> np.ndarray:
    """The labels as one column of strings, integers or booleans."""
    labels: np.ndarray = np.asarray(values)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{name} has shape {labels.shape}; labels are one column")
    if labels.size == 0:
        raise DataError(f"{name} is empty")
    if labels.dtype.kind in "OT":
        objects = labels.tolist()
        for row, label in enumerate(objects):
            if _is_missing(label):
                raise DataError(f"{name}, row {row + 1}: the label is missing")
        labels = np.asarray(objects)
        if labels.dtype.kind not in "biuf":
            labels = np.asarray([str(label) for label in objects])
    if labels.dtype.kind == "f":
        whole = np.isfinite(labels) & (np.floor(labels) == labels)
        if not whole.all():
            row = int(np.argmin(whole))
            value = labels[row]
            trouble = "the label is missing" if np.isnan(value) else f"{value} is no class label"
            raise DataError(f"{name}, row {row + 1}: {trouble}")
        return labels.astype(np.int64)
    if labels.dtype.kind not in "biuU":
        raise DataError(f"{name} has type {labels.dtype}; labels are strings or whole numbers")
    return labels


def _is_missing(label: Any) -> bool:
    """Whether it is None, a NaN, or pandas' NA, which alone is neither equal to itself nor not."""
    return label is None or type(label).__name__ in ("NAType", "NaTType") or bool(label != label)
