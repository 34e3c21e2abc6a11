"""Batches that are wrong, or that do not go with what else is asked for: named, and what came before is trained on."""

import numpy as np
import pytest

import fastbp
from fastbp.training import stage
from model.batches import BATCH, Slices, endless


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
