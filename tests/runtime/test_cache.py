"""Compiled code on disk: where it lies, who may write there, what is believed, and when it is out of date."""

import os
import pickle
import shutil
import stat
import sys
import warnings
from collections.abc import Callable
from functools import cache as once
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba import types

import fastbp
from contracts import children
from fastbp.errors import CacheWarning
from fastbp.runtime import cache
from fastbp.runtime.cache import CACHE_VARIABLE, compile_function
from fastbp.runtime.processor import Processor

UNIX = pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners and modes are Unix's")


@pytest.fixture
def new_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Forget what this process knows of the cache; the list tells what is compiled from then on."""

    def forget() -> list[str]:
        compiled: list[str] = []
        look = cache._writable_folder
        monkeypatch.setattr(cache, "_writable_folder", once(look.__wrapped__))
        monkeypatch.setattr(cache, "compiled_here", compiled)
        return compiled

    return forget


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_process: Callable[[], list[str]]
) -> Path:
    """Where the cache of a test is, which is not there yet."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "not" / "there"))
    new_process()
    found = cache.cache_folder()
    assert found is not None
    assert found.parent == tmp_path / "not" / "there"
    return found


def plus_one(number: int = 1) -> Any:
    """``f(x)`` = x + number, through the cache; its label does not tell the number."""

    def add(x):  # type: ignore[no-untyped-def]
        return x + number

    return compile_function("test-plus", add, types.int64(types.int64))


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


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


# --- what is believed ---


def test_what_was_compiled_is_loaded(folder: Path, new_process: Callable[[], list[str]]) -> None:
    """By its label alone: two functions of one label are the same function."""
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    compiled = new_process()
    assert plus_one(number=40)(2) == 3
    assert compiled == []


def test_another_signature_is_another_file(folder: Path) -> None:
    def same(x):  # type: ignore[no-untyped-def]
        return x

    for kind in (types.int64, types.float64):
        assert compile_function("test-same", same, kind(kind))(3) == 3
    assert len(files(folder)) == 2


def flipped(content: bytes, place: int) -> bytes:
    """With one bit of one byte turned over, which no pickle notices in the middle of machine code."""
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        lambda content: content[:-1],
        lambda content: b"\0" * len(content),
        lambda content: b"not a pickle",
        lambda content: cache._sealed(pickle.dumps({"another": "thing"})),
        lambda content: cache._sealed(pickle.dumps(None)),
        lambda content: flipped(content, 0),
        lambda content: flipped(content, len(content) // 2),
        lambda content: flipped(content, len(content) - 1),
    ],
)
def test_a_damaged_file_is_compiled_again_and_replaced(
    damage: Callable[[bytes], bytes], folder: Path, new_process: Callable[[], list[str]]
) -> None:
    plus_one()
    (file,) = files(folder)
    file.write_bytes(damage(file.read_bytes()))
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == ["test-plus"]
    assert files(folder) == [file]
    compiled = new_process()
    assert plus_one()(2) == 3
    assert compiled == []


def test_damaged_machine_code_of_a_kernel_is_not_run(
    folder: Path, new_process: Callable[[], list[str]]
) -> None:
    """Wherever the bit is."""

    def plus() -> Any:
        return cache.compile_callable(
            "test-kernel", lambda: lambda x: x + 1, types.int64(types.int64)
        )

    assert plus().ctypes(2) == 3
    (file,) = files(folder)
    whole = file.read_bytes()
    for place in range(0, len(whole), len(whole) // 7):
        file.write_bytes(flipped(whole, place))
        compiled = new_process()
        assert plus().ctypes(2) == 3
        assert compiled == ["test-kernel"]
    compiled = new_process()
    assert plus().ctypes(2) == 3
    assert compiled == []


@pytest.mark.parametrize("step", ["replace", "fdopen"])
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_that_cannot_be_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, step: str, fault: BaseException
) -> None:
    """A full disk, for instance: a warning, the right answer, and nothing is left behind."""
    original = getattr(cache.os, step)

    def fail(*arguments: Any) -> None:
        if step == "fdopen":
            with original(*arguments) as stream:
                stream.write(b"half")
        raise fault

    monkeypatch.setattr(cache.os, step, fail)
    if isinstance(fault, OSError):
        with pytest.warns(CacheWarning, match="No space left"):
            assert plus_one()(2) == 3
    else:
        with pytest.raises(KeyboardInterrupt):
            plus_one()
    assert files(folder) == []


