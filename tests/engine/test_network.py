"""A network's memory and state, whatever runs in between."""

from typing import Any

import numpy as np
import pytest

from contracts.problems import OPTIMIZERS, digest
from engine.problem import BATCH, DTYPE, network, small
from fastbp import nn, optimizers
from fastbp.data.source import as_source
from fastbp.engine import Network


def state(given: Network) -> str:
    """The bits of all that training changed."""
    return digest([*given.weights(), *given.optimizer_state().values()])


def train(given: Network, n_epochs: int = 1, batch_size: int = BATCH) -> None:
    problem = small()
    orders = problem.orders(n_epochs)
    given.train(*problem.sources(), orders, batch_size=batch_size, threads=1)


def test_memory_that_grows_keeps_weights_and_state() -> None:
    """Programs that were made before follow to where the memory has gone."""
    problem, undisturbed, moved = small(), network(), network()
    for given in (undisturbed, moved):
        train(given)
    expected = state(moved)
    address = moved._arena.address
    moved.memory_plan(20_000)
    assert moved._arena.address != address
    assert state(moved) == expected
    for given in (undisturbed, moved):
        train(given)
        given.evaluate(*problem.sources(), threads=1)
        train(given)
    assert state(moved) == state(undisturbed)


def test_normalization_survives_growth_and_configuration() -> None:
    problem = small()
    statistics = (np.arange(5.0), np.linspace(0.5, 2, 5))
    layers = [nn.Dense(9, "tanh"), nn.Dense(3, "softmax")]
    given = Network(5, layers, dtype=DTYPE, weights=problem.weights, normalization=statistics)
    loss = nn.LOSSES.resolve(problem.loss)
    expected = problem.twin.predict(
        problem.weights, (problem.inputs - statistics[0]) * statistics[1]
    )
    for _ in range(2):
        outputs = given.predict(problem.sources()[0], threads=1)
        np.testing.assert_allclose(outputs, expected, rtol=1e-12)
        given.configure(loss, OPTIMIZERS["momentum"][1], ())
        given.memory_plan(10_000)


@pytest.mark.parametrize("batch_size", [1, 16, 51])
def test_the_memory_plan_is_what_is_taken(batch_size: int) -> None:
    planned, training = network(), network()
    plan = planned.memory_plan(batch_size)
    assert plan["total"] == sum(bytes_ for part, bytes_ in plan.items() if part != "total")
    train(training, batch_size=batch_size)
    assert training.snapshot().nbytes == plan["last_finite_state"]
    assert training._arena.array.nbytes == plan["total"] - plan["last_finite_state"]
    assert plan["parameters"] >= 8 * sum(array.size for array in training.weights())
    assert plan["optimizer_state"] == plan["parameters"]


def test_the_memory_plan_grows_with_the_batch() -> None:
    given = network()
    small_plan, large_plan = given.memory_plan(16), given.memory_plan(1600)
    assert large_plan["activations"] > 50 * small_plan["activations"]
    assert large_plan["parameters"] == small_plan["parameters"]


def test_the_memory_plan_of_a_network_that_only_predicts() -> None:
    problem = small()
    given = Network(5, [nn.Dense(3)], dtype=DTYPE, weights=[np.ones((5, 3)), np.ones(3)])
    assert given.memory_plan(10)["optimizer_state"] == 0
    assert given.predict(problem.sources()[0], threads=1).shape == (51, 3)


def test_configuring_resets_the_optimizer_and_keeps_the_weights() -> None:
    problem, given = small(), network()
    train(given, 3)
    weights = given.weights()
    given.configure(nn.LOSSES.resolve(problem.loss), OPTIMIZERS["momentum"][1], ())
    assert given.steps == 0
    assert digest(given.weights()) == digest(weights)
    slots = [array for name, array in given.optimizer_state().items() if name != "step"]
    assert len(slots) == len(weights)
    assert all((array == 0).all() for array in slots)


def test_a_state_that_is_read_can_be_set() -> None:
    """A network that takes over weights and state goes on with the same bits."""
    first, second = network(), network()
    train(first, 2)
    second.set_weights(first.weights())
    second.set_optimizer_state(first.optimizer_state())
    assert second.steps == first.steps == 8
    for given in (first, second):
        train(given, 2)
    assert state(first) == state(second)
    third = network()
    third.set_weights(first.weights())
    train(first)
    train(third)
    assert state(first) != state(third)


