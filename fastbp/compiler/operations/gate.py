"""The gated linear unit, which has half as many outputs as inputs."""

from fastbp.compiler.graph import GateOperation
from fastbp.compiler.operations.lowered import Lowered, Scope, activation_backward
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import glu


class LoweredGate(Lowered):
    """See `GateOperation`."""

    def __init__(self, scope: Scope, operation: GateOperation) -> None:
        super().__init__(scope, operation)
        self._inputs: Buffer | None = None

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: both halves of the inputs are needed again."""
        writer, inputs = self._writer, below.value
        self._inputs, value = inputs, writer.buffer(self._operation.n_out)
        at = writer.in_lanes(inputs)
        value.lanes = writer.take(value)
        fields = glu.Gate(at, value.lanes, inputs.padded, value.padded, value.width)
        writer.add("glu", fields)
        return Tensor(value, value)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """A new buffer, as there are twice as many inputs."""
        if below is None:
            return
        writer, above, inputs = self._writer, tensor.gradient, self._inputs
        assert above is not None
        assert inputs is not None
        gradient = below.gradient = writer.buffer(inputs.width)
        at, output_gradient = writer.in_lanes(inputs), writer.in_lanes(above)
        gradient.lanes = writer.take(gradient)
        fields = glu.GateBackward(
            inputs=at,
            output_gradient=output_gradient,
            gradient=gradient.lanes,
            inputs_features=inputs.padded,
            outputs_features=above.padded,
            n_out=above.width,
        )
        writer.add("glu_backward", fields)
        activation_backward(writer, below)
