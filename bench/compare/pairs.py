"""Two versions taking turns: a fresh process each, on the same cores, one waiting while the other trains.

What else the machine does, and how fast its clock is, meets both within some milliseconds. What differs from process to
process, such as where memory lies, is met by another pair.
"""

import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from compare.cases import Case
from compare.errors import NotMeasuredError
from compare.versions import Version

_BENCH = Path(__file__).parents[1]

# Seconds after which a process that does not answer has hung; compiling all takes a tenth of them.
_PATIENCE = 300

# Turns of a case in a round, at least and at most; and of all cases together, where few are left.
_LEAST, _MOST, _ALL = 6, 30, 60


class Process:
    """A version that trains when asked.

    Raises
    ------
    NotMeasuredError
        From all methods, if it cannot.
    """

    def __init__(self, version: Version, cases: Sequence[Case]) -> None:
        self._version = version
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in close)
        paths = [str(version.folder), str(_BENCH), os.environ.get("PYTHONPATH", "")]
        variables = {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "FASTBP_CACHE_DIR": str(version.code),
        }
        self._process = subprocess.Popen(
            # -P: what lies in the folder one is in is not to be imported.
            [sys.executable, "-P", "-m", "compare.measure"],
            env={**os.environ, **variables},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self._say([astuple(case) for case in cases])

    def wait(self) -> None:
        """Wait until all cases are prepared."""
        place = Path(self._answer())
        if not place.is_relative_to(self._version.folder):
            raise NotMeasuredError(f"{self._version.name}: {place} was imported instead")

    def train(self, index: int) -> float:
        """Train that case; the seconds of a step."""
        self._say(index)
        seconds = float(self._answer())
        if not 0 < seconds < math.inf:
            raise NotMeasuredError(f"{self._version.name}: a step took {seconds} s")
        return seconds

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _say(self, what: object) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(what) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            # It has ended, and why is told to who waits for the answer.
            pass

    def _answer(self) -> Any:
        assert self._process.stdout
        watch = threading.Timer(_PATIENCE, self._process.kill)
        watch.start()
        line = self._process.stdout.readline()
        watch.cancel()
        if not line:
            raise NotMeasuredError(f"{self._version.name} did not run: {self._reason()}")
        return json.loads(line)

    def _reason(self) -> str:
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"its process ended with {code}"


class Pair:
    """A process of each version, as a context."""

    def __init__(self, base: Version, head: Version, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._processes: list[Process] = []
        try:
            for version in (base, head):
                self._processes.append(Process(version, cases))
            for process in self._processes:
                process.wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._processes:
            process.close()

    def turns(self, first: int) -> np.ndarray:
        """Let them take turns; the seconds of a step, (n_cases, n_turns, 2); version `first` begins."""
        n_turns = min(max(_LEAST, _ALL // len(self._cases)), _MOST)
        seconds = np.empty((len(self._cases), n_turns, 2))
        for turn in range(n_turns):
            for index in range(len(self._cases)):
                for which in (0, 1) if (turn + first) % 2 == 0 else (1, 0):
                    seconds[index, turn, which] = self._processes[which].train(index)
        return seconds
