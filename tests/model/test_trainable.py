"""Layers that training leaves alone."""

import numpy as np
import pytest

import fastbp
from fastbp import Dense, Input, Sequential

FROZEN = [(0,), (1,), (2,), (0, 1), (1, 2), (0, 2), (0, 1, 2)]


def build(frozen=(), dtype="float64", optimizer="sgd", activation="gelu"):
    layers = [
        Dense(9, activation, trainable=0 not in frozen),
        Dense(7, "softmax", trainable=1 not in frozen),
        Dense(3, "softmax", trainable=2 not in frozen),
    ]
    model = Sequential([Input(4), *layers], seed=3, dtype=dtype)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model


@pytest.mark.parametrize("batch_size", [4, 50])
@pytest.mark.parametrize("frozen", FROZEN, ids=str)
def test_the_rest_is_trained_as_before(data, frozen, batch_size):
    """One step of gradient descent: trained layers move by their gradients, the others do not at all."""
    model = build(frozen)
    x, y = data[0][:batch_size], data[1][:batch_size]
    before = model.get_weights()
    _, gradients = model.loss_and_gradients(x, y)
    model.train_on_batch(x, y)
    for i, (old, new, gradient) in enumerate(
        zip(before, model.get_weights(), gradients, strict=True)
    ):
        assert np.abs(gradient).max() > 0
        if i // 2 in frozen:
            np.testing.assert_array_equal(new, old)
        else:
            np.testing.assert_allclose(new, old - 0.01 * gradient, rtol=0, atol=1e-15)


def test_frozen_layers_have_no_rows():
    """No gradient of their weights, and none of the inputs of the first layer that learns."""
    from fastbp.data.source import as_source

    def kernels(frozen):
        model = build(frozen, dtype="float32")
        x, y = np.zeros((32, 4), np.float32), np.zeros(32, np.int64)
        network = model.learner.network()
        network.train(as_source(x), as_source(y), None, np.arange(32)[None], batch_size=32)
        (session,) = network._sessions.values()
        return [name.split()[0] for name in session.names if "gradient" in name]

    assert len(kernels(())) == 8  # of weights and biases, and of the inputs of two
    assert kernels((0, 1)) == ["weight_gradient", "bias_gradient"]
    assert kernels((2,))[:1] == ["input_gradient"]
    assert kernels((0, 1, 2)) == []


@pytest.mark.parametrize("optimizer", ["adamw", "rmsprop"])
def test_fine_tuning(data, optimizer):
    """Trained, frozen, compiled again, trained on, thawed: weights are kept all along."""
    model = build(optimizer=optimizer, dtype="float32")
    model.fit(*data, epochs=3, verbose=0)
    before = model.get_weights()
    model.set_trainable(False, ["dense", "dense_1"])
    assert [layer.trainable for layer in model.layers[1:]] == [False, False, True]
    with pytest.raises(fastbp.NotReadyError):
        model.fit(*data, verbose=0)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(*data, epochs=3, verbose=0)
    after = model.get_weights()
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True] * 4 + [False] * 2
    model.set_trainable(True)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(*data, verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(after, model.get_weights(), strict=True))


def test_averages_leave_frozen_layers_alone(data):
    """There are no averages of weights that are not trained, to take their place at the end of `fit`."""
    model = build((0,), optimizer=fastbp.Adam(use_ema=True))
    before = model.get_weights()
    model.fit(*data, epochs=2, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True] * 2 + [False] * 4


def test_a_file_keeps_it(data, tmp_path, equal):
    model = build((1,), dtype="float32")
    model.fit(*data, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert [layer.trainable for layer in loaded.layers[1:]] == [True, False, True]
    for each in (model, loaded):
        each.fit(*data, epochs=2, verbose=0)
    assert equal(model, loaded)


def test_summary_and_wrong_names():
    model = build((0, 2))
    lines = []
    model.summary(lines.append)
    assert "parameters: 139 (69 not trainable)" in lines
    with pytest.raises(fastbp.UnknownNameError, match=r"'densel', did you mean 'dense'"):
        model.set_trainable(False, "densel")
    with pytest.raises(fastbp.ArgumentError, match="trainable"):
        model.set_trainable(0)


def test_the_whole_model_by_assignment(data):
    """As Keras has it; what changes nothing does not ask for another `compile`."""
    model = build((1,))
    before = model.get_weights()
    model.trainable = False
    assert not model.trainable
    with pytest.raises(fastbp.NotReadyError, match="compile"):
        model.fit(*data, verbose=0)
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.trainable = False
    model.fit(*data, verbose=0)
    same = zip(before, model.get_weights(), strict=True)
    assert all(np.array_equal(old, new) for old, new in same)
    model.trainable = True
    assert [layer.trainable for layer in model.layers[1:]] == [True, True, True]
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(*data, verbose=0)
    same = zip(before, model.get_weights(), strict=True)
    assert not any(np.array_equal(old, new) for old, new in same)


def test_what_is_frozen_says_what_to_do():
    model = build()
    with pytest.raises(fastbp.FrozenSpecificationError, match=r"set_trainable\(False, .*compile"):
        model.layers[1].trainable = False
    with pytest.raises(AttributeError, match=r"replace\(model.optimizer, learning_rate=0.5\)"):
        model.optimizer.learning_rate = 0.5
    with pytest.raises(fastbp.ArgumentError, match=r"momentum=0.9\), or compile"):
        model.optimizer.momentum = 0.9
    with pytest.raises(fastbp.ArgumentError, match=r"Dense does not change .* with units=5"):
        model.layers[1].units = 5
    with pytest.raises(fastbp.ArgumentError, match="does not change"):
        del model.layers[1].units
    assert model.layers[1].trainable
    assert model.optimizer.learning_rate == 0.01
