"""Which metric a name means depends on the loss and the outputs."""

import numpy as np
import pytest

import fastbp
from fastbp.errors import ArgumentError, UnknownNameError
from fastbp.nn import (
    LOSSES,
    BinaryAccuracy,
    Huber,
    Metric,
    Precision,
    Quantile,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    figures_by_name,
    n_sums,
    resolve_metrics,
    sums_to_add,
)


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


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Precision(1.5), "threshold must be a finite number at least 0 and at most 1"),
        (lambda: Precision([0.5, -0.1]), "threshold must be a finite number at least 0"),
        (lambda: Precision([]), "one number or more"),
        (lambda: Precision("0.5"), "threshold must be a finite number"),
        (lambda: Precision(top_k=0), "top_k must be a whole number of at least 1"),
        (lambda: Precision(class_id=-1), "class_id must be a whole number of at least 0"),
        (lambda: BinaryAccuracy(threshold=1.5), "threshold"),
        (lambda: TopKCategoricalAccuracy(0), "k must be a whole number of at least 1"),
        (lambda: SparseTopKCategoricalAccuracy(2.5), "k must be"),
    ],
)
def test_numbers_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_numbers_of_a_metric_and_of_a_loss():
    loss = Huber(2.0)
    metrics = resolve_metrics([Precision(0.3), "huber", Quantile(0.9), "recall"], loss, 1)
    assert [metric.numbers for metric in metrics] == [(0.3,), (2.0,), (0.9,), (0.5,)]
    assert [metric.name for metric in metrics] == ["precision", "huber", "quantile", "recall"]


def test_no_means_of_ratios():
    """Batches of which one has no positive at all: counts are added, and divided at the end."""
    model = fastbp.Sequential([fastbp.Input(1), fastbp.Dense(1)], seed=1, dtype="float64")
    names = ["precision", "recall", "f1_score", "rmse"]
    model.compile(fastbp.SGD(0.0), "mse", names)
    model.set_weights([[[1.0]], [0.0]])
    x = np.array([0.9, 0.8, 0.1, 0.7, 0.2, 0.3, 0.0])
    y = np.array([1, 0, 0, 1, 1, 0, 0])
    expected = {
        "precision": 2 / 3,
        "recall": 2 / 3,
        "f1_score": 2 / 3,
        "rmse": np.sqrt(((x - y) ** 2).mean()),
    }
    history = model.fit(x, y, batch_size=2, verbose=0, validation_data=(x, y)).history
    for batch_size in (1, 2, 7):
        found = model.evaluate(x, y, batch_size=batch_size, verbose=0, return_dict=True)
        for name in names:
            assert found[name] == pytest.approx(expected[name], rel=1e-12)
            assert history[name] == pytest.approx([expected[name]], rel=1e-12)
            assert history[f"val_{name}"] == pytest.approx([expected[name]], rel=1e-12)
    assert model.evaluate(x[4:], 0 * y[4:], verbose=0, return_dict=True)["precision"] == 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: fastbp.AUC(1), "num_thresholds must be a whole number of at least 2"),
        (lambda: fastbp.AUC(curve="RAC"), "did you mean 'ROC'"),
        (lambda: fastbp.AUC(summation_method="interpolate"), "did you mean 'interpolation'"),
        (lambda: fastbp.AUC(multi_label=1), "multi_label must be True or False"),
        (lambda: fastbp.AUC(from_logits="no"), "from_logits"),
        (lambda: fastbp.RecallAtPrecision(1.5), "precision must be .* at most 1"),
        (lambda: fastbp.SensitivityAtSpecificity(0.5, 0), "num_thresholds"),
        (lambda: fastbp.AUC(thresholds=[]), "one number or more"),
        (lambda: fastbp.AUC(thresholds=0.5), "must be a list of numbers"),
        (lambda: fastbp.AUC(thresholds=[1.5]), "at most 1"),
        (lambda: fastbp.AUC(num_labels=2), "num_labels goes with multi_label=True"),
        (lambda: fastbp.AUC(label_weights=[0, 0]), "a weight above 0"),
        (lambda: fastbp.AUC(label_weights=[1, -1]), "a label weight must be .* at least 0"),
        (
            lambda: fastbp.AUC(multi_label=True, num_labels=3, label_weights=[1, 2]),
            "label_weights has 2 weights, but num_labels is 3",
        ),
        (lambda: fastbp.F1Score(0.5), "write average='micro', threshold=0.5"),
        (lambda: fastbp.F1Score("makro"), "did you mean 'macro'"),
        (lambda: fastbp.F1Score(threshold=0.0), "threshold must be a finite number above 0"),
        (lambda: fastbp.OneHotIoU(3, [3]), "different numbers below 3"),
        (lambda: fastbp.OneHotMeanIoU(1), "num_classes must be a whole number of at least 2"),
        (lambda: fastbp.R2Score("uniform"), "did you mean 'uniform_average'"),
        (lambda: fastbp.R2Score(num_regressors=-1), "num_regressors"),
        (lambda: fastbp.FBetaScore(beta=0.0), "beta must be a finite number above 0"),
        (lambda: fastbp.TruePositives(["0.5"]), "threshold"),
    ],
)
def test_settings_that_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    "activation, loss, metric, message",
    [
        ("linear", "mse", "auc", "takes probabilities, but the model ends in 'linear'.*from_log"),
        ("tanh", "mse", fastbp.PrecisionAtRecall(0.5), "end it in a sigmoid or softmax"),
        ("sigmoid", "mse", fastbp.AUC(from_logits=True), "leave one of both away"),
        ("linear", "mse", fastbp.BinaryCrossentropy(True), "goes with a loss that has it too"),
        ("sigmoid", "mse", fastbp.BinaryCrossentropy(label_smoothing=0.1), "label_smoothing of"),
        ("softmax", "sparse_categorical_crossentropy", "mae", "numpy.eye.*categorical_cross"),
        ("softmax", "sparse_categorical_crossentropy", "r2_score", "class numbers"),
    ],
)
def test_metrics_that_do_not_go_with_a_model(activation, loss, metric, message):
    model = fastbp.Sequential([fastbp.Input(2), fastbp.Dense(3, activation)], seed=1)
    for given in ({"metrics": metric}, {"weighted_metrics": [metric]}):
        with pytest.raises(ArgumentError, match=message):
            model.compile("sgd", loss, **given)


