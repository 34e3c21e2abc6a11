"""Callbacks of functions, quiet ends of runs that diverge, a history as a callback, what the model allows meanwhile."""

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import Callback, History, LambdaCallback, TerminateOnNaN


@pytest.mark.parametrize("by_batch", [False, True])
def test_a_diverged_run_ends_quietly(data, capsys, by_batch):
    x = data[0] * 1e3
    model = fastbp.Sequential([fastbp.Dense(8), fastbp.Dense(1)], seed=1)
    model.compile(fastbp.SGD(1e3), "mse")
    ended = []
    others = [LambdaCallback(on_train_end=ended.append)]
    if by_batch:
        others.append(LambdaCallback(on_train_batch_begin=lambda batch, logs: None))
    callbacks = [TerminateOnNaN(), *others]
    history = model.fit(x, x[:, 0], epochs=50, batch_size=10, verbose=0, callbacks=callbacks)
    assert len(history.epoch) < 50
    assert len(ended) == 1
    said = capsys.readouterr().out
    assert said.startswith("Batch ")
    assert said.endswith(": Invalid loss, terminating training\n")
    assert all(np.isfinite(array).all() for array in model.get_weights())
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, x[:, 0], epochs=50, batch_size=10, verbose=0, callbacks=others)


def test_functions_are_called_like_methods(make, data):
    calls = []
    callback = LambdaCallback(
        on_train_begin=lambda logs: calls.append("begin"),
        on_epoch_begin=lambda epoch, logs: calls.append(f"epoch {epoch}"),
        on_train_batch_end=lambda batch, logs: calls.append(f"batch {batch}"),
        on_epoch_end=lambda epoch, logs: calls.append(sorted(logs)),
        on_train_end=lambda logs: calls.append("end"),
    )
    make().fit(*data, batch_size=50, verbose=0, callbacks=callback)
    assert calls == ["begin", "epoch 0", "batch 0", "batch 1", ["accuracy", "loss"], "end"]
    with pytest.raises(fastbp.ArgumentError, match="on_epoch_end"):
        LambdaCallback(on_epoch_end=3)


def test_functions_that_are_not_given_cost_nothing():
    from fastbp.training import CallbackList

    watchers = CallbackList([LambdaCallback(on_train_end=print), TerminateOnNaN()], None)
    assert not watchers.watch_epochs
    assert not watchers.watch_batches
    assert not watchers.watch_chunks
    assert not watchers.choose_steps
    assert CallbackList(LambdaCallback(on_epoch_end=print), None).watch_epochs


def test_a_history_of_several_fits(make, data):
    kept = History()
    model = make()
    first = model.fit(*data, epochs=2, verbose=0, callbacks=kept)
    second = model.fit(*data, epochs=3, verbose=0, callbacks=kept)
    assert kept.history["loss"] == first.history["loss"] + second.history["loss"]
    assert kept.epoch == [0, 1, 2]


def test_what_callbacks_add_is_in_the_history(make, data, capsys):
    def add(epoch, logs):
        logs["epochs_done"] = epoch + 1.0

    history = make().fit(*data, epochs=2, verbose=2, callbacks=LambdaCallback(on_epoch_end=add))
    assert history.history["epochs_done"] == [1.0, 2.0]
    assert "epochs_done 2.0000" in capsys.readouterr().out


def test_the_model_may_be_asked_between_batches(make, data, equal):
    """Questions that need more memory than training move it, and change nothing."""
    answers = []

    class Ask(Callback):
        def on_train_batch_end(self, batch, logs=None):
            answers.append(self.model.evaluate(*data, verbose=0, batch_size=100)[0])
            self.model.predict(np.tile(data[0], (20, 1)), batch_size=2000)

    asked, plain = make(), make()
    asked.fit(*data, batch_size=20, epochs=3, verbose=0, callbacks=Ask())
    plain.fit(*data, batch_size=20, epochs=3, verbose=0)
    assert equal(asked, plain)
    assert len(answers) == 15
    assert answers[-1] == plain.evaluate(*data, verbose=0, batch_size=100)[0]


@pytest.mark.parametrize("what", ["train_on_batch", "compile"])
def test_the_model_may_not_be_trained_within_an_epoch(make, data, what):
    class Train(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if what == "compile":
                self.model.compile("sgd", "sparse_categorical_crossentropy")
            else:
                self.model.train_on_batch(*data)

    model = make()
    with pytest.raises(fastbp.ArgumentError, match="between epochs"):
        model.fit(*data, verbose=0, callbacks=Train())
    model.fit(*data, verbose=0)


def test_a_stop_between_chunks_ends_the_epoch(make, data):
    class Stop(Callback):
        def most_steps(self):
            return 1

        def on_chunk_end(self, epoch, step, n_steps, logs=None):
            self.model.stop_training = (epoch, step) == (1, 2)
            self.logs = logs

    stop = Stop()
    model = make()
    history = model.fit(*data, batch_size=10, epochs=5, verbose=0, callbacks=stop)
    assert history.epoch == [0, 1]
    assert model.learner.network().steps == 12
    assert history.history["loss"][-1] == stop.logs["loss"]
