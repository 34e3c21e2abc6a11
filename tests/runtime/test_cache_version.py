"""Compiled code on disk: when it is out of date."""

import shutil
from pathlib import Path

import numba
import pytest

import fastbp
from fastbp.runtime import cache
from fastbp.runtime.processor import Processor


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
    for file in ("nn/layers/dense.py", "sequential.py", "compiler/lower.py", "cli/app.py"):
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
