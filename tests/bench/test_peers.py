"""The comparison with other libraries: only the same work is compared."""

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.workloads import OPTIMIZERS, WORKLOADS, Workload
from peers import with_numpy
from peers.__main__ import main
from peers.contestants import NotTheSameError
from peers.formulas import ACTIVATIONS
from peers.goals import GOALS
from peers.match import Pace, allowed, compare, same_work
from peers.rates import with_a_rate
from peers.reached import Reached, reached
from peers.rooms import Room, open_rooms
from peers.spelling import parse, spell
from peers.with_fastbp import Training

WORKLOAD = WORKLOADS["784-30-10"]

#: All activations, losses and optimizers, and scikit-learn's among them.
SPELLINGS = [
    "5-7-6-3:4",
    "5-3:4:adam",
    "6-9-4:tanh:8:mse:adam",
    "6-9-4:sigmoid:8:bce",
    "6-9-1:8:bce:adam",
    "6-9-1:8:mse",
    "4-5-6-5-4-3:relu-tanh-sigmoid-gelu:8",
    "4-5-6-5-4-3-2:leaky_relu-elu-softplus-silu-linear:8:adam",
]


def small(spelling: str, dtype: str) -> Workload:
    """A workload of a few steps."""
    return with_a_rate(replace(parse(spelling), n_steps=5, dtype=dtype))


