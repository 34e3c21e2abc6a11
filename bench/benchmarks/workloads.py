"""The networks whose training is measured, with the time a step that each has to keep."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

import fastbp

OPTIMIZERS = {"sgd": fastbp.SGD(0.01), "adam": fastbp.Adam(0.001)}

#: By what people call them: the output's activation, and fastbp's loss.
LOSSES = {
    "softmax": ("softmax", "sparse_categorical_crossentropy"),
    "mse": ("linear", "mean_squared_error"),
    "bce": ("sigmoid", "binary_crossentropy"),
}

#: GFLOP/s of a core (float32 FMA) of the machine on which the floors were set.
FLOOR_PEAK = 117.0


@dataclass(frozen=True)
class Workload:
    """Dense layers, on random samples; relu under softmax and cross-entropy, unless it says otherwise.

    Attributes
    ----------
    sizes : tuple of int
        Inputs, units of each layer.
    batch_size : int
        Samples in a step.
    n_steps : int
        Steps in an epoch.
    n_epochs : int
        Epochs of a `fit` that lasts some 100 ms, or is one epoch. A short one would measure how long it takes to look
        for NaN in the samples, which is done once.
    floor : float
        Microseconds that a step of SGD in float32 may take where the floors were set; NaN where none was set.
    activations : tuple of str
        Of each hidden layer; a single one is that of all.
    loss : {"softmax", "mse", "bce"}
    dtype : {"float32", "float64"}
    optimizer : {"sgd", "adam"}
    learning_rate : float, optional
        If it is not the optimizer's in `OPTIMIZERS`.
    behind : layer of fastbp, optional
        One more layer behind each hidden one.
    """

    sizes: tuple[int, ...]
    batch_size: int
    n_steps: int
    n_epochs: int
    floor: float = float("nan")
    activations: tuple[str, ...] = ("relu",)
    loss: str = "softmax"
    dtype: str = "float32"
    optimizer: str = "sgd"
    learning_rate: float | None = None
    behind: Any = None

    @property
    def name(self) -> str:
        """The sizes, joined by hyphens."""
        return "-".join(map(str, self.sizes))

    @property
    def hidden(self) -> tuple[str, ...]:
        """The activation of each hidden layer."""
        n_hidden = len(self.sizes) - 2
        return self.activations * n_hidden if len(self.activations) == 1 else self.activations

    @property
    def rule(self) -> Any:
        """The optimizer, as fastbp specifies it, for all who are to take the same steps.

        Adam's epsilon is next to nothing: some libraries add it before they correct the bias, some after.
        """
        rule: Any = OPTIMIZERS[self.optimizer]
        if self.optimizer == "adam":
            rule = replace(rule, epsilon=1e-12)
        if self.learning_rate is not None:
            rule = replace(rule, learning_rate=self.learning_rate)
        return rule

    @property
    def n_samples(self) -> int:
        """Samples in an epoch."""
        return self.batch_size * self.n_steps

    @property
    def flops(self) -> int:
        """Arithmetic of a step: the products forward, for the weights, and for all inputs but the first."""
        pairs = list(zip(self.sizes[:-1], self.sizes[1:], strict=True))
        products = sum(3 * n_in * n_out for n_in, n_out in pairs) - pairs[0][0] * pairs[0][1]
        return 2 * self.batch_size * products

    def samples(self) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (n_samples, n_inputs) and targets; the same every time.

        Targets are classes, int64 (n_samples,), for softmax; else (n_samples, n_outputs) in the dtype: normal numbers,
        or zeros and ones.
        """
        return _samples(self.n_samples, self.sizes[0], self.sizes[-1], self.loss, self.dtype)

    def weights(self) -> list[np.ndarray]:
        """Kernel, bias, kernel, bias ... in the dtype, for those who all begin with the same."""
        random = np.random.default_rng(1)
        arrays = []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            kernel = random.standard_normal((n_in, n_out), np.float32) * np.float32(
                (2 / n_in) ** 0.5
            )
            arrays += [kernel.astype(self.dtype), np.zeros(n_out, self.dtype)]
        return arrays

    def model(self, optimizer: Any = None) -> fastbp.Sequential:
        """The compiled model; with another optimizer than the workload's, by name or as it is, if one is given."""
        activation, loss = LOSSES[self.loss]
        hidden: list[Any] = []
        for units, name in zip(self.sizes[1:-1], self.hidden, strict=True):
            hidden.append(fastbp.Dense(units, name))
            if self.behind is not None:
                hidden.append(self.behind)
        layers = [fastbp.Input(self.sizes[0]), *hidden, fastbp.Dense(self.sizes[-1], activation)]
        model = fastbp.Sequential(layers, seed=1, dtype=self.dtype)
        if isinstance(optimizer, str):
            optimizer = OPTIMIZERS[optimizer]
        model.compile(optimizer or self.rule, loss)
        return model


# Few, since sets are large, and each is wanted some times in a row.
@lru_cache(2)
def _samples(
    n_samples: int, n_inputs: int, n_outputs: int, loss: str, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.standard_normal((n_samples, n_inputs), np.float32).astype(dtype, copy=False)
    if loss == "softmax":
        return x, random.integers(0, n_outputs, n_samples)
    if loss == "bce":
        return x, random.integers(0, 2, (n_samples, n_outputs)).astype(dtype)
    return x, random.standard_normal((n_samples, n_outputs), np.float32).astype(dtype, copy=False)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload((2, 8, 2), 4, 500, 500, 0.45),
        Workload((30, 64, 64, 2), 32, 200, 40, 18.0),
        Workload((784, 30, 10), 10, 500, 16, 19.0),
        Workload((784, 128, 10), 64, 100, 8, 169.0),
        Workload((784, 512, 512, 10), 128, 20, 3, 2_310.0),
        Workload((1024, 2048, 2048, 1000), 512, 2, 1, 115_000.0),
    )
}
