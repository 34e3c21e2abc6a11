"""Fetching a compressed file, checked before it takes its name."""

import hashlib
import os
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from fastbp.errors import DataError

Progress = Callable[[str, int, int], None]

_TIMEOUT = 30  # seconds without a byte
_BLOCK = 1 << 16


def fetch(address: str, path: Path, checksum: str, progress: Progress) -> None:
    """Download a gzip file and store what is in it.

    The file is there whole and right, or not at all.

    Parameters
    ----------
    address : str
        Where the compressed file is.
    path : Path
        Where its content goes.
    checksum : str
        SHA-256 of the content, in hexadecimal.
    progress : callable
        Called as ``progress(name, bytes_done, bytes_in_all)``; the last is 0 if nobody knows.

    Raises
    ------
    OSError
        If the file cannot be fetched or stored.
    DataError
        If its content is not what the checksum says.
    """
    # Imported here: it takes longer than all of this package, and few need it.
    import urllib.request
    from http.client import HTTPException

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            digest = hashlib.sha256()
            unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
            with urllib.request.urlopen(address, timeout=_TIMEOUT) as answer:
                total = int(answer.headers.get("Content-Length") or 0)
                done = 0
                while block := answer.read(_BLOCK):
                    content = unpack.decompress(block)
                    digest.update(content)
                    file.write(content)
                    done += len(block)
                    progress(path.name, done, total)
        if digest.hexdigest() != checksum:
            raise DataError(
                f"{address} is not what it should be: its content has SHA-256 {digest.hexdigest()}, "
                f"not {checksum}"
            )
        os.replace(partial, path)
    except HTTPException as error:
        raise OSError(f"{address}: {error!r}") from error
    except zlib.error as error:
        raise DataError(f"{address} is not what it should be: {error}") from error
    finally:
        if os.path.exists(partial):
            os.unlink(partial)


def show_progress(name: str, done: int, total: int) -> None:
    """Tell on standard error, in one line that is written over, how far a download is."""
    share = f"{100 * done // total:3d} %" if total else f"{done >> 20} MB"
    sys.stderr.write(f"\rdownloading {name}: {share}" + ("\n" if done == total else ""))
    sys.stderr.flush()
