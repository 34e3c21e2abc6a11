"""The training loop of the twins: orders, ragged batches, weights of samples, histories, optimizers."""

import numpy as np
import pytest

import naive


def test_optimizers_by_hand() -> None:
    """Two steps with gradient 0.5 from weight 1, worked out on paper."""
    rate = 0.1
    root = np.sqrt(0.025 + 1e-7)
    second = np.sqrt(0.9 * 0.025 + 0.025 + 1e-7)
    # the means of g and g**2 are 0.05 and 0.025, then 0.095 and 0.0475
    centered = [np.sqrt(0.025 - 0.0025 + 1e-7), np.sqrt(0.0475 - 0.009025 + 1e-7)]
    pushes = [rate * 0.5 / each for each in centered]
    steps = [0.5 * np.sqrt(1e-7 / (0.0125 + 1e-7))]
    steps.append(0.5 * np.sqrt((0.05 * steps[0] ** 2 + 1e-7) / (0.95 * 0.0125 + 0.0125 + 1e-7)))
    momenta = [0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2, 3)]
    nadam = [
        (momenta[1] * 0.05 / (1 - momenta[0] * momenta[1]) + 0.5) / 0.5,
        (
            momenta[2] * 0.095 / (1 - momenta[0] * momenta[1] * momenta[2])
            + (1 - momenta[1]) * 0.5 / (1 - momenta[0] * momenta[1])
        )
        / 0.5,
    ]
    resilient = 1 - 0.1 - 0.12
    expected = {
        "sgd": 1 - 0.05 - 0.05,
        "momentum": 1 - 0.05 - (0.9 * 0.05 + 0.05),
        "nesterov": 1 - (0.9 * 0.05 + 0.05) - (0.9 * 0.095 + 0.05),
        "adagrad": 1 - rate * 0.5 / np.sqrt(0.35 + 1e-7) - rate * 0.5 / np.sqrt(0.6 + 1e-7),
        "adadelta": 1 - rate * steps[0] - rate * steps[1],
        "rmsprop": 1 - rate * 0.5 / root - rate * 0.5 / second,
        "rmsprop_momentum": 1 - rate * 0.5 / root - (0.9 * rate * 0.5 / root + rate * 0.5 / second),
        "rmsprop_centered": 1 - pushes[0] - pushes[1],
        "rmsprop_centered_momentum": 1 - pushes[0] - (0.9 * pushes[0] + pushes[1]),
        # a constant gradient moves by the rate
        "adam": 0.8,
        "amsgrad": 0.8,
        "adamax": 0.8,
        "nadam": 1 - rate * nadam[0] - rate * nadam[1],
        "lion": 0.8,
        "muon": (1 - 0.1 * 0.004 - 0.1) * (1 - 0.1 * 0.004) - 0.1,
        "rprop_plus": resilient,
        "rprop_minus": resilient,
        "rprop_iplus": resilient,
        "rprop_iminus": resilient,
    }
    assert set(expected) == set(naive.OPTIMIZERS)
    for rule, value in expected.items():
        tolerance = 1e-5 if rule in ADAMS else 1e-14  # the epsilon under the fraction
        assert abs(after(rule, [0.5, 0.5], learning_rate=rate) - value) < tolerance, rule


ADAMS = ("adam", "amsgrad", "adamax", "nadam", "muon")


def after(
    rule: str, gradients: list[float], losses: tuple[float, ...] = (), **options: float
) -> float:
    """The weight that began with 1."""
    optimizer = naive.Optimizer(rule, options)
    weight = np.array([1.0])
    slots = optimizer.begin(weight)
    for step, gradient in enumerate(gradients, 1):
        loss = losses[step - 1] if losses else 1.0
        weight, slots = optimizer.update(weight, np.array([gradient]), slots, step, loss)
    return float(weight[0])


