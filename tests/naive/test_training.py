"""The training loop of the twins: orders, ragged batches, weights of samples, histories, optimizers."""

import numpy as np
import pytest

import naive


def test_optimizers_by_hand() -> None:
    """Two steps with gradient 0.5 from weight 1, worked out on paper."""
    rate = 0.1
    root = np.sqrt(0.025 + 1e-7)
    second = np.sqrt(0.9 * 0.025 + 0.025 + 1e-7)
    expected = {
        "sgd": 1 - 0.05 - 0.05,
        "momentum": 1 - 0.05 - (0.9 * 0.05 + 0.05),
        "nesterov": 1 - (0.9 * 0.05 + 0.05) - (0.9 * 0.095 + 0.05),
        "rmsprop": 1 - rate * 0.5 / root - rate * 0.5 / second,
        "rmsprop_momentum": 1 - rate * 0.5 / root - (0.9 * rate * 0.5 / root + rate * 0.5 / second),
        "adam": 0.8,  # a constant gradient moves by the rate
        "adamw": (1 - 0.0004 - 0.1) * (1 - 0.0004) - 0.1,
    }
    assert set(expected) == set(naive.OPTIMIZERS)
    for rule, value in expected.items():
        optimizer = naive.Optimizer(rule, {"learning_rate": rate})
        weight = np.array([1.0])
        slots = optimizer.begin(weight)
        for step in (1, 2):
            weight, slots = optimizer.update(weight, np.array([0.5]), slots, step)
        tolerance = 1e-5 if rule.startswith("adam") else 1e-14  # the epsilon under the fraction
        assert abs(weight[0] - value) < tolerance, rule


def problem() -> tuple[naive.Network, list[np.ndarray], np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    network = naive.Network(2, [naive.Dense(3, "tanh", bias_trainable=False), naive.Dense(1)])
    inputs = random.normal(size=(10, 2))
    return network, network.random_weights(0), inputs, inputs[:, :1] * inputs[:, 1:]


def test_every_row_of_an_order_is_used_once() -> None:
    """Batches of 4 of 10 rows end with one of 2; the mean of an epoch is weighted by rows."""
    network, weights, inputs, targets = problem()
    still = naive.Optimizer("sgd", {"learning_rate": 0.0})
    order = np.random.default_rng(0).permutation(10)[None]
    metrics = ["mean_absolute_error"]
    result = naive.train(network, weights, still, inputs, targets, order, 4, metrics=metrics)
    assert abs(result.history[0, 0] - network.value(weights, inputs, targets)) < 1e-15
    error = np.abs(network.predict(weights, inputs) - targets).mean()
    assert abs(result.history[0, 1] - error) < 1e-15


def test_fixed_biases_stay() -> None:
    network, weights, inputs, targets = problem()
    orders = np.tile(np.arange(10), (3, 1))
    result = naive.train(network, weights, naive.Optimizer("adam"), inputs, targets, orders, 3)
    changed = [bool((a != b).any()) for a, b in zip(result.weights, weights, strict=True)]
    assert changed == [True, False, True, True]


def test_weight_of_a_sample_is_its_count() -> None:
    """Whole weights in a full batch are the same as rows given several times, but for the divisor."""
    network, weights, inputs, targets = problem()
    counts = np.arange(10) % 3
    rows = np.repeat(np.arange(10), counts)
    weighted = naive.reverse_mode(network, weights, inputs, targets, counts)
    repeated = naive.reverse_mode(network, weights, inputs[rows], targets[rows])
    for a, b in zip(weighted, repeated, strict=True):
        np.testing.assert_allclose(a * 10, b * len(rows), rtol=1e-13)


@pytest.mark.parametrize("n_steps", [1, 4, 5])
def test_stops_after_steps(n_steps: int) -> None:
    network, weights, inputs, targets = problem()
    orders = np.tile(np.arange(10), (3, 1))
    plain = naive.Optimizer("sgd")
    short = naive.train(
        network, weights, plain, inputs, targets, orders, 4, n_steps=n_steps
    ).weights
    expected = [weight.copy() for weight in weights]
    for step in range(n_steps):
        rows = np.arange(10)[4 * (step % 3) :][:4]
        gradients = naive.reverse_mode(network, expected, inputs[rows], targets[rows])
        del gradients[1]
        for number, gradient in zip((0, 2, 3), gradients, strict=True):
            expected[number] = expected[number] - 0.01 * gradient
    for a, b in zip(short, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-14)
