"""Training in chunks of any length: the same bits, steps counted right, and whoever watches can stop it."""

from typing import Any

import numpy as np
import pytest

from contracts.problems import digest
from engine.problem import BATCH, network, small
from fastbp.engine import Network, Progress, training
from fastbp.engine import network as engine_network
from fastbp.engine.session import Session

N_EPOCHS, PER_EPOCH = 3, 4


@pytest.fixture(params=[1, 3, 5, 100])
def steps_a_chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Chunks within an epoch, across epochs, and one for all."""
    count: int = request.param
    monkeypatch.setattr(training, "_CHUNK_SECONDS", 1e9)
    monkeypatch.setattr(training, "_MOST_STEPS", count)
    return count


def train(given: Network, **options: Any) -> Any:
    problem = small()
    orders = problem.orders(N_EPOCHS)
    options = {"threads": 1, **options}
    return given.train(*problem.sources(), orders, batch_size=BATCH, **options)


def finish(given: Network, done: int) -> None:
    """Do the steps that are left of the run of `train`."""
    problem = small()
    for number in range(done, N_EPOCHS * PER_EPOCH):
        rows = problem.orders(N_EPOCHS)[number // PER_EPOCH][BATCH * (number % PER_EPOCH) :][:BATCH]
        given.train(
            *problem.sources(), np.ascontiguousarray(rows[None]), batch_size=BATCH, threads=1
        )


def state(given: Network) -> str:
    return digest([*given.weights(), *given.optimizer_state().values()])


@pytest.fixture(scope="module")
def whole() -> tuple[str, Any]:
    """State and figures of training in one go."""
    given = network()
    history = train(given)
    return state(given), history


def test_chunks_change_nothing(steps_a_chunk: int, whole: tuple[str, Any]) -> None:
    given = network()
    history = train(given)
    assert (state(given), digest([history])) == (whole[0], digest([whole[1]]))
    assert given.steps == N_EPOCHS * PER_EPOCH


def test_progress_is_told_after_each_chunk(steps_a_chunk: int, whole: tuple[str, Any]) -> None:
    """Epoch and step, figures of the epoch so far, and those of the epochs before; steps are counted meanwhile."""
    seen: list[Progress] = []
    given = network()
    train(given, between=seen.append)
    total = N_EPOCHS * PER_EPOCH
    done = [
        min(number, total) for number in range(steps_a_chunk, total + steps_a_chunk, steps_a_chunk)
    ]
    places = [((number - 1) // PER_EPOCH, (number - 1) % PER_EPOCH + 1) for number in done]
    assert [(each.epoch, each.step) for each in seen] == places
    assert {each.n_steps for each in seen} == {PER_EPOCH}
    for each in seen:
        assert len(each.finished) == each.epoch
        np.testing.assert_array_equal(each.finished, whole[1][: each.epoch])
        if each.step == PER_EPOCH:
            np.testing.assert_array_equal(each.values, whole[1][each.epoch])


def test_running_means_are_over_the_samples_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """After two steps of an epoch, the mean of the losses of their 32 samples before each update."""
    monkeypatch.setattr(training, "_MOST_STEPS", 2)
    problem, seen = small(), []
    train(network(), between=seen.append)
    again, losses = network(), []
    for start in (0, BATCH):
        rows = np.ascontiguousarray(problem.orders(1)[:, start : start + BATCH])
        losses.append(again.train(*problem.sources(), rows, batch_size=BATCH, threads=1)[0, 0])
    assert (seen[0].epoch, seen[0].step) == (0, 2)
    np.testing.assert_allclose(seen[0].values, [np.mean(losses)], rtol=1e-14)


def test_who_watches_can_stop(steps_a_chunk: int, whole: tuple[str, Any]) -> None:
    """After the second chunk; what is left can be done later, with the same bits."""
    calls: list[Progress] = []

    def stop(progress: Progress) -> bool:
        calls.append(progress)
        return len(calls) == 2

    given = network()
    history = train(given, between=stop)
    done = min(2 * steps_a_chunk, N_EPOCHS * PER_EPOCH)
    assert given.steps == done
    assert len(history) == -(-done // PER_EPOCH)
    whole_epochs = done // PER_EPOCH
    np.testing.assert_array_equal(history[:whole_epochs], whole[1][:whole_epochs])
    finish(given, done)
    assert state(given) == whole[0]


def test_an_error_of_who_watches_leaves_whole_steps(
    steps_a_chunk: int, whole: tuple[str, Any]
) -> None:
    class Trouble(Exception):
        pass

    def raise_it(progress: Progress) -> None:
        raise Trouble

    given = network()
    with pytest.raises(Trouble):
        train(given, between=raise_it)
    done = min(steps_a_chunk, N_EPOCHS * PER_EPOCH)
    assert given.steps == done
    finish(given, done)
    assert state(given) == whole[0]


def test_planted_fault_is_seen(whole: tuple[str, Any]) -> None:
    """A step done once more gives other bits."""
    given = network()
    train(given)
    finish(given, N_EPOCHS * PER_EPOCH - 1)
    assert state(given) != whole[0]


def test_chunks_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first guess is much too fast, the second chunk is not; a chunk has at least one step."""
    counts: list[int] = []
    steps = training.Chunks.steps

    def counted(self: Any, first: int, count: int, *others: Any) -> int:
        counts.append(count)
        return steps(self, first, count, *others)

    monkeypatch.setattr(training.Chunks, "steps", counted)
    monkeypatch.setattr(training, "_CHUNK_SECONDS", 1e-12)
    train(network())
    assert counts == [1] * N_EPOCHS * PER_EPOCH
    counts.clear()
    monkeypatch.setattr(training, "_CHUNK_SECONDS", 1e9)
    train(network())
    assert counts == [N_EPOCHS * PER_EPOCH]


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Workers and steps of each chunk that was run; a team of three has all processors."""
    found: list[tuple[int, int]] = []
    steps = training.Chunks.steps

    def noted(self: Any, first: int, count: int, workers: int, *others: Any) -> int:
        found.append((workers, count))
        return steps(self, first, count, workers, *others)

    monkeypatch.setattr(training.Chunks, "steps", noted)
    monkeypatch.setattr(engine_network, "available_workers", lambda: 3)
    return found


def test_a_worker_stands_back_while_its_processor_is_needed(
    teams: list[tuple[int, int]], whole: tuple[str, Any]
) -> None:
    """Until nobody needs it any more; the bits are the same."""
    needed = iter([1e9, 0.0])
    given = network()
    history = train(given, threads=3, elsewhere=lambda: next(needed, 0.0), most_steps=lambda: 5)
    assert teams == [(2, 5), (3, 5), (3, 2)]
    assert (state(given), digest([history])) == (whole[0], digest([whole[1]]))


@pytest.mark.parametrize("threads, seconds", [(2, 1e9), (1, 1e9), (3, 0.0), (3, 1e-12)])
def test_no_worker_stands_back_for_nothing(
    teams: list[tuple[int, int]], threads: int, seconds: float
) -> None:
    """Where a processor is free anyway, or is needed for less time than a step would take longer."""
    train(network(), threads=threads, elsewhere=lambda: seconds)
    assert {workers for workers, _ in teams} == {threads}


def test_steps_from_which_a_worker_stands_back() -> None:
    """A step lasts longer by a third of it without one of four; then as long as it did last time."""
    session = Session.__new__(Session)
    session.seconds_per_step, session.seconds_with_one_less = 3.0, 0.0
    assert [session.n_spared(seconds, 4) for seconds in (0.0, 0.9, 1.1, 5.0, 8.0)] == [
        0,
        0,
        1,
        1,
        2,
    ]
    session.seconds_with_one_less = 2.0
    assert [session.n_spared(seconds, 4) for seconds in (0.0, 1e-5, 0.1, 10.0)] == [0, 0, 1, 5]
    session.seconds_with_one_less = 5.0
    assert [session.n_spared(seconds, 4) for seconds in (1.9, 2.1, 26.0)] == [0, 1, 5]
