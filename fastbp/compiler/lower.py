"""From the graph to a program: buffers for every activation and gradient, and the rows that fill them."""

from collections.abc import Sequence

from fastbp.compiler.graph import (
    DenseOperation,
    ElementwiseOperation,
    Operation,
    split_output_activation,
)
from fastbp.compiler.judge import LOGITS_OF, Judge, penalize, strengths
from fastbp.compiler.layout import ParameterLayout, padded, spread
from fastbp.compiler.program import Program, float_bits
from fastbp.compiler.request import Goal, Request
from fastbp.compiler.rows import RowWriter, Tensor
from fastbp.kernels import dense, elementwise, layout, sums, weight_gradients
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.elementwise import OF_ALL_OUTPUTS
from fastbp.kernels.product import CACHE_BYTES
from fastbp.kernels.rules import rule_of

#: Samples that go through the layers together at least.
_FEWEST_TOGETHER = 128


class Lowering:
    """Builds one program.

    Parameters
    ----------
    parameters : ParameterLayout
    operations : sequence of Operation
    request : Request
    goal : Goal or None
        None to predict only.
    normalization : tuple of int or None
        Offsets of mean and scale in the arena.
    begin : int
        Where the workspace begins in the arena.
    slots : int
        Offset of the optimizer's slots of the first parameter (gradients, for ``"store"``, lie in the workspace).
    """

    def __init__(
        self,
        parameters: ParameterLayout,
        operations: Sequence[Operation],
        request: Request,
        goal: Goal | None,
        normalization: tuple[int, int] | None,
        begin: int,
        slots: int,
    ) -> None:
        self._parameters = parameters
        self._request = request
        self._goal = goal
        self._normalization = normalization
        self._slots = slots
        self._slot_stride = parameters.size
        self._begin = begin
        self._writer = RowWriter(parameters, request.batch, begin)
        self._operations = tuple(operations)
        self._from_logits = False
        self.gradients = -1
        if goal is not None and goal.output_activation is not None:
            last = ElementwiseOperation(self._operations[-1].n_out, goal.output_activation)
            self._operations = (*self._operations, last)
        if goal is not None and goal.loss in LOGITS_OF:
            self._operations, self._from_logits = split_output_activation(
                self._operations, LOGITS_OF[goal.loss]
            )
        learning = (i for i, each in enumerate(self._operations) if self._learns(each))
        #: The first operation that learns, below which no gradient goes; None if there is none.
        self._lowest = next(learning, None)

    def build(self) -> Program:
        """The finished program."""
        request, writer, goal = self._request, self._writer, self._goal
        if request.rule == "store":
            self.gradients = self._slots = writer.memory.take(self._parameters.size)
        self._gather_inputs()
        tensors = self._forward()
        output = tensors[-1].value
        if request.predict:
            fields = layout.WriteOutputs(writer.in_lanes(output), output.width, output.padded)
            writer.add("write_outputs", fields)
            # In a short last batch workers own other samples than before.
            writer.barrier()
        if goal is not None and not request.predict:
            penalty = penalize(writer, self._parameters)
            values = Judge(writer, goal, request, tensors[-1], self._from_logits).write()
            if request.rule is not None:
                self._backward(tensors)
            writer.barrier()
            if request.rule is not None:
                self._tell_loss(values, penalty)
                self._weight_gradients(tensors)
            n_values = writer.program.n_values
            writer.add("sum_values", sums.SumValues(values, writer.samples, n_values, penalty))
            writer.barrier()
        program = writer.program
        program.samples_at_a_time = self._samples_at_a_time()
        # Packing reads squares that may reach beyond the last buffer.
        program.workspace = writer.memory.end - self._begin + writer.lanes * writer.lanes
        return program

    def _learns(self, operation: Operation) -> bool:
        """Whether this program needs the gradients of an operation's weights."""
        if self._request.rule is None or not isinstance(operation, DenseOperation):
            return False
        return operation.layer.trainable or self._request.rule == "store"

    def _samples_at_a_time(self) -> int:
        """Samples whose activations fit into the cache; 0 where the weights, read anew for each part, do not."""
        writer = self._writer
        if writer.few or self._parameters.size * writer.itemsize > CACHE_BYTES // 4:
            return 0
        bytes_per_sample = (writer.memory.end - self._begin) * writer.itemsize // writer.samples
        return max(_FEWEST_TOGETHER, CACHE_BYTES // bytes_per_sample // writer.lanes * writer.lanes)

    # --- forward ---

    def _gather_inputs(self) -> None:
        request, writer = self._request, self._writer
        n_in = self._parameters.dense[0].n_in
        # Addresses are int64 whatever the arena's type is.
        self._table = writer.memory.take(writer.samples * 8 // writer.itemsize)
        if request.inputs.in_place:
            fields = layout.GatherInputs(self._table, -1, 0, n_in, -1, -1)
            writer.add("point_at_inputs", fields)
            return
        stride = spread(padded(n_in, writer.lanes), writer.itemsize)
        inputs = writer.memory.take(writer.samples * stride)
        mean, scale = self._normalization or (-1, -1)
        fields = layout.GatherInputs(self._table, inputs, stride, n_in, mean, scale)
        writer.add("gather_inputs", fields, request.inputs.dtype, self._normalization is not None)

    def _forward(self) -> list[Tensor]:
        writer = self._writer
        tensors: list[Tensor] = []
        for i, operation in enumerate(self._operations):
            if isinstance(operation, ElementwiseOperation):
                tensor = self._forward_elementwise(operation, tensors[-1])
            elif operation.is_first:
                tensor = self._forward_first(operation)
            else:
                tensor = self._forward_dense(operation, tensors[-1])
            tensors.append(tensor)
            above = self._operations[i + 1] if i + 1 < len(self._operations) else None
            # The weight gradient of the layer above reads its inputs sample by sample.
            if above is not None and self._learns(above):
                writer.in_rows(tensor.value)
        return tensors

    def _forward_first(self, operation: DenseOperation) -> Tensor:
        writer, place = self._writer, self._parameters.places[operation.index]
        value = writer.buffer(operation.n_out)
        value.rows = writer.take(value)
        fields = dense.FirstForward(
            table=self._table,
            weights=place.weights,
            bias=place.bias,
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

    def _forward_dense(self, operation: DenseOperation, below: Tensor) -> Tensor:
        writer, place = self._writer, self._parameters.places[operation.index]
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
            weights=place.weights,
            weights_stride=place.weights_stride,
            bias=place.bias,
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

    def _forward_elementwise(self, operation: ElementwiseOperation, below: Tensor) -> Tensor:
        writer = self._writer
        inputs, value = writer.in_lanes(below.value), writer.buffer(operation.n_out)
        value.lanes = writer.take(value)
        fields = elementwise.Elementwise(inputs, value.lanes, value.padded, value.width)
        if operation.activation in OF_ALL_OUTPUTS:
            writer.add(operation.activation, fields)
            return Tensor(value, value, operation.activation)
        writer.add("activate", fields, operation.activation)
        keeps_input = ACTIVATIONS[operation.activation].keeps == "input"
        return Tensor(value, below.value if keeps_input else value, operation.activation)

    # --- backward ---

    def _backward(self, tensors: list[Tensor]) -> None:
        """Rows that carry the gradient from the output down to the sums of the first layer that learns."""
        writer = self._writer
        if self._lowest is None:
            return
        self._activation_backward(tensors[-1])
        for i in range(len(self._operations) - 1, self._lowest, -1):
            operation, below, tensor = self._operations[i], tensors[i - 1], tensors[i]
            if isinstance(operation, ElementwiseOperation):
                below.gradient = tensor.gradient
                self._activation_backward(below)
            else:
                self._input_gradient(operation, below, tensor)
                if below.activation in OF_ALL_OUTPUTS:
                    self._activation_backward(below)
        if self._lowest == 0:
            first = tensors[0].gradient
            assert first is not None
            writer.in_rows(first)

    def _input_gradient(self, operation: DenseOperation, below: Tensor, tensor: Tensor) -> None:
        writer, place = self._writer, self._parameters.places[operation.index]
        few, above = writer.few, tensor.gradient
        assert above is not None
        gradient = below.gradient = writer.buffer(operation.n_in)
        fused = "linear" if below.activation in OF_ALL_OUTPUTS else below.activation
        target = writer.take(gradient)
        fields = dense.InputGradient(
            output_gradient=writer.in_rows(above) if few else writer.in_lanes(above),
            output_features=above.padded,
            weights=place.weights,
            weights_stride=place.weights_stride,
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

    def _activation_backward(self, tensor: Tensor) -> None:
        """The gradient with respect to what an activation was applied to, in place of that behind it."""
        if tensor.activation == "linear":
            return
        writer, gradient = self._writer, tensor.gradient
        assert gradient is not None
        kept, target = writer.in_lanes(tensor.kept), writer.in_lanes(gradient)
        # What the other form holds is no longer true.
        gradient.rows = -1
        fields = elementwise.Elementwise(kept, target, gradient.padded, gradient.width)
        if tensor.activation in OF_ALL_OUTPUTS:
            writer.add(f"{tensor.activation}_backward", fields)
        else:
            writer.add("activate_backward", fields, tensor.activation)

    def _tell_loss(self, values: int, penalty: int) -> None:
        """Give the loss to an update rule that asks for it."""
        number = -1 if self._request.rule in (None, "store") else rule_of(self._request.rule).loss
        if number >= 0:
            self._writer.add("batch_loss", sums.BatchLoss(values, penalty, number))
            self._writer.barrier()

    def _weight_gradients(self, tensors: list[Tensor]) -> None:
        writer, request = self._writer, self._request
        for i in range(len(self._operations) - 1, -1, -1):
            operation, gradient = self._operations[i], tensors[i].gradient
            if not (isinstance(operation, DenseOperation) and self._learns(operation)):
                continue
            assert gradient is not None
            place = self._parameters.places[operation.index]
            l1, l2 = strengths(operation.layer.kernel_regularizer)
            first = operation.is_first
            fields = weight_gradients.WeightGradient(
                inputs=self._table if first else tensors[i - 1].value.rows,
                output_gradient=gradient.rows if first else gradient.lanes,
                output_features=gradient.padded,
                samples=writer.samples,
                weights=place.weights,
                weights_stride=place.weights_stride,
                slots=self._slots + place.weights,
                slot_stride=self._slot_stride,
                l1=float_bits(l1),
                l2=float_bits(l2),
                n_in=operation.n_in,
                n_out=operation.n_out,
                rows_at_a_time=writer.rows_at_a_time(request.batch),
                packs=writer.packs(request.batch, operation.n_out if first else operation.n_in),
            )
            name = "first_weight_gradient" if first else "weight_gradient"
            writer.add(name, fields, request.rule, bool(l1 or l2))
            if operation.layer.use_bias and (
                operation.layer.bias_trainable or request.rule == "store"
            ):
                self._bias_gradient(operation, gradient.lanes, gradient.padded)

    def _bias_gradient(self, operation: DenseOperation, gradient: int, features: int) -> None:
        place = self._parameters.places[operation.index]
        l1, l2 = strengths(operation.layer.bias_regularizer)
        fields = weight_gradients.BiasGradient(
            output_gradient=gradient,
            output_features=features,
            bias=place.bias,
            slots=self._slots + place.bias,
            slot_stride=self._slot_stride,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_out=operation.n_out,
        )
        self._writer.add("bias_gradient", fields, self._request.rule, bool(l1 or l2))
