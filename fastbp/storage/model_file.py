"""A model in a file: arrays in the safetensors format, what they mean as JSON in its metadata.

The metadata has the keys ``format`` ("fastbp"), ``format_version``, ``architecture``, ``metadata`` and
``checksums`` (CRC-32 of each array; safetensors itself would not notice a flipped bit). Nothing in such a
file is ever executed: there is no pickle.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from fastbp.errors import ModelFileError
from fastbp.storage.replace import replace_file

FORMAT = "fastbp"
FORMAT_VERSION = 1


class ModelFile(NamedTuple):
    """What a model file holds."""

    architecture: dict[str, Any]
    arrays: dict[str, np.ndarray]
    metadata: dict[str, Any]


def save_model_file(
    path: str | os.PathLike[str],
    architecture: Mapping[str, object],
    arrays: Mapping[str, np.ndarray],
    *,
    metadata: Mapping[str, object] | None = None,
) -> None:
    """Write a model file, whole or not at all.

    Parameters
    ----------
    path : path-like
        Where the file is to be; its folder must exist.
    architecture : mapping
        What the arrays mean; must go into JSON.
    arrays : mapping of str to numpy.ndarray
        Weights and the like.
    metadata : mapping, optional
        Whatever else is to be kept; must go into JSON.

    Raises
    ------
    ModelFileError
        If the file cannot be written; what was there before is still there.
    """
    contiguous = {name: np.asarray(array, order="C") for name, array in arrays.items()}
    header = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "architecture": json.dumps(architecture),
        "metadata": json.dumps(metadata or {}),
        "checksums": json.dumps({name: _checksum(array) for name, array in contiguous.items()}),
    }
    # Here, since it takes a tenth of a start, and most processes save nothing.
    from safetensors.numpy import save

    replace_file(path, save(contiguous, header))


def load_model_file(path: str | os.PathLike[str]) -> ModelFile:
    """Read a model file.

    Returns
    -------
    ModelFile
        ``(architecture, arrays, metadata)`` as they were saved; the arrays are the caller's own.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, not a model of fastbp, or of a newer format.
    """
    with _opened(path) as (file, header):
        # Copies: the file's own memory would change under us if somebody wrote the file.
        arrays = {name: np.array(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118
    try:
        architecture = json.loads(header["architecture"])
        metadata = json.loads(header["metadata"])
        checksums = json.loads(header["checksums"])
    except (KeyError, ValueError) as error:
        raise ModelFileError(f"{path} is damaged: its header cannot be read ({error})") from error
    if not (isinstance(architecture, dict) and isinstance(metadata, dict)):
        raise ModelFileError(f"{path} is damaged: its header is not what it should be")
    if checksums != {name: _checksum(array) for name, array in arrays.items()}:
        raise ModelFileError(f"{path} is damaged: its arrays are not those that were saved")
    return ModelFile(architecture, arrays, metadata)


def read_format_version(path: str | os.PathLike[str]) -> int:
    """Return the version of a model file's format; raises `ModelFileError` as `load_model_file` does."""
    with _opened(path) as (_, header):
        return int(header["format_version"])


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[Any, dict[str, str]]]:
    """The file, open, and its header; whatever is wrong with it becomes a `ModelFileError`."""
    import safetensors

    if os.path.isdir(path):
        raise ModelFileError(f"{path} is a folder, not a model file")
    try:
        with safetensors.safe_open(os.fspath(path), framework="numpy") as file:
            yield file, _check_format(file.metadata(), path)
    except FileNotFoundError as error:
        raise ModelFileError(f"there is no file {path}") from error
    except ModelFileError:
        raise
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror or error}") from error
    except safetensors.SafetensorError as error:
        raise ModelFileError(f"{path} is damaged or not a model file: {error}") from error


def _check_format(header: dict[str, str] | None, path: str | os.PathLike[str]) -> dict[str, str]:
    if not header or header.get("format") != FORMAT:
        raise ModelFileError(f"{path} is a safetensors file, but not a model of fastbp")
    version = header.get("format_version", "")
    if not version.isdecimal():
        raise ModelFileError(f"{path} is damaged: its format version is {version!r}")
    if int(version) > FORMAT_VERSION:
        raise ModelFileError(
            f"{path} was written by a newer fastbp: its format is {version}, and this version reads "
            f"formats up to {FORMAT_VERSION}; upgrade with pip install --upgrade fastbp"
        )
    return header


def _checksum(array: np.ndarray) -> int:
    # The type and shape belong to it: a damaged header may read the same bytes otherwise.
    start = zlib.crc32(f"{array.dtype.newbyteorder('=').name} {array.shape}".encode())
    return zlib.crc32(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(), start)
