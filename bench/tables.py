"""Tables for people (and for Markdown), figures for programs, and what machine they are from."""

import datetime
import json
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np

import fastbp
from fastbp.runtime.processor import processor
from fastbp.runtime.threads import available_workers


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; all but the first to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first = cells[0].ljust(widths[0])
        rest = [c.rjust(width) for c, width in zip(cells[1:], widths[1:], strict=True)]
        return f"| {' | '.join([first, *rest])} |"

    rule = f"|{'-' * (widths[0] + 2)}|{'|'.join('-' * (width + 1) + ':' for width in widths[1:])}|"
    return "\n".join([line(header), rule, *map(line, rows)])


def short(number: float, digits: int = 3) -> str:
    """A number with so many significant digits, and without an exponent.

    >>> short(0.45678), short(2345.6), short(19.99)
    ('0.457', '2,346', '20.0')
    """
    if number == 0 or not np.isfinite(number):
        return str(number)
    rounded = float(f"{number:.{digits - 1}e}")
    decimals = max(0, digits - 1 - int(np.floor(np.log10(abs(rounded)))))
    return f"{number:,.{decimals}f}"


def machine(measurement: str) -> dict[str, Any]:
    """Where, when and by which ``scripts/bench MEASUREMENT`` figures came about."""
    found = processor()
    return {
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(["scripts/bench", measurement, *sys.argv[1:]]),
        "processor": _processor_name() or found.name,
        "llvm_name": found.name,
        "vector_bytes": found.vector_bytes,
        "cores": available_workers(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "fastbp": fastbp.__version__,
        "numba": numba.__version__,
        "numpy": np.__version__,
    }


def describe(facts: dict[str, Any]) -> str:
    """The facts about the machine in two lines."""
    load = "" if facts["load_average"] is None else f", load {facts['load_average']:.1f}"
    return (
        f"{facts['processor']} ({facts['llvm_name']}, {facts['vector_bytes']}-byte vectors), "
        f"{facts['cores']} cores used{load}, {facts['system']}\n"
        f"fastbp {facts['fastbp']}, Python {facts['python']}, Numba {facts['numba']}, "
        f"NumPy {facts['numpy']}; {facts['date']}: {facts['command']}"
    )


def write_json(path: Path, figures: dict[str, Any]) -> None:
    """Write the figures, indented."""
    path.write_text(json.dumps(figures, indent=2) + "\n")


def _processor_name() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or None
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else None
