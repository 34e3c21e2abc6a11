"""The operations of a network, in the order in which data passes through them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastbp.errors import ArgumentError
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.nn.activations import OF_ALL_OUTPUTS, n_outputs_of, name_and_numbers
from fastbp.nn.layers import Activation, Dense
from fastbp.nn.layers.activity_regularization import ActivityRegularization
from fastbp.nn.layers.batch_normalization import BatchNormalization
from fastbp.nn.layers.embedding import Embedding, Lookup
from fastbp.nn.layers.layer import Layer, Weight
from fastbp.nn.layers.layer_normalization import LayerNormalization
from fastbp.nn.layers.named_activations import NamedActivation
from fastbp.nn.layers.noise import Noise
from fastbp.nn.layers.prelu import PReLU
from fastbp.nn.regularizers import Regularizer


@dataclass(frozen=True)
class Operation:
    """What a layer does.

    Attributes
    ----------
    n_in, n_out : int
        Its inputs and outputs.
    activation : str
        What is applied to the outputs at once.
    """

    n_in: int
    n_out: int
    activation: str


@dataclass(frozen=True)
class OperationWithWeights(Operation):
    """An operation of a layer that has arrays of weights.

    Attributes
    ----------
    index : int
        Counts these operations.
    weights : tuple of Weight
        The layer's arrays.
    """

    index: int
    weights: tuple[Weight, ...]

    @property
    def learns(self) -> bool:
        """Whether training changes any of the arrays."""
        return any(weight.trained for weight in self.weights)


@dataclass(frozen=True)
class DenseOperation(OperationWithWeights):
    """``activation(inputs @ kernel + bias)``."""

    layer: Dense
    is_first: bool  # it reads the data themselves


@dataclass(frozen=True)
class LayerNormalizationOperation(OperationWithWeights):
    """Each sample at mean 0 and variance 1, then a scale and an offset for each feature."""

    layer: LayerNormalization


@dataclass(frozen=True)
class BatchNormalizationOperation(OperationWithWeights):
    """Each feature at mean 0 and variance 1 over the batch, then a scale and an offset for each."""

    layer: BatchNormalization


@dataclass(frozen=True)
class PReLUOperation(OperationWithWeights):
    """A rectifier with a slope for each feature."""

    layer: PReLU


@dataclass(frozen=True)
class EmbeddingOperation(OperationWithWeights):
    """Embeddings one after another, whose arrays are `weights`: the columns that are kept, then the vectors."""

    lookup: Lookup


@dataclass(frozen=True)
class ElementwiseOperation(Operation):
    """An activation of single numbers by itself.

    Attributes
    ----------
    numbers : tuple of float
        Those in its formula, where it asks for some.
    """

    numbers: tuple[float, ...] = ()


@dataclass(frozen=True)
class OfAllOutputsOperation(Operation):
    """An activation in which each output depends on all others, the softmax for instance."""


@dataclass(frozen=True)
class GateOperation(Operation):
    """The gated linear unit, of half as many outputs as inputs."""


@dataclass(frozen=True)
class ActivityOperation(Operation):
    """A penalty on what passes."""

    regularizer: Regularizer


@dataclass(frozen=True)
class NoiseOperation(Operation):
    """Noise, which is in programs of training alone.

    Attributes
    ----------
    layer : Noise
    position : int
        The layer's number in the network.
    """

    layer: Noise
    position: int


def build_graph(n_inputs: int, layers: Sequence[Layer]) -> tuple[Operation, ...]:
    """The operations of these layers, activations fused into the dense operations below them.

    Raises
    ------
    ArgumentError
        If no layer has weights, or layers stand where they cannot.
    """
    operations: list[Operation] = []
    width = n_inputs
    n_weighted = 0
    for position, layer in enumerate(layers):
        weights = tuple(
            each._replace(path=f"{layer.name or type(layer).__name__.lower()}/{each.name}")
            for each in layer.weights(width)
        )
        if isinstance(layer, Dense):
            is_first = not operations
            dense = DenseOperation(
                width, layer.units, "linear", n_weighted, weights, layer, is_first
            )
            operations.append(dense)
        elif isinstance(layer, LayerNormalization):
            operations.append(
                LayerNormalizationOperation(width, width, "linear", n_weighted, weights, layer)
            )
        elif isinstance(layer, BatchNormalization):
            operations.append(
                BatchNormalizationOperation(width, width, "linear", n_weighted, weights, layer)
            )
        elif isinstance(layer, PReLU):
            operations.append(PReLUOperation(width, width, "linear", n_weighted, weights, layer))
        elif isinstance(layer, Noise):
            if layer.strength > 0:
                operations.append(NoiseOperation(width, width, "linear", layer, position))
            continue
        elif isinstance(layer, Embedding):
            operations = [_looked_up(operations, layer, width, weights)]
        elif not isinstance(layer, (Activation, NamedActivation, ActivityRegularization)):
            raise ArgumentError(f"{type(layer).__name__} cannot stand between other layers")
        n_weighted = sum(isinstance(each, OperationWithWeights) for each in operations)
        activation = getattr(layer, "activation", "linear")
        if activation != "linear":
            n_sums = layer.units if isinstance(layer, Dense) else width
            operations = _append_activation(operations, activation, n_sums)
        width = layer.width(width)
        regularizer = getattr(layer, "activity_regularizer", None)
        if regularizer is not None and (regularizer.l1 or regularizer.l2):
            operations.append(ActivityOperation(width, width, "linear", regularizer))
    if not any(isinstance(operation, OperationWithWeights) for operation in operations):
        raise ArgumentError("a network needs at least one Dense layer")
    return tuple(operations)


def _looked_up(
    operations: list[Operation], layer: Embedding, width: int, weights: tuple[Weight, ...]
) -> EmbeddingOperation:
    """The operation of this Embedding and those before it, if there are any: all read the data."""
    n_out = layer.width(width)
    if not operations:
        lookup = Lookup((), tuple(range(width))).then(layer)
        return EmbeddingOperation(width, n_out, "linear", 0, weights, lookup)
    (before,) = operations
    assert isinstance(before, EmbeddingOperation)
    both = (*before.weights, *weights)
    return replace(before, n_out=n_out, weights=both, lookup=before.lookup.then(layer))


def _append_activation(operations: list[Operation], activation: str, width: int) -> list[Operation]:
    below = operations[-1] if operations else None
    fits = (
        isinstance(below, DenseOperation)
        and below.activation == "linear"
        and activation in ACTIVATIONS
    )
    if fits and isinstance(below, DenseOperation):
        # The first layer's tile has its features in lanes and keeps its output alone.
        if not (below.is_first and ACTIVATIONS[activation].keeps == "input"):
            return [*operations[:-1], replace(below, activation=activation)]
    return [*operations, activation_operation(activation, width)]


def activation_operation(activation: str, width: int) -> Operation:
    """The operation of an activation by itself, of so many inputs."""
    name, numbers = name_and_numbers(activation)
    n_out = n_outputs_of(name, width)
    if n_out != width:
        return GateOperation(width, n_out, name)
    if name in OF_ALL_OUTPUTS:
        return OfAllOutputsOperation(width, width, name)
    return ElementwiseOperation(width, width, name, numbers)


def split_output_activation(
    operations: tuple[Operation, ...], activation: str
) -> tuple[tuple[Operation, ...], bool]:
    """Take an activation off the output, so that a loss can be computed from logits.

    Returns
    -------
    operations, found : tuple
        The operations without it, and whether it was there.
    """
    last = operations[-1]
    if last.activation != activation:
        return operations, False
    if not isinstance(last, DenseOperation):
        return operations[:-1], True
    return (*operations[:-1], replace(last, activation="linear")), True
