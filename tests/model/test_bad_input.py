"""What cannot be is refused in the package's own words, before anything is trained."""

import numpy as np
import pytest

import fastbp
from fastbp import (
    ArgumentError,
    DataError,
    Dense,
    Input,
    NotReadyError,
    Sequential,
    UnknownNameError,
)

N = 100
X = np.random.default_rng(0).normal(size=(N, 4))
CLASSES = np.arange(N) % 3
ONE_HOT = np.eye(3)[CLASSES]


def changed(array, place, value, dtype=None):
    array = np.array(array, dtype)
    array[place] = value
    return array


INPUTS = [
    (X[:, :3], "x has 3 columns, but the model's input has 4"),
    (X[0], "x has 1 column, but the model's input has 4"),
    (X[:99], "y has 100 rows, but x has 99"),
    (X.reshape(N, 2, 2), r"x has 3 dimensions"),
    (X[:0], "x is empty"),
    (X[:, :0], "x is empty"),
    (changed(X, (7, 2), np.nan), "x holds nan at row 7, column 2"),
    (changed(X, (99, 0), -np.inf), "x holds -inf at row 99, column 0"),
    (changed(X, (3, 1), 1e39), r"x holds 1e\+39 at row 3, column 1"),
    (X.astype(str), "x holds strings"),
    (X.astype(object), "x holds Python objects"),
    (X.astype(complex), "x holds complex"),
    (X.astype("datetime64[s]"), "x holds dates"),
    (None, "x"),
    ([[1, 2, 3, 4], [1, 2]], "x cannot be read"),
]

CLASS_TARGETS = [
    (CLASSES[:50], "y has 50 rows, but x has 100"),
    (changed(CLASSES, 5, 3), r"y holds 3 at row 5 .*from 0 to 2"),
    (changed(CLASSES, 5, -1), r"y holds -1 at row 5"),
    (changed(CLASSES, 5, 1.5, float), r"y holds 1.5 at row 5 .*whole"),
    (changed(CLASSES, 5, np.nan, float), r"y holds nan at row 5"),
    (ONE_HOT, "one-hot targets go with 'categorical_crossentropy'"),
    (np.zeros((N, 2)), "one column of class numbers"),
    (CLASSES.astype(str), "y holds strings"),
    (None, "y is missing"),
]

DENSE_TARGETS = [
    (
        "categorical_crossentropy",
        CLASSES,
        "class numbers go with 'sparse_categorical_crossentropy'",
    ),
    (
        "categorical_crossentropy",
        changed(ONE_HOT, (9, 1), 1.5),
        r"y holds 1.5 at row 9, column 1 .*0 to 1",
    ),
    (
        "binary_crossentropy",
        changed(ONE_HOT, (9, 1), -1),
        r"y holds -1.0 at row 9, column 1 .*0 to 1",
    ),
    ("binary_crossentropy", changed(ONE_HOT, (9, 1), np.nan), r"y holds nan at row 9, column 1"),
    ("mse", changed(ONE_HOT, (9, 1), np.inf), r"y holds inf at row 9, column 1"),
    ("mse", ONE_HOT[:, :2], "y has 2 columns, but the model has 3 outputs"),
]

OPTIONS = [
    ({"batch_size": 0}, "batch_size must be a whole number of at least 1, not 0"),
    ({"batch_size": 3.5}, "batch_size must be a whole number"),
    ({"epochs": -1}, "epochs must be"),
    ({"epochs": 2, "initial_epoch": 3}, "initial_epoch=3 lies behind epochs=2"),
    ({"verbose": 3}, "verbose must be"),
    ({"shuffle": "batch"}, "shuffle must be True or False"),
    ({"threads": 0}, "threads must be"),
    ({"threads": "all"}, "threads must be"),
    ({"validation_split": 1.0}, "validation_split must be .* above 0 and below 1"),
    ({"validation_split": -0.5}, "validation_split must be .* above 0 and below 1"),
    ({"validation_split": "0.1"}, "validation_split must be a finite number"),
    ({"validation_split": 0.999}, "leaves 0 for training"),
    ({"validation_data": X}, "validation_data must be"),
    ({"validation_data": (X,)}, "validation_data must be"),
    ({"validation_data": (X[:, :3], CLASSES)}, "validation x has 3 columns"),
    ({"validation_data": (X, CLASSES + 1)}, "validation y holds 3 at row 2"),
    ({"validation_batch_size": 0}, "validation_batch_size must be"),
    ({"callbacks": [print]}, "callbacks must derive"),
    ({"sample_weight": np.ones(99)}, "sample_weight has 99 rows, but x has 100"),
    ({"sample_weight": np.ones((N, 3))}, "sample_weight has 3 columns"),
    ({"sample_weight": changed(np.ones(N), 8, -2)}, "sample_weight holds -2.0 at row 8"),
    ({"sample_weight": changed(np.ones(N), 8, np.nan)}, "sample_weight holds nan at row 8"),
]


def classifier(loss="sparse_categorical_crossentropy"):
    model = Sequential([Input((4,)), Dense(3, "softmax")], seed=1)
    model.compile("sgd", loss)
    return model


def refuse(model, call, error, message):
    """Check the error, and that it came before anything was done."""
    before = model.get_weights()
    with pytest.raises(error, match=message) as caught:
        call()
    assert isinstance(caught.value, fastbp.FastbpError)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    assert model.history is None


