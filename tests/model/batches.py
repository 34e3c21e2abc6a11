"""The same data batch by batch, in the forms in which a user may give them."""

import itertools
import threading

import numpy as np

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
