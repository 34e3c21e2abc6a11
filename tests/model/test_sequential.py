"""Building a model layer by layer, and what it tells about itself."""

import numpy as np
import pytest

import fastbp
from fastbp import L2, Activation, ArgumentError, Dense, Input, NotReadyError, Sequential


def test_layers_can_follow_one_by_one():
    whole = Sequential([Input((4,)), Dense(8, "relu"), Dense(3)], seed=1)
    grown = Sequential(seed=1)
    for layer in whole.layers:
        grown.add(layer)
    assert grown.layers == whole.layers
    for a, b in zip(whole.get_weights(), grown.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_a_layer_that_follows_later_keeps_the_weights():
    model = Sequential([Input((4,)), Dense(8)], seed=1)
    model.compile("sgd", "mse")
    model.fit(np.eye(4), np.ones((4, 8)), verbose=0)
    before = model.get_weights()
    model.add(Dense(2))
    after = model.get_weights()
    assert len(after) == 4
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=False))
    with pytest.raises(NotReadyError, match="compile"):
        model.fit(np.eye(4), np.ones((4, 2)), verbose=0)


def test_the_last_layer_goes():
    """Twice before anything is built anew; the others keep what they learned, with another layer behind them."""
    model = Sequential([Dense(8, "tanh", name="first"), Dense(5), Dense(2)], seed=1)
    model.compile("sgd", "mse")
    model.fit(np.eye(4), np.ones((4, 2)), verbose=0)
    before = model.get_weights()
    assert [model.pop().units, model.pop().units] == [2, 5]
    model.add(Dense(3))
    after = model.get_weights()
    assert [array.shape for array in after] == [(4, 8), (8,), (8, 3), (3,)]
    assert all(np.array_equal(a, b) for a, b in zip(before, after[:2], strict=False))
    with pytest.raises(NotReadyError, match="compile"):
        model.fit(np.eye(4), np.ones((4, 3)), verbose=0)
    with pytest.raises(ArgumentError, match="no layer to take away"):
        Sequential().pop()


def test_first_weights_depend_on_the_seed_and_the_position():
    a = Sequential([Input(4), Dense(8), Dense(8)], seed=1).get_weights()
    b = Sequential(
        [Input(4), Dense(8), Activation("relu"), Dense(8), Dense(2)], seed=1
    ).get_weights()
    assert np.array_equal(a[0], b[0])
    assert np.array_equal(a[2], b[2])
    assert not np.array_equal(a[0][:4], a[2][:4])


def test_weights_come_and_go(rng):
    model = Sequential([Input(4), Dense(8), Dense(3, use_bias=False)], seed=1)
    shapes = [array.shape for array in model.get_weights()]
    assert shapes == [(4, 8), (8,), (8, 3)]
    assert model.count_params() == 4 * 8 + 8 + 8 * 3
    weights = [rng.normal(size=shape) for shape in shapes]
    model.set_weights(weights)
    for given, got in zip(weights, model.get_weights(), strict=True):
        assert got.dtype == np.float32
        assert np.array_equal(given.astype(np.float32), got)
    got[:] = 0
    assert model.get_weights()[-1].all()
    x = rng.normal(size=(5, 4))
    assert model.predict(x) == pytest.approx(
        (x @ weights[0] + weights[1]) @ weights[2], rel=1e-4, abs=1e-5
    )


@pytest.mark.parametrize("units", [1, 3, 16, 17])
def test_weights_are_copies(units):
    model = Sequential([Input(16), Dense(16), Dense(units)], seed=1)
    for array in model.get_weights():
        array[:] = 7
    assert not any((array == 7).any() for array in model.get_weights())


