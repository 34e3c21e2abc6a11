"""Python processes of their own, for what a process that has run already cannot show."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

_BENCH = Path(__file__).parents[1]


def run_alone(script: str, **variables: str) -> tuple[float, Any]:
    """Run a script, which can import `benchmarks`, with these environment variables.

    Returns
    -------
    seconds : float
        From before the process began until after it ended.
    answer : object
        What its last line says, as JSON.
    """
    paths = [str(_BENCH), os.environ.get("PYTHONPATH", "")]
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    began = time.perf_counter()
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if finished.returncode:
        raise RuntimeError(f"exit code {finished.returncode}: {finished.stderr[-2000:]}")
    lines = finished.stdout.splitlines()
    return seconds, json.loads(lines[-1]) if lines else None
