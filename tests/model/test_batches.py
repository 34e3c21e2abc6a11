"""Data that come batch by batch: the same bits as from arrays, the next ones fetched meanwhile."""

import itertools
import threading
import time

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import BackupAndRestore, LambdaCallback
from fastbp.engine import Network
from fastbp.training import stage
from fastbp.training.prefetch import Prefetch

BATCH = 15


class Slices:
    """Batches by number; the last has 10 rows."""

    def __init__(self, *arrays, reuse=False):
        self.arrays = arrays
        self.epochs_ended = 0
        self.threads = set()
        self._memory = [np.empty((BATCH, *array.shape[1:]), array.dtype) for array in arrays]
        self._reuse = reuse

    def __len__(self):
        return -(-len(self.arrays[0]) // BATCH)

    def __getitem__(self, number):
        self.threads.add(threading.current_thread().name)
        batch = [array[BATCH * number :][:BATCH] for array in self.arrays]
        if self._reuse:  # as some do: every batch lies in the same memory
            memory = [each[: len(array)] for each, array in zip(self._memory, batch, strict=True)]
            for each, array in zip(memory, batch, strict=True):
                each[...] = array
            batch = memory
        return tuple(batch)

    def on_epoch_end(self):
        self.epochs_ended += 1


class Walked:
    """Batches one after the other, as torch's DataLoader gives them."""

    def __init__(self, slices):
        self._slices = slices

    def __len__(self):
        return len(self._slices)

    def __iter__(self):
        return (self._slices[number] for number in range(len(self)))


def endless(slices):
    return (slices[number] for number in itertools.cycle(range(len(slices))))


FORMS = {"sequence": Slices, "reused memory": lambda *arrays: Slices(*arrays, reuse=True)}
FORMS["iterable"] = lambda *arrays: Walked(Slices(*arrays))
FORMS["iterator"] = lambda *arrays: endless(Slices(*arrays))


@pytest.fixture(params=[1, 700, 1 << 23], ids=["one batch a stage", "some", "all in a stage"])
def stage_bytes(request, monkeypatch):
    monkeypatch.setattr(stage, "STAGE_BYTES", request.param)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_same_bits_as_from_arrays(make, data, rng, equal, stage_bytes, form, weighted):
    weights = [rng.random(100)] if weighted else []
    arrays, batches = make(), make()
    options = {"epochs": 3, "verbose": 0, "shuffle": False, "class_weight": {0: 2.0}}
    expected = arrays.fit(
        *data, batch_size=BATCH, sample_weight=weights[0] if weights else None, **options
    )
    steps = 7 if form == "iterator" else None
    history = batches.fit(FORMS[form](*data, *weights), steps_per_epoch=steps, **options)
    assert equal(arrays, batches)
    assert history.history == expected.history
    assert history.params["steps"] == 7


@pytest.mark.parametrize("form", ["sequence", "iterable"])
def test_stages_that_are_closed_late(make, data, equal, stage_bytes, monkeypatch, form):
    """Their last batch was trained on before: what comes in the next stage must not be missed."""
    close = Prefetch._close

    def close_late(self, stage):
        time.sleep(0.01)
        close(self, stage)

    monkeypatch.setattr(Prefetch, "_close", close_late)
    arrays, batches = make(), make()
    options = {"epochs": 2, "verbose": 0, "shuffle": False}
    arrays.fit(*data, batch_size=BATCH, **options)
    batches.fit(FORMS[form](*data), **options)
    assert equal(arrays, batches)


def test_batches_are_shuffled(make, data, equal):
    """Their order is another one in every epoch, and depends on the seed alone; a short batch may come first."""
    order = []

    class Numbers(Slices):
        def __getitem__(self, number):
            order.append(number)
            return super().__getitem__(number)

    models = [make(), make()]
    for model in models:
        model.fit(Numbers(*data), epochs=3, verbose=0)
    assert equal(*models)
    order = order[1:22]  # the first of all is looked at before
    epochs = [order[:7], order[7:14], order[14:]]
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    assert any(epoch[-1] != 6 for epoch in epochs)
    by_hand = make()
    x, y = data
    for epoch in epochs:
        rows = np.concatenate([np.arange(100)[BATCH * number :][:BATCH] for number in epoch])
        place = BATCH * epoch.index(6)
        for start, stop in ((0, place), (place, place + 10), (place + 10, 100)):
            if stop > start:
                part = rows[start:stop]
                by_hand.fit(
                    x[part], y[part], batch_size=min(BATCH, len(part)), shuffle=False, verbose=0
                )
    pairs = zip(by_hand.get_weights(), models[0].get_weights(), strict=True)
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_fewer_steps_than_batches(make, data):
    counted = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: counted.append(batch))
    history = make().fit(Slices(*data), steps_per_epoch=3, epochs=2, verbose=0, callbacks=watch)
    assert counted == [0, 1, 2] * 2
    assert history.params["steps"] == 3


