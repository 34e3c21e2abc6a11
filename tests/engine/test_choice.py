"""One worker or all: whichever was faster, and both are tried again and again."""

from collections.abc import Callable

from fastbp.engine.choice import WorkerChoice


def chosen(choice: WorkerChoice, seconds: Callable[[int], float], n_chunks: int) -> list[int]:
    """The number of workers of each tenth of a chunk, which a chunk of a trial is long.

    A step takes ``seconds(workers)``.
    """
    found: list[int] = []
    for _ in range(n_chunks):
        tenths = 1 if choice.tries else 10
        found += tenths * [choice.workers]
        choice.learn(seconds(choice.workers), choice.workers, 2 * tenths)
    return found


def test_it_begins_with_all_and_tries_one() -> None:
    choice = WorkerChoice(4)
    first = chosen(choice, lambda workers: 1.5 - workers / 8, 5)
    assert first == 20 * [4] + 3 * [1]
    assert (choice.workers, choice.tries) == (4, False)


def test_the_first_chunk_says_nothing() -> None:
    """Code is loaded in it."""
    choice = WorkerChoice(2)
    choice.learn(100.0, 2)
    found = chosen(choice, lambda workers: 1.0 if workers == 2 else 1.5, 10)
    assert found == 10 * [2] + 3 * [1] + 60 * [2]


def test_it_keeps_the_faster_way() -> None:
    for faster in (1, 2):
        found = chosen(WorkerChoice(2), lambda w, faster=faster: 1.0 if w == faster else 1.2, 1000)
        assert found.count(faster) > 0.96 * len(found)


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
    assert busy.count(1) > 0.97 * len(busy)
    free = chosen(choice, lambda workers: 1.0 if workers == 1 else 0.6, 2000)
    assert free[-1] == 2
    assert free.count(2) > 0.5 * len(free)


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
    assert found[:6] == [1, 1, 1, 2, 2, 2]
    assert found[6:].count(2) > 0.9 * len(found[6:])


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
    assert found.count(2) > 0.9 * len(found)


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


def test_a_processor_that_was_idle_comes_to_speed() -> None:
    """The first chunk of a team behind a stretch of one worker is slower than that worker, the next ones are not."""
    choice, found, since = WorkerChoice(2), [], 0
    for _ in range(60):
        since = since + 1 if choice.workers == 2 else 0
        found += (1 if choice.tries else 10) * [choice.workers]
        choice.learn(1.0 if choice.workers == 1 else 1.2 if since == 1 else 0.6, choice.workers, 20)
    assert found.count(2) > 0.9 * len(found)


def test_it_finds_the_team_if_its_first_figures_are_of_a_processor_that_was_idle() -> None:
    choice = WorkerChoice(2)
    choice.learn(2.0, 2)
    choice.learn(1.2, 2)
    for seconds in (1.0, 1.0, 1.0):
        assert (choice.workers, choice.tries) == (1, True)
        choice.learn(seconds, 1, 2)
    for seconds in (1.2, 1.1, 0.7):
        assert (choice.workers, choice.tries) == (2, True)
        choice.learn(seconds, 2, 2)
    assert (choice.workers, choice.tries) == (2, False)


def test_a_hopeless_trial_is_over_at_once() -> None:
    """Another program has the second processor: whoever waits for it loses much."""
    choice = WorkerChoice(2)
    chosen(choice, lambda workers: 1.0 if workers == 1 else 1.1, 6)
    while not choice.tries:
        choice.learn(1.0, 1, 20)
    choice.learn(20.0, 2, 2)
    assert (choice.workers, choice.tries) == (1, False)
