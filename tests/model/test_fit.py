"""Training as a Keras user knows it."""

import signal
import threading

import numpy as np
import pytest

import fastbp
from fastbp import Callback, Dense, Input, Sequential


def test_history_has_every_figure_of_every_epoch(make, data):
    history = make().fit(*data, epochs=3, verbose=0, validation_split=0.2)
    assert list(history.history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert [len(values) for values in history.history.values()] == [3] * 4
    assert history.epoch == [0, 1, 2]
    assert history.params == {"epochs": 3, "steps": 3, "verbose": 0}
    assert all(type(value) is float for value in history.history["loss"])


def test_the_first_loss_is_that_of_the_first_weights(make, data):
    model = make()
    loss, accuracy = model.train_on_batch(*data)
    other = make()
    other.build(data[0].shape)
    assert other.evaluate(*data, verbose=0) == pytest.approx([loss, accuracy], rel=1e-6)


def test_fit_twice_is_fit_once(make, data, equal):
    together, apart = make(), make()
    whole = together.fit(*data, epochs=5, verbose=0)
    first = apart.fit(*data, epochs=2, verbose=0)
    second = apart.fit(*data, epochs=5, initial_epoch=2, verbose=0)
    assert equal(together, apart)
    assert whole.history["loss"] == first.history["loss"] + second.history["loss"]
    assert second.epoch == [2, 3, 4]
    third = make()
    third.fit(*data, epochs=2, verbose=0)
    third.fit(*data, epochs=3, verbose=0)
    assert equal(together, third)


def test_one_call_and_many_give_the_same_bits(make, data, equal, capsys):
    class Epochs(Callback):
        def on_epoch_end(self, epoch, logs=None):
            """Makes every epoch a call."""

    class Batches(Callback):
        def on_train_batch_end(self, batch, logs=None):
            """Makes every batch a call."""

    models = [make() for _ in range(5)]
    x, y = data
    histories = [
        models[0].fit(x, y, epochs=6, verbose=0),
        models[1].fit(x, y, epochs=6, verbose=2),
        models[2].fit(x, y, epochs=6, verbose=0, callbacks=Epochs()),
        models[3].fit(x, y, epochs=6, verbose=0, callbacks=[Batches()]),
        models[4].fit(x, y, epochs=6, verbose=0, validation_data=(x, y)),
    ]
    assert all(equal(models[0], model) for model in models[1:])
    for history in histories[1:]:
        assert history.history["loss"] == pytest.approx(histories[0].history["loss"], rel=1e-6)


def test_the_seed_says_it_all(make, data, equal):
    first, second, other = make(), make(), make(seed=6)
    for model in (first, second, other):
        model.fit(*data, verbose=0)
    assert equal(first, second)
    assert not equal(first, other)
    drawn = make(seed=None)
    assert drawn.seed != make(seed=None).seed
    again = make(seed=drawn.seed)
    for model in (drawn, again):
        model.fit(*data, verbose=0)
    assert equal(drawn, again)


def test_shuffle(make, data, equal):
    shuffled, ordered, again = make(), make(), make()
    shuffled.fit(*data, batch_size=28, epochs=2, verbose=0)
    # The last batch has 16 samples: a call with so few that they are summed in another order would give other bits.
    ordered.fit(*data, batch_size=28, epochs=2, verbose=0, shuffle=False)
    for _ in range(2):
        for start in range(0, 100, 28):
            again.train_on_batch(data[0][start : start + 28], data[1][start : start + 28])
    assert equal(ordered, again)
    assert not equal(shuffled, ordered)


def test_validation_split_takes_the_last_rows(make, data, equal):
    x, y = data
    split, given = make(), make()
    history = split.fit(x, y, epochs=2, verbose=0, validation_split=0.25)
    given.fit(x[:75], y[:75], epochs=2, verbose=0, validation_data=(x[75:], y[75:]))
    assert equal(split, given)
    loss, accuracy = split.evaluate(x[75:], y[75:], verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(loss, rel=1e-6)
    assert history.history["val_accuracy"][-1] == accuracy


def test_sample_weights(make, data, rng):
    x, y = data
    weights = rng.random(100)
    model = make(dtype="float64")
    model.fit(x, y, verbose=0)
    losses = -np.log(model.predict(x)[np.arange(100), y])
    figures = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert figures["loss"] == pytest.approx(np.mean(weights * losses), rel=1e-12)
    loss, gradients = model.loss_and_gradients(x, y, np.full(100, 3))
    plain, plain_gradients = model.loss_and_gradients(x, y)
    assert loss == pytest.approx(3 * plain)
    for gradient, plain_gradient in zip(gradients, plain_gradients, strict=True):
        assert gradient == pytest.approx(3 * plain_gradient, rel=1e-9, abs=1e-15)


def test_samples_of_no_weight_do_not_count(make, data):
    x, y = data
    masked, short = make("sgd", dtype="float64"), make("sgd", dtype="float64")
    masked.fit(x, y, sample_weight=np.arange(100) < 50, batch_size=100, verbose=0)
    short.fit(x[:50], y[:50], sample_weight=np.full(50, 0.5), batch_size=50, verbose=0)
    for a, b in zip(masked.get_weights(), short.get_weights(), strict=True):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-15)


def test_a_small_set_is_one_batch(make, data):
    x, y = data
    history = make().fit(x[:5], y[:5], epochs=2, verbose=0)
    assert history.params["steps"] == 1


def test_no_epochs(make, data):
    history = make().fit(*data, epochs=0, verbose=0)
    assert (history.history, history.epoch) == ({}, [])


def test_many_epochs_pass_the_bound_of_one_call(make, data, monkeypatch, equal):
    bounded, free = make(), make()
    free.fit(*data, epochs=20, verbose=0)
    monkeypatch.setattr("fastbp.training.loop._ORDER_ROWS", 3)
    history = bounded.fit(*data, epochs=20, verbose=0)
    assert equal(bounded, free)
    assert history.epoch == list(range(20))


def test_threads_do_not_matter(make, data, equal):
    one, two = make(), make()
    one.fit(*data, epochs=2, verbose=0, threads=1)
    two.fit(*data, epochs=2, verbose=0, threads=2)
    assert equal(one, two)


def test_answers_have_keras_forms(make, data):
    x, y = data
    model = make()
    assert list(model.evaluate(x, y, verbose=0, return_dict=True)) == ["loss", "accuracy"]
    assert [type(figure) for figure in model.evaluate(x, y, verbose=0)] == [float, float]
    assert list(model.train_on_batch(x, y, return_dict=True)) == ["loss", "accuracy"]
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert type(model.evaluate(x, y, verbose=0)) is float
    assert type(model.train_on_batch(x, y)) is float
    prediction = model.predict(x)
    assert (prediction.shape, prediction.dtype) == ((100, 3), np.float32)
    assert prediction.sum(axis=1) == pytest.approx(np.ones(100), rel=1e-5)
    assert np.array_equal(model.predict(x, batch_size=17), prediction)
    # So few samples are summed in another order.
    assert model.predict(x, batch_size=7) == pytest.approx(prediction, rel=1e-6)


def test_evaluate_shows_its_figures(make, data, capsys):
    make().evaluate(*data)
    line = capsys.readouterr().out
    assert line.startswith("loss ")
    assert "accuracy 0." in line


def test_a_diverged_fit_names_the_epoch(rng):
    x = rng.normal(size=(64, 4)) * 1e3
    model = Sequential([Input(4), Dense(8), Dense(1)], seed=1)
    model.compile(fastbp.SGD(1e-12), "mse")
    model.fit(x, x[:, 0], epochs=7, verbose=0)
    model.compile(fastbp.SGD(1e3), "mse")
    with pytest.raises(fastbp.DivergedError, match=r"epoch 8, step") as caught:
        model.fit(x, x[:, 0], epochs=20, initial_epoch=7, verbose=0)
    assert caught.value.epoch == 8
    assert all(np.isfinite(array).all() for array in model.get_weights())

    class ByBatch(Callback):
        def on_train_batch_begin(self, batch, logs=None):
            """Makes every batch a call."""

    model.compile(fastbp.SGD(1e3), "mse")
    with pytest.raises(fastbp.DivergedError) as again:
        model.fit(x, x[:, 0], epochs=20, initial_epoch=7, verbose=0, callbacks=ByBatch())
    assert again.value.epoch == 8


def test_a_validation_that_overflows_is_told():
    """As that, and not as a training that diverged: the weights are those after the epoch."""
    zeros, huge = np.zeros((4, 2)), np.full((4, 2), 1e30)
    model = Sequential([Input(2), Dense(1)], seed=1)
    model.compile("sgd", "mse")
    options = {"batch_size": 2, "verbose": 0, "validation_data": (huge, zeros[:, 0])}
    with pytest.raises(
        fastbp.DivergedError, match="validation loss is not finite after epoch 1"
    ) as caught:
        model.fit(zeros, zeros[:, 0], **options)
    assert (caught.value.epoch, caught.value.step, caught.value.validation) == (1, 2, True)
    assert "learning rate" not in str(caught.value)


def test_ctrl_c(make, data, equal):
    model = make()
    model.fit(*data, verbose=0)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(*data, epochs=10_000_000, verbose=0)
    timer.join()
    assert all(np.isfinite(array).all() for array in model.get_weights())
    model.fit(*data, epochs=2, verbose=0)


def test_an_interrupted_fit_goes_on(make, data, equal):
    class Impatient(Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    interrupted, whole = make(), make()
    with pytest.raises(KeyboardInterrupt):
        interrupted.fit(*data, epochs=10, verbose=0, callbacks=[Impatient()])
    assert interrupted.history.epoch == [0, 1, 2]
    interrupted.fit(*data, epochs=10, initial_epoch=3, verbose=0)
    whole.fit(*data, epochs=10, verbose=0)
    assert equal(interrupted, whole)


@pytest.mark.parametrize("optimizer", ["adam", "rprop"])
def test_a_batch_larger_than_the_set_is_the_set(make, data, equal, optimizer):
    model, whole = make(optimizer), make(optimizer)
    model.fit(*data, batch_size=1000, epochs=2, verbose=0, shuffle=False)
    whole.fit(*data, batch_size=100, epochs=2, verbose=0, shuffle=False)
    assert model.learner.network().steps == 2
    assert equal(model, whole)


@pytest.mark.parametrize(
    "frequency, validated", [(1, [0, 1, 2, 3]), (2, [1, 3]), ([1, 4, 9], [0, 3]), (5, [])]
)
def test_validations_after_some_epochs(make, data, frequency, validated):
    every, some = make(), make()
    options = {"epochs": 4, "verbose": 0, "validation_split": 0.2}
    expected = every.fit(*data, **options).history
    found = some.fit(*data, **options, validation_freq=frequency).history
    assert found["loss"] == expected["loss"]
    assert found.get("val_loss", []) == [expected["val_loss"][epoch] for epoch in validated]
    assert found.get("val_accuracy", []) == [expected["val_accuracy"][i] for i in validated]


@pytest.mark.parametrize("frequency", [0, 1.5, [0], ["2"], "2"])
def test_wrong_frequencies_of_validations(make, data, frequency):
    with pytest.raises(fastbp.ArgumentError, match="validation_freq"):
        make().fit(*data, verbose=0, validation_split=0.2, validation_freq=frequency)


def test_callbacks_wait_for_the_validations_there_are(make, data, tmp_path):
    """Epochs without one are no epochs without improvement, nor is anybody warned."""
    stop = fastbp.callbacks.EarlyStopping(patience=1, min_delta=100.0)
    best = fastbp.callbacks.ModelCheckpoint(tmp_path / "{val_loss:.3f}", save_best_only=True)
    table = fastbp.callbacks.CSVLogger(tmp_path / "table.csv")
    history = make().fit(
        *data,
        epochs=20,
        verbose=0,
        validation_split=0.2,
        validation_freq=3,
        callbacks=[stop, best, table],
    )
    assert len(history.epoch) == 6
    first = history.history["val_loss"][0]
    assert (tmp_path / f"{first:.3f}").exists()
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0] == "epoch,accuracy,loss,val_accuracy,val_loss"
    assert lines[1].endswith(",NA,NA")
    assert lines[3].endswith(f",{first!r}")