def test_a_snapshot_brings_everything_back() -> None:
    given = network()
    train(given)
    snapshot, weights = given.snapshot(), digest(given.weights())
    train(given)
    assert digest(given.weights()) != weights
    given.restore(snapshot)
    assert digest(given.weights()) == weights
    assert given.is_finite()
    for poison in (np.nan, np.inf):
        given.set_weights([np.full_like(weight, poison) for weight in given.weights()])
        assert not given.is_finite()


@pytest.mark.parametrize("steps", [0, 2**31 - 2, 2**31 + 5, 2**40])
def test_adam_after_very_many_steps(steps: int) -> None:
    """Two updates by the formula, whatever number they have: Kingma and Ba 2015, with Keras's epsilon."""
    problem = small()
    rate, beta_1, beta_2, epsilon = 0.02, 0.8, 0.95, 1e-3
    given = problem.engine(DTYPE, optimizers.Adam(rate, beta_1, beta_2, epsilon))
    given.steps = steps
    expected = given.weights()
    moments: list[Any] = [(np.zeros_like(weight), np.zeros_like(weight)) for weight in expected]
    whole = np.arange(problem.n_rows)[None]
    for step in (steps + 1, steps + 2):
        _, gradients = given.gradients(*problem.sources())
        alpha = rate * np.sqrt(1 - beta_2 ** float(step)) / (1 - beta_1 ** float(step))
        for i, gradient in enumerate(gradients):
            mean = beta_1 * moments[i][0] + (1 - beta_1) * gradient
            square = beta_2 * moments[i][1] + (1 - beta_2) * gradient**2
            moments[i] = mean, square
            expected[i] = expected[i] - alpha * mean / (np.sqrt(square) + epsilon)
        given.train(*problem.sources(), whole, batch_size=problem.n_rows, threads=1)
        for found, wanted in zip(given.weights(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)
    assert given.steps == steps + 2
    assert int(given.optimizer_state()["step"]) == steps + 2


def test_the_memory_plan_counts_room_for_packed_operands() -> None:
    """A wide network on a large batch packs; a narrow one does not."""
    wide = Network(200, [nn.Dense(200)], dtype=DTYPE, weights=[np.ones((200, 200)), np.ones(200)])
    wide.configure(nn.LOSSES.resolve("mean_squared_error"), optimizers.SGD())
    plan = wide.memory_plan(256)
    assert plan["packed_operands"] >= 8 * 200 * 12
    assert "packed_operands" not in network().memory_plan(16)


def test_programs_of_many_batch_sizes_are_not_all_kept() -> None:
    """Those that are needed again are made again; training does not notice."""
    problem, undisturbed, asked = small(), network(), network()
    inputs, *_ = problem.sources()
    expected = problem.twin.predict(problem.weights, problem.inputs)
    for _ in range(2):
        for size in range(13, len(problem.inputs)):
            outputs = asked.predict(inputs, batch_size=size, threads=1)
            np.testing.assert_allclose(outputs, expected, rtol=1e-12)
            asked.evaluate(*problem.sources(), batch_size=size, threads=1)
    assert len(asked._sessions) == len(asked._recent) == 32

    def ask(_: Any) -> None:
        for size in range(13, len(problem.inputs)):
            asked.predict(inputs, batch_size=size, threads=1)

    for given, between in ((undisturbed, None), (asked, ask)):
        for n_epochs in (1, 2):
            given.train(
                *problem.sources(),
                problem.orders(n_epochs),
                batch_size=BATCH,
                threads=1,
                between=between,
            )
    assert state(asked) == state(undisturbed)
    assert len(asked._sessions) == len(asked._recent) == 32


def test_one_program_for_many_strides() -> None:
    given, problem = network(), small()
    for width in range(5, 60):
        wide = np.zeros((len(problem.inputs), width))
        wide[:, :5] = problem.inputs
        given.predict(as_source(wide[:, :5]), threads=1)
    assert len(given._recent) == 32
    assert len(given._sessions) == 1
