"""Layer normalization: a kernel forward and one backward, in which workers own samples."""

from fastbp.compiler.graph import LayerNormalizationOperation
from fastbp.compiler.operations.lowered import Scope, activation_backward
from fastbp.compiler.operations.vectors import LoweredWithVectors
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import layer_normalization


class LoweredLayerNormalization(LoweredWithVectors):
    """See `LayerNormalizationOperation`."""

    def __init__(self, scope: Scope, operation: LayerNormalizationOperation) -> None:
        super().__init__(scope, operation)
        self._layer = operation.layer
        # What the backward pass needs: the normalized inputs, and two numbers for each sample.
        self._normalized: Buffer | None = None
        self._inverse = self._center = -1

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer, and one for the normalized inputs where there is a backward pass."""
        writer, layer = self._writer, self._layer
        inputs, value = writer.in_lanes(below.value), writer.buffer(below.value.width)
        value.lanes = writer.take(value)
        if self._scope.request.rule is not None:
            self._normalized = writer.buffer(value.width)
            self._normalized.lanes = writer.take(self._normalized)
            self._inverse = writer.memory.take(writer.samples)
            self._center = writer.memory.take(writer.samples)
        fields = layer_normalization.LayerNormalize(
            inputs=inputs,
            outputs=value.lanes,
            normalized=-1 if self._normalized is None else self._normalized.lanes,
            inverse=self._inverse,
            center=self._center,
            gamma=self.offset_of("gamma"),
            beta=self.offset_of("beta"),
            epsilon=float_bits(layer.epsilon),
            padded_features=value.padded,
            n_features=value.width,
        )
        writer.add("layer_normalization", fields, layer.rms_scaling)
        return Tensor(value, value)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """A new buffer: beta needs the gradient of the outputs as it is."""
        writer, normalized, above = self._writer, self._normalized, tensor.gradient
        assert normalized is not None
        assert above is not None
        output_gradient, target = writer.in_lanes(above), -1
        if below is not None:
            below.gradient = writer.buffer(above.width)
            target = below.gradient.lanes = writer.take(below.gradient)
        fields = layer_normalization.LayerNormalizeBackward(
            output_gradient=output_gradient,
            normalized=normalized.lanes,
            inverse=self._inverse,
            center=self._center,
            gamma=self.offset_of("gamma"),
            gradient=target,
            padded_features=normalized.padded,
            n_features=normalized.width,
        )
        writer.add("layer_normalization_backward", fields, self._layer.rms_scaling)
        if below is not None:
            activation_backward(writer, below)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Gamma and beta."""
        assert self._normalized is not None
        assert tensor.gradient is not None
        self.learn("gamma", self._normalized)
        self.learn("beta", tensor.gradient)
