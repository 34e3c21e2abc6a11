"""Compiled code on disk: where it lies, and who may write there."""

import os
import pickle
import stat
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fastbp.errors import CacheWarning
from fastbp.runtime import cache
from fastbp.runtime.cache import CACHE_VARIABLE
from runtime.kept import files, plus_one

UNIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are Unix's")


# --- where it is ---


def test_the_variable_names_the_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "here"))
    assert cache.cache_root() == tmp_path / "here"


def test_the_variable_turns_it_off(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, new_process: Callable[[], list[str]]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, "off")
    assert cache.cache_root() is None
    assert cache.cache_folder() is None
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    ("platform", "variable"), [("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")]
)
def test_the_system_s_variable(
    platform: str, variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert cache.cache_root() == tmp_path / "fastbp"


@pytest.mark.parametrize(
    ("platform", "below"),
    [
        ("linux", ".cache/fastbp"),
        ("darwin", "Library/Caches/fastbp"),
        ("win32", "AppData/Local/fastbp"),
    ],
)
def test_the_system_s_place(
    platform: str, below: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in (CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert cache.cache_root() == tmp_path / below


# --- who may write there ---


@UNIX
def test_it_is_made_and_private(folder: Path) -> None:
    assert plus_one()(2) == 3
    assert len(files(folder)) == 1
    for path in (folder, *files(folder)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


class Exploit:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self._folder),)


def plant(folder: Path) -> Path:
    """Put a file there that runs code, under the name that is looked for; the path is where that code would show."""
    plus_one()
    (file,) = files(folder)
    sign = folder.parent / "was-read"
    file.write_bytes(cache._sealed(pickle.dumps(Exploit(sign))))
    return sign


@UNIX
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o702])
def test_a_folder_that_others_may_write(
    folder: Path, mode: int, new_process: Callable[[], list[str]]
) -> None:
    """Nothing in it is read, and nothing written."""
    sign = plant(folder)
    before = [path.read_bytes() for path in files(folder)]
    folder.chmod(mode)
    compiled = new_process()
    with pytest.warns(CacheWarning, match="writable by nobody else"):
        assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    assert [path.read_bytes() for path in files(folder)] == before
    assert not sign.exists()


@UNIX
def test_a_folder_of_somebody_else(
    folder: Path, new_process: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a machine's other users, who could have put anything there."""
    sign = plant(folder)
    mine = os.getuid()
    if mine == 0:
        os.chown(folder, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    new_process()
    with pytest.warns(CacheWarning, match="must belong to you"):
        assert plus_one()(2) == 3
    assert not sign.exists()


@UNIX
def test_a_folder_that_cannot_be_entered(
    folder: Path, new_process: Callable[[], list[str]]
) -> None:
    """Nor can anything beside it be seen: one warning."""
    plus_one()
    shut = folder.parent
    shut.chmod(0)
    compiled = new_process()
    superuser = os.geteuid() == 0
    if superuser:
        os.seteuid(65534)
    try:
        with pytest.warns(CacheWarning, match="Permission denied"):
            answer = plus_one()(2)
    finally:
        if superuser:
            os.seteuid(0)
        shut.chmod(0o700)
    assert answer == 3
    assert compiled == ["test-plus"]


@UNIX
def test_the_planted_file_would_be_read(folder: Path, new_process: Callable[[], list[str]]) -> None:
    """Else the tests above show nothing: in a folder that is believed, it is."""
    sign = plant(folder)
    new_process()
    assert plus_one()(2) == 3
    assert sign.exists()


@UNIX
def test_a_folder_that_others_may_read(folder: Path, new_process: Callable[[], list[str]]) -> None:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    assert plus_one()(2) == 3
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == []


def test_one_warning_for_all_functions(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file stands where the folder should be")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert plus_one()(2) == 3
        assert plus_one()(5) == 6
    assert [each.category for each in caught] == [CacheWarning]
    assert str(folder) in str(caught[0].message)
