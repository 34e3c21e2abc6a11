"""The next batches are fetched while the program runs: in a thread, no more than two stages of them, to the end."""

import threading
import time

import pytest

import fastbp
from contracts import children
from fastbp.callbacks import LambdaCallback
from fastbp.engine import Network
from fastbp.training import prefetch, stage
from model.batches import BATCH, FORMS, Slices, endless


def fetchers():
    return [each for each in threading.enumerate() if each.name == "fastbp-prefetch"]


@pytest.mark.parametrize("form", ["sequence", "iterable"])
def test_stages_that_are_closed_late(make, data, equal, stage_bytes, monkeypatch, form):
    """Their last batch was trained on before: what comes in the next stage must not be missed."""
    close = prefetch.Prefetch._close

    def close_late(self, stage):
        time.sleep(0.01)
        close(self, stage)

    monkeypatch.setattr(prefetch.Prefetch, "_close", close_late)
    arrays, batches = make(), make()
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    arrays.fit(*data, batch_size=BATCH, **options)
    batches.fit(FORMS[form](*data), **options)
    assert equal(arrays, batches)


def test_a_source_that_is_slower_than_training(make, data, equal, stage_bytes):
    """A stage is full, read and empty again before its next batch is there, which belongs in the other one."""

    class Slow(Slices):
        def __getitem__(self, number):
            time.sleep(0.005)
            return super().__getitem__(number)

    arrays, batches = make(), make()
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    arrays.fit(*data, batch_size=BATCH, **options)
    batches.fit(Slow(*data), **options)
    assert batches.learner.network().steps == 14
    assert equal(arrays, batches)


def test_fetched_in_a_thread_while_the_program_runs(make, data):
    """While a batch is trained on, the next is fetched: both take their time at once."""
    slices = Slices(*data)
    make().fit(slices, epochs=2, verbose=0)
    assert slices.threads == {"MainThread", "fastbp-prefetch"}
    assert slices.epochs_ended == 2
    assert fetchers() == []
    running = threading.Event()
    met = []

    class Waits(Slices):
        def __getitem__(self, number):
            if threading.current_thread().name == "fastbp-prefetch" and number == 6:
                met.append(running.wait(children.LIMIT))  # until the batches before are trained on
            return super().__getitem__(number)

    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: running.set())
    make().fit(Waits(*data), shuffle=False, verbose=0, callbacks=watch)
    assert met == [True]


def test_no_more_is_fetched_than_two_stages(make, data, monkeypatch):
    monkeypatch.setattr(stage, "STAGE_BYTES", 1)
    fetched = []
    ahead = []

    class Counts(Slices):
        def __getitem__(self, number):
            fetched.append(number)
            return super().__getitem__(number)

    def look(batch, logs):
        while len(fetched) - 1 < min(batch + 2, 7):  # it may have had no processor until now
            time.sleep(0.001)
        time.sleep(0.01)
        ahead.append(len(fetched) - 1 - (batch + 1))

    watch = LambdaCallback(on_train_batch_end=look)
    make().fit(Counts(*data), verbose=0, callbacks=watch)
    # One lies ready, one waits for room.
    assert 1 <= max(ahead) <= 2


@pytest.mark.parametrize("works", [True, False])
def test_a_processor_is_asked_for_while_batches_are_made(make, data, monkeypatch, works):
    """For so long as the rest of the room takes; not where the source waits for something else."""
    monkeypatch.setattr(stage, "STAGE_BYTES", 1)  # a batch a stage
    monkeypatch.setattr(prefetch, "_WORKS", 0.02)  # others may have the processors most of the time
    asked, needed = threading.Semaphore(), []
    train = Network.train

    def ask(self, *arguments, elsewhere=None, **options):
        if elsewhere is not None:
            if len(needed) % 7 == 6:
                while not elsewhere.__self__._has_ended:  # there is nothing left to fetch
                    time.sleep(0.001)
            needed.append(elsewhere())
            asked.release()
        return train(self, *arguments, elsewhere=elsewhere, **options)

    class Slow(Slices):
        def __getitem__(self, number):
            if threading.current_thread() in fetchers():
                asked.acquire()  # when all batches before were asked for
            until = time.thread_time() + 0.02
            if works:
                while time.thread_time() < until:
                    pass
            else:
                time.sleep(0.02)
            return super().__getitem__(number)

    monkeypatch.setattr(Network, "train", ask)
    make().fit(Slow(*data), epochs=2, verbose=0)
    assert len(needed) == 14
    # In the first epoch, the other room was not there yet.
    assert (needed[7] > 0.01) == works
    assert needed[6] == needed[13] == 0
    assert max(needed) < 2


@pytest.mark.parametrize("when", ["stop", "error", "diverged"])
def test_an_early_end_leaves_no_thread(make, data, when, monkeypatch):
    monkeypatch.setattr(prefetch, "_PATIENCE", children.LIMIT)
    model = make()

    def act(batch, logs):
        if when == "error":
            raise RuntimeError("mine")
        model.stop_training = True

    given = endless(Slices(*data))
    options = {"steps_per_epoch": 1000, "epochs": 5, "verbose": 0}
    if when == "diverged":
        model.compile(fastbp.SGD(1e38), "sparse_categorical_crossentropy")
        with pytest.raises(fastbp.DivergedError):
            model.fit(given, **options)
    elif when == "error":
        with pytest.raises(RuntimeError, match="mine"):
            model.fit(given, callbacks=LambdaCallback(on_train_batch_end=act), **options)
    else:
        history = model.fit(given, callbacks=LambdaCallback(on_train_batch_end=act), **options)
        assert history.epoch == [0]
        assert model.learner.network().steps == 1
    assert fetchers() == []
