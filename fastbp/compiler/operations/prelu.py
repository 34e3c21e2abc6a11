"""The rectifier with a slope for each feature."""

from fastbp.compiler.graph import PReLUOperation
from fastbp.compiler.operations.lowered import Scope, activation_backward
from fastbp.compiler.operations.vectors import LoweredWithVectors
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import prelu


class LoweredPReLU(LoweredWithVectors):
    """See `PReLUOperation`."""

    def __init__(self, scope: Scope, operation: PReLUOperation) -> None:
        super().__init__(scope, operation)
        self._inputs = -1
        self._terms: Buffer | None = None

    def forward(self, below: Tensor) -> Tensor:
        """A new buffer: the sign of the inputs is needed again."""
        writer = self._writer
        self._inputs, value = writer.in_lanes(below.value), writer.buffer(below.value.width)
        value.lanes = writer.take(value)
        fields = prelu.Rectify(
            self._inputs, value.lanes, self.offset_of("alpha"), value.padded, value.width
        )
        writer.add("prelu", fields)
        return Tensor(value, value)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """In place: nobody else reads the gradient."""
        writer, gradient = self._writer, tensor.gradient
        assert gradient is not None
        if self.is_learned("alpha"):
            self._terms = writer.buffer(gradient.width)
            self._terms.lanes = writer.take(self._terms)
        fields = prelu.RectifyBackward(
            inputs=self._inputs,
            gradient=writer.changed_in_lanes(gradient),
            terms=-1 if self._terms is None else self._terms.lanes,
            alpha=self.offset_of("alpha"),
            padded_features=gradient.padded,
            n_features=gradient.width,
        )
        writer.add("prelu_backward", fields)
        if below is not None:
            below.gradient = gradient
            activation_backward(writer, below)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Alpha."""
        if self._terms is not None:
            self.learn("alpha", self._terms)
