"""A dense layer: three products, with the activations of both sides and the update rule fused into them."""

from fastbp.compiler.extents import extent
from fastbp.compiler.graph import DenseOperation
from fastbp.compiler.layout import Place, padded
from fastbp.compiler.operations.lowered import Lowered, Scope
from fastbp.compiler.penalties import strengths
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Buffer, Tensor
from fastbp.kernels import dense, few_dense, partial_gradients
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.few import rows_in_tile
from fastbp.kernels.weight_gradients import WeightGradient, n_slots

#: Inputs of a first layer up to which they may have samples in lanes.
_MOST_INPUTS_IN_LANES = 64


class LoweredDense(Lowered):
    """See `DenseOperation`."""

    _operation: DenseOperation

    def __init__(self, scope: Scope, operation: DenseOperation) -> None:
        super().__init__(scope, operation)
        self._sums = self._stride = -1
        self._kernel, self._bias = scope.parameters.places[operation.index]

    @property
    def reads_samples(self) -> bool:
        """In the first layer's tile."""
        return self._operation.is_first and not self._in_parts

    @property
    def _in_parts(self) -> bool:
        """Whether its gradients are added up part by part, and its inputs have samples in lanes even if it is first."""
        wide = self._operation.is_first and self._operation.n_in > _MOST_INPUTS_IN_LANES
        return self._scope.parts > 0 and not wide

    @property
    def rereads_rows(self) -> bool:
        """For the weight gradient. The first layer reads the data in place."""
        return self.learns and not self._operation.is_first and not self._in_parts

    def forward(self, below: Tensor) -> Tensor:
        """The first layer reads samples in place, features in lanes; the others have samples in lanes."""
        if self.reads_samples:
            return self._forward_first()
        return self._forward(below)

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

    def _outputs(self) -> tuple[Tensor, int, int]:
        """What comes out, and where it and what the derivative needs are to lie."""
        writer, activation = self._writer, self._operation.activation
        value = kept = writer.buffer(self._operation.n_out)
        outputs = sums = writer.take(value)
        if ACTIVATIONS[activation].keeps == "input":
            kept = writer.buffer(self._operation.n_out)
            sums = writer.take(kept)
        for buffer, offset in ((value, outputs), (kept, sums)):
            if writer.few:
                buffer.rows = offset
            else:
                buffer.lanes = offset
        return Tensor(value, kept, activation), outputs, sums

    def _forward(self, below: Tensor) -> Tensor:
        writer, operation = self._writer, self._operation
        if writer.few:
            return self._forward_few(below)
        blocked = self._kernel.blocked
        inputs = writer.in_lanes(below.value)
        tensor, outputs, sums = self._outputs()
        fields = dense.Forward(
            inputs=inputs,
            inputs_features=below.value.padded,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride or 1,
            weights_step=writer.lanes if blocked else 1,
            group=writer.lanes if blocked else operation.n_out,
            bias=self._bias.offset,
            outputs=outputs,
            outputs_features=tensor.value.padded,
            sums=sums,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(operation.n_in),
        )
        writer.add("forward", fields, operation.activation)
        return tensor

    def _forward_few(self, below: Tensor) -> Tensor:
        writer, operation = self._writer, self._operation
        inputs = writer.in_rows(below.value)
        tensor, outputs, sums = self._outputs()
        fields = few_dense.FewForward(
            inputs=inputs,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            bias=self._bias.offset,
            outputs=outputs,
            sums=sums,
            samples=writer.samples,
            n_in=operation.n_in,
            n_out=operation.n_out,
        )
        rows = rows_in_tile(self._scope.request.batch, operation.n_out)
        writer.add_shared("few_forward", fields, operation.activation, rows)
        return tensor

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """The gradient of the inputs, through the activation below."""
        assert tensor.gradient is not None
        if self.learns:
            self._bring(tensor.gradient)
        if below is not None:
            self._input_gradient(below, tensor)

    def _bring(self, gradient: Buffer) -> None:
        """Have the gradient of the outputs in the forms that those of the weights are made of."""
        self._writer.in_lanes(gradient)
        if self.reads_samples:
            self._writer.in_rows(gradient)

    def _input_gradient(self, below: Tensor, tensor: Tensor) -> None:
        writer, operation = self._writer, self._operation
        above = tensor.gradient
        assert above is not None
        gradient = below.gradient = writer.buffer(operation.n_in)
        target = writer.take(gradient)
        apart = self._kernel.stride
        if writer.few:
            gradient.rows = target
            few_fields = few_dense.FewInputGradient(
                output_gradient=writer.in_rows(above),
                weights=self._kernel.offset,
                weights_stride=apart,
                kept=writer.in_rows(below.kept),
                gradient=target,
                samples=writer.samples,
                n_in=operation.n_in,
                n_out=operation.n_out,
            )
            writer.add_shared("few_input_gradient", few_fields, below.activation)
            writer.in_lanes(gradient, by_owner=True)
            return
        gradient.lanes = target
        fields = dense.InputGradient(
            output_gradient=writer.in_lanes(above),
            output_features=above.padded,
            weights=self._kernel.offset,
            weights_stride=apart,
            kept=writer.in_lanes(below.kept),
            gradient=target,
            gradient_features=gradient.padded,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_side_by_side(apart, operation.n_out),
            packs=writer.packs_weights(operation.n_out, writer.samples, apart),
        )
        writer.add("input_gradient", fields, below.activation)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Kernel and bias."""
        gradient = tensor.gradient
        assert gradient is not None
        if self._in_parts:
            self._add_up_parts()
            return
        self._kernel_gradient(below, gradient)
        if self._learns_bias:
            self._bias_gradient(gradient)

    def _kernel_gradient(self, below: Tensor, gradient: Buffer) -> None:
        writer, operation, batch = self._writer, self._operation, self._scope.request.batch
        if operation.is_first:
            packs = writer.packs_samples(batch, operation.n_out, operation.n_in)
            fields = self._gradient_fields(self._scope.table, gradient.rows)
            self._add_kernel_gradient("first_weight_gradient", fields._replace(packs=packs))
            return
        slots = n_slots(str(self._scope.rule))
        size = operation.n_out * self._kernel.stride * (1 + slots)
        fields = self._gradient_fields(below.value.rows, gradient.lanes)._replace(
            rows_at_a_time=writer.updated_rows_at_a_time(batch, size),
            packs=writer.packs(batch, operation.n_in),
        )
        self._add_kernel_gradient("weight_gradient", fields)

    def _gradient_fields(self, inputs: int, gradient: int) -> WeightGradient:
        writer, operation = self._writer, self._operation
        l1, l2 = strengths(operation.layer.kernel_regularizer)
        return WeightGradient(
            inputs=inputs,
            output_gradient=gradient,
            output_features=padded(operation.n_out, writer.lanes),
            samples=writer.samples,
            weights=self._kernel.offset,
            weights_stride=self._kernel.stride,
            slots=self._scope.slots + self._kernel.offset,
            slot_stride=self._scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=writer.rows_at_a_time(self._scope.request.batch),
            packs=0,
        )

    def _add_kernel_gradient(self, name: str, fields: WeightGradient) -> None:
        regularized = any(strengths(self._operation.layer.kernel_regularizer))
        self._writer.add(name, fields, self._scope.rule, regularized)

    def _bias_gradient(self, gradient: Buffer) -> None:
        l1, l2 = strengths(self._operation.layer.bias_regularizer)
        self.vector_gradient(gradient, self._bias, l1, l2)

    @property
    def _learns_bias(self) -> bool:
        stored = self._scope.request.rule == "store"
        return self._bias.told and (self._bias.trained or stored)

    def partial_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Kernel and bias."""
        if not self._in_parts:
            return
        writer, operation = self._writer, self._operation
        gradient = tensor.gradient
        assert gradient is not None
        sizes = operation.n_in, operation.n_out, writer.lanes
        self._stride = padded(partial_gradients.sums_of_a_part(*sizes), writer.lanes)
        self._sums = writer.memory.take(self._scope.parts * self._stride)
        fields = partial_gradients.PartialGradient(
            inputs=writer.in_lanes(below.value),
            inputs_features=below.value.padded,
            output_gradient=writer.in_lanes(gradient),
            output_features=gradient.padded,
            sums=self._sums,
            sums_stride=self._stride,
            bias=partial_gradients.bias_begins(*sizes),
            n_in=operation.n_in,
            n_out=operation.n_out,
        )
        writer.add("partial_gradient", fields)

    def _add_up_parts(self) -> None:
        layer = self._operation.layer
        l1, l2 = strengths(layer.kernel_regularizer)
        self._sum_partial_gradients(self._kernel, self._operation.n_in, l1, l2)
        if self._learns_bias:
            l1, l2 = strengths(layer.bias_regularizer)
            self._sum_partial_gradients(self._bias, 0, l1, l2)

    def _sum_partial_gradients(self, place: Place, n_in: int, l1: float, l2: float) -> None:
        """A row that adds up the parts of a kernel's gradient, or of the bias's if `n_in` is 0, and uses the sum."""
        writer, scope, n_out = self._writer, self._scope, self._operation.n_out
        sums, room = self._sums, -1
        if n_in > 0:
            array = extent(place, writer.lanes)
            room = writer.memory.take(max(array.outer * array.stride, array.inner))
        else:
            sums += partial_gradients.bias_begins(self._operation.n_in, n_out, writer.lanes)
        fields = partial_gradients.PartialSums(
            sums=sums,
            sums_stride=self._stride,
            parts=scope.parts,
            gradient=room,
            weights=place.offset,
            weights_stride=place.stride,
            slots=scope.slots + place.offset,
            slot_stride=scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_in=n_in,
            n_out=n_out,
        )
        writer.add("sum_partial_gradients", fields, scope.rule, bool(l1 or l2))
