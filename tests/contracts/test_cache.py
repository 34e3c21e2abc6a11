"""A read-only or missing cache folder, and truncated cache files: the right answer, with at most one warning."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts import children

VARIABLE = "FASTBP_CACHE_DIR"

SCRIPT = """
import json, os, time, warnings
os.environ["NUMBA_NUM_THREADS"] = "1"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import numpy as np
    import naive
    from numba.core import compiler
    from contracts.problems import OPTIMIZERS, Problem, digest, worst
    compiled = []
    compile_extra = compiler.compile_extra
    def counted(typingctx, targetctx, func, *args, **options):
        compiled.append(func.__name__)
        return compile_extra(typingctx, targetctx, func, *args, **options)
    compiler.compile_extra = counted
    problem = Problem(2, [naive.Dense(8, "relu"), naive.Dense(2)], n_rows=20)
    network = problem.engine("float32", OPTIMIZERS["sgd"][1])
    network.train(*problem.sources(), problem.orders(3), batch_size=4, threads=1)
print(json.dumps({
    "bits": digest(network.weights()),
    "compiled": len(compiled),
    "warnings": [f"{warning.category.__name__}: {warning.message}" for warning in caught],
}))
"""


def train(folder: Path) -> Any:
    """Train in a new process whose cache is at `folder`."""
    return children.run(SCRIPT, timeout=120, **{VARIABLE: str(folder)})


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A cache that one process has filled where there was no folder, and what that process saw."""
    folder = tmp_path_factory.mktemp("cache") / "not" / "there" / "yet"
    return folder, train(folder)


def test_missing_folder(warm: tuple[Path, Any]) -> None:
    """It is made, private, and the next process compiles nothing."""
    folder, first = warm
    assert first["compiled"] > 0
    assert first["warnings"] == []
    holding = {path.parent for path in folder.rglob("*") if path.is_file()}
    assert [path.stat().st_mode & 0o077 for path in holding] == [0]
    second = train(folder)
    assert second["compiled"] == 0
    assert second["warnings"] == []
    assert second["bits"] == first["bits"]


def test_truncated_files(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """Every file cut off: compiled again, and mended for the process after."""
    folder, first = warm
    broken = tmp_path / "cache"
    shutil.copytree(folder, broken)
    files = [path for path in broken.rglob("*") if path.is_file()]
    assert files
    for path in files:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    second = train(broken)
    assert second["bits"] == first["bits"]
    assert second["compiled"] > 0
    assert len(second["warnings"]) <= 1


def test_empty_files(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """What a full disk or a crash leaves behind."""
    folder, first = warm
    broken = tmp_path / "cache"
    shutil.copytree(folder, broken)
    for path in broken.rglob("*.code"):
        path.write_bytes(b"")
    second = train(broken)
    assert second["bits"] == first["bits"]
    assert len(second["warnings"]) <= 1
    third = train(broken)
    assert third["bits"] == first["bits"]
    assert third["compiled"] == 0


def test_folder_that_cannot_be_written(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """A file stands where the folder should be, which stops even the superuser: one warning, and it works."""
    _, first = warm
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    second = train(blocked / "cache")
    assert second["bits"] == first["bits"]
    assert second["compiled"] > 0
    assert len(second["warnings"]) == 1
    assert second["warnings"][0].startswith("CacheWarning")
    assert blocked.read_text() == "not a folder"
