"""Losses whose mean is one by the sample weights: no weight is as good as no row, a whole one is so many copies."""

import numpy as np
import pytest

import fastbp
from fastbp import Dense, Sequential

LOSSES = {
    "classes": (3, "softmax", fastbp.SparseCategoricalCrossentropy),
    "numbers": (2, None, fastbp.Huber),
    "lengths": (2, None, fastbp.CosineSimilarity),
}
#: Samples of a batch that are few, more, and so many that gradients are added up in parts.
SIZES = [6, 50, 2603]


def build(form, loss=None, optimizer="adam", dtype="float64", width=24):
    units, activation, kind = LOSSES[form]
    made = Sequential([Dense(width, "tanh"), Dense(units, activation)], seed=2, dtype=dtype)
    made.compile(optimizer, loss or kind(reduction="mean_with_sample_weight"))
    return made


def samples(form, n, rng):
    x = rng.normal(size=(n, 20))
    return x, rng.integers(0, 3, n) if form == "classes" else rng.normal(size=(n, 2))


def assert_close(one, other):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("form", LOSSES)
def test_no_weight_is_no_row(form, n, rng):
    x, y = samples(form, n, rng)
    weight = rng.integers(0, 2, n) * 0.75
    weight[0], weight[-1] = 0.75, 0.0
    kept = weight > 0
    weighted, short, plain = (build(form) for _ in range(3))
    figures = weighted.fit(x, y, batch_size=n, epochs=4, verbose=0, sample_weight=weight)
    left = short.fit(x[kept], y[kept], batch_size=kept.sum(), epochs=4, verbose=0)
    assert_close(weighted, short)
    np.testing.assert_allclose(figures.history["loss"], left.history["loss"], rtol=1e-12)
    plain.fit(x, y, batch_size=n, epochs=4, verbose=0)
    assert abs(plain.get_weights()[0] - short.get_weights()[0]).max() > 1e-5


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("form", LOSSES)
def test_a_whole_weight_is_repetition(form, n, rng):
    x, y = samples(form, n, rng)
    copies = rng.integers(1, 4, n)
    rows = np.repeat(np.arange(n), copies)
    weighted, repeated = build(form), build(form)
    figures = weighted.fit(x, y, batch_size=n, epochs=4, verbose=0, sample_weight=copies)
    longer = repeated.fit(x[rows], y[rows], batch_size=len(rows), epochs=4, verbose=0)
    assert_close(weighted, repeated)
    np.testing.assert_allclose(figures.history["loss"], longer.history["loss"], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("batch_size", [5, 32, 2500])
def test_each_batch_by_its_own_weights(rng, dtype, batch_size):
    """Also in a short one at the end; for any number of threads alike."""
    x, y = samples("classes", 2603, rng)
    weight = rng.random(2603)
    shares = np.empty(2603)
    for first in range(0, 2603, batch_size):
        part = slice(first, first + batch_size)
        shares[part] = weight[part] / weight[part].sum() * len(weight[part])
    found = []
    for threads in (1, 2):
        found.append(build("classes", optimizer="sgd", dtype=dtype))
        found[-1].fit(
            x, y, batch_size, 1, verbose=0, shuffle=False, sample_weight=weight, threads=threads
        )
    for a, b in zip(*(each.get_weights() for each in found), strict=True):
        np.testing.assert_array_equal(a, b)
    other = build("classes", "sparse_categorical_crossentropy", "sgd", dtype)
    other.fit(x, y, batch_size, 1, verbose=0, shuffle=False, sample_weight=shares)
    tolerance = 1e-10 if dtype == "float64" else 2e-4
    for a, b in zip(found[0].get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_weights_of_nothing_teach_nothing(rng):
    x, y = samples("classes", 40, rng)
    model = build("classes", optimizer="sgd")
    before = model.evaluate(x, y, verbose=0) and model.get_weights()
    history = model.fit(x, y, batch_size=40, verbose=0, sample_weight=np.zeros(40))
    assert history.history["loss"] == [0.0]
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_metrics_are_as_before(rng):
    x, y = samples("classes", 60, rng)
    weight = rng.random(60)
    figures = []
    for reduction in ("sum_over_batch_size", "mean_with_sample_weight"):
        model = build("classes")
        loss = fastbp.SparseCategoricalCrossentropy(reduction=reduction)
        model.compile("adam", loss, ["accuracy"], ["recall"])
        figures.append(model.evaluate(x, y, sample_weight=weight, verbose=0, return_dict=True))
    first, second = (
        {name: value for name, value in each.items() if name != "loss"} for each in figures
    )
    assert first == second
    assert len(first) == 2
    np.testing.assert_allclose(
        figures[1]["loss"], figures[0]["loss"] * 60 / weight.sum(), rtol=1e-6
    )


def test_it_is_in_the_file(rng, tmp_path):
    x, y = samples("numbers", 30, rng)
    model = build("numbers")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.safetensors")
    weight = rng.random(30)
    again = fastbp.load_model(tmp_path / "model.safetensors")
    for each in (model, again):
        each.fit(x, y, verbose=0, sample_weight=weight)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
