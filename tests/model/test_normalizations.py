"""Normalizations and the learned rectifier in whole models: what is kept, frozen, resumed, shown, refused."""

import numpy as np
import pytest

import fastbp
from fastbp import (
    BatchNormalization,
    Dense,
    Input,
    LayerNormalization,
    PReLU,
    Sequential,
)
from fastbp.callbacks import BackupAndRestore, LambdaCallback


def build(dtype="float32", optimizer="adam", **options):
    layers = [
        Input(4),
        BatchNormalization(momentum=0.8),
        Dense(9, "relu"),
        BatchNormalization(momentum=0.7, gamma_regularizer="l2", **options),
        LayerNormalization(),
        Dense(7),
        PReLU(),
        Dense(3, "softmax"),
    ]
    model = Sequential(layers, seed=3, dtype=dtype)
    model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
    return model


def test_a_step_by_hand():
    """Gamma, beta, moving mean, moving variance, as one batch of two samples moves them."""
    model = Sequential([BatchNormalization(momentum=0.9, epsilon=0.0), Dense(1)], dtype="float64")
    model.build(2)
    model.set_weights([np.ones(2), np.zeros(2), np.zeros(2), np.ones(2), [[1.0], [0.5]], [0.0]])
    model.compile(fastbp.SGD(0.1), "mean_squared_error")
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    np.testing.assert_array_equal(model.predict(x)[:, 0], [2.0, 6.0])
    # normalized: -1 and 1 in both columns; outputs -1.5 and 1.5, errors -0.5 and 0.5
    loss = model.train_on_batch(x, [-1.0, 1.0])
    assert loss == pytest.approx(0.25)
    gamma, beta, mean, variance, kernel, bias = model.get_weights()
    np.testing.assert_allclose(gamma, [0.9, 0.95], rtol=1e-15)
    np.testing.assert_allclose(beta, [0.0, 0.0], atol=1e-15)
    np.testing.assert_allclose(mean, [0.2, 0.4], rtol=1e-15)
    np.testing.assert_allclose(variance, [0.9 + 0.1 * 1.0, 0.9 + 0.1 * 4.0], rtol=1e-15)
    np.testing.assert_allclose(kernel[:, 0], [0.9, 0.4], rtol=1e-15)
    np.testing.assert_allclose(bias, [0.0], atol=1e-15)
    expected = (x - mean) / np.sqrt(variance) * gamma @ kernel[:, 0]
    np.testing.assert_allclose(model.predict(x)[:, 0], expected, rtol=1e-14)


def test_layer_normalization_by_hand():
    model = Sequential([LayerNormalization(epsilon=0.0), PReLU("ones"), Dense(3)], dtype="float64")
    model.build(3)
    gamma, beta, alpha = [1.0, 2.0, 3.0], [0.0, 1.0, 0.0], [0.5, 0.5, 0.5]
    model.set_weights([gamma, beta, alpha, np.eye(3), np.zeros(3)])
    # mean 2 and deviation sqrt(2 / 3)
    unit = np.sqrt(1.5)
    expected = [[-0.5 * unit, 1.0, 3.0 * unit]]
    np.testing.assert_allclose(model.predict([[1.0, 2.0, 3.0]]), expected, rtol=1e-14)
    model = Sequential([LayerNormalization(epsilon=0.0, rms_scaling=True), Dense(3)])
    model.build(3)
    model.set_weights([gamma, np.eye(3), np.zeros(3)])
    expected = [[1.0 * unit, 4.0 * unit, 9.0 * unit]]
    np.testing.assert_allclose(model.predict([[1.0, 2.0, 3.0]]), expected, rtol=1e-6)


