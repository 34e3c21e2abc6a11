"""Callbacks are called when Keras calls them."""

import pytest

from fastbp import ArgumentError, Callback


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
