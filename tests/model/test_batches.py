"""Data that come batch by batch: the same bits as from arrays, in any form, and where a run goes on."""

import itertools

import numpy as np
import pytest

import fastbp
from fastbp.callbacks import BackupAndRestore, LambdaCallback
from model.batches import BATCH, FORMS, Slices, endless


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
