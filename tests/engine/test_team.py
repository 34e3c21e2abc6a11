"""Who works on a chunk: a whole team, whoever came in time, or one worker where a region is not safe."""

import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numba
import pytest

from contracts.problems import digest
from engine.problem import BATCH, network, small
from fastbp.engine import executor, team
from fastbp.engine.network import Network
from fastbp.runtime.threads import available_workers

pytestmark = pytest.mark.alone

#: Looks at the door for some seconds, should a worker never come.
PATIENT = 3_000_000_000


class Counted:
    """Stands in for a compiled executor and counts its calls."""

    def __init__(self, run: Any) -> None:
        self._run, self.calls = run, 0

    def __call__(self, timed: bool = False) -> Any:
        assert not timed
        self.calls += 1
        return self._run


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Counted]:
    """How often a chunk was run alone and together."""
    counted = {name: Counted(getattr(executor, name)()) for name in ("alone", "together")}
    for name, each in counted.items():
        monkeypatch.setattr(executor, name, each)
    return counted


@pytest.fixture
def two_threads() -> Iterator[None]:
    """What Numba gives this thread must not change."""
    before = numba.get_num_threads()
    yield
    assert numba.get_num_threads() == before


def train(threads: int = 2, given: Network | None = None) -> str:
    """The bits of an epoch."""
    problem, given = small(), given or network()
    history = given.train(*problem.sources(), problem.orders(1), batch_size=BATCH, threads=threads)
    return digest([*given.weights(), history])


@pytest.fixture(scope="module")
def expected() -> str:
    return train(threads=1)


def test_one_worker_needs_no_region(runs: dict[str, Counted], expected: str) -> None:
    assert train(threads=1) == expected
    assert (runs["alone"].calls, runs["together"].calls) == (1, 0)


@pytest.mark.usefixtures("two_threads")
def test_several_workers_form_a_region(runs: dict[str, Counted], expected: str) -> None:
    assert train(threads=2) == expected
    assert (runs["alone"].calls, runs["together"].calls) == (0, 1)


def test_a_forked_child_works_alone(
    runs: dict[str, Counted], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the hook that runs after a fork leaves it, with a lock that nobody holds."""
    held = threading.Lock()
    held.acquire()
    monkeypatch.setattr(team, "_region", held)
    monkeypatch.setattr(team, "_forked", False)
    team._after_fork()
    assert team._forked
    assert team._region is not held
    assert not team._region.locked()
    assert train() == expected
    assert (runs["alone"].calls, runs["together"].calls) == (1, 0)


def test_while_another_thread_has_the_region(runs: dict[str, Counted], expected: str) -> None:
    """One region at a time; the lock is free again after each."""
    with team._region:
        assert train() == expected
    assert (runs["alone"].calls, runs["together"].calls) == (1, 0)
    assert train() == expected
    assert runs["together"].calls == 1
    assert not team._region.locked()


def test_no_threading_layer(
    runs: dict[str, Counted], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One warning, and one worker from then on."""

    def fail(*_: Any) -> None:
        raise ValueError("No threading layer could be loaded.")

    monkeypatch.setattr(team, "_unavailable", False)
    monkeypatch.setattr(runs["together"], "_run", fail)
    with pytest.warns(RuntimeWarning, match="goes on with one worker"):
        assert train() == expected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert train() == expected
    assert (runs["alone"].calls, runs["together"].calls) == (2, 1)
    assert not team._region.locked()


@pytest.mark.parametrize(
    ("layer", "own_thread", "alone"),
    [("workqueue", True, True), ("omp", True, False), ("workqueue", False, False)],
)
def test_inside_a_region_of_the_user(
    layer: str,
    own_thread: bool,
    alone: bool,
    runs: dict[str, Counted],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Numba's workqueue cannot nest regions. Its threads are none of Python's: dummies stand for them."""
    monkeypatch.setattr(numba, "threading_layer", lambda: layer)
    if own_thread:
        dummy = object.__new__(threading._DummyThread)  # type: ignore[attr-defined]
        monkeypatch.setattr(team.threading, "current_thread", lambda: dummy)
    assert team._is_inside_workqueue() is alone
    assert train() == expected
    assert runs["alone"].calls == int(alone)


def test_a_region_that_nobody_started_is_no_workqueue() -> None:
    """Numba does not know its layer before the first region: that is no error."""
    assert team._is_inside_workqueue() is False


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, int, int], float]:
    """``f(meeting, wanted, patience)``: the loss that a region finds whose workers meet there."""

    def evaluate(meeting: Any, wanted: int, patience: int) -> float:
        def run(program: Any, contexts: Any, job: Any, workers: int, ticks: Any, *_: Any) -> int:
            executor.together()(program, contexts, job, meeting, wanted, patience, ticks)
            return executor.team_size(meeting)

        monkeypatch.setattr(team, "run", run)
        sources = small().sources()
        return float(network().evaluate(*sources, batch_size=BATCH, threads=wanted)[0])

    return evaluate


@pytest.fixture(scope="module")
def loss() -> float:
    """What one worker finds."""
    return float(network().evaluate(*small().sources(), batch_size=BATCH, threads=1)[0])


def test_who_comes_late_returns_at_once(meet: Any, loss: float) -> None:
    """The door is closed already: nobody does a step, and nobody waits."""
    meeting = executor.new_meeting()
    meeting[0] = 1 << 32
    assert meet(meeting, 2, PATIENT) == 0 != loss
    assert executor.team_size(meeting) == 0


def test_without_patience_whoever_is_there_begins(meet: Any, loss: float) -> None:
    """Nobody waits for eight workers; the bits are those of one."""
    meeting = executor.new_meeting()
    assert meet(meeting, 8, 0) == loss
    assert 1 <= executor.team_size(meeting) <= 8


@pytest.mark.skipif(available_workers() < 2, reason="one processor makes no team")
def test_patience_makes_the_team_whole(meet: Any, loss: float) -> None:
    meeting = executor.new_meeting()
    assert meet(meeting, 2, PATIENT) == loss
    assert executor.team_size(meeting) == 2


def test_how_many_took_part_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most as many as asked for, and one where it ran alone."""
    sizes: list[int] = []
    run = team.run

    def told(*arguments: Any) -> int:
        sizes.append(run(*arguments))
        return sizes[-1]

    monkeypatch.setattr(team, "run", told)
    for threads in (1, 2, 3):
        train(threads)
    assert sizes[0] == 1
    assert 1 <= sizes[1] <= 2
    assert 1 <= sizes[2] <= 3
