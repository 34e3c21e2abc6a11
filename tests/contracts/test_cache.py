"""A read-only or missing cache folder, and truncated cache files: the right answer, with at most one warning."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts import children

VARIABLE = "FASTBP_CACHE_DIR"

SCRIPT = """
import json, os, sys, warnings
os.environ["NUMBA_NUM_THREADS"] = "1"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import numpy as np
    import naive
    from numba.core import compiler
    from contracts.problems import Problem, worst
    compiled = []
    compile_extra = compiler.compile_extra
    def counted(typingctx, targetctx, func, *args, **options):
        compiled.append(func.__name__)
        return compile_extra(typingctx, targetctx, func, *args, **options)
    compiler.compile_extra = counted
    errors = []
    for activation in %s:
        # Without a matrix: each of what it needs is compiled in half a second.
        problem = Problem(2, [naive.Activation(activation), naive.PReLU()], n_rows=20)
        network = problem.engine("float32")
        outputs = network.predict(problem.sources()[0], batch_size=8, threads=1)
        errors.append(worst([outputs], [problem.twin.predict(problem.weights, problem.inputs)]))
print(json.dumps({
    "right": max(errors) < 1e-6,
    "compiled": len(compiled),
    "warnings": [f"{warning.category.__name__}: {warning.message}" for warning in caught],
}))
"""


def predict(folder: Path, *activations: str) -> Any:
    """Predict in a new process whose cache is at `folder`."""
    names = activations or ("relu",)
    return children.run(SCRIPT % (names,), **{VARIABLE: str(folder)})


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A cache that one process has filled where there was no folder, and what that process saw."""
    folder = tmp_path_factory.mktemp("cache") / "not" / "there" / "yet"
    return folder, predict(folder)


def test_missing_folder(warm: tuple[Path, Any]) -> None:
    """It is made, private, and the next process compiles nothing."""
    folder, first = warm
    assert first["right"]
    assert first["compiled"] > 0
    assert first["warnings"] == []
    holding = {path.parent for path in folder.rglob("*") if path.is_file()}
    assert [path.stat().st_mode & 0o077 for path in holding] == [0]
    second = predict(folder)
    assert second["compiled"] == 0
    assert second["warnings"] == []
    assert second["right"]


def test_damaged_files(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """Files cut off or empty, as a crash leaves them: compiled again, and mended for the next process."""
    folder, _ = warm
    broken = tmp_path / "cache"
    shutil.copytree(folder, broken)
    files = sorted(path for path in broken.rglob("*") if path.is_file())
    assert len(files) > 2
    for number, path in enumerate(files):
        path.write_bytes(path.read_bytes()[: number % 2 * path.stat().st_size // 2])
    second = predict(broken)
    assert second["right"]
    assert second["compiled"] > 0
    assert len(second["warnings"]) <= 1
    third = predict(broken)
    assert third["right"]
    assert third["compiled"] == 0
    assert third["warnings"] == []


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file stands where the folder should be, which stops even the superuser: one warning, and it works."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    answer = predict(blocked / "cache")
    assert answer["right"]
    assert answer["compiled"] > 0
    assert len(answer["warnings"]) == 1
    assert answer["warnings"][0].startswith("CacheWarning")
    assert blocked.read_text() == "not a folder"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_read_only_folder(warm: tuple[Path, Any], tmp_path: Path) -> None:
    folder, _ = warm
    copy = tmp_path / "cache"
    shutil.copytree(folder, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        answer = predict(copy)
    finally:
        for path in [copy, *copy.rglob("*")]:
            path.chmod(0o700)
    assert answer["right"]
    assert len(answer["warnings"]) <= 1


def test_folder_that_several_processes_filled(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """What two processes compiled, each its own kernels, works together in a third.

    Numba numbers functions by process, so two kernels may have the same symbol; the loader would keep one of them.
    """
    folder = tmp_path / "cache"
    shutil.copytree(warm[0], folder)
    assert predict(folder, "tanh")["compiled"] > 0
    together = predict(folder, "relu", "tanh")
    assert together["right"]
    assert together["compiled"] == 0


def test_planted_fault_is_seen(warm: tuple[Path, Any], tmp_path: Path) -> None:
    """A cache that hands out the code of another kernel gives a wrong answer, which is noticed."""
    folder, _ = warm
    swapped = tmp_path / "cache"
    shutil.copytree(folder, swapped)
    predict(swapped, "tanh")
    (relu,) = swapped.rglob("activate-float32-relu-*.code")
    (tanh,) = swapped.rglob("activate-float32-tanh-*.code")
    shutil.copyfile(relu, tanh)
    assert not predict(swapped, "tanh")["right"]
