"""The quick run of the benchmarks: it sees those that fail, those that are skipped, and those that asv overlooks."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts import children

QUICK = Path(__file__).parents[2] / "bench" / "quick.py"

GOOD = """
class Good:
    params = [1, 2]

    def time_it(self, n):
        sum(range(n))
"""
PLANTED = {
    "fails": (
        "def track_it():\n    raise ValueError('planted')\n",
        ["planted", "bad.track_it did not run"],
    ),
    "fails for one parameter": (
        "class Bad:\n    params = [1, 0]\n    def track_it(self, n):\n        return 1 / n\n",
        ["ZeroDivisionError", "bad.Bad.track_it did not run"],
    ),
    "fails in its setup": (
        "class Bad:\n    def setup(self):\n        raise OSError('planted')\n"
        "    def time_it(self):\n        pass\n",
        ["planted", "bad.Bad.time_it did not run"],
    ),
    "is skipped": (
        "class Bad:\n    def setup(self):\n        raise NotImplementedError\n"
        "    def time_it(self):\n        pass\n",
        ["no figure", "bad.Bad.time_it did not run"],
    ),
    "has no figure": (
        "def track_it():\n    return float('nan')\n",
        ["no figure", "bad.track_it did not run"],
    ),
    "has no parameters to run with": (
        "class Bad:\n    params = [[]]\n    def time_it(self, n):\n        pass\n",
        ["bad.Bad.time_it did not run"],
    ),
    "is overlooked by asv": (
        "class _Bad:\n    def time_it(self):\n        pass\n",
        ["bad._Bad.time_it did not run"],
    ),
    "cannot be imported": ("import nothing_of_the_kind\n", ["nothing_of_the_kind"]),
}


def quick(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(QUICK), str(folder)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=children.LIMIT, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text(GOOD)
    return folder


def test_good_benchmarks_are_counted(folder: Path) -> None:
    finished = quick(folder)
    assert finished.returncode == 0, finished.stderr
    assert "1 of 1 benchmarks ran, 2 runs" in finished.stdout


def test_nothing_to_run_is_a_failure(folder: Path) -> None:
    (folder / "good.py").unlink()
    assert quick(folder).returncode == 1


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_benchmark_that(folder: Path, what: str) -> None:
    code, told = PLANTED[what]
    (folder / "bad.py").write_text(code)
    finished = quick(folder)
    assert finished.returncode == 1
    for text in told:
        assert text in finished.stderr
