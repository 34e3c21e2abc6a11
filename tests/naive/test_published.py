"""The twins give the values that are printed elsewhere, and scikit-learn's trajectories."""

import warnings
from typing import Any

import numpy as np
import pytest

import naive


def test_keras_examples_of_losses() -> None:
    """From the docstrings of Keras 3 (keras.losses)."""
    targets, outputs = np.array([[0.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]])
    assert naive.LOSSES["mean_squared_error"](targets, outputs).mean() == 0.5
    assert naive.LOSSES["mean_absolute_error"](targets, outputs).mean() == 0.5
    outputs = np.array([[0.6, 0.4], [0.4, 0.6]])
    assert abs(naive.LOSSES["huber"](targets, outputs).mean() - 0.155) < 1e-12
    losses = naive.LOSSES["binary_crossentropy"](targets, outputs)
    np.testing.assert_allclose(losses, [0.916, 0.714], atol=5e-4)
    one_hot, outputs = np.eye(3)[[1, 2]], np.array([[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]])
    np.testing.assert_allclose(
        naive.LOSSES["categorical_crossentropy"](one_hot, outputs), [0.0513, 2.303], atol=5e-4
    )
    np.testing.assert_allclose(
        naive.LOSSES["sparse_categorical_crossentropy"](np.array([1, 2]), outputs),
        [0.0513, 2.303],
        atol=5e-4,
    )

    losses = naive.LOSSES["categorical_focal_crossentropy"](
        np.eye(3)[[1, 2]], np.array([[0.05, 0.9, 0.05], [0.1, 0.85, 0.05]])
    )
    np.testing.assert_allclose(losses, [2.63401289e-04, 6.75912094e-01], rtol=1e-6)


def test_keras_examples_of_activations() -> None:
    """From the documents of keras.activations."""
    x = np.array([-20.0, -1.0, 0.0, 1.0, 20.0])
    expected = [2.06e-09, 0.268941432, 0.5, 0.731058598, 1.0]
    np.testing.assert_allclose(naive.ACTIVATIONS["sigmoid"](x), expected, atol=5e-8)
    expected = [2.06e-09, 0.313261688, 0.693147182, 1.31326163, 20.0]
    np.testing.assert_allclose(naive.ACTIVATIONS["softplus"](x), expected, atol=5e-7)
    x = np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    expected = [-0.00404951, -0.15865529, 0.0, 0.8413447, 2.9959507]
    np.testing.assert_allclose(naive.ACTIVATIONS["gelu"](x), expected, atol=5e-7)


def test_keras_example_of_accuracy() -> None:
    outputs = np.array([[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]])
    assert naive.METRICS["categorical_accuracy"](np.eye(3)[[2, 1]], outputs).tolist() == [0, 1]
    assert naive.METRICS["sparse_categorical_accuracy"](np.array([2, 1]), outputs).tolist() == [
        0,
        1,
    ]
    targets, outputs = np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([[0.98], [1], [0], [0.6]])
    assert naive.METRICS["binary_accuracy"](targets, outputs).mean() == 0.75


def test_keras_example_of_correlations() -> None:
    targets = np.array([[0.0, 1.0, 0.5], [1.0, 1.0, 0.2]])
    outputs = np.array([[0.1, 0.9, 0.5], [1.0, 0.9, 0.2]])
    for kind, value in (
        ("pearson_correlation", 0.9966996338993913),
        ("concordance_correlation", 0.9816320385426076),
    ):
        assert abs(naive.METRICS[kind](targets, outputs).mean() - value) < 1e-6


def test_two_two_two_network() -> None:
    """The classroom example of backpropagation: the first loss and all weights after one step."""
    layers = [naive.Dense(2, "sigmoid", bias_trainable=False) for _ in range(2)]
    network = naive.Network(2, layers)
    weights = [
        np.array([[0.15, 0.25], [0.20, 0.30]]),
        np.array([0.35, 0.35]),
        np.array([[0.40, 0.50], [0.45, 0.55]]),
        np.array([0.60, 0.60]),
    ]
    inputs, targets = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
    # the mean of two squares is the sum of their halves
    trained = naive.train(
        network,
        weights,
        naive.Optimizer("sgd", {"learning_rate": 0.5}),
        inputs,
        targets,
        np.zeros((1, 1), int),
        batch_size=1,
    )
    assert abs(trained.history[0, 0] - 0.298371109) < 5e-10
    flat = [trained.weights[0].T.ravel(), trained.weights[2].T.ravel()]
    expected = [0.149780716, 0.199561432, 0.249751144, 0.299502287]
    expected += [0.358916480, 0.408666186, 0.511301270, 0.561370121]
    np.testing.assert_allclose(np.concatenate(flat), expected, atol=5e-10)
    assert abs(network.value(trained.weights, inputs, targets) - 0.2910277737) < 5e-11


