"""scikit-learn's trainer: MLPClassifier, an epoch a call."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

from benchmarks.workloads import OPTIMIZERS, Workload
from peers.contestants import NotTheSameError


class Training:
    """`partial_fit`, which keeps the optimizer's state from epoch to epoch."""

    def __init__(self, workload: Workload, optimizer: str, variant: str, threads: int) -> None:
        if workload.sizes[-1] == 2:
            raise NotTheSameError("one logistic output for two classes")
        ours: Any = OPTIMIZERS[optimizer]
        settings: dict[str, Any] = {"momentum": 0.0, "nesterovs_momentum": False}
        if optimizer == "adam":
            settings = {"beta_1": ours.beta_1, "beta_2": ours.beta_2, "epsilon": ours.epsilon}
        self._x, self._y = workload.samples()
        self._model = MLPClassifier(
            workload.sizes[1:-1],
            solver=optimizer,
            alpha=0.0,
            batch_size=workload.batch_size,
            learning_rate_init=ours.learning_rate,
            random_state=0,
            **settings,
        )
        # Makes the arrays, which then take the workload's weights, and the optimizer is forgotten.
        n_rows = workload.batch_size
        classes = np.arange(workload.sizes[-1])
        self._model.partial_fit(self._x[:n_rows], self._y[:n_rows], classes=classes)
        arrays = workload.weights()
        self._model.coefs_ = arrays[::2]
        self._model.intercepts_ = arrays[1::2]
        del self._model._optimizer

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        self._model.shuffle = shuffle
        for _ in range(n_epochs):
            self._model.partial_fit(self._x, self._y)
        return float(self._model.loss_)

    def weights(self) -> list[np.ndarray]:
        """The weights, in Keras's order."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]
