"""Penalties on what layers give out: the twin's loss and gradients, the same bits, counted in evaluation."""

from typing import Any

import numpy as np
import pytest

import fastbp
import naive
from contracts.problems import OPTIMIZERS, Problem, digest, worst
from contracts.test_compiles_nothing import counting

TOLERANCES = {"float64": 1e-12, "float32": 2e-5}
STACKS: dict[str, list[Any]] = {
    "of a fused activation": [naive.Dense(5, "tanh"), naive.Activity(0.01, 0.1), naive.Dense(3)],
    "of a kept input": [naive.Dense(9, "gelu"), naive.Activity(0.3, 0.0), naive.Dense(3)],
    "of a softmax": [naive.Dense(5, "softmax"), naive.Activity(0.0, 0.2), naive.Dense(3, "tanh")],
    "twice, and at the end": [
        naive.Dense(4),
        naive.Activity(0.1, 0.0),
        naive.Activity(0.0, 0.1),
        naive.Dense(3, "tanh"),
        naive.Activity(0.2, 0.1),
    ],
    "behind a softmax at the end": [
        naive.Dense(5, "relu"),
        naive.Dense(3, "softmax"),
        naive.Activity(0.1, 0.3),
    ],
    "on the inputs": [naive.Activity(0.1, 0.1), naive.Dense(4, "silu"), naive.Dense(3)],
    "in a network of few samples": [
        naive.Dense(40, "tanh"),
        naive.Activity(0.01, 0.1),
        naive.Dense(20, "relu"),
        naive.Activity(0.1, 0.02),
        naive.Dense(3),
    ],
}


def problem_of(name: str, n_rows: int) -> Problem:
    is_softmax = name == "behind a softmax at the end"
    loss = "categorical_crossentropy" if is_softmax else "mean_squared_error"
    return Problem(7, STACKS[name], loss, n_rows)


@pytest.mark.parametrize("dtype", list(TOLERANCES))
@pytest.mark.parametrize("name", STACKS)
def test_loss_and_gradients(name: str, dtype: str) -> None:
    for n_rows in (1, 7, 16, 33):
        problem = problem_of(name, n_rows)
        network = problem.engine(dtype, fastbp.SGD(0.0))
        loss, gradients = network.gradients(*problem.sources(True))
        given = [[np.asarray(weight, np.float64) for weight in network.weights()]]
        given += [problem.inputs.astype(dtype).astype(float)]
        given += [problem.targets.astype(dtype).astype(float), problem.sample_weight]
        expected = problem.twin.value(*given)
        assert loss == pytest.approx(expected, rel=TOLERANCES[dtype])
        reference = naive.complex_step(problem.twin, *given)
        assert worst(gradients, reference) < TOLERANCES[dtype]
        assert worst(naive.reverse_mode(problem.twin, *given), reference) < 1e-12


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("name", STACKS)
def test_trajectories(name: str, rule: str) -> None:
    problem = problem_of(name, 70)
    twin, optimizer = OPTIMIZERS[rule]
    network = problem.engine("float64", optimizer)
    orders = problem.orders(13)
    sources = problem.sources()
    history = network.train(*sources, orders, batch_size=17, threads=1)
    trained = naive.train(
        problem.twin, problem.weights, twin, problem.inputs, problem.targets, orders, 17
    )
    assert worst(network.weights(), trained.weights) < 1e-10
    np.testing.assert_allclose(history[:, 0], trained.history[:, 0], rtol=1e-10)


def test_threads_change_no_bit() -> None:
    problem = problem_of("twice, and at the end", 200)
    found = set()
    for threads in (1, 2, 3):
        network = problem.engine("float32", OPTIMIZERS["adam"][1])
        history = network.train(
            *problem.sources(), problem.orders(5), batch_size=33, threads=threads
        )
        found.add(digest([history, *network.weights()]))
    assert len(found) == 1


