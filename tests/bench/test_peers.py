"""The comparison with other libraries: only the same work is compared."""

from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.workloads import OPTIMIZERS, WORKLOADS
from peers.__main__ import open_rooms
from peers.contestants import NotTheSameError, whole_loss
from peers.match import compare, same_work
from peers.rooms import Room
from peers.with_fastbp import Training

WORKLOAD = WORKLOADS["784-30-10"]


def losses(trainer: Any) -> tuple[float, float]:
    """After an epoch in order: the recorded mean, and of the whole set."""
    return trainer.train(1, False), whole_loss(WORKLOAD, trainer.weights())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_scikit_learn_does_the_same_work(optimizer: str) -> None:
    pytest.importorskip("sklearn")
    from peers import with_sklearn

    before = whole_loss(WORKLOAD, WORKLOAD.weights())
    ours = losses(Training(WORKLOAD, optimizer, "", 1))
    theirs = losses(with_sklearn.Training(WORKLOAD, optimizer, "", 1))
    assert all(map(same_work, ours, theirs, [before, before]))


def test_two_classes_are_another_network_in_scikit_learn() -> None:
    pytest.importorskip("sklearn")
    from peers import with_sklearn

    with pytest.raises(NotTheSameError, match="one logistic output"):
        with_sklearn.Training(WORKLOADS["2-8-2"], "sgd", "", 1)


class FakeRoom:
    """A contestant with given losses and times."""

    def __init__(self, contestant: str, threads: int, loss: float, seconds: float) -> None:
        self.contestant = contestant
        self.threads = threads
        self._loss = loss
        self._seconds = seconds

    def prepare(self, workload: str, optimizer: str, variant: str) -> None: ...

    def train(self, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        return n_epochs * self._seconds, self._loss

    def loss(self) -> float:
        return self._loss


def outcome_of(loss: float) -> Any:
    """What is made of a peer with this loss, where fastbp's is 2.0."""
    rooms: list[Any] = [
        FakeRoom("fastbp", 1, 2.0, 0.001),
        FakeRoom("JAX", 1, loss, 0.004),
        FakeRoom("JAX", 2, loss, 0.002),
    ]
    ours, theirs = compare(WORKLOAD, "sgd", rooms, n_rounds=3, seconds=0.1)
    assert ours.same_work
    return theirs


def test_the_quickest_mode_counts() -> None:
    theirs = outcome_of(2.0)
    assert theirs.mode == "rows a step, 2 threads"
    assert theirs.us == pytest.approx([0.002 * 1e6 / WORKLOAD.n_steps] * 3)


@pytest.mark.parametrize(
    "loss,expected", [(2.0, True), (2.000001, True), (2.01, False), (1.9, False), (0.0, False)]
)
def test_other_work_shows(loss: float, expected: bool) -> None:
    assert outcome_of(loss).same_work == expected


def test_a_loss_that_does_not_move_proves_nothing() -> None:
    assert not same_work(2.0, 2.0, before=2.0)


def test_a_room_trains_in_its_own_process() -> None:
    room = Room("fastbp", 1)
    try:
        room.prepare("2-8-2", "sgd", "")
        seconds, mean = room.train(1, False)
        loss = room.loss()
    finally:
        room.close()
    alone = Training(WORKLOADS["2-8-2"], "sgd", "", 1)
    assert (mean, loss) == (
        alone.train(1, False),
        whole_loss(WORKLOADS["2-8-2"], alone.weights()),
    )
    assert seconds > 0


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_what_is_not_installed_is_named() -> None:
    rooms, missing = open_rooms(["PyTorch"])
    assert rooms == []
    assert [line.split(" (")[0] for line in missing] == ["PyTorch: left out, not installed"]
