"""Weights of classes are weights of samples; a whole weight is so many copies of a row, up to the mean."""

import numpy as np
import pytest

import fastbp
from fastbp import Dense, Sequential

FORMS = {
    "sparse": (3, "softmax", "sparse_categorical_crossentropy", lambda y: y),
    "floats": (3, "softmax", "sparse_categorical_crossentropy", lambda y: y.astype(np.float32)),
    "one-hot": (3, "softmax", "categorical_crossentropy", lambda y: np.eye(3, dtype=np.uint8)[y]),
    "binary": (1, "sigmoid", "binary_crossentropy", lambda y: y > 0),
    "binary floats": (1, "sigmoid", "binary_crossentropy", lambda y: (y > 0)[:, None] * 1.0),
}


def build(form, dtype="float64"):
    units, activation, loss, targets = FORMS[form]
    model = Sequential([Dense(6, "tanh"), Dense(units, activation)], seed=2, dtype=dtype)
    model.compile("sgd", loss, ["accuracy"])
    return model, targets


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("own", [False, True])
def test_they_are_sample_weights(data, rng, equal, form, own):
    x, y = data
    by_class, by_sample = build(form)[0], build(form)[0]
    targets = build(form)[1](y)
    sample_weight = rng.integers(0, 8, 100) / 4 if own else None
    named = {0: 0.5, 1: 3.0}
    classes = (y > 0) * 1 if "binary" in form else y
    expected = np.array([0.5, 3.0, 1.0])[classes] * (
        1.0 if sample_weight is None else sample_weight
    )
    history = by_class.fit(
        x, targets, epochs=2, verbose=0, class_weight=named, sample_weight=sample_weight
    )
    other = by_sample.fit(x, targets, epochs=2, verbose=0, sample_weight=expected)
    assert equal(by_class, by_sample)
    assert history.history == other.history
    plain = build(form)[0]
    plain.fit(x, targets, epochs=2, verbose=0, sample_weight=sample_weight)
    assert not equal(plain, by_class)


def test_of_a_single_update(data, equal):
    x, y = data
    by_class, by_sample = build("sparse")[0], build("sparse")[0]
    told = by_class.train_on_batch(x, y, class_weight={0: 0.5, 1: 3.0})
    assert told == by_sample.train_on_batch(x, y, np.array([0.5, 3.0, 1.0])[y])
    assert equal(by_class, by_sample)
    with pytest.raises(fastbp.ArgumentError, match="map class numbers"):
        by_class.train_on_batch(x, y, class_weight="balanced")


def test_a_class_of_no_weight_is_left_out(data):
    """Up to the mean, which is over all rows as in Keras."""
    x, y = data
    without, short = build("sparse")[0], build("sparse")[0]
    kept = y != 1
    without.fit(x, y, batch_size=100, verbose=0, class_weight={1: 0.0})
    weight = np.full(kept.sum(), kept.sum() / 100)
    short.fit(x[kept], y[kept], batch_size=kept.sum(), verbose=0, sample_weight=weight)
    for a, b in zip(without.get_weights(), short.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_a_whole_weight_is_repetition(data):
    x, y = data
    weighted, repeated = build("sparse")[0], build("sparse")[0]
    copies = np.where(y == 2, 3, 1)
    rows = np.repeat(np.arange(100), copies)
    weighted.fit(x, y, batch_size=100, verbose=0, class_weight={2: 3})
    scale = np.full(len(rows), len(rows) / 100)
    repeated.fit(x[rows], y[rows], batch_size=len(rows), verbose=0, sample_weight=scale)
    for a, b in zip(weighted.get_weights(), repeated.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)


def test_the_validation_is_not_weighted(data):
    model, _ = build("sparse")
    history = model.fit(
        *data, verbose=0, validation_data=data, class_weight={0: 0.0, 1: 0.0, 2: 0.0}
    )
    assert history.history["loss"] == [0.0]
    assert history.history["val_loss"][0] == model.evaluate(*data, verbose=0)[0] > 0


@pytest.mark.parametrize(
    "wrong, message",
    [
        ([1, 2], "map class numbers"),
        ({3: 1.0}, "classes go from 0 to 2"),
        ({-1: 1.0}, "at least 0"),
        ({"0": 1.0}, "whole number"),
        ({0: -1.0}, "at least 0"),
        ({0: np.nan}, "finite"),
    ],
)
def test_wrong_weights(data, wrong, message):
    model, _ = build("sparse")
    with pytest.raises(fastbp.ArgumentError, match=message):
        model.fit(*data, verbose=0, class_weight=wrong)
    assert not model.built


def test_targets_that_are_no_classes(data):
    model = Sequential([Dense(1)], seed=1)
    model.compile("sgd", "mse")
    with pytest.raises(fastbp.ArgumentError, match="targets that are classes"):
        model.fit(data[0], data[0][:, 0], verbose=0, class_weight={0: 2.0})
