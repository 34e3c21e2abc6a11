"""Complex step, reverse mode and central differences agree, and each notices an error in another."""

from typing import Any

import numpy as np
import pytest

import naive

POSITIVE = ("sigmoid", "softplus", "softmax")
# the last one below its threshold, where the outputs here are
NOT_POSITIVE = ("log_sigmoid", "log_softmax", "relu(0.1, 1.5, 0.4)")
# sometimes nothing but zeros, which have no gradient
SHRINKING = ("soft_shrink", "hard_shrink", "soft_shrink(0.375)", "hard_shrink(0.375)")


def goes_with(loss: str, output: str) -> bool:
    """Whether there is a gradient: the loss has logarithms of such outputs, and they are not all cut off."""
    if "crossentropy" in loss or loss in ("poisson", "kl_divergence"):
        return output in POSITIVE
    if loss == "mean_squared_logarithmic_error":
        return output not in (*NOT_POSITIVE, *SHRINKING)
    return output not in SHRINKING or loss in ("mean_squared_error", "huber")


PAIRS = [
    (loss, output)
    for loss in naive.LOSSES
    for output in naive.ACTIVATIONS
    if goes_with(loss, output)
]
OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("huber", {"delta": 0.3}),
    ("quantile", {"quantile": 0.9}),
    ("binary_crossentropy", {"label_smoothing": 0.2}),
    ("sparse_categorical_crossentropy", {"label_smoothing": 0.1}),
    ("binary_focal_crossentropy", {"gamma": 0.5, "apply_class_balancing": True, "alpha": 0.8}),
    ("categorical_focal_crossentropy", {"gamma": 1.5, "alpha": 0.7, "label_smoothing": 0.1}),
]


def problem(
    loss: str, hidden: str, output: str, n_rows: int = 5, **options: Any
) -> tuple[Any, ...]:
    """(network, weights, inputs, targets, sample_weight)"""
    random = np.random.default_rng(7)
    layers = (
        naive.Dense(4, hidden, kernel_penalty=(0.01, 0.02)),
        naive.Activation("tanh"),
        naive.Dense(naive.inputs_for(output, 3), "linear", use_bias=False),
        naive.Activation(output),
    )
    network = naive.Network(3, layers, loss, options)
    inputs = random.normal(size=(n_rows, 3))
    targets: Any = random.uniform(size=(n_rows, 3))
    if loss == "sparse_categorical_crossentropy":
        targets = random.integers(0, 3, size=n_rows)
    elif loss == "categorical_crossentropy":
        targets /= targets.sum(axis=1, keepdims=True)
    elif "hinge" in loss:
        targets = np.eye(3)[random.integers(0, 3, size=n_rows)]
    elif loss == "huber":
        targets = targets + np.array([0.0, 3.0, -3.0])
    return network, network.random_weights(3), inputs, targets, random.uniform(0.5, 2.0, n_rows)


def worst(computed: list[Any], reference: list[Any]) -> float:
    """The largest error of an array of gradients, relative to the largest gradient in it."""
    return max(
        float(np.abs(a - b).max() / np.abs(b).max())
        for a, b in zip(computed, reference, strict=True)
    )


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_losses(loss: str, output: str) -> None:
    given = problem(loss, "tanh", output)
    reference = naive.complex_step(*given)
    assert worst(naive.reverse_mode(*given), reference) < 1e-13
    assert worst(naive.central_differences(*given), reference) < 1e-8


@pytest.mark.parametrize(("loss", "options"), OPTIONS, ids=str)
@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_numbers_in_a_loss(loss: str, options: dict[str, Any], output: str) -> None:
    given = problem(loss, "tanh", output, **options)
    reference = naive.complex_step(*given)
    assert worst(naive.reverse_mode(*given), reference) < 1e-13
    assert worst(naive.central_differences(*given), reference) < 1e-8


@pytest.mark.parametrize("hidden", list(naive.ACTIVATIONS))
def test_activations(hidden: str) -> None:
    given = problem("mean_squared_error", hidden, "linear")
    reference = naive.complex_step(*given)
    assert worst(naive.reverse_mode(*given), reference) < 1e-13
    assert worst(naive.central_differences(*given), reference) < 1e-8


def test_without_sample_weight() -> None:
    given = problem("huber", "gelu", "linear")[:4]
    assert worst(naive.reverse_mode(*given), naive.complex_step(*given)) < 1e-13


def test_bias_penalty() -> None:
    network = naive.Network(2, [naive.Dense(2, "tanh", bias_penalty=(0.3, 0.2))])
    random = np.random.default_rng(0)
    given = (network, network.random_weights(0), random.normal(size=(3, 2)), np.zeros((3, 2)))
    assert worst(naive.reverse_mode(*given), naive.complex_step(*given)) < 1e-13


@pytest.mark.parametrize("name", sorted(naive.activations.SLOPES))
def test_slopes_far_out(name: str) -> None:
    # not where one piece of a function ends, but at 0
    x = np.concatenate([np.linspace(-40, 40, 801) + 0.03, [0.0, -1e4, 1e4, -1e300, 1e300]])
    if name == "exponential":
        x = np.minimum(x, 700.0)
    slopes = naive.activation_gradient(name, x, np.ones_like(x))
    with np.errstate(over="ignore"):
        reference = naive.ACTIVATIONS[name](x + 1e-100j).imag / 1e-100
    assert np.isfinite(naive.ACTIVATIONS[name](x)).all()
    assert np.isfinite(slopes).all()
    # differences of nearly equal numbers in their tails, and squares beyond the largest number
    inexact = ("gelu", "silu", "gelu_tanh", "mish", "softsign", "tanh_shrink")
    if name in (*inexact, "squareplus", "squareplus(1.5)"):
        np.testing.assert_allclose(slopes[:-4], reference[:-4], rtol=1e-12, atol=3e-16)
    else:
        np.testing.assert_allclose(slopes, reference, rtol=2e-14, atol=1e-200)


@pytest.mark.parametrize(
    ("loss", "output"),
    [("binary_crossentropy", "sigmoid"), ("categorical_crossentropy", "softmax")],
)
def test_fused_equals_unfused(loss: str, output: str) -> None:
    """Between the clips both forms of a cross-entropy are the same number."""
    network, weights, inputs, targets, _ = problem(loss, "tanh", output)
    outputs = network.predict(weights, inputs)
    np.testing.assert_allclose(
        network.row_losses(weights, inputs, targets), naive.LOSSES[loss](targets, outputs), 1e-13
    )


def test_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    given = problem("mean_squared_error", "silu", "linear")
    reference = naive.complex_step(*given)
    wrong = {**naive.activations.SLOPES, "silu": naive.ACTIVATIONS["sigmoid"]}
    monkeypatch.setattr(naive.activations, "SLOPES", wrong)
    assert worst(naive.reverse_mode(*given), reference) > 1e-3
