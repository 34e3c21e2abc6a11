"""Versions of the package, each in a folder of its own with its compiled code.

The folders are kept, so that what was compared once is not compiled again; they may be deleted at any time.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compare.errors import NotMeasuredError, UnknownRevisionError

#: The checkout that this file belongs to, and where versions are kept.
ROOT = Path(__file__).resolve().parents[2]
STORE = ROOT / "bench" / ".compare"

_PACKAGE = "fastbp"
# How many versions are kept: some megabytes each.
_KEPT = 20


@dataclass(frozen=True)
class Version:
    """A copy of the package.

    Attributes
    ----------
    name : str
        What people call it.
    folder : Path
        Holds the package, and the code that is compiled from it.
    """

    name: str
    folder: Path

    @property
    def code(self) -> Path:
        """The cache of compiled code."""
        return self.folder / "code"


def of_revision(revision: str, root: Path = ROOT, store: Path = STORE, copy: str = "") -> Version:
    """What git has under this name; `copy` tells copies of one version apart.

    Raises
    ------
    UnknownRevisionError
        If git has nothing.
    NotMeasuredError
        If it holds no package.
    """
    found = _git(
        root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"
    )
    if found.returncode:
        raise UnknownRevisionError(f"git knows no revision {revision!r}")
    commit = found.stdout.decode().strip()

    def fill(folder: Path) -> None:
        archive = _git(root, "archive", "--format=zip", commit, _PACKAGE)
        if archive.returncode:
            raise NotMeasuredError(f"{revision} holds no package {_PACKAGE}")
        zipfile.ZipFile(io.BytesIO(archive.stdout)).extractall(folder)

    name = revision if commit.startswith(revision) else f"{revision} ({commit[:10]})"
    return Version(name, _kept(store / f"{commit}{copy}", fill))


def of_working_tree(root: Path = ROOT, store: Path = STORE, copy: str = "") -> Version:
    """The package as it lies there now; `copy` tells copies of one version apart."""
    source = root / _PACKAGE
    digest = hashlib.sha256()
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(repr((file.relative_to(source).as_posix(), file.stat().st_size)).encode())
            digest.update(file.read_bytes())

    def fill(folder: Path) -> None:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / _PACKAGE, ignore=ignored)

    return Version("the working tree", _kept(store / f"{digest.hexdigest()[:40]}{copy}", fill))


def changed(
    version: Version, name: str, change: Callable[[Path], None], store: Path = STORE
) -> Version:
    """A copy that `change`, called with the copy's folder, has made another version; made anew each time."""
    folder = store / f"{version.folder.name}-{name.replace(' ', '-')}"
    fresh = tempfile.mkdtemp(dir=store)
    try:
        shutil.copytree(version.folder / _PACKAGE, Path(fresh) / _PACKAGE)
        change(Path(fresh))
        # Its compiled code is kept: whether it is still that of the sources is seen by the package itself.
        folder.mkdir(exist_ok=True)
        shutil.rmtree(folder / _PACKAGE, ignore_errors=True)
        os.rename(Path(fresh) / _PACKAGE, folder / _PACKAGE)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return Version(name, folder)


def forget_old(store: Path = STORE) -> None:
    """Delete the versions that were not used lately."""
    folders = sorted(store.glob("*/"), key=lambda folder: folder.stat().st_mtime, reverse=True)
    for folder in folders[_KEPT:]:
        shutil.rmtree(folder, ignore_errors=True)


def _kept(folder: Path, fill: Callable[[Path], None]) -> Path:
    """The folder, filled unless it is there; it never lies there half filled."""
    if folder.is_dir():
        os.utime(folder)
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        fill(fresh)
        os.rename(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return folder


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, check=False
        )
    except OSError as error:
        raise NotMeasuredError(f"git cannot be run: {error.strerror}") from error
