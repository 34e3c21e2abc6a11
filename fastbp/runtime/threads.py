"""How many workers this process may use, and why."""

import math
import os
from functools import cache
from pathlib import Path

import numba

from fastbp.errors import ArgumentError


def limits() -> dict[str, int]:
    """Every limit on the number of threads, by what sets it."""
    found = {
        "processors": os.cpu_count() or 1,
        "NUMBA_NUM_THREADS": int(numba.config.NUMBA_NUM_THREADS),
    }
    if hasattr(os, "sched_getaffinity"):
        found["affinity"] = len(os.sched_getaffinity(0))
    quota = _cgroup_quota()
    if quota is not None:
        found["cgroup quota"] = quota
    return found


def available_workers() -> int:
    """The smallest of `limits`."""
    return max(1, min(limits().values()))


def chosen_workers(threads: int | str) -> int:
    """The number that ``threads=`` asks for: itself, or all that are available for ``"auto"``.

    Raises
    ------
    ArgumentError
        If it is neither "auto" nor a whole number of at least 1.
    """
    if threads == "auto":
        return available_workers()
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 1:
        raise ArgumentError(
            f"threads must be 'auto' or a whole number of at least 1, not {threads!r}"
        )
    return threads


@cache
def _cgroup_quota() -> int | None:
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if quota == "max" else max(1, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass
    try:
        base = Path("/sys/fs/cgroup/cpu")
        quota_us = int((base / "cpu.cfs_quota_us").read_text())
        period_us = int((base / "cpu.cfs_period_us").read_text())
        return None if quota_us <= 0 else max(1, math.ceil(quota_us / period_us))
    except (OSError, ValueError):
        return None
