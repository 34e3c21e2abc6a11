"""scikit-learn's trainer: MLPClassifier or MLPRegressor, an epoch a call."""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.workloads import Workload
from peers.contestants import NotTheSameError

_ACTIVATIONS = {"linear": "identity", "relu": "relu", "tanh": "tanh", "sigmoid": "logistic"}


class Training:
    """`partial_fit`, which keeps the optimizer's state from epoch to epoch."""

    def __init__(self, workload: Workload, variant: str, threads: int) -> None:
        n_outputs = workload.sizes[-1]
        if workload.loss == "softmax" and n_outputs == 2:
            raise NotTheSameError("one logistic output for two classes")
        # scikit-learn descends along a multiple of the gradient, and tells a multiple of the loss: it sums over the
        # outputs, and halves squares. The rate, or Adam's epsilon, makes up for it.
        of_gradient = {"softmax": 1.0, "bce": float(n_outputs), "mse": n_outputs / 2}
        of_loss = {"softmax": 1.0, "bce": float(n_outputs), "mse": 0.5}
        self._of_loss = of_loss[workload.loss]
        scale = of_gradient[workload.loss]
        ours = workload.rule
        settings: dict[str, Any] = {"learning_rate_init": ours.learning_rate}
        if workload.optimizer == "adam":
            settings |= {"beta_1": ours.beta_1, "beta_2": ours.beta_2}
            settings |= {"epsilon": ours.epsilon * scale}
        else:
            settings = {"learning_rate_init": ours.learning_rate / scale}
            settings |= {"momentum": 0.0, "nesterovs_momentum": False}
        self._x, self._y = workload.samples()
        if workload.loss == "bce":
            self._y = self._y.astype(np.int64)
        if n_outputs == 1:
            self._y = self._y.ravel()
        kind = MLPRegressor if workload.loss == "mse" else MLPClassifier
        self._model = kind(
            hidden_layer_sizes=workload.sizes[1:-1],
            activation=_activation(workload),
            solver=workload.optimizer,
            alpha=0.0,
            batch_size=workload.batch_size,
            random_state=0,
            **settings,
        )
        # Makes the arrays, which then take the workload's weights, and the optimizer is forgotten.
        rows = slice(workload.batch_size)
        if workload.loss == "mse":
            self._model.partial_fit(self._x[rows], self._y[rows])
        else:
            classes = np.arange(max(2, n_outputs))
            self._model.partial_fit(self._x[rows], self._y[rows], classes=classes)
        arrays = workload.weights()
        self._model.coefs_ = arrays[::2]
        self._model.intercepts_ = arrays[1::2]
        del self._model._optimizer

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        self._model.shuffle = shuffle
        for _ in range(n_epochs):
            self._model.partial_fit(self._x, self._y)
        return float(self._model.loss_) / self._of_loss

    def weights(self) -> list[np.ndarray]:
        """The weights, in Keras's order."""
        pairs = zip(self._model.coefs_, self._model.intercepts_, strict=True)
        return [array for pair in pairs for array in pair]


def _activation(workload: Workload) -> str:
    """The one that all hidden layers have."""
    names = set(workload.hidden) or {"relu"}
    if len(names) > 1:
        raise NotTheSameError("one activation for all hidden layers")
    name = names.pop()
    if name not in _ACTIVATIONS:
        raise NotTheSameError(f"no {name}")
    return _ACTIVATIONS[name]
