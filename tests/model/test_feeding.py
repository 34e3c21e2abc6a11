"""Batches come fast: what their thread does beside fetching them, and how it is asked."""

import mmap
import threading
import time

import numpy as np
import pytest

import fastbp
from fastbp.engine import executor
from fastbp.engine import network as engine_network
from fastbp.runtime.threads import available_workers
from fastbp.training import prefetch, stage
from fastbp.training.given import given_samples
from fastbp.training.prefetch import Prefetch

BATCH = 4


class Slices:
    """Batches by number."""

    def __init__(self, *arrays):
        self.arrays = arrays
        self.numbers = []

    def __len__(self):
        return len(self.arrays[0]) // BATCH

    def __getitem__(self, number):
        self.numbers.append(number)
        return tuple(array[BATCH * number :][:BATCH] for array in self.arrays)


@pytest.fixture
def many(rng):
    """A thousand small batches."""
    x = rng.normal(size=(1000 * BATCH, 4)).astype(np.float32)
    return x, x[:, :3].argmax(axis=1)


@pytest.fixture
def helped(monkeypatch):
    """For each chunk that was offered, whether the thread joined it; there are two processors."""
    found = []
    told = executor.was_helped

    def noted(meeting):
        found.append(told(meeting))
        return found[-1]

    monkeypatch.setattr(executor, "was_helped", noted)
    monkeypatch.setattr(engine_network, "available_workers", lambda: 2)
    return found


def fit(model, *data, **options):
    return model.fit(*data, verbose=0, **{"shuffle": False, "threads": 2} | options)


@pytest.mark.skipif(available_workers() < 2, reason="one processor does one thing at a time")
@pytest.mark.parametrize("stage_bytes", [400, 1 << 23], ids=["many stages", "one"])
def test_the_thread_helps_when_all_is_fetched(make, many, equal, helped, monkeypatch, stage_bytes):
    """Or the other stage is full; the bits are those of arrays."""
    monkeypatch.setattr(stage, "STAGE_BYTES", stage_bytes)
    arrays = make()
    fit(arrays, *many, batch_size=BATCH, epochs=2)
    for _ in range(20):
        batches = make()
        fit(batches, Slices(*many), epochs=2)
        assert equal(arrays, batches)
        if any(helped):
            break
    assert any(helped)
    assert "fastbp-prefetch" not in [thread.name for thread in threading.enumerate()]


def test_a_thread_that_waits_for_a_disk_is_not_waited_for(make, many, helped, monkeypatch):
    """The team begins with all workers, until all is fetched."""
    monkeypatch.setattr(stage, "STAGE_BYTES", 1)  # a batch a stage
    asked = []
    helper = Prefetch.helper

    def noted(self):
        found = helper(self)
        asked.append((self._has_ended, found is not None))
        return found

    monkeypatch.setattr(Prefetch, "helper", noted)

    class Slow(Slices):
        def __getitem__(self, number):
            time.sleep(0.02)
            return super().__getitem__(number)

    x, y = many
    fit(make(), Slow(x[: 10 * BATCH], y[: 10 * BATCH]))
    assert len(asked) == 10
    assert all(helps == has_ended for has_ended, helps in asked)


def test_what_a_batch_takes_is_guessed_before_it_is_known(make, many):
    """From the time since the thread began, for the room that is left."""
    model = make()
    model.build(4)
    batches = given_samples(model.learner, Slices(*many), None, is_training=True)
    with Prefetch(batches) as portions:
        rows = next(iter(portions)).n_samples
        portions._has_ended, portions._seconds_per_row = False, None
        portions._began = (time.monotonic() - rows, 0.0)
        n_free = sum(each.n_free for each in batches.stages)
        seconds = portions.busy()
        assert seconds >= n_free * rows / batches.stages[0].n_filled
        portions._has_ended = True
        assert portions.busy() == 0


def test_numbers_of_batches_are_python_s_own(make, many):
    """With which a source computes faster, and which any library takes for an index."""
    slices = Slices(*many)
    make().fit(slices, verbose=0)
    assert {type(number) for number in slices.numbers} == {int}
    assert sorted(slices.numbers[1:]) == list(range(1000))


def test_a_source_that_stops_too_early(make, many):
    class Stops(Slices):
        def __getitem__(self, number):
            if number == 5:
                raise StopIteration
            return super().__getitem__(number)

    with pytest.raises(fastbp.DataError, match="ended after 5 batches, but an epoch has 1000"):
        make().fit(Stops(*many), verbose=0, shuffle=False)


def test_less_is_waited_for_at_first(make, many, monkeypatch):
    """Nothing else is done then; later a call of the program is to be worth its time."""
    waited = []
    gather = Prefetch._gather

    def noted(self, stage):
        waited.append(self._gathering)
        gather(self, stage)

    monkeypatch.setattr(Prefetch, "_gather", noted)
    monkeypatch.setattr(stage, "STAGE_BYTES", 400)
    make().fit(Slices(*many), verbose=0)
    assert waited[0] == prefetch._FIRST_GATHERING < prefetch._GATHERING == waited[-1]
    assert waited == sorted(waited)


@pytest.mark.parametrize("n_rows", [1, 1023, 1024, 1025, 3000])
@pytest.mark.parametrize("is_refused", [False, True])
def test_pages_of_any_size(monkeypatch, n_rows, is_refused):
    """Below, at and above that of huge ones, also where the system has none."""

    class Refusing(mmap.mmap):
        def madvise(self, *arguments):
            raise OSError

    if is_refused:
        monkeypatch.setattr(stage.mmap, "mmap", Refusing)
    array = stage._mapped((n_rows, 512), np.dtype(np.float32))
    assert array.shape == (n_rows, 512)
    assert not array.any()
    array[...] = 1
    assert array.sum() == array.size
