"""Metrics of a whole set: against their definitions, scikit-learn, and themselves in other batches."""

import numpy as np
import pytest

import fastbp
import naive
from fastbp.callbacks import BackupAndRestore, EarlyStopping, LambdaCallback

N, N_COLUMNS = 203, 3


@pytest.fixture
def x(rng):
    return rng.normal(size=(N, N_COLUMNS))


@pytest.fixture
def labels(rng, x):
    """Two labels a sample that are not easy to tell."""
    return (x[:, :2] + rng.normal(size=(N, 2)) > 0.3).astype(float)


@pytest.fixture
def weights(rng):
    return rng.uniform(size=N)


def model(n_outputs, metrics, weighted=None, *, loss="mse", activation="sigmoid", **options):
    layers = [fastbp.Dense(5, "tanh"), fastbp.Dense(n_outputs, activation)]
    made = fastbp.Sequential(layers, **{"seed": 3, "dtype": "float64"} | options)
    made.compile("adam", loss, metrics, weighted)
    return made


def figures(made, x, y, weights=None, **options):
    return made.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, **options)


# --- areas under curves ---


@pytest.mark.parametrize("n", [2, 3, 200])
@pytest.mark.parametrize("weighted", [False, True])
def test_areas(x, labels, weights, n, weighted):
    metrics, expected = [], {}
    for curve in ("ROC", "PR"):
        for method in ("interpolation", "minoring", "majoring"):
            for apart in (False, True):
                name = f"{curve} {method} {apart}"
                metrics.append(fastbp.AUC(n, curve, method, name, multi_label=apart))
                expected[name] = (curve.lower(), method, apart)
    made = model(2, *((None, metrics) if weighted else (metrics,)))
    found = figures(made, x, labels, weights)
    outputs = made.predict(x)
    given = weights if weighted else np.ones(N)
    for name, (curve, method, apart) in expected.items():
        if apart:
            area = np.mean(
                [
                    naive.curves.area(labels[:, o], outputs[:, o], curve, method, n, given)
                    for o in range(2)
                ]
            )
        else:
            area = naive.curves.area(labels, outputs, curve, method, n, given[:, None])
        assert found[name] == pytest.approx(area, rel=1e-12), name


def test_areas_beside_scikit_learn(x, labels, weights):
    reference = pytest.importorskip("sklearn.metrics")
    y = labels[:, 0]
    metrics = [fastbp.AUC(5000), fastbp.AUC(5000, "PR", name="pr")]
    made = model(1, metrics, metrics, loss="binary_crossentropy")
    made.fit(x, y, epochs=20, verbose=0)
    found, p = figures(made, x, y, weights), made.predict(x)[:, 0]
    assert found["auc"] > 0.6
    roc, precision = reference.roc_auc_score, reference.average_precision_score
    assert found["auc"] == pytest.approx(roc(y, p), abs=1e-3)
    assert found["weighted_auc"] == pytest.approx(roc(y, p, sample_weight=weights), abs=1e-3)
    # Another interpolation than Davis and Goadrich's.
    assert found["pr"] == pytest.approx(precision(y, p), abs=0.01)
    assert found["weighted_pr"] == pytest.approx(precision(y, p, sample_weight=weights), abs=0.01)


def test_the_best_point_of_a_curve(x, labels):
    metrics = [
        fastbp.SensitivityAtSpecificity(0.7),
        fastbp.SpecificityAtSensitivity(0.4, 50),
        fastbp.PrecisionAtRecall(0.6),
        fastbp.RecallAtPrecision(0.5),
    ]
    made = model(2, metrics)
    found, p = figures(made, x, labels), made.predict(x)
    best = naive.curves.best
    assert found["sensitivity_at_specificity"] == best(labels, p, "sensitivity", "specificity", 0.7)
    assert found["specificity_at_sensitivity"] == best(
        labels, p, "specificity", "sensitivity", 0.4, 50
    )
    assert found["precision_at_recall"] == best(labels, p, "precision", "recall", 0.6)
    assert found["recall_at_precision"] == best(labels, p, "recall", "precision", 0.5)
    made.compile("sgd", "mse", fastbp.RecallAtPrecision(1.0))
    assert 0.0 <= figures(made, x, np.zeros_like(labels))["recall_at_precision"] == 0.0


