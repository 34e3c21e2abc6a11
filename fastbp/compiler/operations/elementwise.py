"""An activation by itself."""

from fastbp.compiler.operations.lowered import Lowered, activation_backward
from fastbp.compiler.rows import Tensor
from fastbp.kernels import elementwise
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.elementwise import OF_ALL_OUTPUTS


class LoweredElementwise(Lowered):
    """See `ElementwiseOperation`."""

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the derivatives of what was fused below need its values."""
        writer, activation = self._writer, self._operation.activation
        value = writer.buffer(self._operation.n_out)
        target = writer.take(value)
        if writer.few and below.value.rows >= 0 and activation not in OF_ALL_OUTPUTS:
            value.rows = target
            fields = elementwise.Elementwise(
                below.value.rows, target, value.padded, value.width, writer.samples
            )
            writer.add_following("activate", fields, activation)
        else:
            value.lanes = target
            inputs = writer.in_lanes(below.value)
            fields = elementwise.Elementwise(inputs, target, value.padded, value.width)
            if activation in OF_ALL_OUTPUTS:
                writer.add(activation, fields)
                return Tensor(value, value, activation)
            writer.add("activate", fields, activation)
        keeps_input = ACTIVATIONS[activation].keeps == "input"
        return Tensor(value, below.value if keeps_input else value, activation)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """In place: nobody else reads the gradient."""
        if below is not None:
            below.gradient = tensor.gradient
            activation_backward(self._writer, below)
