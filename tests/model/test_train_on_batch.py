"""`train_on_batch` again and again: a call with data of the last form does what one that finds all out does."""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastbp
from fastbp.engine import Network

Array = NDArray[Any]
Batch = tuple[Array, Array]

N, N_IN, N_OUT = 24, 7, 3


def batches(dtype: str = "float32", classes: bool = True) -> Iterator[Batch]:
    """Batches without end, all of one form."""
    random = np.random.default_rng(5)
    while True:
        x = random.normal(size=(N, N_IN)).astype(dtype)
        y = random.integers(0, N_OUT, N) if classes else random.normal(size=(N, N_OUT))
        yield x, y


def model(optimizer: Any = "adam", *, classes: bool = True, dtype: str = "float32") -> Any:
    """A compiled model whose layers make noise."""
    layers = [
        fastbp.Input((N_IN,)),
        fastbp.Dense(20, "tanh"),
        fastbp.layers.Dropout(0.2),
        fastbp.Dense(N_OUT),
    ]
    made = fastbp.Sequential(layers, seed=3, dtype=dtype)
    loss = fastbp.losses.SparseCategoricalCrossentropy(from_logits=True) if classes else "mse"
    made.compile(optimizer, loss, ["accuracy"] if classes else ["mae"])
    return made


def state(made: Any) -> list[Array]:
    """All numbers that training changes."""
    found = made.learner.network().optimizer_state()
    return [*made.get_weights(), *(found[name] for name in sorted(found))]


def assert_same(found: Any, expected: Any) -> None:
    for x, y in zip(state(found), state(expected), strict=True):
        np.testing.assert_array_equal(x, y)


def train_as_first(made: Any, *batch: Array, **settings: Any) -> Any:
    """A call that knows of none before."""
    made.learner._update = None
    return made.train_on_batch(*batch, **settings)


@pytest.fixture
def only_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails where `train_on_batch` goes the long way."""
    with monkeypatch.context() as patch:
        patch.setattr(Network, "train", None)
        yield


@pytest.mark.parametrize("threads", [1, "auto"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_same_bits(
    optimizer: str, classes: bool, dtype: str, threads: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, expected = (model(optimizer, classes=classes, dtype=dtype) for _ in range(2))
    given = batches(dtype, classes)
    for _ in range(2):
        batch = next(given)
        told = found.train_on_batch(*batch, threads=threads)
        assert told == train_as_first(expected, *batch, threads=threads)
    for _ in range(5):
        batch = next(given)
        with monkeypatch.context() as patch:
            patch.setattr(Network, "train", None)
            told = found.train_on_batch(*batch, threads=threads)
        assert told == train_as_first(expected, *batch, threads=threads)
    assert_same(found, expected)


def test_what_happens_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, settings and the place of the workspace may change; what was compiled anew is not remembered."""
    found, expected = model(), model()
    given = batches()

    def both(*batch: Array) -> None:
        assert found.train_on_batch(*batch) == train_as_first(expected, *batch)

    def change(what: Any) -> None:
        for each in (found, expected):
            what(each)
        for _ in range(4):
            both(*next(given))

    for _ in range(4):
        both(*next(given))
    x, y = next(given)
    change(lambda each: each.predict(np.tile(x, (400, 1)), verbose=0))
    change(lambda each: each.fit(x, y, batch_size=5, epochs=2, verbose=0))
    change(lambda each: each.set_weights([weight / 2 for weight in each.get_weights()]))
    change(lambda each: each.train_on_batch(x[:9], y[:9]))
    change(lambda each: setattr(each, "optimizer", fastbp.optimizers.Adam(0.5)))
    change(lambda each: each.compile("sgd", each.loss))
    for other in (
        (x.astype("float64"), y),
        (x[::2], y[::2]),
        (np.asfortranarray(x), y),
        (x, y[:, None]),
        (x, y.astype("int32")),
        (x, y.astype("uint8")),
        (x.tolist(), y.tolist()),
    ):
        for _ in range(4):
            both(*other)
    assert_same(found, expected)


def test_copies_learn_for_themselves() -> None:
    made = model()
    given = batches()
    for _ in range(3):
        made.train_on_batch(*next(given))
    batch = next(given)
    twins = copy.deepcopy(made), pickle.loads(pickle.dumps(made))
    told = [each.train_on_batch(*batch) for each in (made, *twins)]
    assert told[0] == told[1] == told[2]
    for twin in twins:
        assert_same(twin, made)


def wrong_batches() -> list[Any]:
    x, y = next(batches("float64"))
    not_a_number, too_large, low, high = x.copy(), x.copy(), y.copy(), y.copy()
    not_a_number[3, 2], too_large[3, 2], low[5], high[5] = np.nan, 1e300, -1, N_OUT
    return [
        pytest.param(not_a_number, y, "x holds nan at row 3, column 2", id="nan"),
        pytest.param(too_large, y, "too large for float32", id="too large"),
        pytest.param(x, low, "y holds -1 at row 5", id="below"),
        pytest.param(x, high, "y holds 3 at row 5", id="above"),
    ]