def agree(workload: Workload, trainer: Any) -> bool:
    """Whether a trainer does after an epoch in order what fastbp does."""
    ours = Training(workload, "", 1)
    mean = ours.train(1, False)
    loss = reached(workload, ours.weights()).loss
    bound = allowed(loss, reached(workload, workload.weights()).loss, workload.dtype)
    return (
        abs(trainer.train(1, False) - mean) <= bound
        and abs(reached(workload, trainer.weights()).loss - loss) <= bound
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_numpy_does_the_same_work(spelling: str, dtype: str) -> None:
    workload = small(spelling, dtype)
    trainer = with_numpy.Training(workload, "", 1)
    assert agree(workload, trainer)
    assert {str(array.dtype) for array in trainer.weights()} == {dtype}


def test_other_work_of_numpy_shows() -> None:
    workload = small("5-7-3:4", "float64")
    assert not agree(workload, with_numpy.Training(replace(workload, dtype="float32"), "", 1))
    assert not agree(workload, with_numpy.Training(replace(workload, activations=("elu",)), "", 1))


@pytest.mark.parametrize("spelling", SPELLINGS[1:6])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_scikit_learn_does_the_same_work(spelling: str, dtype: str) -> None:
    pytest.importorskip("sklearn")
    from peers import with_sklearn

    workload = small(spelling, dtype)
    assert agree(workload, with_sklearn.Training(workload, "", 1))


@pytest.mark.parametrize(
    "spelling,why",
    [
        ("2-8-2", "one logistic output"),
        ("2-8-3:gelu", "no gelu"),
        ("2-8-8-3:relu-tanh", "one activation"),
    ],
)
def test_what_scikit_learn_cannot_train_is_told(spelling: str, why: str) -> None:
    pytest.importorskip("sklearn")
    from peers import with_sklearn

    with pytest.raises(NotTheSameError, match=why):
        with_sklearn.Training(parse(spelling), "", 1)


def test_every_activation_is_tried() -> None:
    tried = {name for spelling in SPELLINGS for name in parse(spelling).hidden}
    assert tried == set(ACTIVATIONS)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_are_read_and_written(spelling: str) -> None:
    workload = parse(spelling)
    assert spell(parse(spell(workload))) == spell(workload)
    assert workload.n_steps >= 2


def test_parts_of_a_spelling() -> None:
    workload = parse("7-5-4-3:float64:tanh-gelu:64:adam:bce")
    assert workload.sizes == (7, 5, 4, 3)
    assert workload.batch_size == 64
    assert workload.hidden == ("tanh", "gelu")
    assert (workload.loss, workload.dtype, workload.optimizer) == ("bce", "float64", "adam")


@pytest.mark.parametrize(
    "text,why",
    [
        ("", "a size"),
        ("784", "inputs and outputs"),
        ("784-0-10", "'0' is not a size"),
        ("784--10", "'' is not a size"),
        ("784-ten", "'ten' is not a size"),
        ("784-10:0", "'0' is not a batch"),
        ("784-10:-1", "'-1' is not a batch"),
        ("784-10:1.5", "'1.5' is not a batch"),
        ("784-10:8:9", "two of a kind"),
        ("784-10:mse:bce", "two of a kind"),
        ("784-9-10:cosine", "'cosine' is none of linear, relu"),
        ("784-9-10:tanh-relu", "2 activations for 1 hidden"),
        ("784-1", "softmax of one output"),
        ("90000-90000", "weights"),
        ("784-10:999999999", "two batches"),
    ],
)
def test_nonsense_is_told_in_one_line(
    text: str, why: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["peers", "--networks", text])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    told = capsys.readouterr().err
    assert why in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("option", ["--rounds=0", "--seconds=nan", "--peers=Caffe", "--nothing"])
def test_wrong_options_are_told_in_one_line(
    option: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["peers", option])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_goals_differ_from_floors_where_they_say_so() -> None:
    assert GOALS["784-30-10"].hidden == ("sigmoid",)
    assert WORKLOADS["784-30-10"].hidden == ("relu",)
    assert GOALS["4-32-16-4"].n_samples == GOALS["4-32-16-4"].batch_size == 10_000


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_at_the_found_rate_takes_a_thousandth_away(optimizer: str) -> None:
    workload = with_a_rate(replace(parse("300-200-1:mse"), n_steps=1, optimizer=optimizer))
    trainer = with_numpy.Training(workload, "", 1)
    before = trainer.train(1, False)
    assert 0.998 < trainer.train(1, False) / before < 0.9995


class FakeRoom:
    """A contestant with given losses and times."""

    def __init__(self, contestant: str, threads: int, loss: float, seconds: float) -> None:
        self.contestant = contestant
        self.threads = threads
        self._loss = loss
        self._seconds = seconds

    def prepare(self, workload: Workload, variants: tuple[str, ...]) -> None: ...

    def train(self, variant: str, n_epochs: int, shuffle: bool) -> tuple[float, float]:
        return n_epochs * self._seconds, self._loss

    def begins(self) -> Reached:
        return reached(WORKLOAD, WORKLOAD.weights())

    def reached(self, variant: str) -> Reached:
        return Reached(self._loss, 0.5)


def outcome_of(loss: float, without: tuple[str, ...] = ()) -> Any:
    """What is made of a peer with this loss, where fastbp's is 2.0."""
    rooms: list[Any] = [
        FakeRoom("fastbp", 1, 2.0, 0.001),
        FakeRoom("JAX", 1, loss, 0.004),
        FakeRoom("JAX", 2, loss, 0.002),
    ]
    ours, theirs = compare(WORKLOAD, rooms, Pace(n_rounds=3, seconds=0.1), without)
    assert ours.same_work
    return theirs


def test_the_quickest_mode_counts() -> None:
    theirs = outcome_of(2.0)
    assert theirs.mode == "rows a step, 2 threads"
    assert theirs.us == pytest.approx([0.002 * 1e6 / WORKLOAD.n_steps] * 3)
    assert (theirs.loss, theirs.accuracy) == (2.0, 0.5)


@pytest.mark.parametrize(("seconds", "expected"), [(0.00124, 5), (0.00126, 2), (0.0005, 5)])
def test_more_turns_where_it_is_close(seconds: float, expected: int) -> None:
    rooms: list[Any] = [FakeRoom("fastbp", 1, 2.0, 0.001), FakeRoom("NumPy", 1, 2.0, seconds)]
    for outcome in compare(WORKLOAD, rooms, Pace(n_rounds=2, seconds=0.1, n_if_close=5)):
        assert len(outcome.us) == expected


def test_variants_can_be_left_out() -> None:
    assert outcome_of(2.0, ("rows a step",)).mode == "rows an epoch, 2 threads"


@pytest.mark.parametrize(
    "loss,expected", [(2.0, True), (2.000001, True), (2.01, False), (1.9, False), (0.0, False)]
)
def test_other_work_shows(loss: float, expected: bool) -> None:
    assert outcome_of(loss).same_work == expected


def test_a_loss_that_does_not_move_proves_nothing() -> None:
    assert not same_work(2.0, 2.0, before=2.0)


def test_a_room_trains_in_its_own_process() -> None:
    room = Room("fastbp", 1)
    workload = WORKLOADS["2-8-2"]
    try:
        room.prepare(workload, ("",))
        before = room.begins()
        seconds, mean = room.train("", 1, False)
        whole = room.reached("")
    finally:
        room.close()
    alone = Training(workload, "", 1)
    assert mean == alone.train(1, False)
    assert before == reached(workload, workload.weights())
    assert whole == reached(workload, alone.weights())
    assert seconds > 0


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
def test_what_is_not_installed_is_named() -> None:
    rooms, missing = open_rooms(["PyTorch"])
    assert rooms == []
    assert [line.split(" (")[0] for line in missing] == ["PyTorch: left out, not installed"]
