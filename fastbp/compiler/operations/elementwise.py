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
        inputs, value = writer.in_lanes(below.value), writer.buffer(self._operation.n_out)
        value.lanes = writer.take(value)
        fields = elementwise.Elementwise(inputs, value.lanes, value.padded, value.width)
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
