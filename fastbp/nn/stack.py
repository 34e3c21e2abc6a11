"""Layers one after the other: which order is allowed, and the shapes and names that follow from it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from fastbp.errors import ArgumentError, NotReadyError, unknown_name
from fastbp.nn.activations import OF_ALL_OUTPUTS
from fastbp.nn.layer import Layer, LayerWithWeights, Weight
from fastbp.nn.layers import Activation, Dense, Input
from fastbp.nn.normalization import Normalization


@dataclass(frozen=True)
class Stack:
    """The layers of a sequential model.

    An Input comes first, then a Normalization, if there are any; the rest computes.

    Attributes
    ----------
    layers : tuple of Layer
        All of them.

    Examples
    --------
    >>> stack = Stack.of([Input((4,)), Dense(8), Activation("relu"), Dense(3, "softmax")])
    >>> stack.n_inputs, stack.n_outputs
    (4, 3)
    >>> stack.weight_names
    ('dense/kernel', 'dense/bias', 'dense_1/kernel', 'dense_1/bias')
    """

    layers: tuple[Layer, ...] = ()

    @classmethod
    def of(cls, layers: Iterable[object]) -> "Stack":
        """Stack layers one by one."""
        if not isinstance(layers, Iterable):
            raise ArgumentError(f"layers must be a list of layers, not {layers!r}")
        stack = cls()
        for layer in layers:
            stack = stack.with_layer(layer)
        return stack

    def with_layer(self, layer: object) -> "Stack":
        """The stack with one more layer at its end.

        Raises
        ------
        ArgumentError
            If this is not a layer, or cannot stand there.
        """
        if not isinstance(layer, Layer):
            given = getattr(layer, "__name__", repr(layer))
            raise ArgumentError(f"a model is made of layers such as Dense(10), not of {given}")
        if isinstance(layer, Input) and self.layers:
            raise ArgumentError("an Input must be the first layer")
        if isinstance(layer, Normalization):
            if any(not isinstance(before, Input) for before in self.layers):
                raise ArgumentError("a Normalization must be the first layer, or follow the Input")
        if isinstance(layer, (Dense, Activation)):
            if layer.activation in OF_ALL_OUTPUTS and self._width_behind(layer) == 1:
                raise ArgumentError(
                    f"a {layer.activation} of one output is the same number whatever the weights are: "
                    "one output for two classes goes with 'sigmoid'"
                )
        if layer.name is not None and layer.name in [before.name for before in self.layers]:
            raise ArgumentError(f"two layers have the name {layer.name!r}")
        return Stack((*self.layers, layer))

    def _width_behind(self, layer: Layer) -> int | None:
        """The outputs of a layer that is put at the end, where they are known."""
        for each in (layer, *reversed(self.layers)):
            if isinstance(each, Dense):
                return each.units
        return None

    def with_trainable(self, names: Iterable[str], trainable: bool) -> "Stack":
        """The stack in which training changes these layers, or does not.

        Raises
        ------
        UnknownNameError
            If there is no such layer with weights.
        """
        with_weights = self.with_weights
        wanted = set(names)
        for name in sorted(wanted - with_weights.keys()):
            raise unknown_name("layer with weights", name, with_weights)
        layers = [
            with_weights[name].with_trainable(trainable) if name in wanted else layer
            for name, layer in zip(self.names, self.layers, strict=True)
        ]
        return Stack(tuple(layers))

    @property
    def names(self) -> tuple[str, ...]:
        """A name for every layer: its own, or its kind and a number."""
        own = {layer.name for layer in self.layers}
        names = []
        for layer in self.layers:
            kind = _snake_case(type(layer).__name__)
            name, number = layer.name or kind, 0
            while layer.name is None and (name in names or name in own):
                number += 1
                name = f"{kind}_{number}"
            names.append(name)
        return tuple(names)

    @property
    def computing(self) -> tuple[Layer, ...]:
        """The layers without Input and Normalization."""
        return tuple(layer for layer in self.layers if layer.computes)

    @property
    def with_weights(self) -> dict[str, LayerWithWeights]:
        """The layers that can learn, by name."""
        return {
            name: layer
            for name, layer in zip(self.names, self.layers, strict=True)
            if isinstance(layer, LayerWithWeights)
        }

    @property
    def normalization(self) -> Normalization | None:
        """The Normalization, if there is one."""
        for layer in self.layers[:2]:
            if isinstance(layer, Normalization):
                return layer
        return None

    @property
    def n_inputs(self) -> int | None:
        """The number of input columns, as far as the layers know it."""
        if self.layers and isinstance(self.layers[0], Input):
            return self.layers[0].n_columns
        if self.normalization is not None and self.normalization.adapted:
            n_columns = len(self.normalization.mean)
            return n_columns if n_columns > 1 else None
        return None

    @property
    def n_outputs(self) -> int:
        """The number of outputs.

        Raises
        ------
        NotReadyError
            If there is no Dense layer yet.
        """
        for layer in reversed(self.layers):
            if isinstance(layer, Dense):
                return layer.units
        raise NotReadyError("the model has no Dense layer yet: add one, for instance Dense(10)")

    def widths(self, n_inputs: int) -> tuple[int, ...]:
        """The number of outputs of every layer."""
        widths = []
        for layer in self.layers:
            n_inputs = layer.width(n_inputs)
            widths.append(n_inputs)
        return tuple(widths)

    def weights(self, n_inputs: int) -> tuple[tuple[Weight, ...], ...]:
        """What the arrays of every layer are."""
        before = (n_inputs, *self.widths(n_inputs))
        return tuple(
            layer.weights(width) for layer, width in zip(self.layers, before, strict=False)
        )

    @property
    def weight_names(self) -> tuple[str, ...]:
        """A name for every array, in Keras's order: kernel and bias, layer by layer."""
        # Names do not depend on sizes.
        return tuple(
            f"{name}/{weight.name}"
            for name, weights in zip(self.names, self.weights(1), strict=True)
            for weight in weights
        )


def _snake_case(name: str) -> str:
    """How Keras writes the name of a class: ``batch_normalization``, ``p_re_lu``."""
    apart = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", apart).lower()
