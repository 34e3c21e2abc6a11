"""NumPy's trainer: what one writes without a library; a batch is a matrix."""

import numpy as np

from benchmarks.workloads import Workload
from peers.formulas import ACTIVATIONS, Array, loss_and_gradient


class Training:
    """A loop over batches that are views of an epoch's shuffled samples."""

    def __init__(self, workload: Workload, variant: str, threads: int) -> None:
        self._workload = workload
        self._weights = workload.weights()
        self._samples = workload.samples()
        self._random = np.random.default_rng(0)
        self._n_updates = 0
        self._means = [np.zeros_like(array) for array in self._weights]
        self._squares = [np.zeros_like(array) for array in self._weights]

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        workload = self._workload
        update = self._adam if workload.optimizer == "adam" else self._sgd
        x, y = self._samples
        total = 0.0
        for _ in range(n_epochs):
            if shuffle:
                order = self._random.permutation(len(x))
                x, y = self._samples[0][order], self._samples[1][order]
            total = 0.0
            for start in range(0, len(x), workload.batch_size):
                rows = slice(start, start + workload.batch_size)
                loss, gradients = loss_and_gradients(workload, self._weights, x[rows], y[rows])
                update(gradients)
                total += loss
        return total / workload.n_steps

    def weights(self) -> list[Array]:
        """The weights, in Keras's order."""
        return self._weights

    def _sgd(self, gradients: list[Array]) -> None:
        for array, gradient in zip(self._weights, gradients, strict=True):
            gradient *= self._workload.rule.learning_rate
            array -= gradient

    def _adam(self, gradients: list[Array]) -> None:
        rule = self._workload.rule
        self._n_updates += 1
        rate = rule.learning_rate * (1 - rule.beta_2**self._n_updates) ** 0.5
        rate /= 1 - rule.beta_1**self._n_updates
        states = zip(self._weights, gradients, self._means, self._squares, strict=True)
        for array, gradient, mean, square in states:
            mean += (1 - rule.beta_1) * (gradient - mean)
            square += (1 - rule.beta_2) * (gradient * gradient - square)
            array -= rate * mean / (np.sqrt(square) + rule.epsilon)


def outputs(workload: Workload, weights: list[Array], x: Array) -> list[tuple[Array, Array]]:
    """Of each layer: before and after its activation; the last layer's is part of the loss."""
    layers = []
    for i, name in enumerate([*workload.hidden, "linear"]):
        z = x @ weights[2 * i] + weights[2 * i + 1]
        x = ACTIVATIONS[name][0](z)
        layers.append((z, x))
    return layers


def loss_and_gradients(
    workload: Workload, weights: list[Array], x: Array, y: Array
) -> tuple[float, list[Array]]:
    """The mean loss of a batch, and its gradients in the order of the weights."""
    layers = outputs(workload, weights, x)
    loss, gradient = loss_and_gradient(workload.loss, layers[-1][0], y)
    gradients: list[Array] = []
    for i in reversed(range(len(layers))):
        inputs = layers[i - 1][1] if i else x
        gradients = [inputs.T @ gradient, gradient.sum(axis=0), *gradients]
        if i:
            derivative = ACTIVATIONS[workload.hidden[i - 1]][1]
            gradient = (gradient @ weights[2 * i].T) * derivative(*layers[i - 1])
    return loss, gradients
