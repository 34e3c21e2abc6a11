"""scripts/test tells all results, whatever fails, and leaves no process behind."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from contracts import children

# The tests may lie in an empty folder, with a link to the benchmarks.
_ROOTS = [Path(__file__).parents[1], (Path(__file__).parents[1] / "bench").resolve().parent]
ROOT = next((each for each in _ROOTS if (each / "scripts" / "test").is_file()), None)
pytestmark = pytest.mark.skipif(
    ROOT is None or os.name == "nt", reason="needs the scripts of a clone"
)

#: Stands in for Python: says what it was asked, and ends as the file of that name says.
PYTHON = """#!/usr/bin/env bash
case "$*" in
"-m pytest"*"-m not alone"*) name=tests ;;
"-m pytest"*) name=alone ;;
"-m mypy"*) name=mypy ;;
*/quick.py) name=quick ;;
*) exit 0 ;;
esac
echo "$name has run"
if [ -e "$STUBS/$name.sleeps" ]; then echo $$ >"$STUBS/$name.pid" && exec sleep 1200; fi
exit "$(cat "$STUBS/$name" 2>/dev/null || echo 0)"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    assert ROOT is not None
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    for folder in ("tests", "docs", "bench", ".venv-test/bin", "stubs"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("pyproject.toml", "README.md", "bench/quick.py"):
        (tmp_path / file).touch()
    python = tmp_path / ".venv-test" / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def start(clone: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [clone / "scripts" / "test"],
        env={**os.environ, "STUBS": str(clone / "stubs"), "TMPDIR": str(clone)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


PARTS = ("tests", "mypy", "quick", "alone")


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ({}, 0),
        ({"tests": 1}, 1),
        ({"mypy": 3}, 3),
        ({"quick": 4}, 4),
        ({"alone": 1}, 1),
        ({"tests": 5}, 0),
        ({"alone": 5}, 0),
        ({"tests": 5, "alone": 5}, 5),
        ({"tests": 5, "alone": 1}, 1),
        ({"mypy": 3, "alone": 1}, 3),
    ],
)
def test_all_parts_are_told(clone: Path, codes: dict[str, int], expected: int) -> None:
    for name, code in codes.items():
        (clone / "stubs" / name).write_text(str(code))
    process = start(clone)
    output, _ = process.communicate(timeout=children.LIMIT)
    assert [output.count(f"{name} has run") for name in PARTS] == [1] * 4, output
    assert process.returncode == expected, output
    assert not list(clone.glob("tmp.*"))


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("names", [("mypy", "tests"), ("quick",)])
def test_what_runs_beside_ends_with_it(
    clone: Path, names: tuple[str, ...], how: signal.Signals
) -> None:
    """The type checker, too, which another script has started; and what is only waited for."""
    for name in names:
        (clone / "stubs" / f"{name}.sleeps").touch()
    process = start(clone)
    numbers = []
    until = time.monotonic() + children.LIMIT / 2
    for name in names:
        file = clone / "stubs" / f"{name}.pid"
        while not (file.exists() and file.read_text()):
            assert time.monotonic() < until
            time.sleep(0.02)
        numbers.append(int(file.read_text()))
    process.send_signal(how)
    # Bash waits for what runs in front of it, which a terminal would have told as well.
    for number in numbers[1:]:
        os.kill(number, how)
    process.communicate(timeout=children.LIMIT)
    assert process.returncode != 0
    while runs(numbers[0]):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert not list(clone.glob("tmp.*"))


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # An orphan may wait for whoever takes its end.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
