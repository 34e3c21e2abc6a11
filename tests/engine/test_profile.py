"""Where the time goes: every row has its share, and the network stays as it was."""

from typing import Any

import numpy as np
import pytest

import fastbp
from fastbp.compiler.cost import Cost
from fastbp.engine.profile import Profile, measure
from fastbp.engine.session import Session
from fastbp.errors import ArgumentError


def trained(optimizer: str = "adam") -> tuple[fastbp.Sequential, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.standard_normal((100, 20)).astype(np.float32)
    y = random.integers(0, 3, 100)
    layers = [fastbp.Input(20), fastbp.Dense(16, "relu"), fastbp.Dense(3, "softmax")]
    model = fastbp.Sequential(layers, seed=1)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    return model, x, y


@pytest.mark.parametrize("threads", [1, 2])
def test_the_rows_are_those_of_a_step(threads: int) -> None:
    model, x, y = trained()
    profile = model.profile(x, y, 10, threads=threads, seconds=0.01)
    names = [row.name.split()[0] for row in profile.rows]
    assert names.count("barrier") == 2
    assert names.count("first_forward") == names.count("forward") == 1
    assert names.count("input_gradient") == names.count("first_weight_gradient") == 1
    # A worker that comes late stays out: this machine may be busy.
    assert 1 <= profile.workers <= threads
    assert profile.batch_size == 10
    # Two products of each layer, and the input gradient of the second; sums for the biases.
    assert profile.flops == 2 * 10 * (2 * 20 * 16 + 3 * 16 * 3) + 10 * (16 + 3)
    assert all(row.seconds >= 0 for row in profile.rows)
    assert sum(row.seconds for row in profile.rows) > 0
    assert profile.seconds_per_step > 0
    assert profile.peak > 0


def test_costs_grow_with_the_slots_of_the_optimizer() -> None:
    """Plain SGD reads and writes the weights; Adam two slots besides."""
    costs = {}
    for optimizer in ("sgd", "adam"):
        model, x, y = trained(optimizer)
        profile = model.profile(x, y, 10, threads=1, seconds=0.01)
        costs[optimizer] = next(
            r.n_bytes for r in profile.rows if r.name.startswith("first_weight")
        )
    passes = 10 * (20 + 16)
    assert costs["sgd"] == 4 * (passes + 2 * 20 * 16)
    assert costs["adam"] == 4 * (passes + 6 * 20 * 16)
    assert Cost(1, 2) != Cost(2, 1)


def test_the_model_stays_as_it_was() -> None:
    model, x, y = trained()
    twin, _, _ = trained()
    model.profile(x, y, 7, seconds=0.01)
    for each in (model, twin):
        each.fit(x, y, epochs=3, verbose=0)
    for array, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(array, other)


def test_it_reads_as_a_table() -> None:
    model, x, y = trained()
    text = str(model.profile(x, y, 10, threads=1, seconds=0.01))
    assert "batch 10, 1 worker; peak of a core" in text
    assert "first_forward relu" in text
    assert text.splitlines()[-1].startswith("step")


def test_a_run_that_diverged_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step that failed then would end each round now, and a step take next to no time."""
    random = np.random.default_rng(0)
    x = random.standard_normal((40, 8)).astype(np.float32)
    model = fastbp.Sequential([fastbp.Input(8), fastbp.Dense(4), fastbp.Dense(1)], seed=0)
    model.compile(fastbp.SGD(1e20), "mse")
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, x[:, :1], batch_size=10, epochs=5, verbose=0, threads=1)
    steps_done = []

    def watched(session: Session, *arguments: Any, **options: Any) -> Profile:
        profile = measure(session, *arguments, **options)
        steps_done.append(session.steps_done)
        return profile

    monkeypatch.setattr("fastbp.engine.network.measure", watched)
    model.profile(x, x[:, :1], 10, threads=1, seconds=0.01)
    # So few microseconds a step: a round has far more steps than the two of the run before.
    assert steps_done[0] > 2


def test_the_largest_team_counts() -> None:
    """On a busy machine a worker may come late, and be there in later rounds: with room for its times."""

    class TwoRows:
        names, costs = ["one", "other"], [Cost(1, 1), Cost(1, 1)]

    rounds: list[int] = []

    def run(n_steps: int, ticks: np.ndarray | None) -> int:
        rounds.append(n_steps)
        team = 2 if len(rounds) > 6 else 1
        if ticks is not None:
            ticks[:team] += np.array([[1, 3], [1, 1]])[:team]
        return team

    profile = measure(
        TwoRows(),  # type: ignore[arg-type]
        run,
        workers=2,
        dtype=np.dtype("float32"),
        batch_size=4,
        seconds=0.01,
    )
    assert profile.workers == 2
    assert profile.rows[1].seconds == pytest.approx(2 * profile.rows[0].seconds)


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"seconds": 0.0}, {"threads": 0}])
def test_wrong_use(wrong: dict[str, float]) -> None:
    model, x, y = trained()
    with pytest.raises(ArgumentError):
        model.profile(x, y, **wrong)  # type: ignore[arg-type]
