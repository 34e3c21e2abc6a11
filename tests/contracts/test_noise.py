"""Noise is a function of counters: the twin draws the same, gradients and trajectories agree, threads change no bit."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import fastbp
import naive
from contracts.problems import OPTIMIZERS, Problem, digest, worst
from fastbp.engine import Network

TOLERANCES = {"float64": 1e-12, "float32": 2e-5}
BATCHES = (1, 7, 8, 13, 16, 33, 65)
KINDS = {
    "dropout": 0.3,
    "alpha_dropout": 0.2,
    "gaussian_dropout": 0.25,
    "gaussian_noise": 0.4,
}


def stacks(kind: str) -> dict[str, list[Any]]:
    """Where a layer of noise may stand."""
    noise = naive.Noise(kind, KINDS[kind])
    other = naive.Noise(kind, KINDS[kind], seed=3)
    return {
        "behind the first": [naive.Dense(5, "tanh"), noise, naive.Dense(3, "softmax")],
        "on the inputs": [noise, naive.Dense(5, "gelu"), naive.Dense(3, "softmax")],
        "everywhere": [
            noise,
            naive.Dense(7, "gelu"),
            noise,
            naive.Dense(5, "relu"),
            other,
            naive.Activation("tanh"),
            noise,
            naive.Dense(3),
        ],
        "twice": [naive.Dense(5, "silu"), noise, other, naive.Dense(4, "silu"), naive.Dense(3)],
        "of a softmax": [naive.Dense(5, "softmax"), noise, naive.Dense(3, "tanh")],
        "twice of a softmax": [
            naive.Dense(4, "tanh"),
            naive.Dense(5, "softmax"),
            noise,
            other,
            naive.Dense(3, "tanh"),
        ],
        "at the end": [naive.Dense(5, "tanh"), naive.Dense(3, "tanh"), noise],
    }


def problem_of(layers: list[Any], n_rows: int, n_inputs: int = 3) -> Problem:
    loss = "mean_squared_error"
    if layers[-1].activation == "softmax":
        loss = "categorical_crossentropy"
    return Problem(n_inputs, layers, loss, n_rows)


def errors(problem: Problem, dtype: str, seed: int = 5, steps: int = 0) -> tuple[float, float]:
    """How far loss and gradients of a training step are from the twin's."""
    network = problem.engine(dtype, fastbp.SGD(0.0))
    network.seed, network.steps = seed, steps
    loss, gradients = network.gradients(*problem.sources(True), training=True)
    twin = replace(problem.twin, noise=(seed, steps + 1))
    weights = [np.asarray(weight, np.float64) for weight in network.weights()]
    given = [weights, problem.inputs.astype(dtype).astype(float)]
    given += [problem.targets.astype(dtype).astype(float), problem.sample_weight]
    expected = twin.value(*given)
    return abs(loss - expected) / abs(expected), worst(gradients, naive.complex_step(twin, *given))


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("place", list(stacks("dropout")))
@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind: str, place: str, dtype: str) -> None:
    for n_rows in BATCHES:
        problem = problem_of(stacks(kind)[place], n_rows)
        assert max(errors(problem, dtype)) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("kind", KINDS)
def test_few_samples_of_a_larger_network(kind: str) -> None:
    """Where workers share outputs instead of samples."""
    noise = naive.Noise(kind, KINDS[kind])
    layers = [naive.Dense(40, "tanh"), noise, naive.Dense(33, "silu"), noise, naive.Dense(2)]
    problem = problem_of(layers, 7, n_inputs=30)
    network = problem.engine("float64", fastbp.SGD(0.0))
    loss, gradients = network.gradients(*problem.sources(), training=True)
    twin = replace(problem.twin, noise=(0, 1))
    given = problem.weights, problem.inputs, problem.targets
    assert abs(loss - twin.value(*given)) < 1e-13 * loss
    assert worst(gradients, naive.reverse_mode(twin, *given)) < 1e-12


def test_the_twin_against_itself() -> None:
    """Its backpropagation, which the trajectories go by, against the complex step."""
    for kind in KINDS:
        for layers in stacks(kind).values():
            problem = problem_of(layers, 6)
            twin = replace(problem.twin, noise=(1, 2))
            given = twin, problem.weights, problem.inputs, problem.targets
            assert worst(naive.reverse_mode(*given), naive.complex_step(*given)) < 1e-13


