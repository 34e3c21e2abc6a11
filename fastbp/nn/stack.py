"""Layers one after the other: which order is allowed, and the shapes and names that follow from it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError, NotReadyError, unknown_name
from fastbp.nn.activations import OF_ALL_OUTPUTS
from fastbp.nn.layers import Activation, Dense, Input
from fastbp.nn.layers.activity_regularization import ActivityRegularization
from fastbp.nn.layers.embedding import Embedding, Lookup
from fastbp.nn.layers.layer import Layer, LayerWithWeights, Shape, Weight
from fastbp.nn.layers.layer_normalization import LayerNormalization
from fastbp.nn.layers.named_activations import NamedActivation
from fastbp.nn.layers.noise import Noise
from fastbp.nn.layers.normalization import Normalization
from fastbp.nn.layers.rescaling import Rescaling
from fastbp.nn.layers.shapes import Flatten, Reshape


@dataclass(frozen=True)
class Stack:
    """The layers of a sequential model.

    An Input comes first, if there is one; then what prepares the inputs, Normalization and Rescaling; then Embeddings;
    the rest computes. Flatten and Reshape may stand anywhere.

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
            raise ArgumentError(
                f"layers must be a list, such as [Dense(10)], not one {type(layers).__name__}"
            )
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
            given = f"the class {layer.__name__}" if isinstance(layer, type) else repr(layer)
            raise ArgumentError(f"a model is made of layers such as Dense(10), not of {given}")
        if isinstance(layer, Input) and self.layers:
            raise ArgumentError("an Input must be the first layer")
        self._check_order(layer)
        if layer.name is not None and layer.name in [before.name for before in self.layers]:
            raise ArgumentError(f"two layers have the name {layer.name!r}")
        stack = Stack((*self.layers, layer))
        shape = stack.shapes(stack.n_inputs)[-1]
        if isinstance(layer, (Dense, Activation, NamedActivation)):
            if layer.activation in OF_ALL_OUTPUTS and shape == (1,):
                raise ArgumentError(
                    f"a {layer.activation} of one output is the same number whatever the weights are: "
                    "one output for two classes goes with 'sigmoid'"
                )
        if isinstance(layer, LayerNormalization) and not layer.rms_scaling and shape == (1,):
            raise ArgumentError(
                "a LayerNormalization of one feature makes 0 of it, whatever the weights are: give the layer before it "
                "more units, or use BatchNormalization, which looks at the samples of a batch"
            )
        return stack

    def _check_order(self, layer: Layer) -> None:
        """Whether a layer that belongs to the inputs can come at the end."""
        computing = [before for before in self.layers if before.computes]
        if isinstance(layer, Normalization) and (self.normalization or computing):
            raise ArgumentError("a Normalization must be the first layer, or follow the Input")
        if isinstance(layer, Rescaling) and computing:
            raise ArgumentError(
                "a Rescaling must come before the layers that compute, as it is applied to the inputs"
            )
        if isinstance(layer, Embedding):
            if any(not isinstance(before, Embedding) for before in computing):
                raise ArgumentError(
                    "an Embedding must come before the layers that compute: its inputs are whole numbers"
                )
            if layer.columns is None and computing:
                raise ArgumentError(
                    "an Embedding of all columns cannot follow another one: say which columns with columns=[...]"
                )
            if layer.columns is None and any(map(_changes_inputs, self.layers)):
                raise ArgumentError(
                    "an Embedding takes whole numbers, not what Normalization or Rescaling make of them: leave these "
                    "away, or say with columns=[...] which columns are embedded, which they then leave alone"
                )

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
        taken = {layer.name for layer in self.layers}
        numbers: Counter[str] = Counter()
        names = []
        for layer in self.layers:
            name = layer.name
            if name is None:
                kind = name = _snake_case(type(layer).__name__)
                while name in taken:
                    numbers[kind] += 1
                    name = f"{kind}_{numbers[kind]}"
                taken.add(name)
            names.append(name)
        return tuple(names)

    @property
    def computing(self) -> tuple[Layer, ...]:
        """The layers that are operations of the network, all of them with their names."""
        return tuple(
            layer.with_name(name)
            for name, layer in zip(self.names, self.layers, strict=True)
            if layer.computes
        )

    @property
    def with_weights(self) -> dict[str, LayerWithWeights]:
        """The layers that can learn, by name."""
        return {
            name: layer
            for name, layer in zip(self.names, self.layers, strict=True)
            if isinstance(layer, LayerWithWeights)
        }

    @cached_property
    def normalization(self) -> Normalization | None:
        """The Normalization, if there is one."""
        for layer in self.layers:
            if isinstance(layer, Normalization):
                return layer
        return None

    def scaling(self, n_inputs: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Mean and scale: inputs become ``(inputs - mean) * scale``; None where they stay as they are.

        Columns that are embedded have mean 0 and scale 1.
        """
        if not any(map(_changes_inputs, self.layers)):
            return None
        mean, scale = np.zeros(n_inputs), np.ones(n_inputs)
        for layer in self.layers:
            # What has been done before is undone for the mean of this one.
            if isinstance(layer, Normalization):
                own_mean, own_scale = layer.columns(n_inputs)
            elif isinstance(layer, Rescaling):
                own_mean = np.full(n_inputs, -layer.offset / layer.scale)
                own_scale = np.full(n_inputs, layer.scale)
            else:
                continue
            mean, scale = mean + own_mean / scale, scale * own_scale
        for columns in self.lookup(n_inputs).embedded:
            mean[list(columns)], scale[list(columns)] = 0.0, 1.0
        return mean, scale

    @cached_property
    def embeddings(self) -> tuple[Embedding, ...]:
        """The layers that look numbers up."""
        return tuple(layer for layer in self.layers if isinstance(layer, Embedding))

    def lookup(self, n_inputs: int) -> Lookup:
        """What the Embeddings do with the columns of the input."""
        lookup = Lookup((), tuple(range(n_inputs)))
        for layer in self.embeddings:
            lookup = lookup.then(layer)
        return lookup

    @cached_property
    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample, where an Input says it."""
        first = self.layers[0] if self.layers else None
        return first.shape if isinstance(first, Input) else None

    @cached_property
    def takes_any_shape(self) -> bool:
        """Whether samples may have several axes, since what comes first arranges them anew."""
        for layer in self.layers:
            if not isinstance(layer, Rescaling):
                return isinstance(layer, (Flatten, Reshape))
        return False

    @property
    def n_inputs(self) -> int | None:
        """The number of input columns, as far as the layers know it."""
        if self.layers and isinstance(self.layers[0], Input):
            return self.layers[0].n_columns
        if self.normalization is not None and self.normalization.adapted:
            n_columns = len(self.normalization.mean)
            return n_columns if n_columns > 1 else None
        return None

    @cached_property
    def n_outputs(self) -> int:
        """The number of outputs.

        Raises
        ------
        NotReadyError
            If there is no Dense layer yet.
        ArgumentError
            If the outputs of a sample are no row.
        """
        if not any(isinstance(layer, Dense) for layer in self.layers):
            raise NotReadyError("the model has no Dense layer yet: add one, for instance Dense(10)")
        shape = self.shapes(self.n_inputs)[-1]
        if len(shape) != 1:
            raise ArgumentError(
                f"the outputs of a sample have shape {shape}, and must be a row: put a Flatten() at the end"
            )
        (width,) = shape
        # Behind a Dense layer all lengths are known.
        assert width is not None
        return width

    @property
    def output_activation(self) -> str:
        """What the outputs went through at last; layers that change nothing where nobody trains do not count."""
        for layer in reversed(self.layers):
            if layer.computes and not isinstance(layer, (ActivityRegularization, Noise)):
                return str(getattr(layer, "activation", "linear"))
        return "linear"

    def widths(self, n_inputs: int) -> tuple[int, ...]:
        """The number of outputs of every layer."""
        widths = []
        for layer in self.layers:
            n_inputs = layer.width(n_inputs)
            widths.append(n_inputs)
        return tuple(widths)

    def shapes(self, n_inputs: int | None) -> tuple[Shape, ...]:
        """The shape of the outputs of every layer; None for lengths that nobody knows yet.

        Raises
        ------
        ArgumentError
            If a layer cannot take what the one before gives.
        """
        shape: Shape = (n_inputs,)
        shapes = []
        for layer in self.layers:
            shape = layer.output_shape(shape)
            shapes.append(shape)
        if n_inputs is not None:
            self.lookup(n_inputs)
        return tuple(shapes)

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
            for name, layer in zip(self.names, self.layers, strict=True)
            for weight in layer.weights(1)
        )


def _changes_inputs(layer: Layer) -> bool:
    return isinstance(layer, (Normalization, Rescaling))


def _snake_case(name: str) -> str:
    """How Keras writes the name of a class: ``batch_normalization``, ``p_re_lu``."""
    apart = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", apart).lower()