def test_class_names_are_names():
    """As in Keras, a metric may be named by its class."""
    loss = LOSSES.resolve("mse")
    names = ["AUC", "R2Score", "MeanAbsolutePercentageError", "LogCoshError", "KLDivergence"]
    kinds = [metric.kind for metric in resolve_metrics(names, loss, 2)]
    assert kinds == [
        "roc_auc_interpolation",
        "r2_score",
        "mean_absolute_percentage_error",
        "log_cosh",
        "kl_divergence",
    ]


def test_sums_are_added_up_once():
    """However many metrics are made of them; the weights too."""
    wanted = ["precision", "recall", "auc", "TruePositives", "FalsePositives"]
    given = [*wanted, fastbp.RecallAtPrecision(0.3), fastbp.F1Score("micro", 0.5)]
    plain = resolve_metrics(given, LOSSES.resolve("mse"), 2)
    assert [each.kind for each in sums_to_add(plain)] == [
        "true_positives",
        "predicted_positives",
        "positives",
        "false_positives",
        "histogram",
        "mark",
    ]
    several = [fastbp.Precision([0.3, 0.7]), fastbp.Recall([0.7, 0.3]), fastbp.F1Score()]
    counted = resolve_metrics(
        [*several, fastbp.F1Score("macro", name="macro")], LOSSES.resolve("mse"), 2
    )
    assert [(each.kind, each.cells) for each in sums_to_add(counted)] == [
        ("counts", 1 + 2 * 3),
        ("counts", 1 + 2 * 2 * 2),
    ]
    assert n_sums(plain) == 1 + 4 + (1 + 2 * 199) + 1
    both = resolve_metrics(["mae"], LOSSES.resolve("mse"), 2, ["mae", "mse"])
    assert [each.kind for each in sums_to_add(both)] == [
        "mean_absolute_error",
        "mean_absolute_error",
        "mean_squared_error",
        "sample_weight",
    ]
    assert [metric.name for metric in both] == ["mae", "weighted_mae", "mse"]


def test_figures_of_files_from_before():
    """A number that a kind did not have then is its default; nothing is new in what files hold of such a metric."""
    old = Metric("f1", "f1_score", (0.3,))
    config = {"name": "f1", "kind": "f1_score", "numbers": [0.3]}
    assert Metric.from_config(config) == old
    assert list(old.to_config()) == ["class", "name", "kind", "numbers", "weighted", "n_outputs"]
    assert fastbp.F1Score("micro", 0.3).to_config() | {"class": "Metric", "name": "f1"} == (
        old.to_config()
    )
    assert old.n_figures == 1
    assert old == Metric("f1", "f1_score", (0.3, 1.0))
    assert figures_by_name([old], [0.0, 1.0, 2.0, 3.0])["f1"] == pytest.approx(2 / 5)


def test_classes_stand_for_their_defaults():
    loss = LOSSES.resolve("binary_crossentropy")
    classes = [fastbp.BinaryAccuracy, fastbp.AUC, fastbp.Huber]
    made = [each() for each in classes]
    assert resolve_metrics(classes, loss, 1) == resolve_metrics(made, loss, 1)
    assert resolve_metrics(fastbp.AUC, loss, 1) == resolve_metrics(fastbp.AUC(), loss, 1)
    with pytest.raises(ArgumentError, match=r"RecallAtPrecision needs settings"):
        resolve_metrics([fastbp.RecallAtPrecision], loss, 1)
