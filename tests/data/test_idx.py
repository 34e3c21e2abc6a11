"""IDX files and folders of them, sound and damaged."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from fastbp.data.idx import read_idx, read_idx_folder
from fastbp.errors import DataError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx_bytes(values: np.ndarray) -> bytes:
    """An IDX file as the format's description has it."""
    code = CODES[values.dtype.str[1:]]
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


def write(path: Path, values: np.ndarray) -> None:
    content = idx_bytes(values)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


IMAGES = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
LABELS = np.array([7, 3], dtype=np.uint8)


@pytest.mark.parametrize("name", ["a-idx3-ubyte", "a-idx3-ubyte.gz"])
@pytest.mark.parametrize("dtype", CODES)
def test_elements_and_shape_are_read(tmp_path: Path, dtype: str, name: str) -> None:
    values = (IMAGES - 5.0).astype(dtype) if dtype != "u1" else IMAGES
    write(tmp_path / name, values)
    found = read_idx(tmp_path / name)
    np.testing.assert_array_equal(found, values)
    assert found.dtype.itemsize == values.dtype.itemsize


def test_a_file_that_is_not_compressed_is_mapped(tmp_path: Path) -> None:
    write(tmp_path / "images", IMAGES)
    found = read_idx(tmp_path / "images")
    assert isinstance(found, np.memmap)
    assert not found.flags.writeable


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_any_cut_is_noticed(tmp_path: Path, suffix: str) -> None:
    whole = tmp_path / f"whole{suffix}"
    write(whole, IMAGES)
    content = whole.read_bytes()
    for length in range(len(content)):
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(content[:length])
        with pytest.raises(DataError, match="cut"):
            read_idx(cut)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file"),
        (b"\0\0\x07\x01\0\0\0\x01\0", "is not an IDX file"),
        (idx_bytes(IMAGES) + b"\0", "damaged: 41 bytes, not 40"),
        (b"\0\0\x08\x02" + b"\xff" * 8, "damaged"),
    ],
)
def test_what_is_no_idx_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*absent"):
        read_idx(tmp_path / "absent")


@pytest.mark.parametrize("test_name", ["t10k", "test"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_folder_gives_its_parts(tmp_path: Path, suffix: str, test_name: str) -> None:
    write(tmp_path / f"train-images-idx3-ubyte{suffix}", IMAGES)
    write(tmp_path / f"train-labels-idx1-ubyte{suffix}", LABELS)
    write(tmp_path / f"{test_name}-images-idx3-ubyte{suffix}", IMAGES + 1)
    (tmp_path / "README").write_text("not data")
    parts = read_idx_folder(tmp_path)
    np.testing.assert_array_equal(parts["train"][0], IMAGES)
    np.testing.assert_array_equal(parts["train"][1], LABELS)
    np.testing.assert_array_equal(parts["test"][0], IMAGES + 1)
    assert parts["test"][1] is None


def test_the_plain_file_is_taken_before_the_compressed_one(tmp_path: Path) -> None:
    write(tmp_path / "train-images-idx3-ubyte", IMAGES)
    write(tmp_path / "train-images-idx3-ubyte.gz", IMAGES + 1)
    np.testing.assert_array_equal(read_idx_folder(tmp_path)["train"][0], IMAGES)


def test_two_sets_in_one_folder_are_not_mixed(tmp_path: Path) -> None:
    write(tmp_path / "emnist-digits-train-images-idx3-ubyte", IMAGES)
    write(tmp_path / "emnist-letters-train-images-idx3-ubyte", IMAGES)
    with pytest.raises(DataError, match="several files for one part"):
        read_idx_folder(tmp_path)


def test_a_folder_without_images_is_named(tmp_path: Path) -> None:
    write(tmp_path / "train-labels-idx1-ubyte", LABELS)
    with pytest.raises(DataError, match="has no IDX images"):
        read_idx_folder(tmp_path)