def test_weights_and_names():
    model = build()
    names = model.learner.stack.weight_names
    assert names[:4] == tuple(
        f"batch_normalization/{name}"
        for name in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    assert names[10:13] == (
        "layer_normalization/gamma",
        "layer_normalization/beta",
        "dense_1/kernel",
    )
    assert "p_re_lu/alpha" in names
    weights = model.get_weights()
    for i, value in enumerate((1.0, 0.0, 0.0, 1.0)):
        np.testing.assert_array_equal(weights[i], np.full(4, value))
    lines = []
    model.summary(lines.append)
    moving = 2 * (4 + 9)
    assert f"parameters: {model.count_params()} ({moving} not trainable)" in lines
    assert any("BatchNormalization" in line for line in lines)


@pytest.mark.parametrize("training", [False, True])
def test_gradient_check(data, training):
    """It moves no averages, of the model that is looked at or of the one that is asked for gradients."""
    model = build(dtype="float64")
    model.fit(*data, epochs=2, verbose=0)
    before = model.get_weights()
    report = fastbp.gradient_check(model, *data, training=training)
    assert report.ok, str(report)
    assert [row.name for row in report.rows] == list(model.learner.stack.weight_names)
    _, gradients = model.loss_and_gradients(*data, training=training)
    # what nothing depends on has no gradient
    assert [bool(np.any(gradients[i])) for i in (2, 3)] == [not training] * 2
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_evaluation_moves_nothing(data):
    model = build()
    model.fit(*data, epochs=1, verbose=0)
    before = model.get_weights()
    model.evaluate(*data, verbose=0)
    model.predict(data[0])
    model.layer_norms(*data)
    model.profile(*data, seconds=0.01)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_sample_alone_is_predicted_as_among_others(data):
    """By the moving statistics."""
    model = build(dtype="float64")
    model.fit(*data, epochs=3, verbose=0)
    one_by_one = np.concatenate([model.predict(row[None]) for row in data[0][:5]])
    np.testing.assert_allclose(model.predict(data[0])[:5], one_by_one, rtol=1e-12)


def test_fine_tuning(data):
    """Frozen, a batch normalization takes its moving statistics in training too, and nothing of it changes."""
    model = build()
    model.fit(*data, epochs=2, verbose=0)
    frozen = ["batch_normalization", "dense", "batch_normalization_1", "layer_normalization"]
    model.set_trainable(False, frozen)
    # hardly an update, so the loss of training is that of evaluation
    model.compile(fastbp.SGD(1e-30), "sparse_categorical_crossentropy", ["accuracy"])
    loss = model.evaluate(*data, verbose=0)[0]
    assert model.fit(*data, verbose=0, batch_size=100).history["loss"][0] == pytest.approx(loss)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    before = model.get_weights()
    model.fit(*data, epochs=2, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert same == [True] * 12 + [False] * 5
    model.set_trainable(True)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    model.fit(*data, verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_sample_weights_do_not_enter_the_statistics(data):
    """Nor do samples of weight 0 stay out of them."""
    model = build()
    x, y = data
    weights = np.linspace(0.0, 2.0, len(x))
    plain = build()
    for each, given in ((model, weights), (plain, None)):
        each.fit(x, y, sample_weight=given, batch_size=100, epochs=1, verbose=0)
    for i in (2, 3):
        np.testing.assert_array_equal(model.get_weights()[i], plain.get_weights()[i])


def test_a_file_keeps_it(data, tmp_path, equal):
    model = build()
    model.fit(*data, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    assert equal(model, loaded)
    for each in (model, loaded):
        each.fit(*data, epochs=2, verbose=0)
    assert equal(model, loaded)
    np.testing.assert_array_equal(model.predict(data[0]), loaded.predict(data[0]))
    other = build()
    other.build()
    model.save_weights(tmp_path / "weights.safetensors")
    other.load_weights(tmp_path / "weights.safetensors")
    assert equal(model, other)


class Stopped(Exception):
    """Ends a run as a crash would."""


@pytest.mark.parametrize("step", [3, 10, 17])
def test_a_run_resumes_exactly(data, tmp_path, equal, step):
    whole, options = build(), {"batch_size": 11, "epochs": 3, "verbose": 0}
    whole.fit(*data, **options)
    left = [step]

    def crash(batch, logs):
        left[0] -= 1
        if left[0] == 0:
            raise Stopped

    with pytest.raises(Stopped):
        build().fit(
            *data,
            **options,
            callbacks=[BackupAndRestore(tmp_path, 2), LambdaCallback(on_train_batch_end=crash)],
        )
    resumed = build()
    resumed.fit(*data, **options, callbacks=[BackupAndRestore(tmp_path, 2)])
    assert equal(whole, resumed)


def test_what_diverges_keeps_the_last_finite_weights(data, equal):
    """The batch whose loss is infinite has not moved the statistics either."""

    def regression():
        model = Sequential([BatchNormalization(momentum=0.5), Dense(5, "tanh"), Dense(1)], seed=1)
        model.compile(fastbp.SGD(0.01, momentum=0.9), "mean_squared_error")
        return model

    x, y = data[0], data[0][:, 0].copy()
    y[35] = 1e30
    model, before = regression(), regression()
    with pytest.raises(fastbp.DivergedError) as caught:
        model.fit(x, y, batch_size=10, shuffle=False, verbose=0)
    assert (caught.value.epoch, caught.value.step) == (1, 4)
    before.fit(x[:30], y[:30], batch_size=10, shuffle=False, verbose=0)
    assert equal(model, before)
    # a variance that overflows, while the loss stays finite
    x[35, 1] = 1e30
    y[35] = 0.0
    model = regression()
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, y, batch_size=10, shuffle=False, verbose=0)
    assert equal(model, before)


def test_averages_leave_moving_statistics_alone(data):
    """They are no averages of averages."""
    plain, averaged = (
        build("float64", fastbp.SGD(0.01)),
        build("float64", fastbp.SGD(0.01, use_ema=True)),
    )
    for each in (plain, averaged):
        each.fit(*data, epochs=1, verbose=0)
    same = [
        np.array_equal(a, b)
        for a, b in zip(plain.get_weights(), averaged.get_weights(), strict=True)
    ]
    assert [same[i] for i in (2, 3, 8, 9)] == [True] * 4
    assert not any(same[i] for i in (0, 1, 4, 6, 7, 10))


def test_shown(data):
    """Profile, norms of layers, memory."""
    model = build()
    names = [row.name for row in model.profile(*data, batch_size=32, seconds=0.01).rows]
    for name in ("batch_normalization", "batch_normalization_backward", "move_statistics"):
        assert names.count(name) == 2
    for name in ("layer_normalization False", "layer_normalization_backward False", "prelu"):
        assert names.count(name) == 1
    norms = model.layer_norms(*data)
    assert [row.name for row in norms.rows] == list(model.learner.stack.names[1:])
    assert norms.rows[0].weights == pytest.approx(2.0)
    plan = model.learner.network().memory_plan(32)
    model.fit(*data, batch_size=32, verbose=0)
    assert plan == model.learner.network().memory_plan(32)
    assert plan["activations"] > 0


def test_it_helps():
    """Features of very different size, which a network without normalization does not learn."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 6)) * [1e-3, 1.0, 1e3, 1e2, 1e-2, 10.0] + [
        1e-2,
        5.0,
        1e4,
        0.0,
        0.0,
        100.0,
    ]
    y = (x[:, 0] - 1e-2 > 0).astype(int)

    def accuracy(*layers):
        model = Sequential([*layers, Dense(16, "relu"), Dense(2, "softmax")], seed=1)
        model.compile(fastbp.SGD(0.1), "sparse_categorical_crossentropy", ["accuracy"])
        try:
            model.fit(x, y, epochs=20, verbose=0)
        except fastbp.DivergedError:
            return 0.5
        return model.evaluate(x, y, verbose=0)[1]

    assert accuracy() < 0.7
    assert accuracy(BatchNormalization(momentum=0.9, epsilon=1e-9)) > 0.95


@pytest.mark.parametrize("layer", [LayerNormalization, BatchNormalization])
def test_wrong_settings(layer):
    for axis in (0, 2, -2, (0, 1), "features", True, None):
        with pytest.raises(fastbp.ArgumentError, match=r"axis must be -1"):
            layer(axis=axis)
    assert layer(axis=1) == layer(axis=[-1]) == layer()
    for epsilon in (-1e-3, float("nan"), "small"):
        with pytest.raises(fastbp.ArgumentError, match=r"epsilon must be .* at least 0"):
            layer(epsilon=epsilon)
    with pytest.raises(fastbp.ArgumentError, match="gamma_initializer cannot be Identity"):
        layer(gamma_initializer="identity")
    with pytest.raises(fastbp.ArgumentError, match="center must be True or False"):
        layer(center=1)
    with pytest.raises(fastbp.UnknownNameError, match="regularizer"):
        layer(beta_regularizer="l3")


@pytest.mark.parametrize("momentum", [-0.1, 1.5, float("inf"), None])
def test_wrong_momentum(momentum):
    with pytest.raises(fastbp.ArgumentError, match=r"momentum must be .* at least 0 and at most 1"):
        BatchNormalization(momentum=momentum)


def test_prelu_makes_no_matrix():
    with pytest.raises(fastbp.ArgumentError, match="alpha_initializer cannot be Orthogonal"):
        PReLU("orthogonal")
