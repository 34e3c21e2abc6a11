"""Metrics of several thresholds, of classes, of the largest outputs: against their definitions and scikit-learn."""

import numpy as np
import pytest

import fastbp
import naive
from fastbp.errors import ArgumentError
from naive import scores

N, N_COLUMNS, N_CLASSES = 203, 3, 4
TOLERANCES = {"float64": 1e-12, "float32": 1e-5}


@pytest.fixture
def x(rng):
    return rng.normal(size=(N, N_COLUMNS))


@pytest.fixture
def classes(rng, x):
    return (x[:, 0] + rng.normal(size=N) > 0).astype(int) + 2 * (x[:, 1] > 0.8)


@pytest.fixture
def weights(rng):
    return rng.uniform(size=N)


def model(metrics, weighted=None, *, n_outputs=N_CLASSES, **options):
    made = fastbp.Sequential(
        [fastbp.Dense(5, "tanh"), fastbp.Dense(n_outputs, options.pop("activation", "softmax"))],
        seed=3,
        dtype=options.pop("dtype", "float64"),
    )
    loss = options.pop("loss", "categorical_crossentropy")
    made.compile(fastbp.Adam(0.05), loss, metrics, weighted)
    return made


def figures(made, x, y, weights=None, **options):
    return made.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, **options)


def same(found, expected, tolerance=1e-12):
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert isinstance(found[name], list) == isinstance(value, list), name
        assert found[name] == pytest.approx(value, rel=tolerance), name


# --- against definitions ---

THRESHOLDS = (0.4, 0.1, 0.25, 0.1)
#: Metrics, and what they are of targets, outputs and weights.
EACH = {
    "precision": (
        fastbp.Precision(THRESHOLDS),
        lambda t, p, w: [
            scores.precision(scores.counts(t, p > each, w).sum(axis=0)) for each in THRESHOLDS
        ],
    ),
    "recall": (
        fastbp.Recall(np.array(THRESHOLDS)),
        lambda t, p, w: [
            scores.recall(scores.counts(t, p > each, w).sum(axis=0)) for each in THRESHOLDS
        ],
    ),
    **{
        name: (
            getattr(fastbp, kind)([0.3, 0.2]),
            lambda t, p, w, i=i: [
                float(scores.counts(t, p > each, w)[:, i].sum()) for each in (0.3, 0.2)
            ],
        )
        for i, (name, kind) in enumerate(
            {
                "true_positives": "TruePositives",
                "false_positives": "FalsePositives",
                "false_negatives": "FalseNegatives",
                "true_negatives": "TrueNegatives",
            }.items()
        )
    },
    "of a class": (
        fastbp.Precision(0.3, class_id=1, name="of a class"),
        lambda t, p, w: scores.precision(scores.counts(t, p > 0.3, w)[1]),
    ),
    "of the last class": (
        fastbp.Recall([0.2, 0.3], class_id=3, name="of the last class"),
        lambda t, p, w: [scores.recall(scores.counts(t, p > each, w)[3]) for each in (0.2, 0.3)],
    ),
    **{
        f"top {k}": (
            fastbp.Precision(top_k=k, name=f"top {k}"),
            lambda t, p, w, k=k: scores.precision(
                scores.counts(t, scores.largest(p, k), w).sum(axis=0)
            ),
        )
        for k in (1, 2, 4)
    },
    "top 2 above": (
        fastbp.Recall([0.2, 0.35], 2, name="top 2 above"),
        lambda t, p, w: [
            scores.recall(scores.counts(t, scores.largest(p, 2) & (p > each), w).sum(axis=0))
            for each in (0.2, 0.35)
        ],
    ),
    "top 2 of a class": (
        fastbp.Recall(top_k=2, class_id=2, name="top 2 of a class"),
        lambda t, p, w: scores.recall(scores.counts(t, scores.largest(p, 2), w)[2]),
    ),
    **{
        f"f {average} {threshold}": (
            fastbp.FBetaScore(average, 2.0, threshold, f"f {average} {threshold}"),
            lambda t, p, w, average=average, threshold=threshold: scores.fbeta_score(
                t, p, average, 2.0, threshold, w
            ),
        )
        for average in (None, "micro", "macro", "weighted")
        for threshold in (None, 0.3)
    },
    "f1_score": (fastbp.F1Score(), lambda t, p, w: scores.fbeta_score(t, p, weights=w)),
    "overlap": (
        fastbp.OneHotIoU(N_CLASSES, [0, 3], "overlap"),
        lambda t, p, w: scores.one_hot_iou(t, p, [0, 3], w),
    ),
    "overlaps": (
        fastbp.OneHotMeanIoU(N_CLASSES, "overlaps"),
        lambda t, p, w: scores.one_hot_iou(t, p, None, w),
    ),
}


