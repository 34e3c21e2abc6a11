"""Small training problems, each as a network of the engine and as its NumPy twin."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

import naive
from fastbp import nn, optimizers
from fastbp.data.source import as_source
from fastbp.engine import Network

Array = NDArray[Any]


# rule: its twin with options, and the same as a specification; far from the defaults, so that all options count
OPTIMIZERS: dict[str, tuple[naive.Optimizer, optimizers.Optimizer]] = {
    "sgd": (naive.Optimizer("sgd", {"learning_rate": 0.1}), optimizers.SGD(0.1)),
    "momentum": (
        naive.Optimizer("momentum", {"learning_rate": 0.05, "momentum": 0.7}),
        optimizers.SGD(0.05, momentum=0.7),
    ),
    "nesterov": (
        naive.Optimizer("nesterov", {"learning_rate": 0.05, "momentum": 0.7}),
        optimizers.SGD(0.05, momentum=0.7, nesterov=True),
    ),
    "rmsprop": (
        naive.Optimizer("rmsprop", {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-3}),
        optimizers.RMSprop(0.01, rho=0.8, epsilon=1e-3),
    ),
    "rmsprop_momentum": (
        naive.Optimizer(
            "rmsprop_momentum",
            {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-3, "momentum": 0.7},
        ),
        optimizers.RMSprop(0.01, rho=0.8, epsilon=1e-3, momentum=0.7),
    ),
    "adam": (
        naive.Optimizer(
            "adam", {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
        ),
        optimizers.Adam(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3),
    ),
    "adamw": (
        naive.Optimizer(
            "adamw",
            {
                "learning_rate": 0.02,
                "beta_1": 0.8,
                "beta_2": 0.95,
                "epsilon": 1e-3,
                "weight_decay": 0.3,
            },
        ),
        optimizers.AdamW(0.02, beta_1=0.8, beta_2=0.95, epsilon=1e-3, weight_decay=0.3),
    ),
}


def specification(layer: naive.Dense | naive.Activation) -> Any:
    """fastbp's specification of a twin's layer."""
    if isinstance(layer, naive.Activation):
        return nn.Activation(layer.activation)
    return nn.Dense(
        layer.units,
        activation=layer.activation,
        use_bias=layer.use_bias,
        kernel_regularizer=nn.Regularizer(*layer.kernel_penalty),
        bias_regularizer=nn.Regularizer(*layer.bias_penalty),
        bias_trainable=layer.bias_trainable,
    )


def targets_for(loss: str, n_rows: int, n_outputs: int, random: np.random.Generator) -> Array:
    """Targets such as a loss wants them."""
    shape = n_rows, n_outputs
    if loss == "sparse_categorical_crossentropy":
        return random.integers(0, n_outputs, size=n_rows)
    if loss.startswith("binary"):
        return random.uniform(size=shape)
    if loss in ("hinge", "squared_hinge"):
        return random.choice([-1.0, 0.0, 1.0], size=shape)
    if loss == "categorical_hinge":
        return np.eye(n_outputs)[random.integers(0, n_outputs, size=n_rows)]
    if loss == "poisson":
        return random.poisson(2.0, size=shape).astype(float)
    if "categorical" in loss or loss == "kl_divergence":
        shares = random.exponential(size=shape)
        return shares / shares.sum(axis=1, keepdims=True)
    return 2.0 * random.normal(size=shape)


@dataclass
class Problem:
    """Data and a network for it; the same seed gives the same numbers."""

    n_inputs: int
    layers: Sequence[naive.Dense | naive.Activation]
    loss: str = "mean_squared_error"
    n_rows: int = 100
    seed: int = 0
    scale: float = 0.5
    options: Mapping[str, Any] = field(default_factory=dict)
    twin: naive.Network = field(init=False)

    def __post_init__(self) -> None:
        self.twin = naive.Network(self.n_inputs, self.layers, self.loss, self.options)
        random = np.random.default_rng(self.seed)
        self.weights = self.twin.random_weights(self.seed, self.scale)
        self.inputs: Array = random.normal(size=(self.n_rows, self.n_inputs))
        n_outputs = [layer.units for layer in self.layers if isinstance(layer, naive.Dense)][-1]
        self.targets: Array = targets_for(self.loss, self.n_rows, n_outputs, random)
        self.sample_weight: Array = random.uniform(0.5, 2.0, size=self.n_rows)

    def engine(self, dtype: str = "float64", optimizer: Any = None, metrics: Any = ()) -> Network:
        """A configured network of the engine that has the problem's weights."""
        network = Network(
            self.n_inputs,
            [specification(layer) for layer in self.layers],
            dtype=dtype,
            weights=[weight.astype(dtype) for weight in self.weights],
            normalization=None,
        )
        loss = nn.LOSSES.from_config({"class": self.loss, **self.options})
        network.configure(loss, optimizer, tuple(metrics))
        return network

    def orders(self, n_epochs: int) -> Array:
        """Permutations of the rows, one an epoch."""
        random = np.random.default_rng(self.seed + 1)
        return np.array([random.permutation(self.n_rows) for _ in range(n_epochs)])

    def sources(self, weighted: bool = False) -> tuple[Any, Any, Any]:
        """(inputs, targets, sample_weight) as the engine wants them."""
        weight = as_source(self.sample_weight, "sample_weight") if weighted else None
        return as_source(self.inputs), as_source(self.targets, "y"), weight


def digest(arrays: Sequence[Array]) -> str:
    """A name for the exact bits of the arrays."""
    state = hashlib.sha256()
    for array in arrays:
        state.update(np.ascontiguousarray(array).tobytes())
    return state.hexdigest()[:16]


def worst(computed: Sequence[Array], reference: Sequence[Array]) -> float:
    """The largest error of an array, relative to the largest number in it."""
    errors = []
    for a, b in zip(computed, reference, strict=True):
        scale = np.abs(b).max()
        error = np.abs(a - b).max() / (scale if scale > 0 else 1.0)
        errors.append(np.inf if np.isnan(error) else float(error))
    return max(errors)
