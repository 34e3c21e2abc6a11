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


# The classes of the specifications, and the settings that choose among the rules of a class.
_CLASSES: dict[str, tuple[type[optimizers.Optimizer], dict[str, Any]]] = {
    "sgd": (optimizers.SGD, {}),
    "momentum": (optimizers.SGD, {}),
    "nesterov": (optimizers.SGD, {"nesterov": True}),
    "adagrad": (optimizers.Adagrad, {}),
    "adadelta": (optimizers.Adadelta, {}),
    "rmsprop": (optimizers.RMSprop, {}),
    "rmsprop_momentum": (optimizers.RMSprop, {}),
    "rmsprop_centered": (optimizers.RMSprop, {"centered": True}),
    "rmsprop_centered_momentum": (optimizers.RMSprop, {"centered": True}),
    "adam": (optimizers.Adam, {}),
    "amsgrad": (optimizers.Adam, {"amsgrad": True}),
    "adamax": (optimizers.Adamax, {}),
    "nadam": (optimizers.Nadam, {}),
    "lion": (optimizers.Lion, {}),
    "muon": (optimizers.Muon, {}),
    "rprop_plus": (optimizers.Rprop, {"variant": "plus"}),
    "rprop_minus": (optimizers.Rprop, {"variant": "minus"}),
    "rprop_iplus": (optimizers.Rprop, {"variant": "iplus"}),
    "rprop_iminus": (optimizers.Rprop, {"variant": "iminus"}),
}


def optimizer_and_twin(rule: str, **options: Any) -> tuple[naive.Optimizer, optimizers.Optimizer]:
    """A twin's optimizer, and the same as a specification."""
    made, settings = _CLASSES[rule]
    averages = {"use_ema": True} if "ema_momentum" in options else {}
    numbers: dict[str, Any] = {**options, **settings, **averages}
    return naive.Optimizer(rule, options), made(**numbers)


_MOMENTS = {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
_SQUARES = {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-3}
_STEPS = {
    "learning_rate": 0.02,
    "eta_minus": 0.4,
    "eta_plus": 1.3,
    "minimum_step": 1e-3,
    "maximum_step": 0.2,
}

_MUON = {
    "learning_rate": 0.02,
    "adam_beta_1": 0.8,
    "adam_beta_2": 0.95,
    "adam_weight_decay": 0.2,
    "epsilon": 1e-3,
    "weight_decay": 0.3,
    "muon_a": 3.0,
    "muon_b": -3.5,
    "muon_c": 1.4,
    "adam_lr_ratio": 0.7,
    "momentum": 0.8,
    "ns_steps": 4,
    "rms_rate": 0.3,
}

# name: a rule and its options, far from the defaults, so that all of them count
_TABLE: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("sgd", {"learning_rate": 0.1}),
    "momentum": ("momentum", {"learning_rate": 0.05, "momentum": 0.7}),
    "nesterov": ("nesterov", {"learning_rate": 0.05, "momentum": 0.7}),
    "adagrad": (
        "adagrad",
        {"learning_rate": 0.1, "initial_accumulator_value": 0.02, "epsilon": 1e-3},
    ),
    "adadelta": ("adadelta", {"learning_rate": 0.7, "rho": 0.8, "epsilon": 1e-3}),
    "rmsprop": ("rmsprop", _SQUARES),
    "rmsprop_momentum": ("rmsprop_momentum", {**_SQUARES, "momentum": 0.7}),
    "rmsprop_centered": ("rmsprop_centered", _SQUARES),
    "rmsprop_centered_momentum": ("rmsprop_centered_momentum", {**_SQUARES, "momentum": 0.7}),
    "adam": ("adam", _MOMENTS),
    "amsgrad": ("amsgrad", _MOMENTS),
    "adamax": ("adamax", _MOMENTS),
    "nadam": ("nadam", _MOMENTS),
    "lion": ("lion", {"learning_rate": 0.005, "beta_1": 0.8, "beta_2": 0.95}),
    "muon": ("muon", _MUON),
    "rprop_plus": ("rprop_plus", _STEPS),
    "rprop_minus": ("rprop_minus", _STEPS),
    "rprop_iplus": ("rprop_iplus", _STEPS),
    "rprop_iminus": ("rprop_iminus", _STEPS),
    "adam, decay": ("adam", {**_MOMENTS, "weight_decay": 0.3}),
    "sgd, clip": ("sgd", {"learning_rate": 0.1, "clipvalue": 0.02}),
    "sgd, average": ("sgd", {"learning_rate": 0.1, "ema_momentum": 0.8}),
    "adam, all": (
        "adam",
        {
            **_MOMENTS,
            "weight_decay": 0.3,
            "clipvalue": 0.02,
            "ema_momentum": 0.8,
            "ema_overwrite_frequency": 7,
        },
    ),
}