def test_other_strengths_compile_nothing() -> None:
    x = np.linspace(-1, 1, 60).reshape(20, 3)

    def fit(units: int, penalty: Any) -> None:
        model = fastbp.Sequential([fastbp.Dense(units, "tanh", activity_regularizer=penalty)])
        model.add(fastbp.Dense(1))
        model.compile("sgd", "mse")
        model.fit(x, x[:, 0], verbose=0)

    fit(5, "l1")
    with counting() as compiled:
        fit(9, fastbp.L1L2(0.5, 0.25))
    assert not compiled


def test_it_counts_in_evaluation_and_not_in_predictions() -> None:
    x = np.array([[1.0, -2.0], [0.0, 3.0]])
    plain = [fastbp.Input(2), fastbp.Dense(2), fastbp.Dense(1)]
    penalized = [fastbp.Input(2), fastbp.Dense(2, activity_regularizer=fastbp.L1(0.5)), plain[2]]
    models = [fastbp.Sequential(layers, seed=1) for layers in (plain, penalized)]
    for model in models:
        model.compile("sgd", "mse")
        model.set_weights([np.eye(2), np.zeros(2), np.ones((2, 1)), np.zeros(1)])
    np.testing.assert_array_equal(models[0].predict(x), models[1].predict(x))
    losses = [model.evaluate(x, np.zeros(2), verbose=0) for model in models]
    # l1 times |1| + |-2| and |0| + |3|, on average
    assert losses[1] - losses[0] == pytest.approx(0.5 * (3 + 3) / 2)


def test_without_strength_there_is_nothing() -> None:
    plain = Problem(7, [naive.Dense(5, "tanh"), naive.Dense(3)])
    network = plain.engine("float32", OPTIMIZERS["sgd"][1])
    idle = Problem(7, [naive.Dense(5, "tanh"), naive.Activity(0.0, 0.0), naive.Dense(3)])
    other = idle.engine("float32", OPTIMIZERS["sgd"][1])
    sources = plain.sources()
    names = [
        each._session(each._request(17, sources[0], sources[1], None, "sgd"), 1).names
        for each in (network, other)
    ]
    assert names[0] == names[1]


def test_wrong_strengths() -> None:
    with pytest.raises(fastbp.ArgumentError, match="l1 must be"):
        fastbp.ActivityRegularization(-1)
    with pytest.raises(fastbp.ArgumentError, match="activity_regularizer"):
        fastbp.Dense(3, activity_regularizer=fastbp.OrthogonalRegularizer())
    with pytest.raises(fastbp.ArgumentError, match="activity_regularizer"):
        fastbp.Activation("relu", activity_regularizer=fastbp.OrthogonalRegularizer())


def test_an_activation_takes_it_as_dense_does() -> None:
    x = np.linspace(-1, 1, 60).reshape(20, 3)
    penalty = fastbp.L1L2(0.5, 0.25)
    stacks = [
        [fastbp.Dense(5, "tanh", activity_regularizer=penalty)],
        [fastbp.Dense(5), fastbp.Activation("tanh", activity_regularizer=penalty)],
        [fastbp.Dense(5), fastbp.Activation("tanh")],
    ]
    weights, losses = [], []
    for stack in stacks:
        model = fastbp.Sequential([fastbp.Input(3), *stack, fastbp.Dense(1)], seed=1)
        model.compile("sgd", "mse")
        losses.append(model.fit(x, x[:, 0], verbose=0, epochs=2).history["loss"])
        weights.append(digest(model.get_weights()))
    assert weights[0] == weights[1] != weights[2]
    assert losses[0] == losses[1]
    assert losses[0][0] > losses[2][0]


def test_a_file_keeps_it(tmp_path: Any) -> None:
    layers = [
        fastbp.Dense(3, "relu", activity_regularizer="l2"),
        fastbp.ActivityRegularization(0.25, 0.5),
        fastbp.Activation("tanh", activity_regularizer="l1"),
        fastbp.Dense(1),
    ]
    model = fastbp.Sequential([fastbp.Input(2), *layers], seed=1)
    model.compile("sgd", "mse")
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    assert "activity_regularization" in loaded.learner.stack.names