@pytest.mark.parametrize("dtype", TOLERANCES)
def test_definitions(x, classes, weights, dtype):
    """All of them at once, weighted or not, whatever the batches and the threads."""
    y = np.eye(N_CLASSES)[classes]
    metrics = [metric for metric, _ in EACH.values()]
    made = model(metrics, metrics, dtype=dtype)
    made.fit(x, y, epochs=3, verbose=0)
    p = made.predict(x)
    found = figures(made, x, y, weights)
    expected = {name: of(y, p, None) for name, (_, of) in EACH.items()}
    expected |= {f"weighted_{name}": of(y, p, weights) for name, (_, of) in EACH.items()}
    assert len({str(value) for value in expected.values()}) > 0.9 * len(expected)
    del found["loss"]
    same(found, expected, TOLERANCES[dtype])
    for batch_size in (1, 7, 32):
        again = figures(made, x, y, weights, batch_size=batch_size)
        del again["loss"]
        same(again, expected, TOLERANCES[dtype])
    one, two = (figures(made, x, y, weights, batch_size=50, threads=n) for n in (1, 2))
    assert one == two


def test_class_numbers_stand_for_one_hot_targets(x, classes, weights):
    """For all that is counted, areas under curves among them."""
    metrics = [
        *(metric for metric, _ in EACH.values()),
        fastbp.Precision(0.3, name="plain"),
        fastbp.F1Score("micro", 0.3, name="plain micro"),
        fastbp.AUC(50),
        fastbp.AUC(2, name="coarse"),
        fastbp.AUC(50, "PR", multi_label=True, label_weights=[1.0, 2.0, 3.0, 4.0], name="apart"),
        fastbp.SensitivityAtSpecificity(0.6, 50, class_id=1),
    ]
    dense = model(metrics, metrics)
    sparse = model(metrics, metrics, loss="sparse_categorical_crossentropy")
    expected = figures(dense, x, np.eye(N_CLASSES)[classes], weights)
    found = figures(sparse, x, classes, weights)
    assert len(found) == 1 + 2 * len(metrics)
    same(found, expected)


def test_beside_scikit_learn(x, classes, weights):
    reference = pytest.importorskip("sklearn.metrics")
    y = np.eye(N_CLASSES)[classes]
    metrics = [
        fastbp.F1Score(),
        *(fastbp.FBetaScore(each, 0.5, name=each) for each in ("micro", "macro", "weighted")),
        fastbp.Precision(class_id=2),
        fastbp.OneHotMeanIoU(N_CLASSES),
        fastbp.AUC(5000, multi_label=True, num_labels=N_CLASSES),
    ]
    made = model(None, metrics)
    made.fit(x, y, epochs=20, verbose=0)
    found, p = figures(made, x, y, weights), made.predict(x)
    said, given = p.argmax(axis=1), {"sample_weight": weights, "zero_division": 0.0}
    f1 = reference.f1_score(classes, said, average=None, **given)
    assert len(set(f1)) == N_CLASSES
    assert found["f1_score"] == pytest.approx(f1, rel=1e-12)
    for name in ("micro", "macro", "weighted"):
        score = reference.fbeta_score(classes, said, beta=0.5, average=name, **given)
        assert found[name] == pytest.approx(score, rel=1e-12), name
    precision = reference.precision_score(classes == 2, p[:, 2] > 0.5, **given)
    assert found["precision"] == pytest.approx(precision, rel=1e-12)
    overlap = reference.jaccard_score(classes, said, average="macro", sample_weight=weights)
    assert found["one_hot_mean_io_u"] == pytest.approx(overlap, rel=1e-12)
    area = reference.roc_auc_score(y, p, average="macro", sample_weight=weights)
    assert found["auc"] == pytest.approx(area, abs=2e-3)