def test_equal_shares_are_equal():
    """Whole counts are exact: 5 of 10 negatives below a threshold are a half, however many samples there are."""
    made = fastbp.Sequential([fastbp.Dense(1, "sigmoid")], seed=1)
    made.compile("sgd", "mse", fastbp.SensitivityAtSpecificity(0.5))
    made.build(1)
    made.set_weights([[[1.0]], [0.0]])
    x = [[-1.0]] * 5 + [[1.0]] * 5 + [[2.0]] * 39
    y = [0.0] * 10 + [1.0] * 39
    assert figures(made, x, y)["sensitivity_at_specificity"] == 1.0


def test_probabilities_at_the_borders():
    """0 is below, and 1 in, the last interval; soft targets count on both sides, -1 as 0."""
    made = fastbp.Sequential([fastbp.Dense(1, "hard_sigmoid")], seed=1)
    made.compile("sgd", "mse", fastbp.AUC(3))
    made.build(1)
    made.set_weights([[[1.0]], [0.0]])
    x = np.array([-9.0, -9.0, 9.0, 9.0, 0.0])
    y = np.array([0.0, 1.0, 1.0, 0.25, 1.0])
    p = made.predict(x)[:, 0]
    assert p.tolist() == [0.0, 0.0, 1.0, 1.0, 0.5]
    assert figures(made, x, y)["auc"] == pytest.approx(naive.curves.area(y, p, n=3), rel=1e-12)
    signs = figures(made, x, np.where(y < 0.5, -1.0, 1.0))["auc"]
    assert signs == pytest.approx(naive.curves.area(np.round(y), p, n=3), rel=1e-12)


def test_one_class_alone(x):
    made = model(
        1, [fastbp.AUC(), fastbp.AUC(curve="PR", name="pr"), fastbp.RecallAtPrecision(0.1)]
    )
    found = figures(made, x, np.ones(N))
    assert found["auc"] == 0.0
    assert found["pr"] == pytest.approx(1.0)
    assert found["recall_at_precision"] == 1.0


def test_outputs_that_are_no_numbers():
    """Infinity minus infinity in the last layer of one sample: the figures are no numbers either."""
    made = fastbp.Sequential([fastbp.Dense(2), fastbp.Dense(1, "sigmoid")], seed=1)
    kinds = [fastbp.AUC(), fastbp.RecallAtPrecision(0.1), fastbp.R2Score()]
    made.compile("sgd", "mse", kinds)
    made.build(1)
    made.set_weights([[[1e30, 1e30]], [0.0, 0.0], [[1.0], [-1.0]], [0.0]])
    x, y = np.array([[1.0], [1e30], [2.0]]), [0.0, 1.0, 1.0]
    assert np.isnan(made.predict(x)[:, 0]).tolist() == [False, True, False]
    found = figures(made, x, y)
    assert all(np.isnan(found[metric.name]) for metric in kinds)
    assert figures(made, x[[0, 2]], [0.0, 1.0])["auc"] == 0.5


@pytest.mark.parametrize("form", ["loss", "metric", "layer"])
def test_logits(x, labels, form):
    """The same area, whoever makes probabilities of the logits."""
    y = labels[:, :1]
    expected = model(1, fastbp.AUC(), loss="binary_crossentropy")
    loss = fastbp.BinaryCrossentropy(from_logits=True) if form != "metric" else "mse"
    metric = fastbp.AUC(from_logits=form != "layer")
    made = model(1, metric, loss=loss, activation="linear")
    area = figures(expected, x, y)["auc"]
    assert area == pytest.approx(naive.curves.area(y, expected.predict(x)), rel=1e-12)
    assert figures(made, x, y)["auc"] == area


