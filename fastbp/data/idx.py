"""IDX files, the format of MNIST and its relatives.

A file is: two zero bytes, a byte for the element type, a byte for the number of dimensions, each
dimension as a big-endian 32-bit number, and the elements in C order (http://yann.lecun.com/exdb/mnist).
"""

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np

from fastbp.errors import DataError

_ELEMENT_TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_FILE_NAME = re.compile(r"(?:.*-)?(train|t10k|test)-(images|labels)[.-]idx\d-\w+(\.gz)?")

Samples = tuple[np.ndarray, np.ndarray | None]


def read_idx(path: Path) -> np.ndarray:
    """Read an IDX file; mapped into memory where it is not compressed.

    Raises
    ------
    DataError
        If the file is missing, is not of this format, or is cut short.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                return _parse(np.frombuffer(file.read(), np.uint8), path)
        return _parse(np.memmap(path, np.uint8, mode="r"), path)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"cannot read {path}: {error}") from error


def _parse(content: np.ndarray, path: Path) -> np.ndarray:
    head = content[:4].tolist()
    if len(head) < 4 or head[:2] != [0, 0] or head[2] not in _ELEMENT_TYPES:
        raise DataError(f"{path} is not an IDX file")
    dtype = np.dtype(_ELEMENT_TYPES[head[2]])
    begin = 4 + 4 * head[3]
    shape = tuple(int(each) for each in content[4:begin].view(">u4"))
    wanted = begin + math.prod(shape) * dtype.itemsize
    if len(shape) < head[3] or content.size != wanted:
        raise DataError(f"{path} is cut short or damaged: {content.size} bytes, not {wanted}")
    # The data set's own memory is handed out, so it must not be written by accident.
    values = content[begin:].view(dtype).reshape(shape)
    values.flags.writeable = False
    return values


def read_idx_folder(folder: Path) -> dict[str, Samples]:
    """Read the images and labels of a folder.

    Returns
    -------
    dict
        Keys "train" and "test", as far as the folder has them; values images and labels, the labels
        None where the folder has none. A file ``t10k-...`` belongs to "test".

    Raises
    ------
    DataError
        If there are no images, several that fit one name, or damaged files.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.iterdir()):
        match = _FILE_NAME.fullmatch(path.name)
        if not match:
            continue
        key = ("train" if match[1] == "train" else "test", match[2])
        if key in found and found[key].name != path.name.removesuffix(".gz"):
            raise DataError(
                f"{folder} has several files for one part: {found[key].name}, {path.name}"
            )
        found.setdefault(key, path)
    parts: dict[str, Samples] = {}
    for part in ("train", "test"):
        if (part, "images") in found:
            labels = found.get((part, "labels"))
            images = read_idx(found[part, "images"])
            parts[part] = (images, None if labels is None else read_idx(labels))
    if not parts:
        raise DataError(
            f"{folder} has no IDX images (such as train-images-idx3-ubyte or t10k-images-idx3-ubyte.gz)"
        )
    return parts