# name: a twin with its options, and the same as a specification
OPTIMIZERS = {name: optimizer_and_twin(rule, **options) for name, (rule, options) in _TABLE.items()}


_NOISE: dict[str, Any] = {
    "dropout": nn.Dropout,
    "alpha_dropout": nn.AlphaDropout,
    "gaussian_dropout": nn.GaussianDropout,
    "gaussian_noise": nn.GaussianNoise,
}


def specification(layer: Any) -> Any:
    """fastbp's specification of a twin's layer."""
    if isinstance(layer, naive.Noise):
        return _NOISE[layer.kind](layer.strength, seed=layer.seed)
    if isinstance(layer, naive.Embedding):
        return nn.Embedding(
            layer.input_dim,
            layer.output_dim,
            embeddings_regularizer=nn.Regularizer(*layer.penalty),
            embeddings_constraint=_constraint(layer.constraint),
            columns=layer.columns,
            trainable=layer.trainable,
        )
    if isinstance(layer, naive.Activity):
        return nn.ActivityRegularization(layer.l1, layer.l2)
    if isinstance(layer, naive.Activation):
        return nn.Activation(layer.activation)
    if isinstance(layer, naive.PReLU):
        penalty = nn.Regularizer(*layer.penalty)
        return nn.PReLU(alpha_regularizer=penalty, trainable=layer.trainable)
    if isinstance(layer, naive.LayerNormalization):
        return nn.LayerNormalization(rms_scaling=layer.only_scales, **_scaling(layer))
    if isinstance(layer, naive.BatchNormalization):
        return nn.BatchNormalization(momentum=layer.momentum, **_scaling(layer))
    return nn.Dense(
        layer.units,
        activation=layer.activation,
        use_bias=layer.use_bias,
        kernel_regularizer=(
            nn.Regularizer(*layer.kernel_penalty)
            if layer.orthogonal is None
            else nn.OrthogonalRegularizer(*layer.orthogonal)
        ),
        bias_regularizer=nn.Regularizer(*layer.bias_penalty),
        bias_trainable=layer.bias_trainable,
        kernel_constraint=_constraint(layer.kernel_constraint),
        bias_constraint=_constraint(layer.bias_constraint),
    )


def _constraint(given: Any) -> Any:
    return None if given is None else nn.CONSTRAINTS.from_config({"class": given[0], **given[1]})


def _scaling(layer: naive.LayerNormalization | naive.BatchNormalization) -> dict[str, Any]:
    """What normalizations have in common."""
    return {
        "epsilon": layer.epsilon,
        "center": layer.center,
        "scale": layer.scale,
        "gamma_regularizer": nn.Regularizer(*layer.gamma_penalty),
        "beta_regularizer": nn.Regularizer(*layer.beta_penalty),
        "trainable": layer.trainable,
    }


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
    layers: Sequence[Any]
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
        self._choose_categories()
        n_outputs = self.twin.n_outputs or self.n_inputs
        self.targets: Array = targets_for(self.loss, self.n_rows, n_outputs, random)
        self.sample_weight: Array = random.uniform(0.5, 2.0, size=self.n_rows)

    def _choose_categories(self) -> None:
        """Whole numbers for the columns that are embedded; the first ones are more frequent, the last have none."""
        random = np.random.default_rng(self.seed + 2)
        left = list(range(self.n_inputs))
        for layer in self.layers:
            if isinstance(layer, naive.Embedding):
                for column in layer.embedded(len(left)):
                    shares = random.uniform(size=self.n_rows) ** 2
                    self.inputs[:, left[column]] = np.floor(shares * 0.9 * layer.input_dim)
                left = [left[column] for column in layer.kept(len(left))]

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
