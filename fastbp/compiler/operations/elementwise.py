"""An activation of single numbers by itself."""

from fastbp.compiler.graph import ElementwiseOperation
from fastbp.compiler.operations.lowered import (
    Lowered,
    Scope,
    activation_backward,
    pointwise,
    pointwise_backward,
)
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels.activations import ACTIVATIONS


class LoweredElementwise(Lowered):
    """See `ElementwiseOperation`."""

    _operation: ElementwiseOperation

    def __init__(self, scope: Scope, operation: ElementwiseOperation) -> None:
        super().__init__(scope, operation)
        self._inputs: Buffer | None = None

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the derivatives of what was fused below need its values."""
        writer, operation = self._writer, self._operation
        self._inputs, value = below.value, writer.buffer(operation.n_out)
        target = writer.take(value)
        few = writer.few and below.value.rows >= 0
        inputs = below.value.rows if few else writer.in_lanes(below.value)
        if few:
            value.rows = target
        else:
            value.lanes = target
        kernel, fields = pointwise(
            "activate", writer, few, inputs, target, value, operation.numbers
        )
        (writer.add_following if few else writer.add)(kernel, fields, operation.activation)
        if operation.numbers:
            return Tensor(value, value)
        keeps_input = ACTIVATIONS[operation.activation].keeps == "input"
        return Tensor(value, below.value if keeps_input else value, operation.activation)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """In place: nobody else reads the gradient."""
        if below is None:
            return
        gradient, operation = tensor.gradient, self._operation
        # What is above knows a derivative by name alone.
        if operation.numbers:
            assert self._inputs is not None
            assert gradient is not None
            pointwise_backward(
                self._writer, self._inputs, gradient, operation.activation, operation.numbers
            )
        below.gradient = gradient
        activation_backward(self._writer, below)
