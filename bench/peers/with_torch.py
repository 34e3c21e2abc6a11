"""PyTorch's trainer: a plain loop, its fused optimizers, and the loss compiled where that is quicker."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.workloads import Workload

_ACTIVATIONS = {
    "linear": nn.Identity(),
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.2),
    "elu": nn.ELU(),
    "tanh": nn.Tanh(),
    "sigmoid": nn.Sigmoid(),
    "softplus": nn.Softplus(),
    "gelu": nn.GELU(),
    "silu": nn.SiLU(),
}
_LOSSES = {"softmax": nn.CrossEntropyLoss(), "mse": nn.MSELoss(), "bce": nn.BCEWithLogitsLoss()}


class Training:
    """A loop over batches that are views of an epoch's shuffled samples."""

    def __init__(self, workload: Workload, variant: str, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self._dtype = getattr(torch, workload.dtype)
        self._linear = [
            nn.Linear(n_in, n_out, dtype=self._dtype) for n_in, n_out in pairwise(workload.sizes)
        ]
        arrays = workload.weights()
        with torch.no_grad():
            for layer, kernel, bias in zip(self._linear, arrays[::2], arrays[1::2], strict=True):
                layer.weight.copy_(torch.from_numpy(kernel.T))
                layer.bias.copy_(torch.from_numpy(bias))
        layers: list[Any] = [self._linear[0]]
        for name, layer in zip(workload.hidden, self._linear[1:], strict=True):
            layers += [_ACTIVATIONS[name], layer]
        network = nn.Sequential(*layers)
        loss = _LOSSES[workload.loss]

        def loss_of(x: Any, y: Any) -> Any:
            return loss(network(x), y)

        self._loss_of = loss_of
        if variant == "compiled":
            # After a few networks it would compile no more, and run eagerly without a word.
            torch.compiler.reset()
            self._loss_of = torch.compile(loss_of, dynamic=False)
        self._optimizer = _optimizer(workload, network.parameters())
        self._x, self._y = map(torch.from_numpy, workload.samples())
        self._batch_size = workload.batch_size
        self._n_steps = workload.n_steps

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        x: Any = self._x
        y: Any = self._y
        total = torch.zeros((), dtype=self._dtype)
        for _ in range(n_epochs):
            if shuffle:
                order = torch.randperm(len(self._x))
                x, y = self._x[order], self._y[order]
            total = torch.zeros((), dtype=self._dtype)
            for rows, targets in zip(
                x.split(self._batch_size), y.split(self._batch_size), strict=True
            ):
                self._optimizer.zero_grad()
                loss = self._loss_of(rows, targets)
                loss.backward()
                self._optimizer.step()
                total += loss.detach()
        return float(total) / self._n_steps

    def weights(self) -> list[np.ndarray]:
        """The weights, in Keras's order."""
        arrays = []
        for layer in self._linear:
            arrays += [layer.weight.detach().numpy().T, layer.bias.detach().numpy()]
        return arrays


def _optimizer(workload: Workload, parameters: Any) -> Any:
    ours = workload.rule
    if workload.optimizer == "sgd":
        return torch.optim.SGD(parameters, ours.learning_rate, fused=True)
    betas = (ours.beta_1, ours.beta_2)
    return torch.optim.Adam(parameters, ours.learning_rate, betas, ours.epsilon, fused=True)
