"""Sets three times larger than the memory that a process may have, beside the same in memory: speed, and memory taken.

Each way trains in a process of its own, and all take turns. The files were just written: the page cache is warm.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

import bounded_child
from tables import table

#: What a way did, as the table tells it.
Row = list[str]

#: Columns and widths, and batch size, of what is trained.
NETWORK = ((784, 128, 10), 64)
#: The set, in limits, and the share of the speed in memory that is the least.
TIMES, LEAST_SPEED = 3, 0.8
#: What threads and the interpreter may take beside the plan.
_UNPLANNED = 4 << 20
#: Seconds between two looks at a process's memory.
_LOOK = 0.05
#: Rows that are written at a time.
_BLOCK = 1 << 14

#: How the ways are called: dtype and way of `Job`, and whether the process is limited.
WAYS = {
    "arrays, float32": ("float32", "arrays", False),
    "memory map, float32": ("float32", "map", True),
    "sequence over a map, float32": ("float32", "sequence", True),
    "generator over a map, float32": ("float32", "generator", True),
    "arrays, uint8": ("uint8", "arrays", False),
    "memory map, uint8": ("uint8", "map", True),
    "sequence over a map, uint8": ("uint8", "sequence", True),
}


class DidNotFitError(Exception):
    """A process ended: mostly since it got no more memory."""


@dataclass(frozen=True)
class Job:
    """What a process is to train, by the names in its argument."""

    way: str  # arrays, map, sequence or generator
    x: str
    y: str
    limit: int  # bytes; 0 for none
    sizes: tuple[int, ...]
    batch_size: int


class Process:
    """A process that trains when asked; its memory is looked at meanwhile.

    Attributes
    ----------
    is_limited : bool
    planned, grown : int
        Bytes of anonymous memory that training is to take, and took.
    """

    def __init__(self, job: Job) -> None:
        self.is_limited = job.limit > 0
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            [sys.executable, bounded_child.__file__, json.dumps(asdict(job))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.grown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def wait(self) -> None:
        """Wait until all is prepared."""
        ready = self._answer()
        self._had, self.planned = ready["had"], ready["planned"]

    def train(self) -> float:
        """Seconds of an epoch."""
        assert self._process.stdin
        done = threading.Event()
        watch = threading.Thread(target=self._watch, args=(done,), daemon=True)
        watch.start()
        try:
            self._process.stdin.write("\n")
            self._process.stdin.flush()
            return float(self._answer())
        finally:
            done.set()
            watch.join()

    def _watch(self, done: threading.Event) -> None:
        while True:
            try:
                self.grown = max(
                    self.grown, bounded_child.anonymous_bytes(self._process.pid) - self._had
                )
            except (OSError, ValueError):
                return  # it has ended
            if done.wait(_LOOK):
                return

    def _answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
            raise DidNotFitError(lines[-1] if lines else "the process was ended")
        return json.loads(line)


def write_set(folder: Path, dtype: str, n_bytes: int, n_columns: int, n_classes: int) -> int:
    """Write inputs of so many bytes, and a class for each row; the number of rows."""
    n_rows = n_bytes // (n_columns * np.dtype(dtype).itemsize)
    shape = (n_rows, n_columns)
    x = np.lib.format.open_memmap(folder / f"x_{dtype}.npy", "w+", np.dtype(dtype), shape)
    y = np.lib.format.open_memmap(folder / f"y_{dtype}.npy", "w+", np.dtype(np.int64), (n_rows,))
    rng = np.random.default_rng(0)
    for begin in range(0, n_rows, _BLOCK):
        end = min(begin + _BLOCK, n_rows)
        x[begin:end] = rng.integers(0, 2, (end - begin, n_columns), np.uint8)
        y[begin:end] = rng.integers(0, n_classes, end - begin)
    return n_rows


def measure(folder: Path, dtype: str, limit: int, n_rounds: int) -> tuple[list[Row], list[str]]:
    """Speed and memory of the ways of a type, and what is not as it should be."""
    sizes, batch_size = NETWORK
    n_samples = write_set(folder, dtype, int(TIMES * limit), sizes[0], sizes[-1])
    x, y = (str(folder / f"{name}_{dtype}.npy") for name in "xy")
    with ExitStack() as stack:
        processes = {}
        for name, (kind, way, is_limited) in WAYS.items():
            if kind == dtype:
                job = Job(way, x, y, limit * is_limited, sizes, batch_size)
                processes[name] = stack.enter_context(Process(job))
                processes[name].wait()
        seconds: dict[str, list[float]] = {name: [] for name in processes}
        for turn in range(n_rounds + 1):
            for name, process in processes.items():
                taken = process.train()
                if turn:  # the first one reads all for the first time
                    seconds[name].append(taken)
    arrays = seconds[next(iter(seconds))]
    rows, failures = [], []
    for name, process in processes.items():
        speed = statistics.median(a / b for a, b in zip(arrays, seconds[name], strict=True))
        rate = n_samples / statistics.median(seconds[name])
        rows.append(
            [name, f"{rate:,.0f}", f"{speed:.2f}", _mb(process.grown), _mb(process.planned)]
        )
        if process.is_limited and speed < LEAST_SPEED:
            failures.append(f"{name}: {speed:.3f} of the speed in memory")
        if process.is_limited and process.grown > process.planned + _UNPLANNED:
            failures.append(f"{name}: {_mb(process.grown)} MB of {_mb(process.planned)} planned")
    return rows, failures


def _mb(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f}"


def main(limit: int, n_rounds: int) -> int:
    """Measure and print; the exit code, 1 if a set does not train within `limit` bytes as it should."""
    rows, failures = [], []
    with tempfile.TemporaryDirectory() as folder:
        try:
            for dtype in dict.fromkeys(kind for kind, _, _ in WAYS.values()):
                found = measure(Path(folder), dtype, limit, n_rounds)
                rows += found[0]
                failures += found[1]
        except DidNotFitError as error:
            failures.append(str(error))
    sizes, batch_size = NETWORK
    print(
        f"{'-'.join(map(str, sizes))}, batches of {batch_size}; inputs of {_mb(TIMES * limit)} MB a set; "
        f"processes that may have {_mb(limit)} MB of private memory, but for the arrays'"
    )
    print(table(["data", "samples/s", "to arrays", "MB taken", "MB planned"], rows))
    for failure in failures:
        print(failure, file=sys.stderr)
    return int(bool(failures))