@pytest.mark.parametrize("other", [{"seed": 6}, {"steps": 1}])
def test_other_seeds_and_other_steps_are_seen(other: dict[str, int]) -> None:
    problem = problem_of(stacks("dropout")["everywhere"], 33)
    network = problem.engine("float64", fastbp.SGD(0.0))
    found = []
    for seed, steps in ((5, 0), (other.get("seed", 5), other.get("steps", 0))):
        network.seed, network.steps = seed, steps
        found.append(network.gradients(*problem.sources(), training=True)[0])
    assert found[0] != found[1]
    assert max(errors(problem, "float64", **other)) < 1e-12


@pytest.mark.parametrize(
    "where", [(6, 1, 0), (5, 2, 0), (5, 1, 1)], ids=["seed", "update", "layer"]
)
def test_planted_faults_are_seen(where: tuple[int, int, int]) -> None:
    """A twin with another seed, update or place of the layer is far off."""
    seed, update, place = where
    layers = stacks("gaussian_dropout")["behind the first"]
    problem = problem_of(layers, 33)
    network = problem.engine("float64", fastbp.SGD(0.0))
    network.seed = 5
    _, gradients = network.gradients(*problem.sources(), training=True)
    # A layer that does nothing moves the one behind it.
    moved = [naive.Activation("linear")] * place + layers
    twin = naive.Network(3, moved, problem.loss, noise=(seed, update))
    given = problem.weights, problem.inputs, problem.targets
    assert worst(gradients, naive.reverse_mode(twin, *given)) > 1e-2
    right = replace(problem.twin, noise=(5, 1))
    assert worst(gradients, naive.reverse_mode(right, *given)) < 1e-12


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_trajectories(kind: str, batch_size: int) -> None:
    """At least 50 steps through permutations of 60 rows, with a short last batch."""
    noise = naive.Noise(kind, KINDS[kind])
    layers = [
        naive.Noise("dropout", 0.1, seed=8),
        naive.Dense(6, "tanh"),
        noise,
        naive.Dense(5, "gelu"),
        noise,
        naive.Dense(3, "softmax"),
    ]
    problem = problem_of(layers, 60, n_inputs=4)
    twin_rule, optimizer = OPTIMIZERS["adam"]
    n_epochs = -(-50 // -(-60 // batch_size))
    orders = problem.orders(n_epochs)
    metrics = ("categorical_accuracy",)
    given = (problem.inputs, problem.targets, orders, batch_size, problem.sample_weight, metrics)
    reference = naive.train(problem.twin, problem.weights, twin_rule, *given, seed=11)
    network = problem.engine("float64", optimizer, [fastbp.nn.Metric(m, m) for m in metrics])
    network.seed = 11
    history = network.train(*problem.sources(True), orders, batch_size=batch_size, threads=1)
    assert worst(network.weights(), reference.weights) < 1e-10
    assert worst([history], [reference.history]) < 1e-10


def trained(problem: Problem, dtype: str, threads: int, batch_size: int) -> Network:
    network = problem.engine(dtype, OPTIMIZERS["adam"][1])
    network.seed = 2
    network.train(*problem.sources(), problem.orders(3), batch_size=batch_size, threads=threads)
    return network


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("batch_size", [5, 64, 1000])
def test_same_bits(dtype: str, batch_size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastbp.engine.team.PATIENCE", 100_000)
    layers = [naive.Noise(kind, KINDS[kind]) for kind in KINDS]
    layers = [naive.Dense(20, "tanh"), *layers[:2], naive.Dense(30, "relu"), *layers[2:]]
    problem = problem_of([*layers, naive.Dense(3, "softmax")], 1003, n_inputs=5)
    found = {digest(trained(problem, dtype, n, batch_size).weights()) for n in (1, 2, 3)}
    assert len(found) == 1


@pytest.mark.parametrize("n_inputs", [5, 40])
def test_gradients_behind_noise_that_is_off(n_inputs: int) -> None:
    """Where a network begins with noise, and a prediction has none, the layer behind it begins."""
    layers = [naive.Dense(7, "tanh"), naive.Dense(2)]
    noisy = problem_of([naive.Noise("dropout", 0.5), *layers], 100, n_inputs=n_inputs)
    plain = problem_of(layers, 100, n_inputs=n_inputs)
    plain.weights, plain.inputs, plain.targets = noisy.weights, noisy.inputs, noisy.targets
    ours, right = (each.engine().gradients(*each.sources()) for each in (noisy, plain))
    assert ours[0] == pytest.approx(right[0], rel=1e-12)
    assert worst(ours[1], right[1]) < 1e-12
