"""Files that are whole at all times: a new one takes the old one's place at once."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from fastbp.errors import ModelFileError

_PARTIAL = ".fastbp-{}.partial"


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, whole or not at all.

    It is written beside the path under another name, brought to the disk, and then takes its name: a
    file that was there is replaced at once by a whole one, which others may read and write as before, or stays as
    it was.

    Parameters
    ----------
    path : path-like
        Where the file is to be; its folder must exist.
    content : bytes
        All that is to be in it.

    Raises
    ------
    ModelFileError
        If the file cannot be written.
    """
    target = _target(path)
    partial = _partial(target)
    try:
        with partial.open("xb") as file:
            _take_mode(target, partial)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
        # The file is whole and in its place, wherever folders cannot be brought to the disk.
        with suppress(OSError):
            _sync_folder(target.parent)
    except OSError as error:
        raise ModelFileError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def check_can_write(path: str | os.PathLike[str]) -> None:
    """Make sure that a file can be written, before the work that is to go into it.

    Raises
    ------
    ModelFileError
        If the folder does not exist or cannot be written, or something else is in the way.
    """
    partial = _partial(_target(path))
    try:
        partial.open("xb").close()
        partial.unlink()
    except OSError as error:
        raise ModelFileError(f"cannot write {path}: {error.strerror or error}") from error


def clear_partial_files(folder: Path) -> None:
    """Remove what a process that ended in the middle of `replace_file` has left in a folder that is its own."""
    for partial in folder.glob(_PARTIAL.format("*")):
        partial.unlink(missing_ok=True)


def _target(path: str | os.PathLike[str]) -> Path:
    """The file to be written; a link stays, what it leads to is replaced."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise ModelFileError(f"cannot write {path}: it is a folder")
    if not target.parent.is_dir():
        raise ModelFileError(f"cannot write {path}: there is no folder {target.parent}")
    if target.exists() and not os.access(target, os.W_OK):
        raise ModelFileError(f"cannot write {path}: the file there is read-only")
    return target


def _take_mode(target: Path, partial: Path) -> None:
    """Let the file that was there say who may read the new one; a file system without modes says it for all."""
    if target.exists():
        mode = stat.S_IMODE(target.stat().st_mode)
        with suppress(OSError):
            partial.chmod(mode)


def _partial(target: Path) -> Path:
    return target.with_name(_PARTIAL.format(secrets.token_hex(8)))


def _sync_folder(folder: Path) -> None:
    """Bring the new name to the disk; Windows has no way to, and does it by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
