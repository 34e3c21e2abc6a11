"""A helper compiles a part of what is missing; without one, everything is compiled all the same."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from contracts import children

SCRIPT = """
import json, sys
import fastbp.engine.ahead as ahead
from fastbp.runtime.cache import kept_labels
own = []
compile_one = ahead._compile
def counted(kernel):
    own.append(kernel.label)
    compile_one(kernel)
ahead._compile = counted
%s
from contracts.problems import Problem, worst
import naive
# Without a matrix: each of what it needs is compiled in half a second.
layers = [naive.Activation(name) for name in ("relu", "tanh", "sigmoid", "elu")]
problem = Problem(2, [*layers, naive.PReLU()], n_rows=20)
network = problem.engine("float32")
outputs = network.predict(problem.sources()[0], batch_size=8, threads=2)
error = worst([outputs], [problem.twin.predict(problem.weights, problem.inputs)])
print(json.dumps({"own": own, "kept": sorted(kept_labels()), "right": error < 1e-6}))
"""

#: What this process compiles takes so long that the helper is there before the first kernel is done.
LATE = """
import time
of_helpers, feed = [], ahead._feed
def watched(helper, queue, handed):
    of_helpers.append(handed)
    try:
        feed(helper, queue, handed)
    finally:
        of_helpers.append(["it comes no more"])
def late(kernel):
    while not any(of_helpers):
        time.sleep(0.01)
    counted(kernel)
ahead._feed, ahead._compile = watched, late
"""
#: A helper that neither works nor ends.
STOPPED = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


def run(folder: Path, change: str = "") -> Any:
    few = "ahead._WORTH_A_HELPER = 2"
    return children.run(
        SCRIPT % f"{few}\n{change}",
        FASTBP_CACHE_DIR=str(folder),
        NUMBA_NUM_THREADS="2",
    )


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A cache that a process and its helper have filled, and what that process saw."""
    folder = tmp_path_factory.mktemp("cache")
    return folder, run(folder, LATE)


@pytest.fixture
def executors(first: tuple[Path, Any], tmp_path: Path) -> Path:
    """A cache that has the executors alone, which take longest to compile."""
    folder = tmp_path / "cache"
    shutil.copytree(first[0], folder)
    for file in folder.rglob("*.code"):
        if not file.name.startswith("executor"):
            file.unlink()
    return folder


def test_the_helper_compiles_a_part(first: tuple[Path, Any]) -> None:
    folder, found = first
    assert found["right"]
    assert 0 < len(found["own"]) < len(found["kept"])
    assert len(set(found["own"])) == len(found["own"])
    assert {"executor-alone", "executor-together"} <= set(found["kept"])
    assert run(folder)["own"] == []


@pytest.mark.parametrize(
    "change",
    [
        "sys.executable = sys.executable.replace('python', 'editor')",
        "sys.executable = None",
        "ahead._HELPER = 'raise SystemExit(3)'",
        "ahead._HELPER = 'print(1, flush=True); input(); raise SystemExit(3)'",
        f"ahead._HELPER = {STOPPED!r}",
        f"ahead._HELPER = 'print(1, flush=True); input(); {STOPPED}'; ahead._PATIENCE = 1.0",
    ],
    ids=[
        "another program",
        "no program",
        "does not start",
        "dies at work",
        "is stopped at once",
        "is stopped at work",
    ],
)
def test_without_a_helper_everything_is_compiled(
    first: tuple[Path, Any], executors: Path, change: str
) -> None:
    found = run(executors, change)
    assert found["right"]
    assert found["kept"] == first[1]["kept"]


def test_one_thread_asks_for_no_helper(executors: Path) -> None:
    forbidden = "ahead.subprocess = None"
    script = (SCRIPT % f"ahead._WORTH_A_HELPER = 2\n{forbidden}").replace("threads=2", "threads=1")
    found = children.run(script, FASTBP_CACHE_DIR=str(executors))
    assert found["right"]
    assert found["own"] == []
    assert json.dumps(found["kept"])


def test_files_of_the_current_folder_are_not_modules_of_the_helper(
    executors: Path, tmp_path: Path
) -> None:
    """Whatever they are called: none of them is run."""
    sign = tmp_path / "was-run"
    for name in ("json", "random", "numba", "numpy", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open({str(sign)!r}, 'w').close()\n")
    # This process was started with the current folder on its path, wherever it is.
    change = f"import os; sys.path.remove(''); os.chdir({str(tmp_path)!r})\n{LATE}"
    found = run(executors, change)
    assert found["right"]
    assert not sign.exists()
    assert len(found["own"]) < len(found["kept"])
