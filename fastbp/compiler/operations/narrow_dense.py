"""A dense layer of few inputs and many outputs behind the first; its weights lie as the first layer's do."""

from fastbp.compiler.operations.dense import LoweredDense
from fastbp.compiler.penalties import strengths
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import narrow


class LoweredNarrowDense(LoweredDense):
    """See `DenseOperation`, and `fastbp.kernels.narrow`."""

    def _forward(self, below: Tensor) -> Tensor:
        writer, operation = self._writer, self._operation
        if not writer.few:
            return super()._forward(below)
        inputs = writer.in_rows(below.value)
        tensor, outputs, sums = self._outputs()
        fields = narrow.FewNarrowForward(
            inputs=inputs,
            weights=self._kernel.offset,
            bias=self._bias.offset,
            outputs=outputs,
            sums=sums,
            samples=writer.samples,
            n_in=operation.n_in,
            n_out=operation.n_out,
        )
        writer.add_shared("few_narrow_forward", fields, operation.activation)
        return tensor

    def _bring(self, gradient: Buffer) -> None:
        if self._in_parts:
            super()._bring(gradient)
        else:
            self._writer.in_rows(gradient)

    def _input_gradient(self, below: Tensor, tensor: Tensor) -> None:
        writer, operation = self._writer, self._operation
        few, above = writer.few, tensor.gradient
        assert above is not None
        gradient = below.gradient = writer.buffer(operation.n_in)
        target = writer.take(gradient)
        fields = narrow.NarrowInputGradient(
            output_gradient=writer.in_rows(above) if few else writer.in_lanes(above),
            output_stride=writer.lanes * (writer.samples if few else above.padded),
            weights=self._kernel.offset,
            kept=writer.in_rows(below.kept) if few else writer.in_lanes(below.kept),
            gradient=target,
            gradient_stride=writer.lanes * gradient.padded,
            samples=writer.samples,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_out),
        )
        if few:
            gradient.rows = target
            writer.add_shared("few_narrow_input_gradient", fields, below.activation)
            writer.in_lanes(gradient, by_owner=True)
        else:
            gradient.lanes = target
            writer.add("narrow_input_gradient", fields, below.activation)

    def _kernel_gradient(self, below: Tensor, gradient: Buffer) -> None:
        fields = self._gradient_fields(below.value.rows, gradient.rows)
        self._add_kernel_gradient("narrow_weight_gradient", fields)

    def _bias_gradient(self, gradient: Buffer) -> None:
        scope = self._scope
        l1, l2 = strengths(self._operation.layer.bias_regularizer)
        fields = narrow.BiasGradientOfRows(
            output_gradient=gradient.rows,
            samples=self._writer.samples,
            bias=self._bias.offset,
            slots=scope.slots + self._bias.offset,
            slot_stride=scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_out=self._operation.n_out,
        )
        self._writer.add("bias_gradient_of_rows", fields, scope.rule, bool(l1 or l2))
