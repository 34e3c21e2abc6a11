"""A team that is not whole neither hangs nor aborts, and gives the same bits.

Every case runs in a process of its own under a limit of time: a hang, an abort or a fork gone wrong is one failure.
"""

import os
from typing import Any

import pytest

import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Problem, digest

pytestmark = pytest.mark.alone

LAYERS = ("omp", "tbb", "workqueue")

PREFACE = """
import json, os, threading
import numpy as np
from contracts.test_teams import bits
"""


def bits(threads: Any, n_epochs: int = 20) -> str:
    """The bits after 400 steps."""
    layers = [naive.Dense(40, "tanh"), naive.Dense(40, "relu"), naive.Dense(3, "softmax")]
    problem = Problem(10, layers, "sparse_categorical_crossentropy", 1000, scale=0.2)
    network = problem.engine("float32", OPTIMIZERS["momentum"][1])
    history = network.train(
        *problem.sources(), problem.orders(n_epochs), batch_size=50, threads=threads
    )
    return digest([*network.weights(), history])


@pytest.fixture(scope="module")
def expected() -> str:
    """What one worker gets."""
    return bits(1)


@pytest.mark.parametrize("layer", LAYERS)
def test_more_workers_than_processors(layer: str, expected: str) -> None:
    """Eight workers on one processor, taken away before the team is made and after."""
    script = """
    before = bits(8)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    for task in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(task), os.sched_getaffinity(0))
    print(json.dumps([before, bits(8), bits(3)]))
    """
    answers = children.run(PREFACE, script, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="8")
    assert answers == [expected] * 3


@pytest.mark.parametrize("layer", LAYERS)
def test_four_threads_train_at_once(layer: str, expected: str) -> None:
    script = """
    found = []
    def work(threads):
        for _ in range(3):
            found.append(bits(threads))
    team = [threading.Thread(target=work, args=[threads]) for threads in (2, 8, 1, "auto")]
    for each in team: each.start()
    for each in team: each.join()
    print(json.dumps(found))
    """
    answers = children.run(PREFACE, script, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="8")
    assert answers == [expected] * 12


@pytest.mark.parametrize("layer", LAYERS)
def test_inside_a_parallel_region(layer: str, expected: str) -> None:
    """Training that a user starts from within a region of his own."""
    script = """
    import numba
    found = []
    def train():
        found.append(bits(2))
    @numba.njit(parallel=True)
    def region(n):
        for i in numba.prange(n):
            with numba.objmode():
                train()
    region(2)
    print(json.dumps(found))
    """
    answers = children.run(PREFACE, script, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2")
    assert answers == [expected] * 2


@pytest.mark.parametrize("layer", LAYERS)
def test_forked_child_trains(layer: str, expected: str) -> None:
    """Children of a process that has a team already, and of one whose other thread trains meanwhile."""
    script = """
    def child():
        reader, writer = os.pipe()
        process = os.fork()
        if process == 0:
            os.write(writer, bits(2).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            answer = pipe.read()
        return answer, os.waitpid(process, 0)[1]
    found = [(bits(2), 0), child()]
    meanwhile = threading.Thread(target=lambda: found.append((bits(2, 2000), 0)))
    meanwhile.start()
    during = child()
    meanwhile.join()
    print(json.dumps([*found[:2], during, (bits(2), 0)]))
    """
    answers = children.run(
        PREFACE,
        script,
        NUMBA_THREADING_LAYER=layer,
        NUMBA_NUM_THREADS="2",
        PYTHONWARNINGS="ignore::DeprecationWarning",
    )
    assert answers == [[expected, 0]] * 4


def test_one_thread_enters_no_parallel_region(expected: str) -> None:
    """Numba's threading layer is not even started; with two threads it is."""
    script = """
    import numba
    def layer():
        try:
            return numba.threading_layer()
        except ValueError:
            return None
    one = bits(1), layer()
    two = bits(2), layer()
    print(json.dumps([one, two]))
    """
    one, two = children.run(
        PREFACE, script, NUMBA_THREADING_LAYER="workqueue", NUMBA_NUM_THREADS="2"
    )
    assert one == [expected, None]
    assert two == [expected, "workqueue"]


def test_threads_auto(expected: str) -> None:
    assert bits("auto") == expected


def test_planted_faults_are_seen() -> None:
    """A child that hangs, one that aborts and one that gives other bits are failures."""
    with pytest.raises(children.TimedOut):
        children.run("import time; time.sleep(60)", timeout=0.5)
    with pytest.raises(AssertionError):
        children.run("import os; os.abort()")
    assert bits(1, n_epochs=19) != bits(1, n_epochs=20)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="affinity is Linux's")
def test_affinity_limits_auto(expected: str) -> None:
    """One processor: `auto` is the serial twin, which starts no threading layer."""
    limit = """
    import os
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    """
    script = """
    import numba
    found = bits("auto")
    try:
        layer = numba.threading_layer()
    except ValueError:
        layer = None
    print(json.dumps([found, layer]))
    """
    assert children.run(limit, PREFACE, script) == [expected, None]