# --- counts and weights ---


def test_counts(x, labels, weights):
    names = ["TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"]
    metrics = [getattr(fastbp, name)(0.4, name=name) for name in names]
    made = model(2, metrics, metrics)
    found, above = figures(made, x, labels, weights), made.predict(x) > 0.4
    is_one = labels == 1
    expected = {
        "TruePositives": above & is_one,
        "FalsePositives": above & ~is_one,
        "TrueNegatives": ~above & ~is_one,
        "FalseNegatives": ~above & is_one,
    }
    for name, which in expected.items():
        assert found[name] == which.sum()
        assert found[f"weighted_{name}"] == pytest.approx(weights @ which.sum(axis=1), rel=1e-12)


def test_f_beta(x, labels):
    metrics = [fastbp.FBetaScore("micro", 2.0, 0.4), fastbp.F1Score("micro", 0.4)]
    made = model(2, metrics)
    found, p = figures(made, x, labels), made.predict(x)
    assert found["fbeta_score"] == pytest.approx(naive.metrics.fbeta_score(labels, p, 0.4, 2.0))
    assert found["f1_score"] == pytest.approx(naive.metrics.f1_score(labels, p, 0.4))


def test_weighted_means(x, labels, weights):
    """Sums by the sum of the weights; without weights, the plain mean; names that are taken get another."""
    names = ["mae", "binary_accuracy", "rmse", "precision"]
    made = model(2, ["mae", "rmse"], names)
    found = figures(made, x, labels, weights)
    assert list(found) == [
        "loss", "mae", "rmse", "weighted_mae", "binary_accuracy", "weighted_rmse", "precision",
    ]  # fmt: skip
    p = made.predict(x)
    share = weights / weights.sum()
    above = p > 0.5
    assert found["weighted_mae"] == pytest.approx(share @ abs(p - labels).mean(axis=1), rel=1e-12)
    assert found["binary_accuracy"] == pytest.approx(share @ (above == labels).mean(axis=1))
    assert found["weighted_rmse"] ** 2 == pytest.approx(share @ ((p - labels) ** 2).mean(axis=1))
    hits = share @ (above & (labels == 1)).sum(axis=1)
    assert found["precision"] == pytest.approx(hits / (share @ above.sum(axis=1)))
    assert found["mae"] == pytest.approx(abs(p - labels).mean(), rel=1e-12)
    plain = figures(made, x, labels)
    assert plain["weighted_mae"] == pytest.approx(plain["mae"], rel=1e-12)
    zeros = figures(made, x, labels, np.zeros(N))
    assert zeros["weighted_mae"] == zeros["precision"] == 0.0


def test_weighted_accuracy_of_classes(x, weights):
    y = x.argmax(axis=1)
    made = model(3, None, "accuracy", loss="sparse_categorical_crossentropy", activation="softmax")
    right = made.predict(x).argmax(axis=1) == y
    found = figures(made, x, y, weights)["accuracy"]
    assert found == pytest.approx(weights @ right / weights.sum(), rel=1e-12)


def test_a_class_weight_counts(x, labels):
    """As in Keras, it is part of the weights."""
    y = labels[:, 0]
    made = model(1, ["binary_accuracy"], ["binary_accuracy"], loss="binary_crossentropy")
    made.compile(fastbp.SGD(0.0), "binary_crossentropy", None, ["binary_accuracy"])
    right = (made.fit(x, y, verbose=0) and made.predict(x)[:, 0] > 0.5) == (y == 1)
    history = made.fit(x, y, verbose=0, class_weight={0: 1.0, 1: 4.0}).history
    given = np.where(y == 1, 4.0, 1.0)
    assert history["binary_accuracy"] == pytest.approx([given @ right / given.sum()], rel=1e-12)


