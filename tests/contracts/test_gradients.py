"""Gradients within 1e-12 of the complex-step twin in float64, 2e-5 in float32; trajectories of 50 steps within 1e-10.

Every activation, as a hidden layer, as an output layer and as a layer of its own, under every loss, for batches on
both sides of every tile's edge.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import naive
from contracts.problems import OPTIMIZERS, Array, Problem, worst
from fastbp import nn

TOLERANCES = {"float64": 1e-12, "float32": 2e-5}
BATCHES = (1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 65)
# a cross-entropy takes probabilities
PROBABILITIES = ("sigmoid", "softmax")
#: The outputs under which each loss is tried, and the losses under which each output is.
OUTPUTS = ("linear", "relu", "tanh", *PROBABILITIES)
LOSSES = ("mean_squared_error", "huber")
#: The activations that most people use are tried in single precision too.
COMMON = (*OUTPUTS, "leaky_relu", "elu", "softplus", "gelu", "silu")
#: These have kernels of their own.
COMMON += ("log_softmax", "sparsemax", "threshold(0.3, -0.7)", "relu(0.1, 1.5, 0.4)", "glu")


def goes_with(loss: str, output: str) -> bool:
    """Whether the loss has logarithms of such outputs."""
    if "crossentropy" in loss:
        return output in PROBABILITIES
    if loss in ("poisson", "kl_divergence"):
        return output in (*PROBABILITIES, "softplus")
    # Where all outputs have one slope, or one alone is not 0, the gradient is 0 but for rounding.
    return (loss, output) not in (
        ("hinge", "softmax"),
        ("huber", "sparsemax"),
        ("cosine_similarity", "relu"),
    )


PAIRS = [
    (loss, output)
    for loss in naive.LOSSES
    for output in naive.ACTIVATIONS
    if goes_with(loss, output) and (output in OUTPUTS or (output in COMMON and loss in LOSSES))
]
#: Formulas with numbers in them, other than the usual ones.
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("huber", {"delta": 0.3}),
    ("huber", {"delta": 3.0}),
    ("quantile", {"quantile": 0.9}),
    ("binary_crossentropy", {"label_smoothing": 0.2}),
    ("categorical_crossentropy", {"label_smoothing": 0.3}),
    ("sparse_categorical_crossentropy", {"label_smoothing": 0.1}),
    ("binary_focal_crossentropy", {"gamma": 0.0}),
    ("binary_focal_crossentropy", {"gamma": 0.5, "apply_class_balancing": True, "alpha": 0.8}),
    ("binary_focal_crossentropy", {"gamma": 3.0, "label_smoothing": 0.1}),
    ("categorical_focal_crossentropy", {"gamma": 1.5, "alpha": 0.7, "label_smoothing": 0.1}),
]


def errors(
    problem: Problem,
    dtype: str,
    weighted: bool = False,
    twin: Callable[..., list[Array]] = naive.complex_step,
) -> tuple[float, float]:
    """How far loss and gradients are from the twin's, relative to their size.

    The complex step takes a forward pass a weight; for networks of many weights there is `naive.reverse_mode`.
    """
    network = problem.engine(dtype)
    loss, gradients = network.gradients(*problem.sources(weighted))
    # the twin gets the numbers that the network really has
    given = [np.asarray(weight, np.float64) for weight in network.weights()]
    given = [given, problem.inputs.astype(dtype).astype(np.float64)]
    targets: Any = problem.targets
    if targets.dtype.kind == "f":
        targets = targets.astype(dtype).astype(np.float64)
    given.append(targets)
    given.append(problem.sample_weight if weighted else None)
    reference = twin(problem.twin, *given)
    for number, parameter in enumerate(problem.twin.parameters):
        if not parameter.trainable:
            gradients[number] = reference[number] = np.zeros(1)
    expected = problem.twin.value(*given)
    return abs(loss - expected) / abs(expected), worst(gradients, reference)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_losses_and_outputs(loss: str, output: str, dtype: str) -> None:
    for n_rows in BATCHES:
        last = naive.Dense(naive.inputs_for(output, 3), output)
        problem = Problem(3, [naive.Dense(4, "tanh"), last], loss, n_rows)
        assert max(errors(problem, dtype)) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("loss", "options"), OPTIONS, ids=str)
def test_numbers_in_a_loss(loss: str, options: dict[str, Any], dtype: str) -> None:
    for output in PROBABILITIES if "crossentropy" in loss else ("linear", "tanh"):
        for n_rows in (3, 17, 32):
            layers = [naive.Dense(4, "tanh"), naive.Dense(3, output)]
            problem = Problem(3, layers, loss, n_rows, options=options)
            found = errors(problem, dtype, weighted=True)
            assert max(found) < TOLERANCES[dtype], (output, n_rows)


@pytest.mark.parametrize("loss", [loss for loss in naive.LOSSES if "crossentropy" in loss])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_logits_as_outputs(loss: str, smoothing: float) -> None:
    """A loss of logits is the loss of the probabilities that they stand for, with its metrics and gradients."""
    output = "sigmoid" if loss.startswith("binary") else "softmax"
    options = {"label_smoothing": smoothing}
    layers = [naive.Dense(4, "tanh"), naive.Dense(3, output)]
    problem = Problem(3, layers, loss, 40, options=options)
    logits = Problem(3, [layers[0], naive.Dense(3)], loss, 40, options=options)
    logits.options = {**options, "from_logits": True}
    kinds = [loss, *(k for k in nn.METRICS if ("sparse" in k) == ("sparse" in loss) and k != loss)]
    if not loss.startswith("sparse"):
        problem.targets = logits.targets = np.eye(3)[np.arange(40) % 3]
    metrics = [nn.Metric(kind, kind, n_outputs=3) for kind in kinds]
    ours, theirs = problem.engine(metrics=metrics), logits.engine(metrics=metrics)
    for one, other in (
        (ours.evaluate(*problem.sources()), theirs.evaluate(*logits.sources())),
        (ours.gradients(*problem.sources())[1][0], theirs.gradients(*logits.sources())[1][0]),
    ):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    x = problem.sources()[0]
    np.testing.assert_allclose(
        ours.predict(x), naive.ACTIVATIONS[output](theirs.predict(x)), rtol=1e-13
    )


@pytest.mark.parametrize(
    ("hidden", "dtype"),
    [
        (hidden, dtype)
        for hidden in naive.ACTIVATIONS
        for dtype in TOLERANCES
        if dtype == "float64" or hidden in COMMON
    ],
)
def test_hidden_activations(hidden: str, dtype: str) -> None:
    """In the first layer, and by itself, behind a layer that has another one."""
    first = naive.Dense(naive.inputs_for(hidden, 5), hidden)
    layers = [first, naive.Dense(4, "tanh"), naive.Activation(hidden)]
    for n_rows in BATCHES:
        problem = Problem(3, [*layers, naive.Dense(2)], n_rows=n_rows)
        assert max(errors(problem, dtype, weighted=True)) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("n_rows", BATCHES)
def test_ragged_batches(n_rows: int, dtype: str) -> None:
    layers = [naive.Dense(19, "tanh"), naive.Dense(1, "sigmoid"), naive.Dense(6, "softmax")]
    problem = Problem(2, layers, "categorical_crossentropy", n_rows)
    assert max(errors(problem, dtype, weighted=True)) < TOLERANCES[dtype]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("widths", [(1, 1, 1), (1, 33, 2), (40, 3, 17), (16, 16, 16), (7, 65, 1)])
def test_ragged_widths(widths: tuple[int, int, int], dtype: str) -> None:
    n_inputs, n_hidden, n_outputs = widths
    layers = [naive.Dense(n_hidden, "silu"), naive.Dense(n_outputs, use_bias=False)]
    for n_rows in (3, 32):
        problem = Problem(n_inputs, layers, "huber", n_rows)
        assert max(errors(problem, dtype)) < TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("n_inputs", "n_hidden", "n_outputs", "n_rows"),
    [
        (256, 40, 3, 70),  # rows that alias in the cache
        (1029, 9, 2, 40),  # sums that are cut in parts, in each of the products
        (3, 1029, 17, 9),
        (5, 17, 1029, 33),
        (5, 7, 3, 1029),
    ],
)
def test_large_sizes(n_inputs: int, n_hidden: int, n_outputs: int, n_rows: int, dtype: str) -> None:
    """Against the twin in reverse mode: the complex step would take a forward pass a weight."""
    n_middle = min(n_hidden, 20)
    layers = [naive.Dense(n_hidden, "tanh"), naive.Dense(n_middle, "gelu"), naive.Dense(n_outputs)]
    problem = Problem(n_inputs, layers, n_rows=n_rows, scale=0.05)
    problem.inputs, problem.targets = (
        array.astype(dtype) for array in (problem.inputs, problem.targets)
    )
    network = problem.engine(dtype)
    loss, gradients = network.gradients(*problem.sources())
    weights = [weight.astype(np.float64) for weight in network.weights()]
    given = (weights, problem.inputs.astype(float), problem.targets.astype(float))
    reference = naive.reverse_mode(problem.twin, *given)
    expected = problem.twin.value(*given)
    assert abs(loss - expected) < TOLERANCES[dtype] * expected
    assert worst(gradients, reference) < TOLERANCES[dtype]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_metrics(loss: str, output: str, dtype: str) -> None:
    """Every metric that fits the loss, over batches the last of which is short."""
    last = naive.Dense(naive.inputs_for(output, 3), output)
    problem = Problem(3, [naive.Dense(4, "tanh"), last], loss, n_rows=40)
    sparse = loss == "sparse_categorical_crossentropy"
    if not sparse:
        problem.targets = np.eye(3)[np.arange(40) % 3]
    kinds = [kind for kind in nn.METRICS if ("sparse" in kind) == sparse]
    # probabilities that are none have logarithms that are none
    kinds = [kind for kind in kinds if goes_with(kind, output)]
    metrics = [
        nn.Metric(kind, kind, (2.0,) if "top_k" in kind else (), n_outputs=3) for kind in kinds
    ]
    network = problem.engine(dtype, None, metrics)
    sums = network.evaluate(*problem.sources(), batch_size=16, threads=1)
    computed = nn.figures_by_name(metrics, sums)
    outputs = problem.twin.predict(problem.weights, problem.inputs)
    expected = {"loss": problem.twin.value(problem.weights, problem.inputs, problem.targets)}
    for kind in kinds:
        if kind in naive.OF_A_SET:
            expected[kind] = naive.OF_A_SET[kind](problem.targets, outputs)
        else:
            options = {"k": 2} if "top_k" in kind else {}
            expected[kind] = naive.METRICS[kind](problem.targets, outputs, **options).mean()
    assert list(computed) == list(expected)
    for kind, value in expected.items():
        np.testing.assert_allclose(computed[kind], value, rtol=TOLERANCES[dtype], err_msg=kind)


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_penalties_and_fixed_biases(dtype: str) -> None:
    layers = [
        naive.Dense(4, "tanh", kernel_penalty=(0.03, 0.02), bias_penalty=(0.01, 0.0)),
        naive.Dense(3, "tanh", kernel_penalty=(0.0, 0.1), bias_trainable=False),
        naive.Dense(2, "softmax", kernel_penalty=(0.05, 0.0), bias_penalty=(0.0, 0.2)),
    ]
    problem = Problem(3, layers, "sparse_categorical_crossentropy", 11)
    assert max(errors(problem, dtype, weighted=True)) < TOLERANCES[dtype]


def check_trajectory(layers: list[Any], rule: str, batch_size: int) -> None:
    """At least 50 steps through permutations of 60 rows, the last batches short, samples weighted."""
    problem = Problem(4, layers, "categorical_crossentropy", 60)
    twin_rule, optimizer = OPTIMIZERS[rule]
    n_batches = -(-60 // batch_size)
    n_epochs = -(-50 // n_batches)
    orders = problem.orders(n_epochs)
    metrics = ("categorical_accuracy", "mean_squared_error")
    reference = naive.train(
        problem.twin,
        problem.weights,
        twin_rule,
        problem.inputs,
        problem.targets,
        orders,
        batch_size,
        problem.sample_weight,
        metrics,
    )
    network = problem.engine(
        "float64", optimizer, [nn.Metric(metric, metric) for metric in metrics]
    )
    history = network.train(
        *problem.sources(weighted=True), orders, batch_size=batch_size, threads=1
    )
    assert network.steps == n_epochs * n_batches
    assert worst(network.weights(), reference.weights) < 1e-10
    assert worst([history], [reference.history]) < 1e-10


@pytest.mark.parametrize("rule", list(OPTIMIZERS))
@pytest.mark.parametrize("batch_size", [1, 7, 32])
def test_trajectories(rule: str, batch_size: int) -> None:
    layers = [
        naive.Dense(6, "tanh", kernel_penalty=(0.0, 0.01)),
        naive.Dense(5, "gelu", bias_trainable=False),
        naive.Dense(3, "softmax"),
    ]
    check_trajectory(layers, rule, batch_size)


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_trajectories_with_a_penalty_on_later_layers(rule: str) -> None:
    """Rules and penalties are parts of the same pass, whatever the other is: a rule or two stand for all."""
    penalty = {"kernel_penalty": (0.002, 0.01)}
    layers = [
        naive.Dense(6, "tanh"),
        naive.Dense(5, "gelu", **penalty),
        naive.Dense(3, "softmax", **penalty),
    ]
    check_trajectory(layers, rule, 7)


def test_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slope that is wrong by one part in 10^11 fails the check."""
    problem = Problem(3, [naive.Dense(4, "tanh"), naive.Dense(2)], n_rows=9)
    wrong = naive.ACTIVATIONS["tanh"]
    bent = {**naive.ACTIVATIONS, "tanh": lambda x: wrong(x) * (1.0 + 1e-11)}
    assert max(errors(problem, "float64")) < 1e-12
    monkeypatch.setattr(naive.networks, "ACTIVATIONS", bent)
    assert max(errors(problem, "float64")) > 1e-12
