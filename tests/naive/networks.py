"""Networks of dense layers and embeddings: forward pass and loss, for real or complex weights."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.activations import ACTIVATIONS
from naive.crossentropies import FROM_LOGITS
from naive.embedding import Embedding
from naive.losses import LOSSES

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


@dataclass(frozen=True)
class Activation:
    """outputs = activation(inputs)"""

    activation: str


@dataclass(frozen=True)
class Parameter:
    """One array of the list of weights: its shape, its (l1, l2) penalty, whether it learns."""

    shape: tuple[int, ...]
    penalty: tuple[float, float]
    trainable: bool


@dataclass(frozen=True)
class Network:
    """A stack of layers under a loss, with the options of its formula.

    Weights are a list in Keras order: kernel, bias, layer by layer.
    """

    n_inputs: int
    layers: Sequence[Dense | Activation | Embedding]
    loss: str = "mean_squared_error"
    options: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", tuple(self._parameters()))

    def _parameters(self) -> Iterator[Parameter]:
        width = self.n_inputs
        for layer in self.layers:
            if isinstance(layer, Dense):
                yield Parameter((width, layer.units), layer.kernel_penalty, True)
                if layer.use_bias:
                    yield Parameter((layer.units,), layer.bias_penalty, layer.bias_trainable)
                width = layer.units
            elif isinstance(layer, Embedding):
                shape = layer.input_dim, layer.output_dim
                yield Parameter(shape, layer.penalty, layer.trainable)
                width = layer.n_outputs(width)

    @property
    def fused(self) -> bool:
        """Whether the loss is computed from the logits of the output layer."""
        return (self.loss, self.layers[-1].activation) in FROM_LOGITS

    def random_weights(self, seed: int, scale: float = 0.5) -> list[Array]:
        """Normally distributed weights, biases too."""
        random = np.random.default_rng(seed)
        return [scale * random.normal(size=parameter.shape) for parameter in self.parameters]

    def trace(self, weights: Sequence[Array], inputs: Array) -> list[tuple[Array, Array]]:
        """(inputs, pre-activation) of every layer, then (outputs, outputs)."""
        remaining = iter(weights)
        values = np.asarray(inputs)
        trace: list[tuple[Array, Array]] = []
        for layer in self.layers:
            before = values
            if isinstance(layer, Dense):
                before = values @ next(remaining)
                if layer.use_bias:
                    before = before + next(remaining)
            elif isinstance(layer, Embedding):
                before = layer.outputs(next(remaining), values)
            trace.append((values, before))
            values = ACTIVATIONS[layer.activation](before)
        return [*trace, (values, values)]

    def predict(self, weights: Sequence[Array], inputs: Array) -> Array:
        """(n_rows, n_outputs)"""
        return self.trace(weights, inputs)[-1][0]

    def row_losses(self, weights: Sequence[Array], inputs: Array, targets: Array) -> Array:
        """The loss of every row, without penalties: (n_rows,)."""
        trace = self.trace(weights, inputs)
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
        return total

    def value(
        self,
        weights: Sequence[Array],
        inputs: Array,
        targets: Array,
        sample_weight: Array | None = None,
    ) -> Any:
        """sum over the rows of sample_weight * loss, divided by their number, and the penalties."""
        losses = self.row_losses(weights, inputs, targets)
        if sample_weight is not None:
            losses = losses * sample_weight
        return losses.sum() / len(losses) + self.penalty(weights)