def test_code_that_cannot_be_pickled_leaves_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache._CodeCache, "_payload", lambda *_: lambda: None)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        plus_one()
    assert not folder.exists() or files(folder) == []


COLLISION = """
import contextlib, itertools, json, sys, warnings
from numba import types
from numba.core.bytecode import FunctionIdentity
from fastbp.runtime import cache
from fastbp.runtime.inlined import inlined

if sys.argv[-1] == "unguarded":
    cache._own_names = contextlib.nullcontext

def kernel(number):
    @inlined
    def part(x):
        total = x
        for i in range(x):
            total += number * (total % 7)
        return total
    def whole(x):
        return part(x) + part(x + 1) + number
    return whole

def compiled(number):
    # Every process counts from 1, which it would not come back to.
    FunctionIdentity._unique_ids = itertools.count(1_000_000)
    return cache.compile_callable(f"test-{number}", lambda: kernel(number), types.int64(types.int64))

names = [{f.name for f in compiled(n)._library._final_module.functions if not f.is_declaration}
         for n in (3, 5)]
print(json.dumps(sorted(names[0] & names[1])))
"""


def shared_symbols(guarded: bool) -> list[str]:
    """The symbols that code of two closures has in common, each compiled by a process that counts from 1."""
    ending = "" if guarded else 'import sys; sys.argv.append("unguarded")'
    found: list[str] = children.run(ending, COLLISION, **{CACHE_VARIABLE: "off"})
    return found


def test_two_processes_do_not_use_the_same_symbols() -> None:
    """In a third, the loader would take one function for the other; without the guard there are some."""
    assert shared_symbols(guarded=True) == []
    assert any("whole" in name for name in shared_symbols(guarded=False))


# --- when it is out of date ---


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the package whose files the cache's version is made from."""
    copy = tmp_path / "fastbp"
    original = Path(fastbp.__file__).parent
    shutil.copytree(original, copy, ignore=shutil.ignore_patterns("__pycache__", "bundled"))
    monkeypatch.setattr(cache, "_PACKAGE", copy)
    return copy


def version() -> str:
    found: str = cache._version.__wrapped__()
    return found


@pytest.mark.parametrize(
    "file",
    [
        "kernels/math.py",
        "kernels/simd/blocks.py",
        "engine/executor.py",
        "runtime/inlined.py",
        "source.py",
        "kernels/a_new_one.py",
    ],
)
def test_a_change_of_what_is_compiled_changes_the_folder(package: Path, file: str) -> None:
    before = version()
    with (package / file).open("a") as stream:
        stream.write("# changed\n")
    assert version() != before


def test_what_is_not_compiled_does_not(package: Path) -> None:
    before = version()
    for file in ("nn/layers.py", "sequential.py", "compiler/lower.py", "cli/app.py"):
        with (package / file).open("a") as stream:
            stream.write("# changed\n")
    assert version() == before


def test_a_file_that_moves_changes_it(package: Path) -> None:
    before = version()
    (package / "kernels" / "math.py").rename(package / "kernels" / "mathematics.py")
    assert version() != before


def test_versions_and_processors_have_their_own_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [version()]
    monkeypatch.setattr(numba, "__version__", "0.0")
    found.append(version())
    monkeypatch.setattr(cache, "processor", lambda: Processor("other", ("avx2",), 32, 16))
    found.append(version())
    monkeypatch.setattr(cache, "processor", lambda: Processor("other", ("avx2",), 16, 16))
    found.append(version())
    assert len(set(found)) == 4
    assert version() == found[-1]


@pytest.mark.parametrize("parallel", [False, True])
def test_a_function_lets_go_of_its_arrays(parallel: bool) -> None:
    def total(numbers):  # type: ignore[no-untyped-def]
        result = 0
        for i in numba.prange(len(numbers)):
            result += numbers[i]
        return result

    signature = types.int64(types.Array(types.int64, 1, "C"))
    function = compile_function(f"test-total-{parallel}", total, signature, parallel=parallel)
    numbers = np.arange(10)
    holders = sys.getrefcount(numbers)
    assert [function(numbers) for _ in range(5)] == [45] * 5
    assert sys.getrefcount(numbers) == holders
