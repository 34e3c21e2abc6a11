"""Folders of .npy files are mapped, not read."""

from pathlib import Path

import numpy as np
import pytest

from fastbp.data.readers import read_data_set, read_samples
from fastbp.errors import DataError


def save(folder: Path, **arrays: np.ndarray) -> None:
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array lies in a file, itself or as a view."""
    each: object = array
    while each is not None:
        if isinstance(each, np.memmap):
            return True
        each = getattr(each, "base", None)
    return False


def test_two_parts_stay_on_the_disk(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.integers(0, 256, (60, 4, 4), np.uint8)
    y = np.arange(60) % 3
    save(tmp_path, x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
    data = read_data_set(tmp_path)
    assert data.x_test is not None
    for array, expected in ((data.x_train, x[:40]), (data.x_test, x[40:])):
        assert is_mapped(array)
        assert array.dtype == np.uint8
        np.testing.assert_array_equal(array, expected.reshape(-1, 16))
    assert (data.image_shape, data.class_names) == ((4, 4), ("0", "1", "2"))
    np.testing.assert_array_equal(data.y_train, y[:40])
    samples, targets = read_samples(tmp_path, class_names=data.class_names)
    assert is_mapped(samples)
    np.testing.assert_array_equal(targets, y[40:])


def test_one_part_is_split(tmp_path: Path, rng: np.random.Generator) -> None:
    save(tmp_path, x=rng.normal(size=(50, 3)).astype(np.float32), y=np.arange(50) % 2)
    data = read_data_set(tmp_path, test_fraction=0.2)
    assert data.x_test is not None
    assert (len(data.x_train), len(data.x_test), data.x_train.dtype) == (40, 10, np.float32)


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    save(tmp_path, x=np.zeros((4, 2)))
    with pytest.raises(DataError, match="has no targets"):
        read_data_set(tmp_path)
    (tmp_path / "y.npy").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"cannot map .*y\.npy"):
        read_data_set(tmp_path)
    save(tmp_path, y=np.array(3))
    with pytest.raises(DataError, match="a single number"):
        read_data_set(tmp_path)
    np.save(tmp_path / "y.npy", np.array([{}, {}, {}, {}]), allow_pickle=True)
    with pytest.raises(DataError, match="cannot map"):
        read_data_set(tmp_path)
