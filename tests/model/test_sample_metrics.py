"""Metrics of single samples: exact hits, correlations, outputs themselves; overlaps by Keras's general form."""

import numpy as np
import pytest
from scipy.stats import pearsonr

import fastbp
import naive
from fastbp import ArgumentError

CORRELATIONS = [fastbp.PearsonCorrelation, fastbp.ConcordanceCorrelation]


def compiled(metrics, loss="mse", n_outputs=5, activation="linear", **options):
    layers = [fastbp.Input(4), fastbp.Dense(n_outputs, activation)]
    model = fastbp.Sequential(layers, seed=1, dtype="float64")
    model.compile("sgd", loss, metrics, **options)
    return model


@pytest.mark.parametrize("n_samples", [1, 5, 37])
def test_correlations(rng, n_samples):
    """Beside the definition, SciPy's, and as weighted means."""
    x, y = rng.normal(size=(n_samples, 4)), 1e3 + rng.normal(size=(n_samples, 5))
    weights = rng.uniform(size=n_samples)
    model = compiled(CORRELATIONS, weighted_metrics=[fastbp.PearsonCorrelation("weighted")])
    found = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, batch_size=8)
    outputs = model.predict(x)
    for kind in ("pearson_correlation", "concordance_correlation"):
        assert found[kind] == pytest.approx(naive.METRICS[kind](y, outputs).mean(), rel=1e-9)
    each = [pearsonr(*pair).statistic for pair in zip(y, outputs, strict=True)]
    assert found["pearson_correlation"] == pytest.approx(np.mean(each), rel=1e-5, abs=1e-7)
    expected = np.average(naive.METRICS["pearson_correlation"](y, outputs), weights=weights)
    assert found["weighted"] == pytest.approx(expected, rel=1e-9)


def test_correlations_of_constant_outputs_are_0(rng):
    model = compiled(CORRELATIONS)
    model.set_weights([np.zeros((4, 5)), np.ones(5)])
    found = model.evaluate(np.ones((3, 4)), rng.normal(size=(3, 5)), verbose=0, return_dict=True)
    assert found["pearson_correlation"] == found["concordance_correlation"] == 0.0


def test_exact_hits(rng):
    """Not the accuracy of classes; a planted near miss is none."""
    x = rng.normal(size=(20, 4))
    model = compiled([fastbp.Accuracy("exact")])
    y = model.predict(x)
    y[:7, 2] += 1e-9
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["exact"] == pytest.approx(1.0 - 7 / 100)
    assert fastbp.Accuracy().name == "accuracy"


@pytest.mark.parametrize("batch_size", [1, 8, 37])
def test_sums_and_means_of_outputs(rng, batch_size):
    """Of all batches, with weights and without; of probabilities where the loss has logits."""
    x, y, weights = rng.normal(size=(37, 4)), rng.integers(0, 2, (37, 5)), rng.uniform(size=37)
    loss = fastbp.BinaryCrossentropy(from_logits=True)
    by_weight = [fastbp.Sum("expected"), fastbp.Mean("mean by weight")]
    model = compiled(["sum", "mean"], loss, weighted_metrics=by_weight)
    found = model.evaluate(
        x, y, sample_weight=weights, verbose=0, return_dict=True, batch_size=batch_size
    )
    p = naive.ACTIVATIONS["sigmoid"](model.predict(x))
    assert found["sum"] == pytest.approx(naive.OF_A_SET["sum"](y, p), rel=1e-12)
    assert found["expected"] == pytest.approx(weights @ p.sum(axis=1), rel=1e-12)
    means = naive.METRICS["mean"](y, p)
    assert found["mean"] == pytest.approx(means.mean(), rel=1e-12)
    assert found["mean by weight"] == pytest.approx(np.average(means, weights=weights), rel=1e-12)


def test_the_same_figure_by_another_name(rng):
    x, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 5))
    model = compiled([fastbp.LogCoshError, fastbp.LogCosh])
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["logcosh"] == found["log_cosh"]
    expected = naive.METRICS["log_cosh"](y, model.predict(x)).mean()
    assert found["logcosh"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("sparse", [False, True])
def test_overlaps(rng, sparse):
    x, classes = rng.normal(size=(50, 4)), rng.integers(0, 5, 50)
    metrics = [
        fastbp.MeanIoU(5, sparse_y_pred=False),
        fastbp.IoU(5, [0, 3], sparse_y_pred=False),
        fastbp.OneHotMeanIoU(5),
        fastbp.OneHotIoU(5, [0, 3]),
    ]
    loss = f"{'sparse_' * sparse}categorical_crossentropy"
    model = compiled(metrics, loss, activation="softmax")
    found = model.evaluate(
        x, classes if sparse else np.eye(5)[classes], verbose=0, return_dict=True
    )
    hits = np.zeros((5, 5))
    np.add.at(hits, (classes, model.predict(x).argmax(axis=1)), 1)
    unions = hits.sum(axis=0) + hits.sum(axis=1) - hits.diagonal()
    shares = hits.diagonal() / np.maximum(unions, 1)
    assert found["mean_io_u"] == found["one_hot_mean_io_u"] == pytest.approx(shares.mean())
    assert found["io_u"] == found["one_hot_io_u"] == pytest.approx(shares[[0, 3]].mean())


def test_a_saved_model_keeps_them(rng, tmp_path):
    x, y = rng.normal(size=(20, 4)), rng.normal(size=(20, 5))
    model = compiled(
        [
            *CORRELATIONS,
            fastbp.Accuracy,
            fastbp.Mean,
            fastbp.Sum,
            fastbp.MeanIoU(5, sparse_y_pred=False),
        ]
    )
    model.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    assert again.metrics == model.metrics
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: compiled(["pearson_correlation"], n_outputs=1), "the model has one: 'r2_score'"),
        (lambda: compiled(CORRELATIONS[1:], n_outputs=1), "how the outputs of a sample go"),
        (
            lambda: compiled(CORRELATIONS, "sparse_categorical_crossentropy", 5, "softmax"),
            "takes a number for every output as targets",
        ),
        (lambda: fastbp.PearsonCorrelation(axis=0), "axis must be -1"),
        (lambda: fastbp.MeanIoU(5), "MeanIoU needs sparse_y_pred=False"),
        (lambda: fastbp.IoU(5, [0]), "IoU needs sparse_y_pred=False"),
        (lambda: fastbp.IoU(5, [5], sparse_y_pred=False), "different numbers below 5"),
        (lambda: fastbp.MeanIoU(5, ignore_class=0), "weighted_metrics"),
        (lambda: compiled([fastbp.MeanIoU(4, sparse_y_pred=False)]), "is one of 4 outputs"),
    ],
)
def test_what_cannot_be(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
