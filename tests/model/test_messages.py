"""Mistakes that are easily made: the message says what was given, and what to write instead."""

import numba
import numpy as np
import pytest

import fastbp
from fastbp import ArgumentError, DataError, Dense, Input, Sequential

X, Y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20.0)
NAMES = np.array(["cat", "dog"] * 10)


def model():
    made = Sequential([Input(4), Dense(1)], seed=1)
    made.compile("sgd", "mse")
    return made


@numba.njit
def own(target, prediction):
    return target - prediction


@pytest.mark.parametrize(
    "x, y, message",
    [
        (None, Y, "x is missing: it is None"),
        ("table.csv", Y, "x is a name, 'table.csv', not numbers: read the file first"),
        ({"a": Y, "b": Y}, Y, r"x is a mapping; numpy.column_stack\(list\(x.values\(\)\)\)"),
        (
            X.astype(object),
            Y,
            r"x holds Python objects .*; x.astype\(float\) makes an array of num",
        ),
        (X, NAMES, r"y holds strings .*; numpy.unique\(y, return_inverse=True\)\[1\] makes class"),
        (X, np.where(Y == 3, np.nan, Y), "y holds nan at row 3, .*; fill or drop such rows"),
        (X * 1e300, Y, "too large for float32: bring the numbers to a smaller unit"),
    ],
)
def test_data(x, y, message):
    with pytest.raises(DataError, match=message):
        model().fit(x, y, verbose=0)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Sequential(Dense(3)), r"a list, such as \[Dense\(10\)\], not one Dense$"),
        (lambda: Sequential([Dense]), "not of the class Dense$"),
        (lambda: Sequential([Dense(3)], name=3), "name must be a string, not 3"),
        (lambda: Sequential([Dense(3)], dtype=np.int32), "dtype must be 'float32' or 'float64'"),
        (lambda: Dense(3, fastbp.ReLU), r"LeakyReLU\(0.1\), .* not the class ReLU"),
        (lambda: Dense(3, np.tanh), r"Activation\(forward, derivative\) .*, not ufunc"),
        (lambda: model().compile("sgd", lambda y, p: y), r"is Loss\(value, gradient\), of two"),
        (lambda: model().compile("sgd", own), r"is Loss\(value, gradient\), of two"),
        (lambda: model().compile("sgd", "mse", [print]), r"MeanMetricWrapper\(fn\) of a function"),
        (lambda: model().compile("sgd", "mse", {"a": "mae"}), "metrics must be a list, not dict"),
    ],
)
def test_models(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


def test_what_callbacks_watch():
    watch = fastbp.callbacks.EarlyStopping("los")
    with pytest.raises(
        fastbp.UnknownNameError, match=r"did you mean 'loss'.*another callback adds"
    ):
        model().fit(X, Y, verbose=0, callbacks=[watch])
    made = model()
    made.compile("sgd", "mse", ["mean"])
    with pytest.raises(ArgumentError, match="which way is better for 'mean': say mode='min' or"):
        made.fit(X, Y, verbose=0, callbacks=[fastbp.callbacks.EarlyStopping("mean")])


def test_a_folder_is_no_model(tmp_path):
    with pytest.raises(fastbp.ModelFileError, match="is a folder, not a model file"):
        fastbp.load_model(tmp_path)


def test_what_means_the_same():
    assert Sequential([Dense(3)], dtype=np.float64).dtype == "float64"
    assert Sequential([Dense(3)], dtype=np.dtype("float32")).dtype == "float32"
    assert Dense(3, fastbp.LeakyReLU(0.1)) == Dense(3, "leaky_relu(0.1)")
