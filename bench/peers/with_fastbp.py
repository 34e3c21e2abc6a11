"""fastbp's trainer."""

from typing import Literal

import numpy as np

from benchmarks.workloads import Workload


class Training:
    """`fit` of the Python API."""

    def __init__(self, workload: Workload, variant: str, threads: int | Literal["auto"]) -> None:
        self._model = workload.model()
        self._model.set_weights(workload.weights())
        self._x, self._y = workload.samples()
        self._batch_size = workload.batch_size
        self._threads = threads

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        fitted = self._model.fit(
            self._x,
            self._y,
            self._batch_size,
            n_epochs,
            verbose=0,
            shuffle=shuffle,
            threads=self._threads,
        )
        return float(fitted.history["loss"][-1])

    def weights(self) -> list[np.ndarray]:
        """The weights, in Keras's order."""
        return list(self._model.get_weights())