def test_batches_of_any_size(make, data, equal, stage_bytes):
    """A short one in the middle is a step of its own; a larger one too."""
    x, y = data
    borders = [0, 20, 40, 45, 65, 100]

    def parts():
        return iter([(x[a:b], y[a:b]) for a, b in itertools.pairwise(borders)])

    whole, by_hand = make(dtype="float64"), make(dtype="float64")
    history = whole.fit(parts(), steps_per_epoch=5, verbose=0)
    losses = [
        by_hand.train_on_batch(x[a:b], y[a:b])[0] * (b - a) for a, b in itertools.pairwise(borders)
    ]
    for a, b in zip(whole.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    assert history.history["loss"][0] == pytest.approx(sum(losses) / 100, rel=1e-12)


def test_types_may_change_between_batches(make, data, equal):
    x, y = np.round(data[0] * 10), data[1]
    parts = [(x[:50].astype(np.int8), y[:50].astype(np.uint8)), (x[50:], y[50:])]
    mixed, plain = make(), make()
    mixed.fit(iter(parts), steps_per_epoch=2, verbose=0)
    plain.fit(x, y, batch_size=50, shuffle=False, verbose=0)
    assert equal(mixed, plain)


@pytest.mark.parametrize("form", FORMS)
def test_validation_evaluation_and_prediction(make, data, rng, form):
    x, y = data
    model = make(dtype="float64")
    given = FORMS[form](x, y)
    steps = 7 if form == "iterator" else None
    history = model.fit(x, y, epochs=2, verbose=0, validation_data=given, validation_steps=steps)
    expected = model.evaluate(x, y, verbose=0)
    figures = [history.history[f"val_{name}"][-1] for name in ("loss", "accuracy")]
    assert figures == pytest.approx(expected, rel=1e-12)
    given = FORMS[form](x, y)
    assert model.evaluate(given, verbose=0, steps=steps) == pytest.approx(expected, rel=1e-12)
    given = FORMS[form](x, y)
    outputs = model.predict(given, steps=steps)
    np.testing.assert_allclose(outputs, model.predict(x), rtol=1e-12)


def test_an_iterator_is_read_to_its_end_where_nothing_is_trained(make, data):
    model = make()
    model.build(4)
    parts = iter([(data[0][:60], data[1][:60]), (data[0][60:], data[1][60:])])
    assert model.evaluate(parts, verbose=0)[0] == pytest.approx(
        model.evaluate(*data, verbose=0)[0], rel=1e-6
    )
    assert len(model.predict(part for part in (data[0][:30], data[0][30:]))) == 100


def test_fetched_in_a_thread_while_the_program_runs(make, data):
    """While a batch is trained on, the next is fetched: both take their time at once."""
    slices = Slices(*data)
    make().fit(slices, epochs=2, verbose=0)
    assert slices.threads == {"MainThread", "fastbp-prefetch"}
    assert slices.epochs_ended == 2
    assert "fastbp-prefetch" not in [thread.name for thread in threading.enumerate()]
    running = threading.Event()
    met = []

    class Waits(Slices):
        def __getitem__(self, number):
            if threading.current_thread().name == "fastbp-prefetch" and number == 6:
                met.append(running.wait(10))  # until the batches before are trained on
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
    needed = []
    train = Network.train

    def ask(self, *arguments, elsewhere=None, **options):
        if elsewhere is not None:
            needed.append(elsewhere())
        return train(self, *arguments, elsewhere=elsewhere, **options)

    class Slow(Slices):
        def __getitem__(self, number):
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
    assert (max(needed) > 0.01) == works
    assert min(needed) == 0
    assert max(needed) < 2


@pytest.mark.parametrize("when", ["stop", "error", "diverged"])
def test_an_early_end_leaves_no_thread(make, data, when):
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
    assert "fastbp-prefetch" not in [thread.name for thread in threading.enumerate()]


def test_a_diverged_run_names_epoch_and_step(data, stage_bytes):
    x = data[0] * 1e3
    places = []
    for given in ((x, x[:, 0]), (Slices(x, x[:, 0]),)):
        model = fastbp.Sequential([fastbp.Dense(8), fastbp.Dense(1)], seed=1)
        model.compile(fastbp.SGD(1e-3), "mse")
        size = BATCH if len(given) == 2 else None
        with pytest.raises(fastbp.DivergedError) as caught:
            model.fit(*given, batch_size=size, epochs=9, shuffle=False, verbose=0)
        places.append((caught.value.epoch, caught.value.step))
        assert all(np.isfinite(array).all() for array in model.get_weights())
    assert places[0] == places[1]
    assert places[0][1] > 1


def test_errors_of_the_source_come_through(make, data):
    class Broken(Slices):
        def __getitem__(self, number):
            if number == 3:
                raise OSError("the disk is gone")
            return super().__getitem__(number)

    with pytest.raises(OSError, match="the disk is gone"):
        make().fit(Broken(*data), verbose=0)


@pytest.mark.parametrize("look_bytes", [1, 700, 1 << 18])
@pytest.mark.parametrize("row", [0, 37, 99])
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_every_number_is_looked_at(make, data, monkeypatch, look_bytes, row, value):
    """However many batches are looked at in one go."""
    monkeypatch.setattr(stage, "_LOOK_BYTES", look_bytes)
    x, y = data
    bad = x.copy()
    bad[row, 3] = value
    place = f"batch {row // BATCH} of x: x holds {value} at row {row % BATCH}, column 3"
    for given in (Slices(bad, y), Slices(bad, y, reuse=True), Slices(np.asfortranarray(bad), y)):
        with pytest.raises(fastbp.DataError, match=place):
            make().fit(given, verbose=0, shuffle=False)


def test_large_numbers_of_float64(make, data):
    """They are finite, but float32 cannot hold them; a network of float64 can."""
    x, y = data
    large = x.astype(np.float64)
    large[50, 1] = 1e300
    with pytest.raises(fastbp.DataError, match=r"batch 3 of x: x holds 1e\+300 at row 5"):
        make().fit(Slices(large, y), verbose=0, shuffle=False)
    large[50, 1] = 1e39
    model = make(dtype="float64")
    history = model.fit(Slices(large, y), verbose=0, shuffle=False, steps_per_epoch=3)
    assert np.isfinite(history.history["loss"]).all()
    assert np.isfinite(model.predict(Slices(large, y))).any()


def test_wrong_batches(make, data):
    x, y = data
    model = make()
    bad = x.copy()
    bad[35, 2] = np.nan
    with pytest.raises(fastbp.DataError, match=r"batch 2 of x: x holds nan at row 5, column 2"):
        model.fit(Slices(bad, y), verbose=0, shuffle=False)
    narrow = iter([(x[:50], y[:50]), (x[50:, :3], y[50:])])
    with pytest.raises(fastbp.DataError, match=r"batch 1 of x: x has 3 columns"):
        model.fit(narrow, steps_per_epoch=2, verbose=0)
    with pytest.raises(fastbp.DataError, match="ended after 1 batches, but an epoch has 4"):
        model.fit(iter([(x, y)]), steps_per_epoch=4, verbose=0)
    with pytest.raises(fastbp.DataError, match="no batches"):
        model.fit(iter([]), steps_per_epoch=4, verbose=0)
    with pytest.raises(fastbp.DataError, match="y is missing"):
        model.fit(Slices(x), verbose=0)
    with pytest.raises(fastbp.DataError, match="not 4 parts"):
        model.fit(iter([(x, y, y, y)]), steps_per_epoch=1, verbose=0)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"y": [1]}, "no y beside it"),
        ({"batch_size": 5}, "batch_size must not be given"),
        ({"validation_split": 0.1}, "needs arrays"),
        ({"steps_per_epoch": 8}, "7 batches, not 8"),
        ({"steps_per_epoch": 0}, "number of steps"),
    ],
)
def test_what_does_not_go_with_batches(make, data, options, message):
    with pytest.raises(fastbp.ArgumentError, match=message):
        make().fit(Slices(*data), verbose=0, **options)


