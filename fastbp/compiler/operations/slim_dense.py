"""A first dense layer of many inputs and few outputs; its weights lie as those of the layers behind it do."""

from fastbp.compiler.operations.dense import LoweredDense
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import slim


class LoweredSlimDense(LoweredDense):
    """See `DenseOperation`, and `fastbp.kernels.slim`."""

    def _forward_first(self) -> Tensor:
        writer, operation = self._writer, self._operation
        value = writer.buffer(operation.n_out)
        value.lanes = writer.take(value)
        fields = slim.SlimForward(
            table=self._scope.table,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            bias=self._bias.offset,
            outputs=value.lanes,
            outputs_features=value.padded,
            n_in=operation.n_in,
            n_out=operation.n_out,
        )
        writer.add("slim_forward", fields, operation.activation)
        return Tensor(value, value, operation.activation)

    def _bring(self, gradient: Buffer) -> None:
        self._writer.in_lanes(gradient)

    def _kernel_gradient(self, below: Tensor, gradient: Buffer) -> None:
        fields = self._gradient_fields(self._scope.table, gradient.lanes)
        self._add_kernel_gradient("slim_weight_gradient", fields)
