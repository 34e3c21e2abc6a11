"""A thread that joins a worker which walks alone: at any step, with the same bits, and never waited for in vain."""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from contracts.problems import digest
from engine.problem import BATCH, network, small
from fastbp.engine import executor, training
from fastbp.engine import network as engine_network
from fastbp.errors import DivergedError
from fastbp.runtime.threads import available_workers
from fastbp.source import Source

N_EPOCHS, PER_EPOCH = 50, 4
Join = Callable[[], None] | None


class Helper:
    """Takes offers, and joins in threads of its own: before the walk begins, or when it is let."""

    #: Where the chunk's workers meet.
    meeting: Any = None

    def __init__(self, when: Callable[[], object] | None = None, times: int = 1) -> None:
        self._when, self._times = when, times
        self.threads: list[threading.Thread] = []
        self.offers: list[Join] = []

    def __call__(self, join: Join) -> None:
        self.offers.append(join)
        if join is None:
            return
        for _ in range(self._times):
            self.threads.append(threading.Thread(target=self._help, args=(join,)))
            self.threads[-1].start()
        while self._when is None and not self.meeting[executor._HELP]:
            time.sleep(1e-4)

    def _help(self, join: Callable[[], None]) -> None:
        if self._when is not None:
            self._when()
        join()

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The step at which each chunk was joined, counted from 1; 0 for none."""
    found: list[int] = []
    told = executor.was_helped

    def noted(meeting: Any) -> bool:
        found.append(int(meeting[executor._JOINED]))
        return told(meeting)

    def met() -> Any:
        Helper.meeting = new_meeting()
        return Helper.meeting

    new_meeting = executor.new_meeting
    monkeypatch.setattr(executor, "new_meeting", met)
    monkeypatch.setattr(executor, "was_helped", noted)
    monkeypatch.setattr(engine_network, "available_workers", lambda: 2)
    return found


def train(given: Any, **options: Any) -> Any:
    problem = small()
    orders = problem.orders(N_EPOCHS)
    options = {"threads": 2, "elsewhere": lambda: 0.0, **options}
    return given.train(*problem.sources(), orders, batch_size=BATCH, **options)


def state(given: Any, history: Any) -> str:
    return digest([*given.weights(), *given.optimizer_state().values(), history])


@pytest.fixture(scope="module")
def whole() -> str:
    """State and figures of one worker."""
    given = network()
    return state(given, train(given, threads=1, elsewhere=None))


def test_a_helper_changes_no_bit(helped: list[int], whole: str) -> None:
    """Each chunk is joined at its first step, and has an offer of its own, which is taken back."""
    helper, given = Helper(), network()
    assert state(given, train(given, offer=helper)) == whole
    helper.wait()
    assert helped[0] == 1
    assert all(helped)
    assert len(helper.offers) == 2 * len(helped)
    assert all((join is None) == bool(place % 2) for place, join in enumerate(helper.offers))


@pytest.mark.skipif(available_workers() < 2, reason="one processor does one thing at a time")
def test_joined_at_any_step(helped: list[int], whole: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first and the last of one chunk; the optimizer's numbers are those of the step."""
    monkeypatch.setattr(training, "_FIRST_CHUNK_SECONDS", 1e9)
    seen: set[int] = set()
    for tries in range(400):
        given = network()

        def later(looks: int = tries % 40) -> None:
            for _ in range(looks):
                time.sleep(0)

        helper = Helper(later)
        assert state(given, train(given, offer=helper)) == whole
        helper.wait()
        seen |= set(helped) - {0}
        if len(seen) > 2 and max(seen) > 2:
            return
    raise AssertionError(f"joined at steps {seen} alone")


def test_who_comes_late_returns(helped: list[int], whole: str) -> None:
    """The chunk has ended: nothing is read, and nothing is written."""
    ended, given = threading.Event(), network()
    helper = Helper(lambda: ended.wait(60))
    history = train(given, offer=helper)
    before = state(given, history)
    ended.set()
    helper.wait()
    assert before == state(given, history) == whole
    assert set(helped) == {0}


def test_a_walk_that_never_begins(helped: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """There was a Ctrl-C right after the offer: whoever came returns, and the next call trains."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    helper, given = Helper(), network()
    with monkeypatch.context() as patch:
        patch.setattr(executor, "alone", lambda timed: interrupted)
        with pytest.raises(KeyboardInterrupt):
            train(given, offer=helper)
    helper.wait()
    assert helper.offers[-1] is None
    assert given.steps == 0
    train(given)
    assert given.steps == N_EPOCHS * PER_EPOCH


def test_one_helper_is_enough(helped: list[int], whole: str) -> None:
    """Of several that come, the others return at once."""
    helper, given = Helper(times=3), network()
    assert state(given, train(given, offer=helper)) == whole
    helper.wait()
    assert all(helped)


def test_a_loss_that_is_not_finite_ends_both(helped: list[int]) -> None:
    problem = small()
    inputs, targets, weights = problem.sources()
    bad = np.array(inputs.array, np.float64)
    bad[-1] = np.nan
    bad = Source(bad, 1, bad.ctypes.data, *bad.strides)
    orders = np.tile(np.arange(len(bad.array)), (N_EPOCHS, 1))
    orders[:-1] = 0
    helper, given = Helper(), network()
    with pytest.raises(DivergedError) as caught:
        given.train(
            bad,
            targets,
            weights,
            orders,
            batch_size=BATCH,
            threads=2,
            elsewhere=lambda: 0.0,
            offer=helper,
        )
    helper.wait()
    assert (caught.value.epoch, caught.value.step) == (N_EPOCHS, PER_EPOCH)
    assert all(helped)
    assert helper.offers


@pytest.mark.parametrize("threads, elsewhere", [(1, lambda: 0.0), (2, None), (3, lambda: 0.0)])
def test_where_nobody_is_to_help(
    helped: list[int], whole: str, threads: int, elsewhere: Callable[[], float] | None
) -> None:
    """One worker was asked for; nobody fetches; or there are others."""
    helper, given = Helper(), network()
    history = train(given, offer=helper, threads=threads, elsewhere=elsewhere)
    assert state(given, history) == whole
    assert helper.offers == [] == helped


@pytest.mark.parametrize("needed, is_open", [(0.0, False), (1e9, True)])
def test_long_steps_are_begun_by_all(
    helped: list[int], whole: str, monkeypatch: pytest.MonkeyPatch, needed: float, is_open: bool
) -> None:
    """Unless the thread needs its processor for longer than one of them."""
    monkeypatch.setattr(training, "_SHORT_STEP", 0.0)
    helper, given = Helper(), network()
    assert state(given, train(given, offer=helper, elsewhere=lambda: needed)) == whole
    helper.wait()
    assert bool(helper.offers) == is_open
