"""The penalty on angles: its value and gradient, in training and out of it, for any number of workers."""

import json
from typing import Any

import numpy as np
import pytest

import fastbp
import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Problem, optimizer_and_twin, worst
from contracts.test_compiles_nothing import counting
from contracts.test_gradients import TOLERANCES, errors

MODES = ("rows", "columns")


def problem(mode: str, n_inputs: int = 4, n_hidden: int = 6, n_rows: int = 60) -> Problem:
    """In the first layer, whose kernel lies in blocks, and in one behind it."""
    layers = [
        naive.Dense(n_hidden, "tanh", orthogonal=(0.7, mode)),
        naive.Dense(5, "gelu", kernel_penalty=(0.003, 0.01)),
        naive.Dense(3, "softmax", orthogonal=(0.3, mode)),
    ]
    return Problem(n_inputs, layers, "categorical_crossentropy", n_rows)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n_hidden", [1, 2, 6, 35])
def test_gradients(mode: str, n_hidden: int, dtype: str) -> None:
    """Against the complex step; of one vector alone there are none."""
    for n_inputs in (1, 4, 17):
        found = errors(problem(mode, n_inputs, n_hidden, 11), dtype, weighted=True)
        assert max(found) < TOLERANCES[dtype], n_inputs


def test_the_twin_by_hand() -> None:
    """Vectors (3, 4), (1, 0) and (0, -2): cosines 0.6, -0.8 and 0."""
    weight = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, -2.0]])
    assert abs(naive.orthogonality.penalty(weight, 0.3, "rows") - 0.14) < 1e-15
    assert abs(naive.orthogonality.penalty(weight.T, 0.3, "columns") - 0.14) < 1e-15


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("momentum", {"learning_rate": 0.05, "momentum": 0.7}),
        ("sgd", {"learning_rate": 0.1, "gradient_accumulation_steps": 3, "global_clipnorm": 0.1}),
    ],
)
@pytest.mark.parametrize("mode", MODES)
def test_trajectories(mode: str, rule: str, options: dict[str, float]) -> None:
    """52 steps, the penalty in the history."""
    given = problem(mode)
    twin_rule, optimizer = optimizer_and_twin(rule, **options)
    data = given.inputs, given.targets, given.orders(26), 32
    reference = naive.train(given.twin, given.weights, twin_rule, *data)
    network = given.engine("float64", optimizer)
    history = network.train(*given.sources(), given.orders(26), batch_size=32, threads=1)
    assert worst([*network.weights(), history], [*reference.weights, reference.history]) < 1e-12
    loss = network.evaluate(*given.sources(), batch_size=25)[0]
    expected = given.twin.value(network.weights(), given.inputs, given.targets)
    assert abs(loss - expected) < 1e-13


def test_a_rule_that_asks_for_the_loss_is_told_it() -> None:
    """With the penalty."""
    given = problem("columns")
    twin_rule, optimizer = OPTIMIZERS["rprop_iplus"]
    data = given.inputs, given.targets, given.orders(20), 60
    reference = naive.train(given.twin, given.weights, twin_rule, *data)
    network = given.engine("float64", optimizer)
    network.train(*given.sources(), given.orders(20), batch_size=60, threads=1)
    assert worst(network.weights(), reference.weights) < 1e-12
    loss = network.optimizer_state()["loss/0"]
    assert worst([loss], [reference.slots[0][2]]) < 1e-13


@pytest.mark.parametrize("mode", MODES)
def test_vectors_come_to_right_angles(mode: str) -> None:
    x = np.random.default_rng(0).normal(size=(64, 12))
    layer = fastbp.Dense(
        12, use_bias=False, kernel_regularizer=fastbp.OrthogonalRegularizer(1.0, mode)
    )
    model = fastbp.Sequential([layer], seed=1)
    model.compile(fastbp.Adam(0.01), "mse")

    def cosine() -> float:
        weights = model.get_weights()[0]
        vectors = weights if mode == "rows" else weights.T
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return float(np.abs(units @ units.T - np.eye(12)).max())

    model.fit(x, x, epochs=0, verbose=0)
    assert cosine() > 0.3
    # the loss asks for a rotation, which goes with right angles
    model.fit(x, x @ np.linalg.qr(x[:12])[0], batch_size=64, epochs=400, verbose=0)
    assert cosine() < 0.05


def test_zeros_have_no_angles() -> None:
    given = problem("columns")
    given.weights[0][:, 2] = 0.0
    loss, gradients = given.engine().gradients(*given.sources())
    assert np.isfinite(loss)
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_frozen_kernels_are_penalized_and_stay() -> None:
    """In the loss and the gradients; what is trained is trained in one stage."""
    penalty = fastbp.OrthogonalRegularizer(0.5)
    layers = [fastbp.Dense(4, trainable=False, kernel_regularizer=penalty), fastbp.Dense(1)]
    model = fastbp.Sequential(layers, seed=1, dtype="float64")
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(20, 3))
    model.fit(x, x[:, 0], epochs=0, verbose=0)
    kernel = model.get_weights()[0]
    plain = ((model.predict(x)[:, 0] - x[:, 0]) ** 2).mean()
    loss = model.evaluate(x, x[:, 0], verbose=0)
    assert abs(loss - plain - naive.orthogonality.penalty(kernel, 0.5, "rows")) < 1e-13
    assert fastbp.gradient_check(model, x, x[:, 0]).ok
    model.fit(x, x[:, 0], verbose=0)
    assert np.array_equal(model.get_weights()[0], kernel)


def test_nothing_is_compiled_anew() -> None:
    def train(factor: float, *sizes: int) -> None:
        for mode in MODES:
            given = problem(mode, *sizes)
            layers = [given.layers[0], naive.Dense(3, "softmax", orthogonal=(factor, mode))]
            other = Problem(given.n_inputs, layers, given.loss, 60)
            for each in (given, other):
                network = each.engine("float64", fastbp.SGD(0.1))
                network.train(*each.sources(), each.orders(2), batch_size=32, threads=1)
                network.evaluate(*each.sources(), threads=1)

    train(0.1)
    with counting() as names:
        train(0.3, 9, 19)
    assert names == []


SCRIPT = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_orthogonality import MODES, problem
from fastbp import SGD

found, sizes = {}, teams.counted()
for mode in MODES:
    for workers in (1, 2, 3):
        given = problem(mode, 30, 75)
        network = given.engine("float32", SGD(0.1))
        history = network.train(
            *given.sources(), given.orders(20), batch_size=40, threads=workers
        )
        found.setdefault(mode, []).append(digest([*network.weights(), history]))
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits_for_any_number_of_workers() -> None:
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="3", NUMBA_THREADING_LAYER="workqueue")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3}
    assert {mode for mode, bits in answer["found"].items() if len(set(bits)) > 1} == set()
    assert len({json.dumps(bits) for bits in answer["found"].values()}) == len(MODES)


def test_a_file_has_it(tmp_path: Any) -> None:
    penalty = fastbp.OrthogonalRegularizer(0.2, "columns")
    model = fastbp.Sequential([fastbp.Dense(2, kernel_regularizer=penalty)], seed=1)
    model.compile(fastbp.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(20, 3))
    model.fit(x, x[:, :2], verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    for each in (model, loaded):
        each.fit(x, x[:, :2], epochs=2, initial_epoch=1, verbose=0)
    assert worst(loaded.get_weights(), model.get_weights()) == 0.0
