"""A data set: rows of numbers to train on and to test with, and what they mean."""

from dataclasses import dataclass

import numpy as np

from fastbp.data.labels import Task, are_labels, encode_labels
from fastbp.data.split import hold_out
from fastbp.data.tables import Encoding
from fastbp.errors import DataError


@dataclass(frozen=True, eq=False)
class DataSet:
    """Samples to train on and samples to test with.

    Attributes
    ----------
    name : str
        What a person calls it.
    x_train, x_test : numpy.ndarray
        Shape (n_samples, n_features), in the type in which they were stored. `x_test` is None where
        there are too few samples to hold any out.
    y_train, y_test : numpy.ndarray
        Class codes, int64, shape (n_samples,), where `class_names` is given; else numbers, shape
        (n_samples,) or (n_samples, n_outputs).
    class_names : tuple of str or None
        The classes in the order of their codes; None where the target is a number.
    image_shape : tuple of int or None
        How a row is laid out as an image: (height, width) or (height, width, channels).
    encoding : Encoding or None
        How the rows came from a table, to be kept with the model.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray | None
    y_test: np.ndarray | None
    class_names: tuple[str, ...] | None = None
    image_shape: tuple[int, ...] | None = None
    encoding: Encoding | None = None

    @property
    def n_features(self) -> int:
        """Numbers in a row."""
        return int(self.x_train.shape[1])


def make_data_set(
    name: str,
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray] | None = None,
    *,
    class_names: tuple[str, ...] | None = None,
    encoding: Encoding | None = None,
    task: Task = "auto",
    test_fraction: float = 0.2,
    seed: int = 0,
) -> DataSet:
    """Build a data set from arrays: flatten images, encode labels, hold out test samples.

    Parameters
    ----------
    name : str
        What a person calls it.
    train, test : tuple of numpy.ndarray
        Samples and targets. Without `test`, a part of `train` is held out.
    class_names : tuple of str, optional
        Given where the targets are class codes already.
    encoding : Encoding, optional
        How the samples came from a table.
    task : {"auto", "classes", "numbers"}
        What the targets hold. "auto": see `fastbp.data.labels.are_labels`. Labels become class codes.
    test_fraction : float
        The part of the samples to hold out.
    seed : int
        What the choice of those depends on.
    """
    parts = [part for part in (train, test) if part is not None]
    image_shape = train[0].shape[1:] if train[0].ndim > 2 else None
    inputs = [x.reshape(len(x), -1) if x.ndim > 2 else x for x, _ in parts]
    targets = [y for _, y in parts]
    for x, y in zip(inputs, targets, strict=True):
        if len(x) != len(y):
            raise DataError(f"{name} has {len(x)} samples but {len(y)} targets")
        if len(x) == 0:
            raise DataError(f"{name} has no samples")
    if task == "auto":
        task = "classes" if are_labels(targets[0]) else "numbers"
    if task == "numbers" and targets[0].dtype.kind not in "biuf":
        raise DataError(f"the targets of {name} are text, not numbers to be predicted")
    if task == "classes" and class_names is None:
        targets[0], class_names = encode_labels(targets[0])
        targets[1:] = [encode_labels(y, class_names, name="y_test")[0] for y in targets[1:]]
    if test is None:
        classes = None if class_names is None else targets[0]
        rows = hold_out(len(inputs[0]), test_fraction, classes=classes, seed=seed)
        inputs = [inputs[0][each] for each in rows if len(each)]
        targets = [targets[0][each] for each in rows if len(each)]
    return DataSet(
        name,
        inputs[0],
        targets[0],
        inputs[1] if len(inputs) > 1 else None,
        targets[1] if len(targets) > 1 else None,
        class_names,
        image_shape,
        encoding,
    )
