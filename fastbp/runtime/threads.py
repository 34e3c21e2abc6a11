"""How many workers this process may use, and why."""

import math
import os
from functools import cache
from pathlib import Path

import numba

from fastbp.errors import ArgumentError
from fastbp.specification import whole_number


def limits() -> dict[str, int]:
    """Every limit on the number of threads, by what sets it."""
    found = {
        "processors": _processors(),
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
    # Each call that may use several asks: no names are given to what there is.
    found = min(_processors(), numba.config.NUMBA_NUM_THREADS)
    if hasattr(os, "sched_getaffinity"):
        found = min(found, len(os.sched_getaffinity(0)))
    quota = _cgroup_quota()
    return max(1, int(found if quota is None else min(found, quota)))


def chosen_workers(threads: int | str) -> int:
    """The number that ``threads=`` asks for: itself, or all that are available for ``"auto"``.

    Raises
    ------
    ArgumentError
        If it is neither "auto" nor a whole number of at least 1.
    """
    if isinstance(threads, str) and threads == "auto":
        return available_workers()
    try:
        return whole_number("threads", threads)
    except ArgumentError:
        raise ArgumentError(
            f"threads must be 'auto' or a whole number of at least 1, not {threads!r}"
        ) from None


@cache
def launch_threads() -> None:
    """Let Numba start its threads, if it has not, and those of GNU OpenMP not spin for long.

    Of itself, it spins for some 8 ms in a barrier before it sleeps. A thread that is woken may be given the processor
    on which another spins, though the next one is idle: then it comes as late as that.

    Raises
    ------
    ValueError
        If Numba finds no threading layer that it can load.
    """
    told = any(name in os.environ for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"))
    if told:
        numba.get_num_threads()
        return
    # It is read when the library is loaded, and concerns nobody else.
    os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        numba.get_num_threads()
    finally:
        os.environ.pop("GOMP_SPINCOUNT", None)


@cache
def _processors() -> int:
    """Of the machine. To ask the system takes longer than a step of a small network."""
    return os.cpu_count() or 1


@cache
def _cgroup_quota() -> int | None:
    """The processors' worth of time that the control groups of this process allow, version 2 or 1."""
    quotas = [quota for group in _groups() if (quota := _quota_of(group)) is not None]
    try:
        base = Path("/sys/fs/cgroup/cpu")
        limit = int((base / "cpu.cfs_quota_us").read_text())
        if limit > 0:
            quotas.append(limit / int((base / "cpu.cfs_period_us").read_text()))
    except (OSError, ValueError):
        pass
    return max(1, math.ceil(min(quotas))) if quotas else None


def _groups() -> list[Path]:
    """The folders of this process's control group and of those that it lies in."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return [root]
    own = next((line[3:] for line in lines if line.startswith("0::")), "/")
    group = root / own.strip("/")
    return [group, *[above for above in group.parents if above.is_relative_to(root)]]


def _quota_of(group: Path) -> float | None:
    try:
        quota, period = (group / "cpu.max").read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None
