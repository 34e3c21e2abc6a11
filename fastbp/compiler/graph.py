"""The operations of a network, in the order in which data passes through them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastbp.errors import ArgumentError
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.elementwise import OF_ALL_OUTPUTS
from fastbp.nn.layers import Activation, Dense, Layer


@dataclass(frozen=True)
class DenseOperation:
    """``activation(inputs @ kernel + bias)``; `index` counts the dense operations."""

    index: int
    n_in: int
    n_out: int
    activation: str
    layer: Dense

    @property
    def is_first(self) -> bool:
        """Whether it reads the data themselves."""
        return self.index == 0


@dataclass(frozen=True)
class ElementwiseOperation:
    """An activation by itself, or the softmax."""

    n_out: int
    activation: str


Operation = DenseOperation | ElementwiseOperation


def build_graph(n_inputs: int, layers: Sequence[Layer]) -> tuple[Operation, ...]:
    """The operations of these layers, activations fused into the dense operations below them.

    Raises
    ------
    ArgumentError
        If the first layer is not dense.
    """
    operations: list[Operation] = []
    width, n_dense = n_inputs, 0
    for layer in layers:
        if isinstance(layer, Dense):
            operations.append(DenseOperation(n_dense, width, layer.units, "linear", layer))
            width, n_dense = layer.units, n_dense + 1
        elif not isinstance(layer, Activation):
            raise ArgumentError(f"{type(layer).__name__} cannot stand between other layers")
        if not operations:
            raise ArgumentError("the first layer after the input must be Dense")
        if layer.activation != "linear":
            operations = _append_activation(operations, layer.activation, width)
    if not operations:
        raise ArgumentError("a network needs at least one Dense layer")
    return tuple(operations)


def _append_activation(operations: list[Operation], activation: str, width: int) -> list[Operation]:
    below = operations[-1]
    fits = (
        isinstance(below, DenseOperation)
        and below.activation == "linear"
        and activation not in OF_ALL_OUTPUTS
    )
    if fits and isinstance(below, DenseOperation):
        # The first layer's tile has its features in lanes and keeps its output alone.
        if not (below.is_first and ACTIVATIONS[activation].keeps == "input"):
            return [*operations[:-1], replace(below, activation=activation)]
    return [*operations, ElementwiseOperation(width, activation)]


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
    if isinstance(last, ElementwiseOperation):
        return operations[:-1], True
    return (*operations[:-1], replace(last, activation="linear")), True
