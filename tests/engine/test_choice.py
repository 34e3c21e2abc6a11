"""One worker or all: whichever was faster, and both are tried again and again."""

from collections.abc import Callable

from fastbp.engine.choice import WorkerChoice


def chosen(choice: WorkerChoice, seconds: Callable[[int], float], n_chunks: int) -> list[int]:
    """The number of workers of each chunk, where a step takes ``seconds(workers)``; a trial is a tenth of a chunk."""
    found = []
    for _ in range(n_chunks):
        found.append(choice.workers)
        choice.learn(seconds(choice.workers), choice.workers, 2 if choice.tries else 20)
    return found


def test_it_begins_with_all_and_tries_one() -> None:
    first = chosen(WorkerChoice(4), lambda workers: 1.0 / workers, 5)
    assert first[:3] == [4, 4, 1]
    assert set(first[3:]) == {4}


def test_the_first_chunk_says_nothing() -> None:
    """Code is loaded in it."""
    choice = WorkerChoice(2)
    choice.learn(100.0, 2)
    found = chosen(choice, lambda workers: 1.0 if workers == 2 else 2.0, 10)
    assert found[:3] == [2, 1, 2]
    assert found.count(2) == 8


def test_it_keeps_the_faster_way() -> None:
    for faster in (1, 2):
        found = chosen(WorkerChoice(2), lambda w, faster=faster: 1.0 if w == faster else 1.2, 1000)
        assert found.count(faster) > 960


def test_trying_costs_little() -> None:
    """However much slower the other way is, and if a trial is as long as any chunk."""
    for slower in (1.1, 2.0, 50.0):
        choice, spent = WorkerChoice(2), 0.0
        for _ in range(2000):
            seconds = 1.0 if choice.workers == 2 else slower
            choice.learn(seconds, choice.workers, 1)
            spent += seconds
        assert 2000.0 < spent < 1.03 * 2000.0 + 2.0 * slower


def test_it_says_when_it_tries() -> None:
    choice = WorkerChoice(2)
    told = []
    for _ in range(200):
        told.append((choice.tries, choice.workers))
        choice.learn(1.0 if choice.workers == 1 else 0.6, choice.workers, 20)
    assert set(told) == {(True, 1), (False, 2)}


def test_it_tries_the_slower_way_again() -> None:
    """Another program took a processor and gives it back: within some chunks all workers are back."""
    choice = WorkerChoice(2)
    busy = chosen(choice, lambda workers: 1.0 if workers == 1 else 10.0, 300)
    assert busy.count(1) > 290
    free = chosen(choice, lambda workers: 1.0 if workers == 1 else 0.6, 2000)
    assert free[-1] == 2
    assert free.count(2) > 1000


def test_it_notices_that_its_way_became_slow() -> None:
    choice = WorkerChoice(2)
    assert chosen(choice, lambda workers: 1.0 / workers, 100)[-1] == 2
    slow = chosen(choice, lambda workers: 1.0 if workers == 1 else 20.0, 20)
    assert slow[-1] == 1


def test_one_slow_chunk_changes_nothing_for_long() -> None:
    """A chunk that was interrupted costs at most until the slower way is tried again."""
    choice = WorkerChoice(2)
    chosen(choice, lambda workers: 1.0 / workers, 100)
    choice.learn(30.0, 2)
    after = chosen(choice, lambda workers: 1.0 / workers, 1000)
    assert after[-1] == 2


def test_a_first_figure_by_accident_is_corrected_soon() -> None:
    """The first whole team was interrupted; it is tried again at once."""
    choice = WorkerChoice(2)
    choice.learn(1.0, 2)
    choice.learn(1.1, 2)
    found = chosen(choice, lambda workers: 1.0 if workers == 1 else 0.6, 20)
    assert found[:3] == [1, 2, 2]
    assert found.count(2) > 15


def test_a_trial_for_which_others_came_too_late_is_over() -> None:
    choice = WorkerChoice(2)
    chosen(choice, lambda workers: 1.0 if workers == 1 else 1.1, 6)
    while not choice.tries:
        choice.learn(1.0, 1, 20)
    assert choice.workers == 2
    choice.learn(1.5, 1, 2)
    assert (choice.workers, choice.tries) == (1, False)


def test_a_team_that_was_not_whole_says_nothing() -> None:
    choice = WorkerChoice(2)
    for _ in range(5):
        choice.learn(9.0, 1)
        assert choice.workers == 2
    found = chosen(choice, lambda workers: 1.0 / workers, 100)
    assert found.count(2) > 90


def test_one_slow_chunk_is_not_believed() -> None:
    """Something else had a processor meanwhile: the way stays what it was. A second and a third are believed."""
    choice = WorkerChoice(2)
    chosen(choice, lambda workers: 1.0 if workers == 2 else 1.2, 100)
    while choice.workers == 1:
        choice.learn(1.2, 1, 20)
    choice.learn(50.0, 2, 20)
    assert choice.workers == 2
    choice.learn(1.0, 2, 20)
    assert choice.workers == 2
    for _ in range(3):
        choice.learn(50.0, 2, 20)
    assert choice.workers == 1
