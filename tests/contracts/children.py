"""Scripts in processes of their own, with a limit of time: a hang or an abort is a failure of one test."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]

#: Seconds. It ends what hangs, nothing else: many times what any child takes on a slow machine with others at work.
LIMIT = 1200.0

TimedOut = subprocess.TimeoutExpired


def run(*scripts: str, timeout: float = LIMIT, expected: int = 0, **variables: str) -> Any:
    """Run scripts, one after the other in one process, with these variables; return the JSON of the last line.

    They see `tests` on its path, and the environment's `lib` folder on the loader's, where PyPI's tbb lies.
    """
    environment = {**os.environ, **variables}
    libraries = [str(Path(sys.prefix) / "lib"), environment.get("LD_LIBRARY_PATH", "")]
    environment["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, libraries))
    paths = [str(TESTS), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    finished = subprocess.run(
        [sys.executable, "-c", "\n".join(map(textwrap.dedent, scripts))],
        env=environment,
        timeout=timeout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == expected, finished.stderr[-4000:]
    lines = finished.stdout.splitlines()
    return json.loads(lines[-1]) if lines else None
