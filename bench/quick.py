"""Runs every benchmark once, briefly, and fails if one fails or did not run.

The figures say nothing; that all benchmarks still work is what is found out.
"""

import ast
import itertools
import json
import math
import os
import re
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from asv_runner._aux import update_sys_path
from asv_runner.discovery import disc_benchmarks
from asv_runner.run import _run as run_benchmark

from commandline import Parser

FOLDER = Path(__file__).parent / "benchmarks"

# How asv knows a benchmark, and what `asv run --quick` asks of it.
_BENCHMARK = re.compile("(time|track|mem|peakmem|timeraw)_.")
_ONCE = json.dumps({"number": 1, "repeat": 1, "warmup_time": 0, "rounds": 1})


def written(folder: Path) -> set[str]:
    """The benchmarks that the files hold, found by reading them: ``file.Class.method``."""
    names = set()
    for file in sorted(folder.glob("**/*.py")):
        module = ".".join(file.relative_to(folder).with_suffix("").parts)
        names |= {f"{module}.{name}" for name in _benchmarks(ast.parse(file.read_text()).body)}
    return names


def _benchmarks(body: list[ast.stmt]) -> Iterator[str]:
    for item in body:
        if isinstance(item, ast.FunctionDef) and _BENCHMARK.match(item.name):
            yield item.name
        elif isinstance(item, ast.ClassDef):
            yield from (f"{item.name}.{name}" for name in _benchmarks(item.body))


def run_all(folder: Path) -> tuple[set[str], int, list[str]]:
    """Run what asv finds in the folder.

    Returns
    -------
    names : set of str
        The benchmarks that ran, with all of their parameters.
    n_runs : int
        How often one ran, counting each combination of parameters.
    failures : list of str
        What did not run, with its parameters and the reason.
    """
    update_sys_path(str(folder))
    os.environ["FASTBP_BENCH_QUICK"] = "1"  # see benchmarks/fits.py
    names, failures, n_runs = set(), [], 0
    for benchmark in disc_benchmarks(str(folder)):
        works = True
        combinations = list(itertools.product(*benchmark.params))
        for index, parameters in enumerate(combinations):
            call = f"{benchmark.name}({', '.join(parameters)})"
            began = time.perf_counter()
            reason = _run(folder, f"{benchmark.name}-{index}" if parameters else benchmark.name)
            seconds = time.perf_counter() - began
            print(f"{seconds:6.2f} s  {call}{'  FAILED' if reason else ''}", flush=True)
            n_runs += reason is None
            if reason is not None:
                works = False
                failures.append(f"{call}: {reason}")
        if works and combinations:
            names.add(benchmark.name)
    return names, n_runs, failures


def _run(folder: Path, identity: str) -> str | None:
    """Run one benchmark as asv's own runner does; why it did not work, or None."""
    with tempfile.TemporaryDirectory() as room:
        result = Path(room) / "result.json"
        try:
            run_benchmark((str(folder), identity, _ONCE, "None", str(result)))
        except Exception:
            return traceback.format_exc()
        return None if _is_figure(json.loads(result.read_text())) else "it gave no figure"


def _is_figure(result: object) -> bool:
    """Whether asv's result is a number; one that was skipped is NaN."""
    if isinstance(result, dict):
        return all(map(_is_figure, result["samples"]))
    return isinstance(result, (int, float)) and math.isfinite(result)


def main(arguments: list[str] | None = None) -> int:
    """Run all; the exit code."""
    parser = Parser("quick", __doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="the benchmarks")
    folder = parser.parse_args(arguments).folder.resolve()
    began = time.perf_counter()
    expected = written(folder)
    ran, n_runs, failures = run_all(folder)
    for failure in failures:
        print(f"\nFAILED {failure}", file=sys.stderr)
    for name in sorted(expected - ran):
        print(f"FAILED {name} did not run", file=sys.stderr)
    for name in sorted(ran - expected):
        print(f"FAILED {name} ran, but is in none of the files", file=sys.stderr)
    seconds = time.perf_counter() - began
    print(f"{len(ran)} of {len(expected)} benchmarks ran, {n_runs} runs in {seconds:.1f} s")
    return 1 if failures or ran != expected or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
