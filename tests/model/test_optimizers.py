"""What optimizers ask of `fit`: averages at its end, the whole set in a step, rates from a schedule."""

import numpy as np
import pytest

from fastbp import (
    SGD,
    Adam,
    ArgumentError,
    Callback,
    Dense,
    ExponentialDecay,
    PiecewiseConstantDecay,
    Rprop,
    Sequential,
)

ALL_RPROPS = [Rprop(variant=variant) for variant in ("plus", "minus", "iplus", "iminus")]


class Recorder(Callback):
    """The weights after every batch."""

    def __init__(self):
        self.weights = []

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(self.model.get_weights())


@pytest.mark.parametrize("frequency", [None, 3])
def test_fit_ends_with_the_averages(make, data, frequency):
    """Those of the weights after each update; where they were overwritten, of what they were before."""
    model = make(
        SGD(0.1, use_ema=True, ema_momentum=0.75, ema_overwrite_frequency=frequency),
        dtype="float64",
    )
    recorder = Recorder()
    model.fit(*data, batch_size=20, epochs=2, verbose=0, callbacks=recorder)
    plain = make(SGD(0.1), dtype="float64")
    averages = None
    for number, weights in enumerate(recorder.weights, 1):
        if frequency and number % frequency == 0:
            averages = weights
            continue
        momentum = 0.75 if number > 1 else 0.0
        before = weights if averages is None else averages
        averages = [momentum * a + (1 - momentum) * w for a, w in zip(before, weights, strict=True)]
    assert len(recorder.weights) == 10
    for average, weight in zip(averages, model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, average, rtol=1e-13, atol=1e-16)
    # without overwriting the path is that of plain descent
    path = Recorder()
    plain.fit(*data, batch_size=20, epochs=2, verbose=0, callbacks=path)
    same = [
        all(np.array_equal(a, b) for a, b in zip(*pair, strict=True))
        for pair in zip(recorder.weights, path.weights, strict=True)
    ]
    assert all(same[:2])
    assert all(same) == (frequency is None)


def test_averages_leave_alone_what_is_not_trained(data):
    model = Sequential([Dense(3, "softmax", bias_initializer="ones", bias_trainable=False)], seed=0)
    model.compile(SGD(0.1, use_ema=True), "sparse_categorical_crossentropy")
    model.fit(*data, verbose=0, epochs=0)
    before = model.get_weights()
    assert before[0].any()
    model.fit(*data, verbose=0)
    kernel, bias = model.get_weights()
    assert np.array_equal(bias, np.ones(3))
    assert not np.array_equal(kernel, before[0])


def test_averages_wait_for_an_epoch(make, data):
    """No epoch, no averages: weights that were set in between stay."""
    model = make(SGD(0.1, use_ema=True))
    model.fit(*data, verbose=0)
    weights = [np.ones_like(weight) for weight in model.get_weights()]
    model.set_weights(weights)
    model.fit(*data, verbose=0, epochs=0)
    assert all((weight == 1).all() for weight in model.get_weights())


@pytest.mark.parametrize("optimizer", ALL_RPROPS, ids=repr)
def test_rprop_takes_the_whole_set(make, data, optimizer):
    model = make(optimizer, dtype="float64")
    history = model.fit(*data, epochs=60, verbose=0)
    assert model.learner.network().steps == 60
    assert history.history["loss"][-1] < 0.2 * history.history["loss"][0]
    again = make(optimizer, dtype="float64")
    again.fit(*data, epochs=60, batch_size=len(data[0]), verbose=0)
    assert all(
        np.array_equal(a, b) for a, b in zip(model.get_weights(), again.get_weights(), strict=True)
    )


@pytest.mark.parametrize("batch_size", [1, 32, 99])
def test_rprop_refuses_mini_batches(make, data, batch_size):
    model = make("rprop")
    before = model.fit(*data, epochs=0, verbose=0) and model.get_weights()
    with pytest.raises(
        ArgumentError, match=r"leave batch_size away or make it 100.*RMSprop or Adam"
    ):
        model.fit(*data, batch_size=batch_size, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_rprop_counts_the_samples_that_are_trained_on(make, data):
    """Those of the validation are none."""
    model = make("rprop")
    model.fit(*data, batch_size=80, validation_split=0.2, verbose=0)
    with pytest.raises(ArgumentError, match="make it 80"):
        model.fit(*data, batch_size=40, validation_split=0.2, verbose=0)


@pytest.mark.parametrize(
    "schedule, rates",
    [
        (PiecewiseConstantDecay([3, 7], [0.1, 0.0, 0.2]), [0.1] * 4 + [0.0] * 4 + [0.2] * 2),
        (ExponentialDecay(0.1, 1, 0.5), [0.1 * 0.5**step for step in range(10)]),
        (lambda step: 0.1 * (step % 2), [0.0, 0.1] * 5),
    ],
    ids=["piecewise", "exponential", "function"],
)
def test_each_update_has_the_rate_of_its_step(make, data, schedule, rates):
    """As if the model had been compiled anew for each; the rate goes on from epoch to epoch."""
    scheduled, stepwise = make(SGD(schedule)), make(SGD(0.1))
    recorder = Recorder()
    scheduled.fit(*data, batch_size=20, epochs=2, shuffle=False, verbose=0, callbacks=recorder)
    whole = make(SGD(schedule))
    whole.fit(*data, batch_size=20, epochs=2, shuffle=False, verbose=0)
    for step, rate in enumerate(rates):
        stepwise.compile(SGD(rate), "sparse_categorical_crossentropy", ["accuracy"])
        rows = slice(20 * (step % 5), 20 * (step % 5) + 20)
        stepwise.train_on_batch(data[0][rows], data[1][rows])
        for a, b in zip(recorder.weights[step], stepwise.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(whole.get_weights(), stepwise.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_function_that_fails_leaves_whole_steps(make, data):
    """Its own error is raised, and training can go on."""

    def fails(step):
        if step == 7:
            raise LookupError("no rate")
        return 0.1

    model = make(Adam(fails))
    with pytest.raises(LookupError, match="no rate"):
        model.fit(*data, batch_size=20, epochs=2, verbose=0, threads=1)
    assert np.isfinite(model.predict(data[0])).all()
    assert model.learner.network().steps <= 7
