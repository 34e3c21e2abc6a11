"""A folder of ``.npy`` files, mapped into memory and never read whole."""

from pathlib import Path

import numpy as np

from fastbp.data.idx import Samples
from fastbp.errors import DataError

# name of a part -> what follows x and y in the names of its files
_SUFFIXES = (("train", "_train"), ("train", ""), ("test", "_test"))


def has_npy(folder: Path) -> bool:
    """Whether a folder holds inputs in this form."""
    return any((folder / f"x{suffix}.npy").exists() for _, suffix in _SUFFIXES)


def read_npy_folder(folder: Path) -> dict[str, Samples]:
    """Map ``x.npy`` and ``y.npy``, or ``x_train.npy``, ``y_train.npy`` and perhaps ``x_test.npy``, ``y_test.npy``.

    The arrays stay on the disk, in the types that they have there.

    Returns
    -------
    dict
        Keys "train" and "test", as far as the folder has them; values x and y, y None where absent.

    Raises
    ------
    DataError
        If a file is damaged, or holds Python objects.
    """
    parts: dict[str, Samples] = {}
    for part, suffix in _SUFFIXES:
        x, y = folder / f"x{suffix}.npy", folder / f"y{suffix}.npy"
        if x.exists():
            parts.setdefault(part, (_map(x), _map(y) if y.exists() else None))
    return parts


def _map(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"cannot map {path}: {error}") from error
    if array.ndim == 0:
        raise DataError(f"{path} holds a single number, not rows")
    return array