# --- however the samples come ---

ALL = [
    "auc",
    "r2_score",
    "TruePositives",
    fastbp.AUC(50, "PR", multi_label=True, name="apart"),
    fastbp.RecallAtPrecision(0.5),
]


class Batches:
    """Batches of 15 by number."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def __len__(self):
        return -(-N // 15)

    def __getitem__(self, number):
        return tuple(array[15 * number :][:15] for array in self.arrays)


def test_sums_go_on_from_batch_to_batch(x, labels, weights):
    """In arrays and in batches, through epochs, validation and evaluation, and so far for who looks."""
    arrays = x, labels, weights
    models = [model(2, ALL, ALL) for _ in range(2)]
    options = {"epochs": 2, "shuffle": False, "verbose": 0}
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs))
    expected = (
        models[0]
        .fit(x, labels, batch_size=15, sample_weight=weights, validation_data=arrays, **options)
        .history
    )
    history = (
        models[1]
        .fit(Batches(*arrays), callbacks=watch, validation_data=Batches(*arrays), **options)
        .history
    )
    assert list(history) == list(expected)
    for name, values in expected.items():
        assert history[name] == pytest.approx(values, rel=1e-12), name
    for name in models[0].metrics_names:
        assert seen[13][name] == history[name][0]
    assert 0 < seen[3]["TruePositives"] < seen[13]["TruePositives"]
    again = figures(models[1], Batches(*arrays), None)
    assert again == pytest.approx(figures(models[0], *arrays, batch_size=15), rel=1e-12)
    assert again["auc"] == history["val_auc"][1]
    assert figures(models[0], *arrays, threads=2) == figures(models[0], *arrays, threads=1)


def test_sums_go_on_after_a_resumption(x, labels, tmp_path, equal):
    """Within an epoch; what was taken off for R2 is among them."""
    options = {"epochs": 3, "verbose": 0, "batch_size": 15}
    whole = model(2, ALL)
    expected = whole.fit(x, labels + 1e4, **options)
    left = [20]

    def crash(batch, logs):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError

    backup = BackupAndRestore(tmp_path, save_freq=1)
    with pytest.raises(RuntimeError):
        model(2, ALL).fit(
            x, labels + 1e4, callbacks=[backup, LambdaCallback(on_train_batch_end=crash)], **options
        )
    resumed = model(2, ALL)
    history = resumed.fit(x, labels + 1e4, callbacks=backup, **options)
    assert equal(resumed, whole)
    assert history.history == expected.history


def test_many_epochs_in_a_call(x, labels):
    """Sums of 400 numbers an epoch are cut into calls, and come to the same."""
    made, other = model(2, "auc"), model(2, None)
    history = made.fit(x, labels, epochs=700, batch_size=N, verbose=0)
    other.fit(x, labels, epochs=700, batch_size=N, verbose=0)
    assert len(history.history["auc"]) == 700
    assert all(
        np.array_equal(a, b) for a, b in zip(made.get_weights(), other.get_weights(), strict=True)
    )
    assert history.history["auc"][-1] > history.history["auc"][0]


def test_a_saved_model_keeps_them(x, labels, weights, tmp_path):
    made = model(2, ALL, ALL)
    made.fit(x, labels, verbose=0)
    before = figures(made, x, labels, weights)
    made.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    assert again.metrics == made.metrics
    assert figures(again, x, labels, weights) == before


def test_which_way_is_better(x, labels):
    for name, better in (
        ("auc", max),
        ("r2_score", max),
        ("cosine_similarity", max),
        ("TruePositives", max),
        ("FalseNegatives", min),
        ("rmse", min),
        ("mae", min),
    ):
        made = model(2, [name])
        stop = EarlyStopping(name, patience=100)
        history = made.fit(x, labels, epochs=4, verbose=0, callbacks=stop).history
        assert stop.best == better(history[name]), name