@pytest.mark.parametrize(("x", "y", "message"), wrong_batches())
def test_what_cannot_be_used_is_refused_again(x: Array, y: Array, message: str) -> None:
    made = model()
    given = batches("float64")
    for _ in range(3):
        made.train_on_batch(*next(given))
    before = state(made)
    with pytest.raises(fastbp.DataError, match=message):
        made.train_on_batch(x, y)
    for now, then in zip(state(made), before, strict=True):
        np.testing.assert_array_equal(now, then)
    made.train_on_batch(*next(given))


def test_targets_that_are_not_finite_are_refused_again() -> None:
    made = model(classes=False)
    given = batches(classes=False)
    for _ in range(3):
        made.train_on_batch(*next(given))
    x, y = next(given)
    y[1, 1] = np.inf
    with pytest.raises(fastbp.DataError, match="y holds inf at row 1, column 1"):
        made.train_on_batch(x, y)


def in_range(loss: str, kind: str) -> Iterator[Batch]:
    """Batches whose targets are all that the loss takes."""
    random = np.random.default_rng(7)
    while True:
        x = random.normal(size=(N, N_IN)).astype("float32")
        most = 5 if loss == "poisson" else 1
        whole = random.integers(0, most + 1, (N, N_OUT))
        parts = kind.startswith("f") and loss != "hinge"
        yield x, (whole * 0.75 if parts else whole).astype(kind)


def model_of_rates(loss: str) -> Any:
    layers = [fastbp.Input((N_IN,)), fastbp.Dense(9, "relu"), fastbp.Dense(N_OUT, "sigmoid")]
    made = fastbp.Sequential(layers, seed=3)
    made.compile("sgd", loss)
    return made


@pytest.mark.parametrize("kind", ["float32", "float64", "int32", "uint64", "bool", "uint8"])
@pytest.mark.parametrize("loss", ["binary_crossentropy", "poisson", "hinge"])
def test_targets_of_a_range(loss: str, kind: str) -> None:
    found, expected = model_of_rates(loss), model_of_rates(loss)
    given = in_range(loss, kind)
    for _ in range(5):
        batch = next(given)
        assert found.train_on_batch(*batch) == train_as_first(expected, *batch)
    assert_same(found, expected)


BEYOND = {"float32": (-0.25, 1.5, np.nan, np.inf), "int64": (-1, 2)}
BEYOND["float64"] = BEYOND["float32"]


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, each) for kind, values in BEYOND.items() for each in values]
)
def test_targets_beyond_the_range_are_refused_again(kind: str, value: float) -> None:
    made = model_of_rates("binary_crossentropy")
    given = in_range("binary_crossentropy", kind)
    for _ in range(3):
        made.train_on_batch(*next(given))
    x, y = next(given)
    y[4, 1] = value
    with pytest.raises(fastbp.DataError, match=f"y holds {value} at row 4, column 1"):
        made.train_on_batch(x, y)


@pytest.mark.parametrize("rate", [1e30, 3e38])
def test_a_run_that_diverges_goes_back(rate: float) -> None:
    """Whether the weights or the next loss are no longer finite; the last finite weights stay."""
    made, twin = (model(fastbp.optimizers.SGD(1e-3), classes=False) for _ in range(2))
    given = batches(classes=False)
    for _ in range(3):
        batch = next(given)
        made.train_on_batch(*batch)
        train_as_first(twin, *batch)
    for each in (made, twin):
        each.optimizer = fastbp.optimizers.SGD(rate)
    for _ in range(3):
        batch = next(given)
        outcomes = []
        for train in (made.train_on_batch, lambda *batch: train_as_first(twin, *batch)):
            try:
                outcomes.append(train(*batch))
            except fastbp.DivergedError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]
        assert_same(made, twin)
    assert isinstance(outcomes[0], str)
    assert all(np.isfinite(each).all() for each in made.get_weights())


@pytest.mark.parametrize("threads", [True, 1.0, 0])
def test_threads_are_refused_again(threads: Any) -> None:
    """Also what equals the number of before."""
    made = model()
    given = batches()
    for _ in range(3):
        made.train_on_batch(*next(given), threads=1)
    with pytest.raises(fastbp.ArgumentError, match="threads must be"):
        made.train_on_batch(*next(given), threads=threads)


@pytest.mark.usefixtures("only_again")
def test_the_first_call_goes_the_long_way() -> None:
    """Else the tests above would compare nothing."""
    with pytest.raises(TypeError):
        model().train_on_batch(*next(batches()))
