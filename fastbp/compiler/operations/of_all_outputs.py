"""An activation in which each output depends on all others."""

from fastbp.compiler.operations.lowered import Lowered, activation_backward
from fastbp.compiler.rows import Tensor
from fastbp.kernels.of_all_outputs import OfAllOutputs


class LoweredOfAllOutputs(Lowered):
    """See `OfAllOutputsOperation`."""

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the derivatives of what was fused below need its values."""
        writer = self._writer
        inputs, value = writer.in_lanes(below.value), writer.buffer(self._operation.n_out)
        value.lanes = writer.take(value)
        fields = OfAllOutputs(inputs, value.lanes, value.padded, value.width)
        writer.add(self._operation.activation, fields)
        return Tensor(value, value)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """By the outputs; in place, as nobody else reads the gradient."""
        if below is None:
            return
        writer, gradient = self._writer, tensor.gradient
        assert gradient is not None
        fields = OfAllOutputs(
            writer.in_lanes(tensor.value),
            writer.changed_in_lanes(gradient),
            gradient.padded,
            gradient.width,
        )
        writer.add(f"{self._operation.activation}_backward", fields)
        below.gradient = gradient
        activation_backward(writer, below)
