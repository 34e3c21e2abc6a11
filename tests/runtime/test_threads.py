"""How many workers there may be: the smallest of all limits, and what a caller asks for."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from fastbp.errors import ArgumentError
from fastbp.runtime import threads
from fastbp.runtime.threads import available_workers, chosen_workers, limits


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the limits of a machine: processors, Numba's threads, affinity, quota."""

    def build(processors: int | None, threads_: int, affinity: int, quota: int | None) -> None:
        monkeypatch.setattr(os, "cpu_count", lambda: processors)
        monkeypatch.setattr(threads, "_processors", inspect.unwrap(threads._processors))
        monkeypatch.setattr(numba.config, "NUMBA_NUM_THREADS", threads_)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
        monkeypatch.setattr(threads, "_cgroup_quota", lambda: quota)

    return build


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((8, 8, 8, None), 8),
        ((8, 3, 8, None), 3),
        ((8, 8, 2, None), 2),
        ((8, 8, 8, 4), 4),
        ((8, 8, 8, 100), 8),
        ((None, 4, 4, None), 1),
    ],
)
def test_the_smallest_limit_counts(
    given: tuple[Any, ...], expected: int, machine: Callable[..., None]
) -> None:
    machine(*given)
    assert available_workers() == expected
    assert chosen_workers("auto") == expected


def test_each_limit_is_named(machine: Callable[..., None]) -> None:
    machine(8, 6, 4, 2)
    assert limits() == {
        "processors": 8,
        "NUMBA_NUM_THREADS": 6,
        "affinity": 4,
        "cgroup quota": 2,
    }
    machine(8, 6, 4, None)
    assert "cgroup quota" not in limits()


def test_a_system_without_affinity(
    machine: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine(8, 6, 1, None)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert limits() == {"processors": 8, "NUMBA_NUM_THREADS": 6}


def test_this_machine() -> None:
    assert 1 <= available_workers() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "200000 100000\n"}, 2),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "10000 100000\n"}, 1),
        ({"cpu.max": "nonsense\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "250000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 3),
        ({"cpu/cpu.cfs_quota_us": "1000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "250000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "", "cpu/cpu.cfs_period_us": ""}, None),
        ({}, None),
    ],
)
def test_quota_of_a_control_group(
    files: dict[str, str], expected: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of both versions of control groups: processors, rounded up; None where there is no quota."""
    for name, content in files.items():
        file = tmp_path / "sys" / "fs" / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    monkeypatch.setattr(threads, "Path", lambda path: tmp_path / path.lstrip("/"))
    assert threads._cgroup_quota.__wrapped__() == expected


@pytest.mark.parametrize("asked", [1, 2, 7, 1000])
def test_a_number_is_taken_as_it_is(asked: int) -> None:
    """Also more than there are: the bits are the same."""
    assert chosen_workers(asked) == asked


@pytest.mark.parametrize("asked", [0, -1, True, False, 1.0, 2.5, "2", "all", "", None, [2]])
def test_what_is_no_number_of_threads(asked: Any) -> None:
    with pytest.raises(ArgumentError, match="threads must be 'auto' or a whole number"):
        chosen_workers(asked)


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        ({}, "2000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
    ],
)
def test_openmp_is_told_to_spin_briefly(
    given: dict[str, str], seen: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Numba starts its threads; what was set before is left alone, and nothing stays behind."""
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    found: list[str | None] = []
    monkeypatch.setattr(
        numba, "get_num_threads", lambda: found.append(os.environ.get("GOMP_SPINCOUNT"))
    )
    threads.launch_threads.__wrapped__()
    assert found == [seen]
    assert dict(os.environ) == before


def test_nothing_stays_where_no_threads_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("no threading layer")

    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(numba, "get_num_threads", fail)
    with pytest.raises(ValueError, match="no threading layer"):
        threads.launch_threads.__wrapped__()
    assert "GOMP_SPINCOUNT" not in os.environ