@pytest.mark.parametrize("x, message", INPUTS, ids=[row[1] for row in INPUTS])
def test_inputs(x, message):
    model = classifier()
    refuse(model, lambda: model.fit(x, CLASSES, verbose=0), DataError, message)
    refuse(model, lambda: model.evaluate(x, CLASSES, verbose=0), DataError, message)
    refuse(model, lambda: model.train_on_batch(x, CLASSES), DataError, message)
    refuse(model, lambda: model.loss_and_gradients(x, CLASSES), DataError, message)
    if "y has" not in message:
        refuse(model, lambda: model.predict(x), DataError, message)


@pytest.mark.parametrize("y, message", CLASS_TARGETS, ids=[row[1] for row in CLASS_TARGETS])
def test_class_numbers(y, message):
    model = classifier()
    refuse(model, lambda: model.fit(X, y, verbose=0), DataError, message)


@pytest.mark.parametrize("loss, y, message", DENSE_TARGETS, ids=[row[2] for row in DENSE_TARGETS])
def test_numbers_for_every_output(loss, y, message):
    model = classifier(loss)
    refuse(model, lambda: model.fit(X, y, verbose=0), DataError, message)


@pytest.mark.parametrize("options, message", OPTIONS, ids=[row[1] for row in OPTIONS])
def test_options(options, message):
    model = classifier()
    errors = (DataError, ArgumentError)
    refuse(model, lambda: model.fit(X, CLASSES, **{"verbose": 0} | options), errors, message)


def test_targets_in_every_good_form():
    for y in (
        CLASSES,
        CLASSES[:, None],
        CLASSES.astype(float),
        CLASSES.astype(np.uint8),
        CLASSES.tolist(),
    ):
        classifier().fit(X, y, verbose=0)
    for y in (
        ONE_HOT,
        ONE_HOT.astype(bool),
        ONE_HOT.astype(np.int8),
        0.9 * ONE_HOT,
        ONE_HOT.tolist(),
    ):
        classifier("categorical_crossentropy").fit(X, y, verbose=0)


def test_the_callers_arrays_are_not_written():
    x, y, weights = X.copy(), CLASSES.copy(), np.ones(N)
    for array in (x, y, weights):
        array.flags.writeable = False
    classifier().fit(x, y, sample_weight=weights, epochs=2, verbose=0, validation_split=0.2)
    assert np.array_equal(x, X)
    assert np.array_equal(y, CLASSES)


def test_what_is_wrong_with_the_first_data_leaves_the_model_open():
    model = Sequential([Dense(3, "softmax")], seed=1)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(DataError):
        model.fit(X[:, :2], CLASSES + 7, verbose=0)
    assert not model.built
    model.fit(X, CLASSES, verbose=0)
    assert model.n_inputs == 4


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        (("addam", "mse"), UnknownNameError, "unknown optimizer 'addam', did you mean 'adam'"),
        (("adam", "msee"), UnknownNameError, "unknown loss 'msee'"),
        (("adam", "mean_square_error"), UnknownNameError, "did you mean 'mean_squared_error'"),
        (("adam", "mse", ["acuracy"]), UnknownNameError, "did you mean 'accuracy'"),
        (("adam",), ArgumentError, "needs a loss"),
        ((0.1, "mse"), ArgumentError, "optimizer must be a name"),
    ],
)
def test_compile(arguments, error, message):
    model = classifier()
    with pytest.raises(error, match=message):
        model.compile(*arguments)
    assert model.loss == fastbp.SparseCategoricalCrossentropy()


def test_one_output_is_not_enough_for_classes():
    for loss in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        with pytest.raises(ArgumentError, match="binary_crossentropy"):
            Sequential([Dense(1, "sigmoid")]).compile("sgd", loss)


def test_steps_out_of_order():
    model = Sequential([Dense(3)], seed=1)
    with pytest.raises(NotReadyError, match="call compile first"):
        model.fit(X, ONE_HOT)
    for call in (model.get_weights, model.summary, model.count_params):
        with pytest.raises(NotReadyError, match="number of input columns"):
            call()
    with pytest.raises(NotReadyError, match="no Dense layer"):
        Sequential().compile("sgd", "mse")
    with pytest.raises(NotReadyError, match="no Dense layer"):
        Sequential([Input(3)]).build()
    with pytest.raises(NotReadyError, match="adapt"):
        Sequential([fastbp.Normalization(), Dense(3)]).build(3)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"dtype": "float16"}, "dtype"),
        ({"seed": -1}, "seed"),
        ({"seed": 1 << 63}, "seed"),
        ({"seed": 0.5}, "seed"),
    ],
)
def test_options_of_the_model(options, message):
    with pytest.raises(ArgumentError, match=message):
        Sequential([Dense(3)], **options)


@pytest.mark.parametrize(
    "weights, message",
    [
        ([np.zeros((4, 3))], "2 arrays of weights, not 1"),
        ([np.zeros((3, 4)), np.zeros(3)], r"dense/kernel has shape \(4, 3\), not \(3, 4\)"),
        ([np.zeros((4, 3)), np.zeros(4)], r"dense/bias has shape \(3,\), not \(4,\)"),
        ([np.zeros((4, 3)), [0, np.nan, 0]], "dense/bias must be finite"),
        ([np.zeros((4, 3)), [0, 1e39, 0]], "dense/bias must be finite in float32"),
        ([np.zeros((4, 3)), ["a", "b", "c"]], "weights must be numbers"),
    ],
)
def test_set_weights(weights, message):
    model = classifier()
    refuse(model, lambda: model.set_weights(weights), DataError, message)
