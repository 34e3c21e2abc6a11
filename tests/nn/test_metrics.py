"""Which metric a name means depends on the loss and the outputs."""

import pytest

from fastbp.errors import ArgumentError, UnknownNameError
from fastbp.nn import LOSSES, Metric, resolve_metrics


@pytest.mark.parametrize(
    "loss, n_outputs, kind",
    [
        ("binary_crossentropy", 1, "binary_accuracy"),
        ("mse", 1, "binary_accuracy"),
        ("mse", 3, "categorical_accuracy"),
        ("categorical_crossentropy", 3, "categorical_accuracy"),
        ("sparse_categorical_crossentropy", 3, "sparse_categorical_accuracy"),
    ],
)
def test_accuracy(loss, n_outputs, kind):
    for name in ("accuracy", "acc"):
        assert resolve_metrics([name], LOSSES.resolve(loss), n_outputs) == (Metric(name, kind),)


def test_names_stay_as_they_were_written():
    loss = LOSSES.resolve("mse")
    metrics = resolve_metrics(["mae", "mean_squared_error", "binary_accuracy"], loss, 1)
    assert [metric.name for metric in metrics] == ["mae", "mean_squared_error", "binary_accuracy"]
    assert metrics[0].kind == "mean_absolute_error"
    assert resolve_metrics("mae", loss, 1) == metrics[:1]
    assert resolve_metrics(None, loss, 1) == ()


@pytest.mark.parametrize(
    "metrics, loss, error, message",
    [
        (["acuracy"], "mse", UnknownNameError, "did you mean 'accuracy'"),
        ([3], "mse", ArgumentError, "name"),
        (["mae", "mae"], "mse", ArgumentError, "twice"),
        (["loss"], "mse", ArgumentError, "unknown"),
        (["sparse_categorical_accuracy"], "mse", ArgumentError, "class numbers"),
        (["mse"], "sparse_categorical_crossentropy", ArgumentError, "class numbers"),
    ],
)
def test_metrics_that_cannot_be(metrics, loss, error, message):
    with pytest.raises(error, match=message):
        resolve_metrics(metrics, LOSSES.resolve(loss), 3)