def test_what_every_optimizer_takes_by_hand() -> None:
    """Decay before the update, clipping, and averages, the first being the weight after the first update."""
    sgd = {"learning_rate": 0.1}
    two = [0.5, 0.5]
    assert abs(after("sgd", two, **sgd, weight_decay=0.2) - (0.93 * 0.98 - 0.05)) < 1e-15
    assert abs(after("sgd", two, **sgd, clipvalue=0.2) - 0.96) < 1e-15
    assert abs(after("sgd", [-0.5], **sgd, clipvalue=0.2) - 1.02) < 1e-15
    assert abs(after("sgd", two, **sgd, ema_momentum=0.75) - 0.9) < 1e-15
    overwritten = after("sgd", two, **sgd, ema_momentum=0.75, ema_overwrite_frequency=2)
    assert abs(overwritten - (0.75 * 0.95 + 0.25 * 0.9)) < 1e-15
    decayed = after("adam", two, learning_rate=0.1, weight_decay=0.004)
    assert abs(decayed - ((1 - 0.0004 - 0.1) * (1 - 0.0004) - 0.1)) < 1e-5


def test_orthogonal_steps_by_hand() -> None:
    """A matrix of one singular value, which the polynomial takes from 1 to 0.701, and of two equal ones."""
    once = 3.4445 - 4.775 + 2.0315
    options = {"learning_rate": 0.1, "weight_decay": 0.5, "momentum": 0.8, "ns_steps": 1}
    weight, start = np.full((1, 4), 2.0), np.full((1, 4), 3.0)
    gradient = np.full((1, 4), 0.5)
    for each in (1, -1):
        # as a row and as a column
        tall = slice(None, None, each)
        moved, (mean, _) = naive.Optimizer("muon", options).update(
            weight.reshape(weight.shape[tall]),
            gradient.reshape(weight.shape[tall]),
            (start.reshape(weight.shape[tall]), 0 * gradient.reshape(weight.shape[tall])),
            1,
        )
        np.testing.assert_allclose(mean, 0.8 * 3 + 0.5, rtol=1e-15)
        expected = 2.0 * 0.95 - 0.1 * 0.5 * once * 2 * 0.2
        np.testing.assert_allclose(moved, expected, rtol=1e-6)
    # norm 5: singular values 0.8 and 0.6
    plain = {**options, "weight_decay": 0.0, "momentum": 0.0, "rms_rate": None}
    moved, _ = naive.Optimizer("muon", plain).update(
        np.zeros((2, 2)), np.diag([4.0, 3.0]), (np.zeros((2, 2)),) * 2, 1
    )
    expected = [3.4445 * s - 4.775 * s**3 + 2.0315 * s**5 for s in (0.8, 0.6)]
    np.testing.assert_allclose(moved, -0.1 * np.diag(expected), rtol=1e-6)


def test_resilient_steps_by_hand() -> None:
    """Down by 0.1 and 0.12, and then the gradient turns: 0.06 up, 0.12 back, or nothing."""
    turning = [0.5, 0.5, -0.5]
    grows, falls = (2.0, 1.0, 1.5), (2.0, 1.0, 0.5)
    for rule, losses, expected in (
        ("rprop_minus", (), 0.78 + 0.06),
        ("rprop_plus", (), 0.78 + 0.12),
        ("rprop_iminus", (), 0.78),
        ("rprop_iplus", grows, 0.78 + 0.12),
        ("rprop_iplus", falls, 0.78),
    ):
        assert abs(after(rule, turning, losses, learning_rate=0.1) - expected) < 1e-15, rule
    # what has turned counts as of no sign, except in Rprop-, where the step halves again
    for rule, expected in (
        ("rprop_minus", 0.84 - 0.03),
        ("rprop_plus", 0.9 - 0.06),
        ("rprop_iminus", 0.78 - 0.06),
    ):
        assert abs(after(rule, [*turning, 0.5], learning_rate=0.1) - expected) < 1e-15, rule
    assert after("rprop_plus", [1.0] * 3, learning_rate=0.1, maximum_step=0.11) == 1 - 0.1 - 0.22
    assert after("rprop_minus", [1.0, -1.0], learning_rate=0.1, minimum_step=0.09) == 0.9 + 0.09


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
