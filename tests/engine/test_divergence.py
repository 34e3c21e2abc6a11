"""A run that diverges goes back to the last finite weights, from whatever copy it has kept."""

from typing import Any

import numpy as np
import pytest

import naive
from contracts.problems import Problem, digest
from fastbp import optimizers
from fastbp.data.source import as_source
from fastbp.engine import Network, training
from fastbp.errors import DivergedError

BATCH, PER_EPOCH, N_EPOCHS = 16, 3, 5
#: Updates before the step that makes weights infinite.
N_FINITE = 3 * PER_EPOCH + 1


def exploding() -> tuple[Network, tuple[Any, Any, None], Any]:
    """A regression that goes well until one sample: its loss is finite in float32, its gradient is not."""
    random = np.random.default_rng(0)
    inputs = np.zeros((49, 2), np.float32)
    inputs[:48, 0] = random.normal(size=48)
    inputs[48, 1] = 1e25
    targets = np.append(inputs[:48, 0] + 1, 1e18).astype(np.float32)
    orders = np.array([random.permutation(48) for _ in range(N_EPOCHS)])
    orders[N_FINITE // PER_EPOCH, BATCH * (N_FINITE % PER_EPOCH) + 3] = 48
    given = Problem(2, [naive.Dense(1)]).engine("float32", optimizers.SGD(0.1, momentum=0.5))
    given.set_weights([np.array([[0.5], [0.0]], np.float32), np.zeros(1, np.float32)])
    return given, (as_source(inputs), as_source(targets, "y"), None), orders


def state(given: Network) -> str:
    return digest([*given.weights(), *given.optimizer_state().values()])


def last_finite() -> str:
    """The state after all steps that go well, done one by one."""
    given, sources, orders = exploding()
    for number in range(N_FINITE):
        rows = orders[number // PER_EPOCH][BATCH * (number % PER_EPOCH) :][:BATCH]
        given.train(*sources, rows[None].copy(), batch_size=BATCH, threads=1)
    assert given.is_finite()
    return state(given)


def diverge(given: Network, sources: Any, orders: Any) -> DivergedError:
    with pytest.raises(DivergedError) as caught:
        given.train(*sources, orders, batch_size=BATCH, threads=1)
    return caught.value


def copy_after_chunks(given: Network, most: int, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a copy of the state be taken at the start and after each chunk, `most` in all; the list tells when."""
    copies: list[int] = []
    snapshot = given.snapshot

    def counted(into: Any = None) -> Any:
        copies.append(len(copies))
        if len(copies) == most:
            monkeypatch.setattr(training, "_SNAPSHOT_SECONDS", np.inf)
        return snapshot(into)

    monkeypatch.setattr(training, "_SNAPSHOT_SECONDS", -1.0)
    monkeypatch.setattr(given, "snapshot", counted)
    return copies


@pytest.mark.parametrize(
    ("steps_a_chunk", "n_copies"), [(1000, 1), (1, 1), (1, 4), (1, N_FINITE + 1), (3, 1), (3, 3)]
)
def test_back_to_the_last_finite_weights(
    steps_a_chunk: int, n_copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a copy of any age; the error names the step whose loss told."""
    monkeypatch.setattr(training, "_CHUNK_SECONDS", 1e9)
    monkeypatch.setattr(training, "_MOST_STEPS", steps_a_chunk)
    expected = last_finite()
    given, sources, orders = exploding()
    copies = copy_after_chunks(given, n_copies, monkeypatch)
    error = diverge(given, sources, orders)
    assert len(copies) == n_copies
    assert state(given) == expected
    assert given.steps == N_FINITE
    assert PER_EPOCH * (error.epoch - 1) + error.step == N_FINITE + 2


def test_the_replay_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: without it the weights are infinite, and the tests here would see that."""
    monkeypatch.setattr(training, "_go_back", lambda *_: None)
    given, sources, orders = exploding()
    diverge(given, sources, orders)
    assert not given.is_finite()


def test_training_goes_on_afterwards() -> None:
    given, sources, orders = exploding()
    diverge(given, sources, orders)
    history = given.train(*sources, orders[:2], batch_size=BATCH, threads=1)
    assert np.isfinite(history).all()
    assert given.steps == N_FINITE + 2 * PER_EPOCH


def test_a_copy_is_of_finite_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy after every step: the last one is of the step whose loss was finite and whose weights are not."""
    monkeypatch.setattr(training, "_MOST_STEPS", 1)
    given, sources, orders = exploding()
    copy_after_chunks(given, 1000, monkeypatch)
    diverge(given, sources, orders)
    assert given.is_finite()


def overflowing(units: int = 1) -> tuple[Network, tuple[Any, Any, None]]:
    """The loss of the first step is 1e20, and its weights would be 1e40 / units."""
    given = Problem(1, [naive.Dense(units)]).engine("float32", optimizers.SGD(1e34, momentum=0.5))
    inputs, targets = np.ones((4, 1), np.float32), np.full((4, units), 1e10, np.float32)
    return given, (as_source(inputs), as_source(targets, "y"), None)


@pytest.mark.parametrize("units", [1, 20_000])
def test_a_single_step_that_overflows(units: int) -> None:
    """There is no next loss that would tell."""
    given, sources = overflowing(units)
    before = digest(given.weights())
    with pytest.raises(DivergedError) as caught:
        given.train(*sources, np.arange(4)[None], batch_size=4, threads=1)
    assert (caught.value.epoch, caught.value.step) == (1, 1)
    assert digest(given.weights()) == before
    assert given.steps == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "loss",
    ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"],
)
def test_outputs_that_are_not_numbers_are_seen(loss: str, dtype: str) -> None:
    """Also by a cross-entropy of outputs that are not logits, which clips them."""
    problem = Problem(2, [naive.Dense(3, "linear")], loss, n_rows=8)
    problem.weights[0][:] = np.nan
    given = problem.engine(dtype, optimizers.SGD(0.1, momentum=0.5))
    assert not np.isfinite(given.evaluate(*problem.sources(), threads=1)[0])
    with pytest.raises(DivergedError):
        given.train(*problem.sources(), np.arange(8)[None], batch_size=8, threads=1)