# --- curves of one's own thresholds ---


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_thresholds_and_label_weights_of_an_area(x, rng, weights, apart, curve):
    """Soft targets count in part; with weights, labels differ in the average, or where all are counted together."""
    y, inner, shares = rng.uniform(size=(N, 3)), [0.5, 0.2, 0.4, 0.7], [1.0, 0.0, 2.5]
    y[::2] = np.round(y[::2])
    metrics = [
        fastbp.AUC(3, curve, thresholds=inner, multi_label=apart),
        fastbp.AUC(30, curve, multi_label=apart, label_weights=shares, name="weights"),
        fastbp.AUC(
            30, curve, thresholds=inner, multi_label=apart, label_weights=shares, name="both"
        ),
    ]
    made = model(None, metrics, n_outputs=3, activation="sigmoid", loss="binary_crossentropy")
    found, p = figures(made, x, y, weights), made.predict(x)
    for name, cuts, given in (
        ("auc", sorted(inner), [1.0, 1.0, 1.0]),
        ("weights", [i / 29 for i in range(1, 29)], shares),
        ("both", sorted(inner), shares),
    ):

        def area(labels, each, cuts=cuts):
            return naive.curves.area_at(y[:, labels], p[:, labels], cuts, curve.lower(), each)

        if apart:
            areas = [area([o], weights[:, None]) for o in range(3)]
            expected = np.average(areas, weights=given)
        else:
            expected = area([0, 1, 2], weights[:, None] * given)
        assert found[name] == pytest.approx(expected, rel=1e-12), name


def test_the_best_point_of_a_class(x, classes):
    y = np.eye(N_CLASSES)[classes]
    pairs = (
        ("SensitivityAtSpecificity", "sensitivity", "specificity"),
        ("SpecificityAtSensitivity", "specificity", "sensitivity"),
        ("PrecisionAtRecall", "precision", "recall"),
        ("RecallAtPrecision", "recall", "precision"),
    )
    metrics = [getattr(fastbp, kind)(0.4, 60, 2, kind) for kind, _, _ in pairs]
    made = model(metrics)
    made.fit(x, y, epochs=5, verbose=0)
    found, p = figures(made, x, y), made.predict(x)
    for kind, wanted, condition in pairs:
        best = naive.curves.best(y[:, 2], p[:, 2], wanted, condition, 0.4, 60)
        assert found[kind] == pytest.approx(best, rel=1e-12)


def test_logits_make_no_difference(x, classes):
    """Thresholds are of probabilities, and the order of outputs is that of logits."""
    y = np.eye(N_CLASSES)[classes]
    metrics = [metric for metric, _ in EACH.values()]
    expected = figures(model(metrics), x, y)
    loss = fastbp.CategoricalCrossentropy(from_logits=True)
    found = figures(model(metrics, activation="linear", loss=loss), x, y)
    same(found, expected)
    plain = model(fastbp.AUC(thresholds=[0.3, 0.6]), activation="sigmoid", loss="mse")
    logits = model(
        fastbp.AUC(thresholds=[0.3, 0.6], from_logits=True), activation="linear", loss="mse"
    )
    assert figures(logits, x, y)["auc"] == pytest.approx(figures(plain, x, y)["auc"], rel=1e-12)


# --- borders ---


def identity(n, metrics, loss="mse"):
    made = fastbp.Sequential([fastbp.Input(n), fastbp.Dense(n)], seed=1)
    made.compile("sgd", loss, metrics)
    made.set_weights([np.eye(n), np.zeros(n)])
    return made


def test_equal_outputs():
    """Of equals the first is the larger one; an output at a threshold is not above it."""
    x = np.array([[0.5, 0.5, 0.25], [0.25, 0.5, 0.5], [0.0, 0.0, 0.0]])
    y = np.eye(3)[[0, 2, 0]]
    made = identity(
        3, [fastbp.Recall([0.25, 0.5]), fastbp.F1Score(), fastbp.Recall(top_k=2, name="2")]
    )
    found = figures(made, x, y)
    assert found["recall"] == pytest.approx([2 / 3, 0.0])
    assert found["f1_score"] == [1.0, 0.0, 0.0]
    assert found["2"] == 1.0


def test_infinite_outputs():
    y = np.eye(3)[[0, 1]]
    made = identity(
        3, [fastbp.Recall(top_k=1), fastbp.F1Score("macro"), fastbp.Precision([0.1, 0.9])]
    )
    made.set_weights([np.eye(3) * np.array([1e30, 1e30, 1.0]), np.zeros(3)])
    far = figures(made, np.array([[1e30, -1e30, 1.0], [-1e30, 1e30, 1.0]]), y)
    assert far["recall"] == 1.0
    assert far["precision"] == [0.5, 0.5]
    assert far["f1_score"] == pytest.approx(2 / 3)


