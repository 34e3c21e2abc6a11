"""The networks whose training is measured, with the time a step that each has to keep."""

from dataclasses import dataclass
from functools import cache

import numpy as np

import fastbp

OPTIMIZERS = {"sgd": fastbp.SGD(0.01), "adam": fastbp.Adam(0.001)}

#: GFLOP/s of a core (float32 FMA) of the machine on which the floors were set.
FLOOR_PEAK = 117.0


@dataclass(frozen=True)
class Workload:
    """Relu layers under softmax and cross-entropy, on random samples.

    Attributes
    ----------
    sizes : tuple of int
        Inputs, units of each layer.
    batch_size : int
        Samples in a step.
    n_steps : int
        Steps in an epoch.
    n_epochs : int
        Epochs of a `fit` that lasts some 30 ms, or is one epoch.
    floor : float
        Microseconds that a step of SGD in float32 may take where the floors were set.
    """

    sizes: tuple[int, ...]
    batch_size: int
    n_steps: int
    n_epochs: int
    floor: float

    @property
    def name(self) -> str:
        """The sizes, joined by hyphens."""
        return "-".join(map(str, self.sizes))

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
        """Inputs, float32 (n_samples, n_inputs), and classes, int64 (n_samples,); the same every time."""
        return _samples(self.n_samples, self.sizes[0], self.sizes[-1])

    def weights(self) -> list[np.ndarray]:
        """Kernel, bias, kernel, bias ... in float32, for those who all begin with the same."""
        random = np.random.default_rng(1)
        arrays = []
        for n_in, n_out in zip(self.sizes[:-1], self.sizes[1:], strict=True):
            kernel = random.standard_normal((n_in, n_out), np.float32) * np.float32(
                (2 / n_in) ** 0.5
            )
            arrays += [kernel, np.zeros(n_out, np.float32)]
        return arrays

    def model(self, optimizer: str = "sgd") -> fastbp.Sequential:
        """The compiled model."""
        hidden = [fastbp.Dense(units, "relu") for units in self.sizes[1:-1]]
        layers = [fastbp.Input(self.sizes[0]), *hidden, fastbp.Dense(self.sizes[-1], "softmax")]
        model = fastbp.Sequential(layers, seed=1)
        model.compile(OPTIMIZERS[optimizer], "sparse_categorical_crossentropy")
        return model


@cache
def _samples(n_samples: int, n_inputs: int, n_classes: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x = random.standard_normal((n_samples, n_inputs), np.float32)
    return x, random.integers(0, n_classes, n_samples)


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload((2, 8, 2), 4, 500, 200, 0.45),
        Workload((30, 64, 64, 2), 32, 200, 10, 18.0),
        Workload((784, 30, 10), 10, 500, 4, 19.0),
        Workload((784, 128, 10), 64, 100, 2, 169.0),
        Workload((784, 512, 512, 10), 128, 20, 1, 2_310.0),
        Workload((1024, 2048, 2048, 1000), 512, 2, 1, 115_000.0),
    )
}