class ScikitLearn:
    """A multi-layer perceptron of scikit-learn before and after training, rows in their order."""

    def __init__(self, kind: str, inputs: Any, targets: Any, epochs: int, **options: Any) -> None:
        network = pytest.importorskip("sklearn.neural_network")
        estimator = getattr(network, kind)
        self.weights: list[list[Any]] = []
        # the first, at a rate of nothing, keeps the weights it began with
        for rate, n_epochs in ((1e-300, 1), (options.pop("rate"), epochs)):
            model = estimator(
                shuffle=False,
                random_state=0,
                tol=0.0,
                n_iter_no_change=10**9,
                learning_rate_init=rate,
                max_iter=n_epochs,
                **options,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(inputs, targets)
            pairs = zip(model.coefs_, model.intercepts_, strict=True)
            self.weights.append([array.copy() for pair in pairs for array in pair])
        self.curve = np.array(model.loss_curve_)


@pytest.mark.parametrize(
    ("solver", "optimizer"),
    [
        ({"solver": "sgd", "momentum": 0.0}, naive.Optimizer("sgd", {"learning_rate": 0.05})),
        (
            {"solver": "sgd", "momentum": 0.9, "nesterovs_momentum": False},
            naive.Optimizer("momentum", {"learning_rate": 0.05}),
        ),
        (
            {"solver": "sgd", "momentum": 0.8, "nesterovs_momentum": True},
            naive.Optimizer("nesterov", {"learning_rate": 0.05, "momentum": 0.8}),
        ),
        (
            {"solver": "adam", "epsilon": 1e-7},
            naive.Optimizer("adam", {"learning_rate": 0.05}),
        ),
    ],
    ids=["sgd", "momentum", "nesterov", "adam"],
)
def test_scikit_learn_classifier(solver: dict[str, Any], optimizer: naive.Optimizer) -> None:
    """Same formulas, same batches, the last one short: the same weights after 10 epochs."""
    random = np.random.default_rng(1)
    inputs, classes = random.normal(size=(50, 4)), np.arange(50) % 3
    options = {"hidden_layer_sizes": (5,), "activation": "tanh", "alpha": 0.0, "batch_size": 16}
    reference = ScikitLearn("MLPClassifier", inputs, classes, 10, rate=0.05, **options, **solver)
    layers = [naive.Dense(5, "tanh"), naive.Dense(3, "softmax")]
    network = naive.Network(4, layers, "sparse_categorical_crossentropy")
    orders = np.tile(np.arange(50), (10, 1))
    trained = naive.train(network, reference.weights[0], optimizer, inputs, classes, orders, 16)
    for computed, expected in zip(trained.weights, reference.weights[1], strict=True):
        np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(trained.history[:, 0], reference.curve, rtol=1e-10)


@pytest.mark.parametrize("activation", ["relu", "logistic"])
def test_scikit_learn_regressor_with_penalty(activation: str) -> None:
    """Its loss is half of ours, and its penalty is alpha / (2 rows of the batch) on the kernels."""
    random = np.random.default_rng(2)
    inputs = random.normal(size=(48, 4))
    targets = np.sin(inputs[:, 0])
    options = {"hidden_layer_sizes": (6,), "activation": activation, "batch_size": 16}
    options |= {"alpha": 0.3, "solver": "sgd", "momentum": 0.0, "rate": 0.02}
    reference = ScikitLearn("MLPRegressor", inputs, targets, 5, **options)
    name = {"logistic": "sigmoid"}.get(activation, activation)
    penalty = (0.0, 0.3 / 16)
    layers = [naive.Dense(6, name, kernel_penalty=penalty), naive.Dense(1, kernel_penalty=penalty)]
    trained = naive.train(
        naive.Network(4, layers),
        reference.weights[0],
        naive.Optimizer("sgd", {"learning_rate": 0.01}),
        inputs,
        targets[:, None],
        np.tile(np.arange(48), (5, 1)),
        batch_size=16,
    )
    for computed, expected in zip(trained.weights, reference.weights[1], strict=True):
        np.testing.assert_allclose(computed, expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(trained.history[:, 0] / 2, reference.curve, rtol=1e-10)