def test_outputs_that_are_no_numbers():
    """Infinity minus infinity in the last layer of one sample: the figures are no numbers either."""
    made = fastbp.Sequential([fastbp.Dense(2), fastbp.Dense(3)], seed=1)
    made.compile(
        "sgd",
        "mse",
        [fastbp.Recall(top_k=1), fastbp.F1Score("macro"), fastbp.Precision([0.1, 0.9])],
    )
    made.build(1)
    made.set_weights(
        [[[1e30, 1e30]], np.zeros(2), [[1.0, 1.0, 1.0], [-1.0, -1.0, 0.0]], np.zeros(3)]
    )
    x, y = np.array([[1e30], [0.0]]), np.eye(3)[[0, 1]]
    assert np.isnan(made.predict(x)).any(axis=1).tolist() == [True, False]
    found = figures(made, x, y)
    assert np.isnan([found["recall"], found["f1_score"], *found["precision"]]).all()
    assert not np.isnan(figures(made, x[1:], y[1:])["recall"])


def test_a_model_with_one_output(x, weights):
    """There the largest output tells nothing: what is above 1/2 is predicted, and the figure is a number."""
    y = (x[:, 0] > 0.2).astype(float)
    names = ["f1_score", "FBetaScore"]
    made = model(
        [*names, fastbp.F1Score("macro", name="macro"), fastbp.R2Score(None)],
        n_outputs=1,
        activation="sigmoid",
        loss="binary_crossentropy",
    )
    found, p = figures(made, x, y), made.predict(x)
    expected = scores.fbeta(scores.counts(y[:, None], p > 0.5)[0])
    for name in (*names, "macro"):
        assert found[name] == pytest.approx(expected, rel=1e-12)
    assert found["r2_score"] == pytest.approx(naive.metrics.r2_score(y[:, None], p), rel=1e-12)


def test_overlaps_of_two_labels(x, rng):
    y = (rng.uniform(size=(N, 2)) > 0.7).astype(float)
    metrics = [
        fastbp.BinaryIoU(),
        fastbp.BinaryIoU([1], 0.4, "one"),
        fastbp.BinaryIoU([0], 0.4, "zero"),
        fastbp.BinaryIoU(threshold=1.0, name="none"),
    ]
    made = model(metrics, n_outputs=2, activation="sigmoid", loss="mse")
    found, p = figures(made, x, y), made.predict(x)
    assert found["binary_io_u"] == pytest.approx(scores.binary_iou(y, p), rel=1e-12)
    for name, label in (("one", 1), ("zero", 0)):
        expected = scores.binary_iou(y, p, [label], 0.4)
        assert found[name] == pytest.approx(expected, rel=1e-12)
    assert found["none"] == pytest.approx(scores.binary_iou(y, p, threshold=1.0), rel=1e-12)
    # Nothing is there, and nothing is predicted: label 1 has no union.
    assert figures(made, x, 0.0 * y)["none"] == 1.0


# --- files ---


def test_a_saved_model_keeps_them(x, classes, weights, tmp_path):
    y = np.eye(N_CLASSES)[classes]
    metrics = [
        *(metric for metric, _ in EACH.values()),
        fastbp.AUC(thresholds=[0.3], multi_label=True, num_labels=4, label_weights=[1, 2, 3, 4]),
        fastbp.RecallAtPrecision(0.3, class_id=1),
        fastbp.R2Score(None),
    ]
    made = model(metrics, metrics)
    before = figures(made, x, y, weights)
    made.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    assert again.metrics == made.metrics
    assert figures(again, x, y, weights) == before


# --- what cannot be ---


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (fastbp.Precision(class_id=4), "class_id=4, but the model's outputs end with 3"),
        (fastbp.RecallAtPrecision(0.5, class_id=9), "class_id=9"),
        (fastbp.Recall(top_k=5), "top_k=5, but the model has 4 outputs"),
        (fastbp.AUC(multi_label=True, num_labels=3), "is one of 3 outputs, but the model has 4"),
        (fastbp.AUC(label_weights=[1, 1]), "is one of 2 outputs, but the model has 4"),
        (fastbp.OneHotMeanIoU(5), "is one of 5 outputs"),
    ],
)
def test_metrics_of_other_outputs(metric, message):
    with pytest.raises(ArgumentError, match=message):
        model(metric)