def test_an_optimizer_of_the_whole_set_takes_no_batches(make, data):
    model = make("rprop")
    with pytest.raises(fastbp.ArgumentError, match="takes all samples in a step"):
        model.fit(Slices(*data), verbose=0)


def test_metrics_of_sums(make, data):
    """A precision is that of the whole epoch, also in batches, and so far where a callback looks."""
    x, y = data
    kinds = ["precision", "rmse"]
    seen = []
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["precision"]))
    models = [fastbp.Sequential([fastbp.Dense(1, "sigmoid")], seed=2) for _ in range(2)]
    for model in models:
        model.compile("sgd", "binary_crossentropy", kinds)
    options = {"epochs": 2, "shuffle": False, "verbose": 0}
    given = Slices(x, (y == 0).astype(np.float32))
    expected = models[0].fit(*given.arrays, batch_size=BATCH, validation_data=given, **options)
    history = models[1].fit(given, callbacks=watch, validation_data=given.arrays, **options)
    for name, values in expected.history.items():
        assert history.history[name] == pytest.approx(values, rel=1e-6)
    assert seen[6] == history.history["precision"][0]


def test_what_goes_with_batches_only(make, data):
    model = make()
    with pytest.raises(fastbp.ArgumentError, match="steps goes with a source of batches"):
        model.fit(*data, verbose=0, steps_per_epoch=3)
    with pytest.raises(fastbp.ArgumentError, match="validation_steps goes with"):
        model.fit(*data, verbose=0, validation_steps=3)
    with pytest.raises(fastbp.ArgumentError, match="steps_per_epoch"):
        model.fit(endless(Slices(*data)), verbose=0)
    with pytest.raises(fastbp.ArgumentError, match="with validation_steps"):
        model.fit(*data, verbose=0, validation_data=endless(Slices(*data)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("step", [3, 7, 10])
def test_resumption(make, data, tmp_path, equal, form, step):
    """Within epochs, too; an iterator that gives the same again is read up to where the run stood."""
    options = {"epochs": 3, "verbose": 0, "steps_per_epoch": 7 if form == "iterator" else None}
    whole = make()
    expected = whole.fit(FORMS[form](*data), **options)
    left = [step]

    def crash(batch, logs):
        left[0] -= 1
        if left[0] < 0:
            raise RuntimeError

    callbacks = [BackupAndRestore(tmp_path, save_freq=1), LambdaCallback(on_train_batch_end=crash)]
    with pytest.raises(RuntimeError):
        make().fit(FORMS[form](*data), callbacks=callbacks, **options)
    resumed = make(seed=9)
    history = resumed.fit(FORMS[form](*data), callbacks=callbacks[0], **options)
    assert equal(resumed, whole)
    assert history.history == expected.history


@pytest.mark.parametrize("initial_epoch", [1, 2, 3])
def test_an_iterator_that_begins_where_the_backup_stands(
    make, data, tmp_path, equal, initial_epoch
):
    """Or behind it: there is nothing to be read over, and the epochs since the backup are trained."""

    def batches():
        return endless(Slices(*data))

    options = {"verbose": 0, "steps_per_epoch": 7}
    backup = BackupAndRestore(tmp_path, delete_checkpoint=False)
    first = make()
    first.fit(batches(), epochs=2, callbacks=backup, **options)
    resumed = make(seed=9)
    history = resumed.fit(
        batches(), epochs=4, initial_epoch=initial_epoch, callbacks=backup, **options
    )
    assert history.epoch == [0, 1, 2, 3]
    if initial_epoch == 1:
        return
    first.fit(batches(), epochs=4, initial_epoch=2, **options)
    assert equal(resumed, first)


def test_display_knows_no_rate(make, data, capsys):
    make().fit(Slices(*data), verbose=2)
    line = capsys.readouterr().out
    assert line.startswith("Epoch 1/1  loss ")
    assert "samples/s" not in line


@pytest.mark.parametrize("kind", ["nan", "class", "rows", "source"])
def test_what_comes_before_an_error_is_trained_on(make, data, equal, kind, stage_bytes):
    """Also where batches are copied first and checked many at a time: the model stands before the wrong one."""

    class Broken(Slices):
        def __getitem__(self, number):
            x, y = super().__getitem__(number)
            if number == 4:
                if kind == "source":
                    raise OSError("the disk is gone")
                x, y = x.copy(), y.copy()
                if kind == "nan":
                    x[5, 2] = np.nan
                elif kind == "class":
                    y[3] = -1
                else:
                    y = y[:-1]
            return x, y

    model, expected = make(), make()
    message = "the disk is gone" if kind == "source" else "batch 4 of x: "
    with pytest.raises((fastbp.DataError, OSError), match=message):
        model.fit(Broken(*data), verbose=0, shuffle=False)
    assert model.learner.network().steps == 4
    rows = slice(4 * BATCH)
    expected.fit(data[0][rows], data[1][rows], batch_size=BATCH, verbose=0, shuffle=False)
    assert equal(model, expected)


def test_forms_may_change_between_batches(make, data, equal):
    """Lists, other memory layouts and columns are looked at one by one, among others that are only copied."""
    x, y = data

    class Forms(Slices):
        def __getitem__(self, number):
            x, y = super().__getitem__(number)
            if number % 4 == 1:
                return x.tolist(), y
            if number % 4 == 2:
                return np.asfortranarray(x), y[:, None]
            return (x, y) if number % 4 else (x[::-1][::-1], y, None)

    formed, plain = make(), make()
    for _ in range(2):
        formed.fit(Forms(x, y), verbose=0, shuffle=False)
        plain.fit(x, y, batch_size=BATCH, verbose=0, shuffle=False)
    assert equal(formed, plain)


def test_weights_among_batches_without(make, data):
    """A batch with weights is not taken for one of those without."""
    x, y = data
    weights = np.linspace(0, 2, BATCH)
    parts = [(x[:BATCH], y[:BATCH])] * 3
    mixed = [*parts, (x[:BATCH], y[:BATCH], weights), *parts]
    model, by_hand = make(dtype="float64"), make(dtype="float64")
    model.fit(iter(mixed), steps_per_epoch=7, verbose=0)
    for part in mixed:
        by_hand.train_on_batch(*part)
    for a, b in zip(model.get_weights(), by_hand.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
