"""A penalty on what a layer gives out: the numbers pass as they are, and the loss and the gradient get more."""

from fastbp.compiler.graph import ActivityOperation
from fastbp.compiler.operations.lowered import Lowered, activation_backward
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Tensor
from fastbp.kernels.activity import Activity


class LoweredActivity(Lowered):
    """See `ActivityOperation`."""

    _operation: ActivityOperation

    def forward(self, below: Tensor) -> Tensor:
        """No row."""
        return Tensor(below.value, below.value)

    def penalize(self, tensor: Tensor, values: int) -> None:
        """A row that adds to the loss of each sample."""
        self._writer.add("activity_penalty", self._fields(tensor, values))

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """In place: nobody else reads the gradient."""
        if below is None:
            return
        gradient = below.gradient = tensor.gradient
        assert gradient is not None
        target = self._writer.changed_in_lanes(gradient)
        self._writer.add("activity_backward", self._fields(tensor, target))
        activation_backward(self._writer, below)

    def _fields(self, tensor: Tensor, target: int) -> Activity:
        regularizer, value = self._operation.regularizer, tensor.value
        return Activity(
            self._writer.in_lanes(value),
            target,
            value.padded,
            value.width,
            float_bits(regularizer.l1),
            float_bits(regularizer.l2),
        )
