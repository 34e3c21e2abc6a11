"""Training ends when it no longer helps, as Keras counts."""

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import Callback, EarlyStopping


class Figures(Callback):
    """Says what the epochs' figure was, whatever the model does."""

    def __init__(self, values):
        self.values = values

    def on_epoch_end(self, epoch, logs=None):
        logs["figure"] = self.values[epoch]


def fit(model, data, values, **options):
    stop = EarlyStopping("figure", **{"mode": "min"} | options)
    history = model.fit(*data, epochs=len(values), verbose=0, callbacks=[Figures(values), stop])
    return len(history.epoch), stop


@pytest.mark.parametrize(
    "values, options, n_epochs",
    [
        ([5, 4, 3, 2, 1], {}, 5),
        ([5, 5, 4, 3], {}, 2),
        ([5, 6, 7, 4, 3], {"patience": 2}, 3),
        ([5, 6, 4, 6, 6, 1], {"patience": 2}, 5),
        ([5, 4.5, 4.0, 3.5], {"min_delta": 0.6, "patience": 2}, 4),
        ([5, 4.5, 4.4, 4.3], {"min_delta": 0.6, "patience": 2}, 3),
        ([1, 2, 3, 3], {"mode": "max"}, 4),
        ([3, 2, 1], {"mode": "max"}, 2),
        # Better than before, but not than the baseline: the waiting goes on, and ends where nothing is better.
        ([9, 8, 7, 7], {"baseline": 5, "patience": 2}, 4),
        ([9, 4, 5, 6, 7], {"baseline": 5, "patience": 2}, 4),
        ([9, 9, 9, 9, 9, 9], {"start_from_epoch": 3}, 5),
        # Never after the first epoch.
        ([5, 5], {"patience": 0}, 2),
    ],
)
def test_when_it_stops(make, data, values, options, n_epochs):
    assert fit(make(), data, values, **options)[0] == n_epochs


@pytest.mark.parametrize("restore", [False, True])
def test_the_best_weights(make, data, equal, capsys, restore):
    model, best, last = make(), make(), make()
    n_epochs, stop = fit(
        model, data, [5, 3, 4, 4, 4], patience=2, restore_best_weights=restore, verbose=1
    )
    best.fit(*data, epochs=2, verbose=0)
    last.fit(*data, epochs=4, verbose=0)
    assert (n_epochs, stop.stopped_epoch, stop.best, stop.best_epoch) == (4, 3, 3, 1)
    assert equal(model, best) == restore
    assert equal(model, last) != restore
    said = capsys.readouterr().out
    assert said.startswith("Epoch 4: early stopping\n")
    assert ("Restoring model weights from the end of the best epoch: 2." in said) == restore


def test_the_best_weights_also_without_a_stop(make, data, equal):
    model, best = make(), make()
    fit(model, data, [5, 3, 4], patience=9, restore_best_weights=True)
    best.fit(*data, epochs=2, verbose=0)
    assert equal(model, best)


def test_it_can_be_used_again(make, data):
    stop = EarlyStopping("figure", mode="min")
    for _ in range(2):
        callbacks = [Figures([1, 1, 1]), stop]
        assert len(make().fit(*data, epochs=3, verbose=0, callbacks=callbacks).epoch) == 2


@pytest.mark.parametrize("monitor, sign", [("loss", 1), ("val_loss", 1), ("val_accuracy", -1)])
def test_auto_knows_which_way_is_better(make, data, monitor, sign):
    stop = EarlyStopping(monitor, patience=1000)
    history = make().fit(*data, epochs=6, verbose=0, callbacks=stop, validation_split=0.2)
    assert stop.best == sign * min(sign * value for value in history.history[monitor])


def test_errors_of_metrics_go_down(data):
    model = fastbp.Sequential([fastbp.Dense(1)], seed=1)
    model.compile("adam", "mse", ["mae"])
    stop = EarlyStopping("mae", patience=1000)
    history = model.fit(data[0], data[1], epochs=5, verbose=0, callbacks=stop)
    assert stop.best == min(history.history["mae"])


def test_a_figure_that_will_not_be_there(make, data):
    model = make()
    model.build(4)
    before = model.get_weights()
    with pytest.raises(fastbp.ArgumentError, match=r"no validation data.*'loss'"):
        model.fit(*data, verbose=0, callbacks=EarlyStopping())
    with pytest.raises(fastbp.UnknownNameError, match=r"'acuracy', did you mean 'accuracy'"):
        model.fit(*data, verbose=0, callbacks=EarlyStopping("acuracy"))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    with pytest.warns(UserWarning, match=r"`score` which is not available.*loss,accuracy"):
        model.fit(*data, verbose=0, callbacks=EarlyStopping("score", mode="max"))


@pytest.mark.parametrize(
    "options",
    [{"mode": "up"}, {"patience": -1}, {"monitor": 3}, {"min_delta": "0"}, {"baseline": np.nan}],
)
def test_wrong_arguments(options):
    with pytest.raises(fastbp.ArgumentError):
        EarlyStopping(**options)