def test_summary(capsys):
    model = Sequential(
        [Input(784), Dense(128, "relu", name="hidden"), Dense(10, "softmax")], seed=1
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.summary()
    text = capsys.readouterr().out
    for part in ("hidden", "Dense, softmax", "100,480", "1,290", "101,770", "batch size 32", "MiB"):
        assert part in text
    lines = []
    model.summary(print_fn=lines.append, batch_size=1024)
    assert "batch size 1024" in lines[-1]


def test_build():
    model = Sequential([Dense(3)], seed=1)
    model.build((None, 4))
    assert (model.built, model.n_inputs, model.n_outputs) == (True, 4, 3)
    with pytest.raises(ArgumentError, match="4 input columns, not 5"):
        model.build(5)


def test_compile_again_forgets_the_optimizer_and_keeps_the_weights(make, data, equal):
    model, twin = make(), make()
    model.fit(*data, verbose=0)
    twin.build(4)
    twin.set_weights(model.get_weights())
    model.compile("adam", "sparse_categorical_crossentropy")
    for each in (model, twin):
        each.train_on_batch(*data)
    assert equal(model, twin)


def test_loss_and_gradients_include_penalties(rng):
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    layers = [Dense(2, kernel_regularizer=L2(0.5))]
    plain, penalized = (Sequential(each, seed=1, dtype="float64") for each in ([Dense(2)], layers))
    for model in (plain, penalized):
        model.compile("sgd", "mse")
    loss, (kernel_gradient, bias_gradient) = plain.loss_and_gradients(x, y)
    other_loss, (other_kernel_gradient, other_bias_gradient) = penalized.loss_and_gradients(x, y)
    kernel = plain.get_weights()[0]
    assert other_loss - loss == pytest.approx(0.5 * (kernel**2).sum())
    assert other_kernel_gradient - kernel_gradient == pytest.approx(kernel)
    assert other_bias_gradient == pytest.approx(bias_gradient)


def test_one_layer():
    model = Sequential([Input(4), Dense(8, name="hidden"), Dense(3)], seed=1)
    assert model.get_layer("hidden") is model.layers[1]
    assert model.get_layer(index=2) is model.layers[2]
    assert model.get_layer(name="dense") is model.get_layer(index=-1)
    with pytest.raises(fastbp.UnknownNameError, match="did you mean 'hidden'"):
        model.get_layer("hiden")
    for wrong in ({}, {"name": "dense", "index": 1}, {"index": 3}, {"index": "1"}):
        with pytest.raises(ArgumentError, match="index"):
            model.get_layer(**wrong)


def test_shapes():
    model = Sequential([Dense(3)], seed=1)
    assert (model.input_shape, model.output_shape) == ((None, None), (None, 3))
    model.build(5)
    assert model.input_shape == (None, 5)
    images = Sequential([Input((28, 28)), fastbp.Flatten(), Dense(3)])
    assert (images.input_shape, images.output_shape) == ((None, 28, 28), (None, 3))


def test_weights_as_keras_tells_them():
    layers = [
        Dense(8, trainable=False),
        fastbp.BatchNormalization(),
        Dense(3, bias_trainable=False),
    ]
    model = Sequential([Input(4), *layers], seed=1)
    weights = model.weights
    for ours, plain in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, plain)
    assert [w.shape for w in model.trainable_weights] == [(8,), (8,), (8, 3)]
    assert [w.shape for w in model.non_trainable_weights] == [(4, 8), (8,), (8,), (8,), (3,)]
    with pytest.raises(ValueError, match="read-only"):
        weights[0][:] = 0.0


def test_a_batch_is_measured_and_predicted(make, data):
    model = make()
    x, y = data
    model.fit(x, y, verbose=0)
    outputs = model.predict(x[:7])
    np.testing.assert_array_equal(model.predict_on_batch(x[:7]), outputs)
    np.testing.assert_array_equal(model(x[:7]), outputs)
    weights = np.arange(7.0)
    expected = model.evaluate(x[:7], y[:7], sample_weight=weights, verbose=0, return_dict=True)
    assert model.test_on_batch(x[:7], y[:7], weights, return_dict=True) == expected
    assert model.test_on_batch(x[:7], y[:7], weights) == list(expected.values())
    with pytest.raises(ArgumentError, match="loss_and_gradients"):
        model(x, training=True)
