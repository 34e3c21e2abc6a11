"""Learning rates that change while a model trains: the optimizer's state stays, and nothing is compiled."""

from dataclasses import replace

import numpy as np
import pytest

import fastbp
from fastbp import SGD, Adam
from fastbp.callbacks import Callback, LearningRateScheduler, ReduceLROnPlateau


class Figures(Callback):
    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["figure"] = self.values[epoch]


def rates(model, data, values, **options):
    """The learning rates of the epochs whose figures are these; a reduction shows in the epoch after it."""
    reduce = ReduceLROnPlateau("figure", **{"mode": "min", "min_delta": 0} | options)
    callbacks = [Figures(values), reduce]
    history = model.fit(*data, epochs=len(values), verbose=0, callbacks=callbacks)
    return history.history["learning_rate"]


@pytest.mark.parametrize(
    "values, options, expected",
    [
        ([5, 5, 5, 5], {"patience": 1}, [1, 1, 0.1, 0.01]),
        ([5, 5, 5, 5], {"patience": 2, "factor": 0.5}, [1, 1, 1, 0.5]),
        ([5, 4, 3, 2], {"patience": 1}, [1, 1, 1, 1]),
        ([5, 4.9, 4.8, 4.7], {"patience": 1, "min_delta": 0.15}, [1, 1, 0.1, 0.1]),
        # In the epoch in which the cooldown ends, waiting begins.
        ([5] * 6, {"patience": 1, "cooldown": 2}, [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ([5, 5, 5, 5], {"patience": 1, "min_lr": 0.05}, [1, 1, 0.1, 0.05]),
        ([1, 1, 1], {"patience": 1, "mode": "max"}, [1, 1, 0.1]),
    ],
)
def test_plateaus(make, data, values, options, expected):
    assert rates(make(SGD(1.0)), data, values, **options) == pytest.approx(expected)


def test_a_reduction_is_told(make, data, capsys):
    rates(make(SGD(1.0)), data, [1, 1], patience=1, verbose=1)
    said = capsys.readouterr().out
    assert said == "\nEpoch 2: ReduceLROnPlateau reducing learning rate to 0.1.\n"


@pytest.mark.parametrize("optimizer", [SGD(0.2, momentum=0.9), Adam(0.02), "rmsprop"])
def test_a_schedule_is_training_with_each_rate(make, data, equal, optimizer):
    """Three epochs with falling rates, in one fit and by hand."""
    scheduled, by_hand = make(optimizer), make(optimizer)
    first = by_hand.optimizer.learning_rate
    schedule = LearningRateScheduler(lambda epoch, rate: rate / (epoch + 1))
    history = scheduled.fit(*data, epochs=3, verbose=0, callbacks=schedule)
    for epoch, rate in enumerate([first, first / 2, first / 2 / 3]):
        by_hand.optimizer = replace(by_hand.optimizer, learning_rate=rate)
        by_hand.fit(*data, epochs=epoch + 1, initial_epoch=epoch, verbose=0)
    assert equal(scheduled, by_hand)
    assert history.history["learning_rate"] == [first, first / 2, first / 2 / 3]
    constant = make(optimizer)
    constant.fit(*data, epochs=3, verbose=0)
    assert not equal(scheduled, constant)


def test_a_schedule_of_the_epoch_alone(make, data, capsys):
    schedule = LearningRateScheduler(lambda epoch: 0.5**epoch, verbose=1)
    history = make().fit(*data, epochs=3, verbose=0, callbacks=schedule)
    assert history.history["learning_rate"] == [1.0, 0.5, 0.25]
    said = capsys.readouterr().out
    assert "\nEpoch 3: LearningRateScheduler setting learning rate to 0.25.\n" in said


def test_a_rate_may_change_between_batches(make, data, equal):
    class Warm(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer = replace(self.model.optimizer, learning_rate=0.1 * (batch + 1))

    x, y = data
    warmed, by_hand = make(SGD(9.0)), make(SGD(9.0))
    warmed.fit(x, y, batch_size=25, verbose=0, shuffle=False, callbacks=Warm())
    for batch in range(4):
        by_hand.optimizer = SGD(0.1 * (batch + 1))
        rows = slice(25 * batch, 25 * batch + 25)
        by_hand.train_on_batch(x[rows], y[rows])
    assert equal(warmed, by_hand)


def test_a_diverged_run_goes_back_no_further_than_the_change(data):
    """What was trained before a change is not trained again with what came after it."""
    x, y = data[0], data[0][:, :1]

    class Burst(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 3:
                self.model.optimizer = SGD(1e30)

        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                self.kept = self.model.get_weights()

    burst = Burst()
    model = fastbp.Sequential([fastbp.Dense(8), fastbp.Dense(1)], seed=1)
    model.compile(SGD(0.01), "mse")
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, y, batch_size=10, verbose=0, callbacks=burst)
    after = model.get_weights()
    assert all(np.isfinite(array).all() for array in after)
    # No more than two steps of 1e30 fit into float32.
    moved = max(np.abs(a - b).max() for a, b in zip(after, burst.kept, strict=True))
    assert moved == 0 or moved > 1e20


def test_another_rule_needs_compile(make, data):
    model = make(SGD(0.1))
    model.fit(*data, verbose=0)
    for other in (SGD(0.1, momentum=0.9), "adam"):
        with pytest.raises(fastbp.ArgumentError, match="compile"):
            model.optimizer = other
    with pytest.raises(fastbp.NotReadyError):
        fastbp.Sequential([fastbp.Dense(1)]).optimizer = "sgd"
    assert model.optimizer == SGD(0.1)


def test_an_optimizer_may_change_and_training_go_on(make, data):
    """Compiled again with another one, the weights stay."""
    model = make("adam")
    model.fit(*data, epochs=3, verbose=0)
    before = model.get_weights()
    loss = model.evaluate(*data, verbose=0)[0]
    model.compile(SGD(0.05), "sparse_categorical_crossentropy")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.fit(*data, epochs=5, verbose=0)
    assert model.evaluate(*data, verbose=0) < loss


@pytest.mark.parametrize(
    "make_it",
    [
        lambda: ReduceLROnPlateau(factor=1.0),
        lambda: ReduceLROnPlateau(min_lr=-1),
        lambda: ReduceLROnPlateau(cooldown=-1),
        lambda: LearningRateScheduler(0.1),
    ],
)
def test_wrong_arguments(make_it):
    with pytest.raises(fastbp.ArgumentError):
        make_it()


def test_a_schedule_must_give_a_float(make, data):
    with pytest.raises(fastbp.ArgumentError, match="should be a float"):
        make().fit(*data, verbose=0, callbacks=LearningRateScheduler(lambda epoch: 1))


def test_a_rate_that_follows_a_schedule_is_left_alone(make, data):
    model = make(SGD(fastbp.ExponentialDecay(0.5, 10, 0.5)))
    schedule = LearningRateScheduler(lambda epoch: 0.1)
    for callback in (schedule, ReduceLROnPlateau("loss")):
        with pytest.raises(fastbp.ArgumentError, match="follows a schedule"):
            model.fit(*data, verbose=0, callbacks=callback)


@pytest.mark.parametrize(
    "callback", [LearningRateScheduler(lambda epoch, rate: rate / 2), ReduceLROnPlateau("loss")]
)
def test_rprop_has_no_rate_to_be_changed(make, data, callback):
    model = make("rprop")
    before = model.learner.network(4).weights()
    with pytest.raises(fastbp.ArgumentError, match=r"first step of its weights.*another optimizer"):
        model.fit(*data, verbose=0, callbacks=callback)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
