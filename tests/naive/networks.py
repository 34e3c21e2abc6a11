"""Networks of dense layers and embeddings: forward pass and loss, for real or complex weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from naive.activations import ACTIVATIONS, inputs_for
from naive.constraints import Constraint
from naive.crossentropies import FROM_LOGITS
from naive.embedding import Embedding
from naive.losses import LOSSES
from naive.noise import noise_terms
from naive.normalizations import Vectors
from naive.orthogonality import Orthogonal, penalty

Array = NDArray[Any]


@dataclass(frozen=True)
class Dense:
    """outputs = activation(inputs @ kernel + bias); penalties are (l1, l2) pairs."""

    units: int
    activation: str = "linear"
    use_bias: bool = True
    kernel_penalty: tuple[float, float] = (0.0, 0.0)
    bias_penalty: tuple[float, float] = (0.0, 0.0)
    bias_trainable: bool = True
    kernel_constraint: Constraint | None = None
    bias_constraint: Constraint | None = None
    orthogonal: Orthogonal | None = None


@dataclass(frozen=True)
class Activation:
    """outputs = activation(inputs)"""

    activation: str


@dataclass(frozen=True)
class Noise:
    """ "dropout", "alpha_dropout" or "gaussian_dropout" at a rate, or "gaussian_noise" of a deviation."""

    kind: str
    strength: float
    seed: int | None = None
    activation: ClassVar[str] = "linear"


@dataclass(frozen=True)
class Activity:
    """Adds ``l1 sum |x| + l2 sum x**2`` of each row to its loss, and passes x on."""

    l1: float
    l2: float
    activation: ClassVar[str] = "linear"

    def penalty(self, values: Array) -> Any:
        """The sum over the rows."""
        return self.l1 * (values * np.sign(values.real)).sum() + self.l2 * (values**2).sum()

    def gradient(self, values: Array) -> Array:
        """Of `penalty`, in the shape of the values."""
        return np.asarray(self.l1 * np.sign(values) + 2.0 * self.l2 * values)


@dataclass(frozen=True)
class Parameter:
    """One array of weights: shape, (l1, l2) penalty, whether it learns, constraint, penalty on angles, sign, kind."""

    shape: tuple[int, ...]
    penalty: tuple[float, float]
    trainable: bool
    constraint: Constraint | None = None
    orthogonal: Orthogonal | None = None
    positive: bool = False
    kind: str = "kernel"


@dataclass(frozen=True)
class Network:
    """A stack of layers under a loss, with the options of its formula.

    Weights are a list in Keras order: kernel, bias, layer by layer. Layers make noise if there is a model's seed and
    the number of an update to draw it from.
    """

    n_inputs: int
    layers: Sequence[Dense | Activation | Activity | Embedding | Noise | Vectors]
    loss: str = "mean_squared_error"
    options: Mapping[str, Any] = field(default_factory=dict)
    noise: tuple[int, int] | None = None
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(self._parameters()))

    def _parameters(self) -> Iterator[Parameter]:
        width = self.n_inputs
        for layer in self.layers:
            if isinstance(layer, Dense):
                shape, constraint = (width, layer.units), layer.kernel_constraint
                yield Parameter(shape, layer.kernel_penalty, True, constraint, layer.orthogonal)
                if layer.use_bias:
                    learns, constraint = layer.bias_trainable, layer.bias_constraint
                    yield Parameter((layer.units,), layer.bias_penalty, learns, constraint)
                width = layer.units
            elif isinstance(layer, Vectors):
                for i, (penalty, trainable) in enumerate(layer.vectors, 1):
                    positive = layer.ends_positive and i == len(layer.vectors)
                    yield Parameter((width,), penalty, trainable, positive=positive)
            elif isinstance(layer, Embedding):
                shape = layer.input_dim, layer.output_dim
                learns, constraint = layer.trainable, layer.constraint
                yield Parameter(shape, layer.penalty, learns, constraint, kind="embeddings")
                width = layer.n_outputs(width)
            width //= inputs_for(layer.activation, 1)

    @property
    def n_outputs(self) -> int:
        """Numbers that come out for a row, of a network that has a dense layer."""
        width = 0
        for layer in self.layers:
            width = layer.units if isinstance(layer, Dense) else width
            width //= inputs_for(layer.activation, 1)
        return width

    @property
    def fused(self) -> bool:
        """Whether the loss is computed from the logits of the output layer."""
        return (self.loss, self.layers[-1].activation) in FROM_LOGITS

    def random_weights(self, seed: int, scale: float = 0.5) -> list[Array]:
        """Normally distributed weights, biases too."""
        random = np.random.default_rng(seed)
        drawn = [scale * random.normal(size=parameter.shape) for parameter in self.parameters]
        return [
            0.1 + np.abs(array) if parameter.positive else array
            for array, parameter in zip(drawn, self.parameters, strict=True)
        ]

    def trace(
        self, weights: Sequence[Array], inputs: Array, training: bool = False
    ) -> list[tuple[Array, Array]]:
        """(inputs, pre-activation) of every layer, then (outputs, outputs)."""
        remaining = iter(weights)
        values = np.asarray(inputs)
        trace: list[tuple[Array, Array]] = []
        for position, layer in enumerate(self.layers):
            before = values
            if isinstance(layer, Noise):
                factor, added = self.noise_terms(position, values.shape)
                before = values * factor + added
            if isinstance(layer, Dense):
                before = values @ next(remaining)
                if layer.use_bias:
                    before = before + next(remaining)
            elif isinstance(layer, Vectors):
                before = layer.forward([next(remaining) for _ in layer.vectors], values, training)
            elif isinstance(layer, Embedding):
                before = layer.outputs(next(remaining), values)
            trace.append((values, before))
            values = ACTIVATIONS[layer.activation](before)
        return [*trace, (values, values)]

    def moved(self, weights: Sequence[Array], trace: list[tuple[Array, Array]]) -> list[Array]:
        """The weights after a step of training with this trace, as far as it moves what no gradient moves."""
        moved: list[Array] = []
        remaining = iter(weights)
        for layer, (inputs, _) in zip(self.layers, trace, strict=False):
            if isinstance(layer, Dense):
                moved += [next(remaining) for _ in range(1 + layer.use_bias)]
            elif isinstance(layer, Embedding):
                moved.append(next(remaining))
            elif isinstance(layer, Vectors):
                moved += layer.moved([next(remaining) for _ in layer.vectors], inputs)
        return moved

    def noise_terms(self, position: int, shape: Any) -> tuple[Any, Any]:
        """(factor, added) of a layer of noise"""
        layer = self.layers[position]
        assert isinstance(layer, Noise)
        if self.noise is None:
            return 1.0, 0.0
        seed, update = self.noise
        seed = seed if layer.seed is None else layer.seed
        return noise_terms(layer.kind, layer.strength, seed, position, update, shape)

    def predict(self, weights: Sequence[Array], inputs: Array) -> Array:
        """(n_rows, n_outputs)"""
        return self.trace(weights, inputs)[-1][0]

    def row_losses(
        self, weights: Sequence[Array], inputs: Array, targets: Array, training: bool = False
    ) -> Array:
        """The loss of every row, without penalties: (n_rows,)."""
        return self._row_losses(self.trace(weights, inputs, training), targets)

    def _row_losses(self, trace: list[Any], targets: Array) -> Array:
        if self.fused:
            from_logits = FROM_LOGITS[self.loss, self.layers[-1].activation]
            return from_logits(targets, trace[-2][1], **self.options)
        return LOSSES[self.loss](targets, trace[-1][0], **self.options)

    def penalty(self, weights: Sequence[Array]) -> Any:
        """sum over the arrays of l1 sum|w| + l2 sum w**2"""
        total = 0.0
        for weight, parameter in zip(weights, self.parameters, strict=True):
            l1, l2 = parameter.penalty
            total = total + l1 * (weight * np.sign(weight.real)).sum() + l2 * (weight**2).sum()
            if parameter.orthogonal is not None:
                total = total + penalty(weight, *parameter.orthogonal)
        return total

    def value(
        self,
        weights: Sequence[Array],
        inputs: Array,
        targets: Array,
        sample_weight: Array | None = None,
        training: bool = False,
    ) -> Any:
        """sum over the rows of sample_weight * loss, divided by their number, and the penalties."""
        trace = self.trace(weights, inputs, training)
        losses = self._row_losses(trace, targets)
        if sample_weight is not None:
            losses = losses * sample_weight
        total = losses.sum()
        for layer, (values, _) in zip(self.layers, trace, strict=False):
            if isinstance(layer, Activity):
                total = total + layer.penalty(values)
        return total / len(losses) + self.penalty(weights)
