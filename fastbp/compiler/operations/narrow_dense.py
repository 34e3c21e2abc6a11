"""A dense layer of few inputs and many outputs behind the first; its weights lie as the first layer's do."""

from fastbp.compiler.judge import strengths
from fastbp.compiler.operations.dense import LoweredDense
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import narrow, weight_gradients
from fastbp.kernels.elementwise import OF_ALL_OUTPUTS


class LoweredNarrowDense(LoweredDense):
    """See `DenseOperation`, and `fastbp.kernels.narrow`."""

    def _forward_few(self, below: Tensor) -> Tensor:
        writer, operation = self._writer, self._operation
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
        fused = "linear" if below.activation in OF_ALL_OUTPUTS else below.activation
        target = writer.take(gradient)
        fields = narrow.NarrowInputGradient(
            output_gradient=writer.in_rows(above) if few else writer.in_lanes(above),
            output_stride=writer.lanes * (writer.samples if few else above.padded),
            weights=self._kernel.offset,
            kept=writer.in_rows(below.kept) if few else writer.in_lanes(below.kept),
            gradient=target,
            gradient_stride=writer.lanes * gradient.padded,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_out),
        )
        if few:
            gradient.rows = target
            writer.add_shared("few_narrow_input_gradient", fields, fused)
            writer.in_lanes(gradient, by_owner=True)
        else:
            gradient.lanes = target
            writer.add("narrow_input_gradient", fields, fused)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Kernel and bias, from features in lanes."""
        if self._in_parts:
            self._add_up_parts()
            return
        writer, operation, scope = self._writer, self._operation, self._scope
        gradient, batch = tensor.gradient, scope.request.batch
        assert gradient is not None
        l1, l2 = strengths(operation.layer.kernel_regularizer)
        kernel = weight_gradients.WeightGradient(
            inputs=below.value.rows,
            output_gradient=gradient.rows,
            output_features=gradient.padded,
            samples=writer.samples,
            weights=self._kernel.offset,
            weights_stride=0,
            slots=scope.slots + self._kernel.offset,
            slot_stride=scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(batch),
            packs=0,
        )
        writer.add("narrow_weight_gradient", kernel, scope.rule, bool(l1 or l2))
        if not self._learns_bias:
            return
        l1, l2 = strengths(operation.layer.bias_regularizer)
        bias = narrow.BiasGradientOfRows(
            output_gradient=gradient.rows,
            samples=writer.samples,
            bias=self._bias.offset,
            slots=scope.slots + self._bias.offset,
            slot_stride=scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_out=operation.n_out,
        )
        writer.add("bias_gradient_of_rows", bias, scope.rule, bool(l1 or l2))
