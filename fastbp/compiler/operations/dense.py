"""A dense layer: three products, with the activations of both sides and the update rule fused into them."""

from fastbp.compiler.graph import DenseOperation
from fastbp.compiler.judge import strengths
from fastbp.compiler.operations.lowered import Lowered, Scope, activation_backward
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Tensor
from fastbp.kernels import dense, weight_gradients
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.elementwise import OF_ALL_OUTPUTS


class LoweredDense(Lowered):
    """See `DenseOperation`."""

    _operation: DenseOperation

    def __init__(self, scope: Scope, operation: DenseOperation) -> None:
        super().__init__(scope, operation)
        self._kernel, self._bias = scope.parameters.places[operation.index]

    @property
    def reads_samples(self) -> bool:
        """In the first layer's tile."""
        return self._operation.is_first

    @property
    def rereads_rows(self) -> bool:
        """For the weight gradient. The first layer reads the data in place."""
        return self.learns and not self._operation.is_first

    def forward(self, below: Tensor) -> Tensor:
        """The first layer reads samples in place, features in lanes; the others have samples in lanes."""
        return self._forward_first() if self._operation.is_first else self._forward(below)

    def _forward_first(self) -> Tensor:
        writer, operation = self._writer, self._operation
        value = writer.buffer(operation.n_out)
        value.rows = writer.take(value)
        fields = dense.FirstForward(
            table=self._scope.table,
            weights=self._kernel.offset,
            bias=self._bias.offset,
            outputs=value.rows,
            samples=writer.samples,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_in),
            few=int(writer.few),
        )
        if writer.few:
            writer.add_shared("first_forward", fields, operation.activation)
        else:
            writer.add("first_forward", fields, operation.activation)
            writer.in_lanes(value)
        return Tensor(value, value, operation.activation)

    def _forward(self, below: Tensor) -> Tensor:
        writer, operation = self._writer, self._operation
        few = writer.few
        inputs = writer.in_rows(below.value) if few else writer.in_lanes(below.value)
        value = kept = writer.buffer(operation.n_out)
        outputs = sums = writer.take(value)
        if ACTIVATIONS[operation.activation].keeps == "input":
            kept = writer.buffer(operation.n_out)
            sums = writer.take(kept)
        for buffer, offset in ((value, outputs), (kept, sums)):
            if few:
                buffer.rows = offset
            else:
                buffer.lanes = offset
        fields = dense.Forward(
            inputs=inputs,
            inputs_features=below.value.padded,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            bias=self._bias.offset,
            outputs=outputs,
            outputs_features=value.padded,
            sums=sums,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_in),
            few=writer.samples * few,
        )
        (writer.add_shared if few else writer.add)("forward", fields, operation.activation)
        return Tensor(value, kept, operation.activation)

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """The gradient of the inputs, through the activation below if that is one of single numbers."""
        if below is not None:
            self._input_gradient(below, tensor)
            if below.activation in OF_ALL_OUTPUTS:
                activation_backward(self._writer, below)
        elif self._operation.is_first:
            assert tensor.gradient is not None
            self._writer.in_rows(tensor.gradient)

    def _input_gradient(self, below: Tensor, tensor: Tensor) -> None:
        writer, operation = self._writer, self._operation
        few, above = writer.few, tensor.gradient
        assert above is not None
        gradient = below.gradient = writer.buffer(operation.n_in)
        fused = "linear" if below.activation in OF_ALL_OUTPUTS else below.activation
        target = writer.take(gradient)
        fields = dense.InputGradient(
            output_gradient=writer.in_rows(above) if few else writer.in_lanes(above),
            output_features=above.padded,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            kept=writer.in_rows(below.kept) if few else writer.in_lanes(below.kept),
            gradient=target,
            gradient_features=gradient.padded,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_out),
            packs=0 if few else writer.packs(operation.n_out, writer.samples),
            few=writer.samples * few,
        )
        if few:
            gradient.rows = target
            writer.add_shared("input_gradient", fields, fused)
            writer.in_lanes(gradient, by_owner=True)
        else:
            gradient.lanes = target
            writer.add("input_gradient", fields, fused)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Kernel and bias."""
        writer, operation, request = self._writer, self._operation, self._scope.request
        gradient = tensor.gradient
        assert gradient is not None
        l1, l2 = strengths(operation.layer.kernel_regularizer)
        first = operation.is_first
        fields = weight_gradients.WeightGradient(
            inputs=self._scope.table if first else below.value.rows,
            output_gradient=gradient.rows if first else gradient.lanes,
            output_features=gradient.padded,
            samples=writer.samples,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            slots=self._scope.slots + self._kernel.offset,
            slot_stride=self._scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(request.batch),
            packs=writer.packs(request.batch, operation.n_out if first else operation.n_in),
        )
        name = "first_weight_gradient" if first else "weight_gradient"
        writer.add(name, fields, self._scope.rule, bool(l1 or l2))
        if self._bias.told and (self._bias.trained or request.rule == "store"):
            l1, l2 = strengths(operation.layer.bias_regularizer)
            self.vector_gradient(gradient, self._bias, l1, l2)
