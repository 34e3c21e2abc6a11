"""Losses refuse settings that cannot be, and go only with outputs and targets that they mean something for."""

import numpy as np
import pytest

import fastbp
from fastbp.errors import ArgumentError, DataError
from fastbp.nn import LOSSES, BinaryFocalCrossentropy, Huber, Quantile, resolve_metrics


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Huber(-1), "delta must be a finite number above 0, not -1"),
        (lambda: Huber(0), "delta"),
        (lambda: Quantile(1.0), "quantile must be a finite number above 0 and below 1"),
        (lambda: fastbp.BinaryCrossentropy(label_smoothing=1.0), "label_smoothing .* below 1"),
        (lambda: fastbp.CategoricalCrossentropy(label_smoothing=-0.1), "label_smoothing"),
        (lambda: fastbp.SparseCategoricalCrossentropy(from_logits=1), "from_logits"),
        (lambda: fastbp.SparseCategoricalCrossentropy(True, 0), "ignore_class .* sample_weight"),
        (lambda: fastbp.SparseCategoricalCrossentropy(ignore_class=-1), "ignore_class"),
        (lambda: BinaryFocalCrossentropy(gamma=-1), "gamma"),
        (lambda: BinaryFocalCrossentropy(alpha=1.5), "alpha must be .* at most 1"),
        (lambda: BinaryFocalCrossentropy(apply_class_balancing=2), "apply_class_balancing"),
        (lambda: fastbp.CategoricalFocalCrossentropy(label_smoothing=2), "label_smoothing"),
    ],
)
def test_numbers_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def model(n_outputs, activation="linear"):
    return fastbp.Sequential([fastbp.Input(2), fastbp.Dense(n_outputs, activation)], seed=1)


def test_a_loss_of_classes_needs_several_outputs():
    for loss in LOSSES.names:
        if "categorical" in loss:
            with pytest.raises(ArgumentError, match="needs an output for every class"):
                model(1).compile("sgd", loss)


@pytest.mark.parametrize(
    "loss, activation",
    [
        (fastbp.BinaryCrossentropy(from_logits=True), "sigmoid"),
        (fastbp.SparseCategoricalCrossentropy(from_logits=True), "softmax"),
    ],
)
def test_probabilities_are_no_logits(loss, activation):
    with pytest.raises(ArgumentError, match=f"ends in a {activation}.*leave one of both away"):
        model(3, activation).compile("sgd", loss)
    model(3).compile("sgd", loss)


@pytest.mark.parametrize(
    "loss, targets, message",
    [
        ("hinge", [[2.0], [1.0]], "-1 and 1, or 0 and 1"),
        ("squared_hinge", [[-1.0], [0.0]], "holds 0.0 at row 1"),
        ("poisson", [[3.0], [-1.0]], "at least 0"),
        ("kl_divergence", [[0.5], [1.5]], "from 0 to 1"),
        ("binary_focal_crossentropy", [[0.5], [-0.5]], "from 0 to 1"),
    ],
)
def test_targets_without_a_meaning(loss, targets, message):
    network = model(1, "softplus")
    network.compile("sgd", loss)
    with pytest.raises(DataError, match=message):
        network.fit(np.ones((2, 2)), targets, verbose=0)


@pytest.mark.parametrize("targets", [[-1, 1], [0, 1], [False, True]])
def test_two_ways_to_write_signs(targets):
    network = model(1)
    network.compile("sgd", "hinge")
    x = np.array([[1.0, 2.0], [-1.0, 0.5]])
    expected = np.maximum(0, 1 - np.array([-1, 1]) * network.predict(x)[:, 0]).mean()
    assert network.evaluate(x, targets, verbose=0) == pytest.approx(expected, rel=1e-6)


def test_rates_that_are_not_positive_show():
    """A logarithm that does not exist is no number, rather than a wrong one."""
    network = model(1)
    network.compile("sgd", "poisson")
    network.set_weights([[[1.0], [0.0]], [0.0]])
    with pytest.raises(fastbp.DivergedError):
        network.fit([[-1.0, 0.0]], [1.0], verbose=0)


def test_a_saved_model_keeps_the_numbers(tmp_path):
    network = model(1, "sigmoid")
    loss = BinaryFocalCrossentropy(True, 0.3, 1.5, label_smoothing=0.1)
    metrics = [fastbp.Precision(0.3), "recall", fastbp.Huber(2), "binary_focal_crossentropy"]
    network.compile("adam", loss, metrics)
    x, y = np.array([[1.0, 2.0], [-1.0, 0.5]]), [0, 1]
    before = network.evaluate(x, y, verbose=0, return_dict=True)
    network.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    assert again.loss == loss
    assert again.metrics == network.metrics
    assert again.evaluate(x, y, verbose=0, return_dict=True) == before
    assert list(before) == ["loss", "precision", "recall", "huber", "binary_focal_crossentropy"]


@pytest.mark.parametrize("short", ["mse", "mae", "mape", "msle", "bce", "kld"])
def test_short_names_also_in_capitals(short):
    """As losses and as metrics."""
    assert LOSSES.resolve(short.upper()) == LOSSES.resolve(short)
    metrics = resolve_metrics([short.upper(), short], fastbp.Huber(), 1)
    assert [metric.name for metric in metrics] == [short.upper(), short]
    assert metrics[0].kind == metrics[1].kind


@pytest.mark.parametrize("name", LOSSES.names)
def test_a_name_is_that_of_the_metric(name):
    """As in Keras; what is minimized is "loss" in any case."""
    made = type(LOSSES.resolve(name))
    assert made().name == made().kind == name
    loss = made(name="mine")
    assert (loss.name, loss.kind) == ("mine", name)
    assert LOSSES.from_config(loss.to_config()) == loss
    with pytest.raises(ArgumentError, match="name must be a string"):
        made(name=3)
    (metric,) = resolve_metrics([loss], made(), 3)
    assert (metric.name, metric.kind) == ("mine", name)
    wrapped = fastbp.MeanMetricWrapper(loss)
    assert (wrapped.name, wrapped.kind) == ("mine", name)


def test_a_named_loss_in_a_history(tmp_path):
    network = model(1)
    network.compile("sgd", fastbp.Huber(2, name="wide"), [fastbp.Huber(0.5, name="narrow")])
    x, y = np.array([[1.0, 2.0], [-1.0, 0.5]]), [0.0, 9.0]
    assert list(network.fit(x, y, verbose=0).history) == ["loss", "narrow"]
    network.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    assert again.loss == fastbp.Huber(2.0, name="wide")
    assert again.evaluate(x, y, verbose=0) == network.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("name", LOSSES.names)
def test_reductions(name):
    made = type(LOSSES.resolve(name))
    assert made(reduction="sum_over_batch_size") == made()
    by_weight = made(reduction="mean_with_sample_weight")
    assert by_weight != made()
    assert LOSSES.from_config(by_weight.to_config()) == by_weight
    for other in ("sum", "mean", "none", None):
        with pytest.raises(ArgumentError, match="a mean over its samples"):
            made(reduction=other)
