"""Callbacks are called when Keras calls them."""

import copy
import gc
import weakref

import numpy as np
import pytest

from fastbp import ArgumentError, Callback
from fastbp.callbacks import History, LambdaCallback


class Recorder(Callback):
    """Writes down what it is called with."""

    def __init__(self):
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("train begin")

    def on_train_end(self, logs=None):
        self.calls.append("train end")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} begin")

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch} end {' '.join(logs)}")


class BatchRecorder(Recorder):
    """Looks at the batches, too."""

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"batch {batch} begin")

    def on_train_batch_end(self, batch, logs=None):
        self.calls.append(f"batch {batch} end {' '.join(logs)}")


def test_order_of_epochs(make, data):
    recorder = Recorder()
    model = make()
    model.fit(*data, epochs=2, verbose=0, callbacks=[recorder], validation_split=0.5)
    figures = "loss accuracy val_loss val_accuracy"
    assert recorder.calls == [
        "train begin",
        "epoch 0 begin",
        f"epoch 0 end {figures}",
        "epoch 1 begin",
        f"epoch 1 end {figures}",
        "train end",
    ]
    assert recorder.model is model
    assert recorder.params == {"epochs": 2, "steps": 2, "verbose": 0}


def test_order_of_batches(make, data):
    recorder = BatchRecorder()
    make().fit(*data, batch_size=50, verbose=0, callbacks=recorder)
    assert recorder.calls == [
        "train begin",
        "epoch 0 begin",
        "batch 0 begin",
        "batch 0 end loss accuracy",
        "batch 1 begin",
        "batch 1 end loss accuracy",
        "epoch 0 end loss accuracy",
        "train end",
    ]


def test_several_callbacks_are_called_in_their_order(make, data):
    calls = []

    class Named(Callback):
        def __init__(self, name):
            self.name = name

        def on_epoch_end(self, epoch, logs=None):
            calls.append(self.name)

    make().fit(*data, epochs=2, verbose=0, callbacks=[Named("a"), Named("b")])
    assert calls == ["a", "b", "a", "b"]


@pytest.mark.parametrize("hook, n_epochs", [("on_epoch_end", 2), ("on_train_batch_end", 1)])
def test_stop_training(make, data, hook, n_epochs):
    def stop(self, index, logs=None):
        self.model.stop_training = index == 1

    callback = type("Stop", (Callback,), {hook: stop})()
    model = make()
    history = model.fit(*data, epochs=9, verbose=0, callbacks=callback)
    assert len(history.epoch) == n_epochs
    assert len(model.fit(*data, epochs=2, verbose=0).epoch) == 2


def test_chunks(make, data):
    seen = []

    class Watch(Callback):
        def on_chunk_end(self, epoch, step, n_steps, logs=None):
            seen.append((epoch, step, n_steps, tuple(logs)))

    make().fit(*data, epochs=3, verbose=0, callbacks=Watch())
    assert seen[-1] == (2, 4, 4, ("loss", "accuracy"))


def test_what_is_no_callback(make, data):
    with pytest.raises(ArgumentError, match=r"must derive from .*Callback, not str"):
        make().fit(*data, verbose=0, callbacks=["stop"])


class TestRecorder(Callback):
    """Writes down tests and predictions."""

    __test__ = False

    def __init__(self):
        self.calls = []

    def on_epoch_end(self, epoch, logs=None):
        self.calls.append((f"epoch {epoch} end", dict(logs)))

    def on_test_begin(self, logs=None):
        self.calls.append(("test begin", logs))

    def on_test_end(self, logs=None):
        self.calls.append(("test end", dict(logs)))

    def on_predict_begin(self, logs=None):
        self.calls.append(("predict begin", logs))

    def on_predict_end(self, logs=None):
        self.calls.append(("predict end", logs))


def test_validations_are_tests(make, data):
    recorder = TestRecorder()
    make().fit(*data, epochs=2, verbose=0, validation_data=data, callbacks=recorder)
    assert [name for name, _ in recorder.calls] == [
        "test begin",
        "test end",
        "epoch 0 end",
        "test begin",
        "test end",
        "epoch 1 end",
    ]
    tested, of_epoch = recorder.calls[1][1], recorder.calls[2][1]
    assert tested == {name: of_epoch[f"val_{name}"] for name in ("loss", "accuracy")}
    recorder = TestRecorder()
    make().fit(*data, verbose=0, callbacks=recorder)
    assert [name for name, _ in recorder.calls] == ["epoch 0 end"]


class Halves:
    """A set in two batches."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return 2

    def __getitem__(self, i):
        return self.x[i * 50 : i * 50 + 50], self.y[i * 50 : i * 50 + 50]


@pytest.mark.parametrize("in_batches", [False, True])
def test_evaluate_and_predict_call_callbacks(make, data, in_batches):
    x, y = data
    model = make()
    recorder = TestRecorder()
    given = Halves(x, y) if in_batches else x
    targets = None if in_batches else y
    figures = model.evaluate(given, targets, verbose=0, return_dict=True, callbacks=[recorder])
    outputs = model.predict(given, callbacks=recorder)
    np.testing.assert_array_equal(outputs, model.predict(given))
    assert recorder.calls == [
        ("test begin", None),
        ("test end", figures),
        ("predict begin", None),
        ("predict end", None),
    ]
    assert recorder.model is model


def test_the_other_names_of_the_hooks_of_batches(make, data):
    seen = []

    class Batches(Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(f"{batch} begin")

        def on_batch_end(self, batch, logs=None):
            seen.append(f"{batch} end {' '.join(logs)}")

    watch = LambdaCallback(on_batch_end=lambda batch, logs: seen.append(batch))
    make().fit(*data, batch_size=50, verbose=0, callbacks=[Batches(), watch])
    assert seen == ["0 begin", "0 end loss accuracy", 0, "1 begin", "1 end loss accuracy", 1]


def test_functions_around_tests_and_predictions(make, data):
    seen = []
    names = ("on_test_begin", "on_test_end", "on_predict_begin", "on_predict_end")
    watch = LambdaCallback(**{name: lambda logs, name=name: seen.append(name) for name in names})
    model = make()
    model.evaluate(*data, verbose=0, callbacks=watch)
    model.predict(data[0], callbacks=watch)
    assert tuple(seen) == names


@pytest.mark.parametrize(
    "hook", ["on_test_batch_begin", "on_test_batch_end", "on_predict_batch_begin"]
)
def test_hooks_that_are_never_called_are_refused(make, data, hook):
    callback = type("Watch", (Callback,), {hook: lambda self, batch, logs=None: None})()
    model = make()
    with pytest.raises(ArgumentError, match=f"Watch has the method {hook}.* use on_[a-z]+_begin"):
        model.fit(*data, verbose=0, callbacks=callback)
    with pytest.raises(ArgumentError, match=hook):
        model.predict(data[0], callbacks=[callback])
    assert not model.built


def test_the_history_knows_its_model_and_does_not_keep_it(make, data):
    model = make()
    given = History()
    history = model.fit(*data, verbose=0, callbacks=given)
    assert history.model is model
    assert given.model is model
    assert copy.deepcopy(history).history == history.history
    reference = weakref.ref(model)
    gc.disable()
    try:
        del model
        assert reference() is None
        assert history.model is None
    finally:
        gc.enable()
