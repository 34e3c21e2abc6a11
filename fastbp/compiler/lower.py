"""From the graph to a program: buffers for every activation and gradient, and the rows that fill them."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.compiler.graph import (
    DenseOperation,
    ElementwiseOperation,
    Operation,
    split_output_activation,
)
from fastbp.compiler.layout import Allocator, ParameterLayout, padded, spread
from fastbp.compiler.program import Program, float_bits
from fastbp.compiler.request import Goal, Request
from fastbp.kernels import dense, elementwise, layout, losses, sums
from fastbp.kernels.activations import ACTIVATIONS
from fastbp.kernels.packing import room_for_panels
from fastbp.kernels.product import CACHE_BYTES, rows_at_a_time

#: Samples that go through the layers together at least.
_FEWEST_TOGETHER = 128
#: Vector blocks of an output from which on it is worth to pack the operand that they all read.
_WORTH_PACKING = 16


@dataclass
class _Tensor:
    """An activation: its width and the offsets of its forms (-1 where there is none)."""

    width: int
    padded: int
    lanes: int  # samples in lanes
    rows: int = -1  # features in lanes
    kept: int = -1  # what the derivative of its activation needs
    activation: str = "linear"  # fused into what made it
    gradient: int = -1  # samples in lanes


_LOGITS_OF = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}


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
        self._lanes = parameters.lanes
        self._itemsize = parameters.dtype.itemsize
        self._samples = padded(request.batch, self._lanes)
        self._begin = begin
        self._memory = Allocator(parameters.dtype, begin)
        self._program = Program(parameters.dtype.name, request.batch)
        self._operations = tuple(operations)
        self._from_logits = False
        self.gradients = -1
        if goal is not None and goal.loss in _LOGITS_OF:
            self._operations, self._from_logits = split_output_activation(
                self._operations, _LOGITS_OF[goal.loss]
            )

    def build(self) -> Program:
        """The finished program."""
        request = self._request
        if request.rule == "store":
            self.gradients = self._slots = self._memory.take(self._parameters.size)
        self._gather_inputs()
        tensors = self._forward()
        if request.predict:
            output = tensors[-1]
            fields = layout.WriteOutputs(output.lanes, output.width, output.padded)
            self._program.add("write_outputs", fields)
            # In a short last batch workers own other samples than before.
            self._program.add_barrier()
        if self._goal is not None and not request.predict:
            self._penalize()
            self._judge(tensors)
            if request.rule is not None:
                self._backward(tensors)
            self._program.add_barrier()
            if request.rule is not None:
                self._weight_gradients(tensors)
            self._sum_values()
            self._program.add_barrier()
        self._program.samples_at_a_time = self._samples_at_a_time()
        # Packing reads squares that may reach beyond the last buffer.
        self._program.workspace = self._memory.end - self._begin + self._lanes * self._lanes
        return self._program

    def _samples_at_a_time(self) -> int:
        """Samples whose activations fit into the cache; 0 where the weights, read anew for each part, do not."""
        if self._parameters.size * self._itemsize > CACHE_BYTES // 4:
            return 0
        bytes_per_sample = (self._memory.end - self._begin) * self._itemsize // self._samples
        return max(_FEWEST_TOGETHER, CACHE_BYTES // bytes_per_sample // self._lanes * self._lanes)

    # --- forward ---

    def _gather_inputs(self) -> None:
        request = self._request
        n_in = self._parameters.dense[0].n_in
        # Addresses are int64 whatever the arena's type is.
        self._table = self._memory.take(self._samples * 8 // self._itemsize)
        if request.inputs.in_place:
            self._program.add(
                "point_at_inputs", layout.GatherInputs(self._table, -1, 0, n_in, -1, -1)
            )
            return
        stride = spread(padded(n_in, self._lanes), self._itemsize)
        inputs = self._memory.take(self._samples * stride)
        mean, scale = self._normalization or (-1, -1)
        fields = layout.GatherInputs(self._table, inputs, stride, n_in, mean, scale)
        self._program.add(
            "gather_inputs", fields, request.inputs.dtype, self._normalization is not None
        )

    def _tensor(self, width: int) -> _Tensor:
        wide = padded(width, self._lanes)
        return _Tensor(width, wide, self._memory.take(self._samples * wide))

    def _rows_at_a_time(self, k: int) -> int:
        return rows_at_a_time(k, self._itemsize)

    def _packs(self, k: int, columns: int) -> int:
        """Whether an operand is packed of which each number meets so many columns; if so, there will be room for it."""
        if columns < _WORTH_PACKING * self._lanes:
            return 0
        size = room_for_panels(self._rows_at_a_time(k), k, self._lanes)
        self._program.panels = max(self._program.panels, size)
        return 1

    def _transpose(self, kernel: str, tensor: _Tensor, lanes: int, rows: int) -> None:
        stride = self._samples * self._lanes
        fields = layout.Transpose(rows, stride, self._lanes, lanes, tensor.width, tensor.padded)
        self._program.add(kernel, fields)

    def _forward(self) -> list[_Tensor]:
        tensors: list[_Tensor] = []
        for i, operation in enumerate(self._operations):
            above = self._operations[i + 1] if i + 1 < len(self._operations) else None
            # The weight gradient of the layer above reads its inputs sample by sample.
            wants_rows = self._request.rule is not None and isinstance(above, DenseOperation)
            tensor = self._tensor(operation.n_out)
            if isinstance(operation, ElementwiseOperation):
                self._forward_elementwise(operation, tensors[-1], tensor)
            elif operation.is_first:
                self._forward_first(operation, tensor)
            else:
                self._forward_dense(operation, tensors[-1], tensor)
            if wants_rows and tensor.rows < 0:
                tensor.rows = self._memory.take(self._samples * tensor.padded)
                self._transpose("to_features_in_lanes", tensor, tensor.lanes, tensor.rows)
            tensors.append(tensor)
        return tensors

    def _forward_first(self, operation: DenseOperation, tensor: _Tensor) -> None:
        place = self._parameters.places[operation.index]
        tensor.rows = self._memory.take(self._samples * tensor.padded)
        tensor.activation, tensor.kept = operation.activation, tensor.lanes
        fields = dense.FirstForward(
            table=self._table,
            weights=place.weights,
            bias=place.bias,
            outputs=tensor.rows,
            samples=self._samples,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=self._rows_at_a_time(operation.n_in),
        )
        self._program.add("first_forward", fields, operation.activation)
        self._transpose("to_samples_in_lanes", tensor, tensor.lanes, tensor.rows)

    def _forward_dense(self, operation: DenseOperation, inputs: _Tensor, tensor: _Tensor) -> None:
        place = self._parameters.places[operation.index]
        tensor.activation, tensor.kept = operation.activation, tensor.lanes
        if ACTIVATIONS[operation.activation].keeps == "input":
            tensor.kept = self._memory.take(self._samples * tensor.padded)
        fields = dense.Forward(
            inputs=inputs.lanes,
            inputs_features=inputs.padded,
            weights=place.weights,
            weights_stride=place.weights_stride,
            bias=place.bias,
            outputs=tensor.lanes,
            outputs_features=tensor.padded,
            sums=tensor.kept,
            n_in=operation.n_in,
            n_out=operation.n_out,
            rows_at_a_time=self._rows_at_a_time(operation.n_in),
        )
        self._program.add("forward", fields, operation.activation)

    def _forward_elementwise(
        self, operation: ElementwiseOperation, inputs: _Tensor, tensor: _Tensor
    ) -> None:
        fields = elementwise.Elementwise(inputs.lanes, tensor.lanes, tensor.padded, tensor.width)
        tensor.activation = operation.activation
        if operation.activation == "softmax":
            tensor.kept = tensor.lanes
            self._program.add("softmax", fields)
            return
        keeps_input = ACTIVATIONS[operation.activation].keeps == "input"
        tensor.kept = inputs.lanes if keeps_input else tensor.lanes
        self._program.add("activate", fields, operation.activation)

    # --- loss and metrics ---

    def _judge(self, tensors: list[_Tensor]) -> None:
        """Rows for loss, metrics, and the gradient with respect to the output."""
        goal, request = self._goal, self._request
        assert goal is not None
        assert request.targets is not None
        output = tensors[-1]
        self._values = self._memory.take((1 + len(goal.metrics)) * self._samples)
        self._program.n_values = 1 + len(goal.metrics)
        scale = self._memory.take(self._samples)
        targets = self._gather_targets(output, scale, goal.sparse)
        if request.rule is not None:
            output.gradient = self._memory.take(self._samples * output.padded)
        logits = "_of_logits" if self._from_logits else ""

        def fields(outputs: int, value: int, gradient: int) -> losses.Loss:
            values = self._values + value * self._samples
            counts = scale if value == 0 else -1
            return losses.Loss(
                outputs, output.padded, output.width, targets, counts, values, gradient
            )

        self._add_loss(
            goal.loss, logits, fields(output.lanes, 0, output.gradient), request.rule is not None
        )
        probabilities = -1
        for i, metric in enumerate(goal.metrics, 1):
            if metric in ("categorical_accuracy", "sparse_categorical_accuracy"):
                self._program.add("class_accuracy", fields(output.lanes, i, -1), goal.sparse)
            elif metric == goal.loss or (
                metric == "binary_accuracy" and goal.loss == "binary_crossentropy" and logits
            ):
                self._add_loss(metric, logits, fields(output.lanes, i, -1), False)
            else:
                if self._from_logits and probabilities < 0:
                    probabilities = self._probabilities(output, goal.loss)
                outputs = probabilities if self._from_logits else output.lanes
                self._add_loss(metric, "", fields(outputs, i, -1), False)

    def _add_loss(self, name: str, logits: str, fields: losses.Loss, with_gradient: bool) -> None:
        if name + logits in losses.POINTWISE:
            self._program.add("pointwise_loss", fields, name + logits, with_gradient)
            return
        kernel = "softmax_crossentropy" if logits else "probability_crossentropy"
        self._program.add(kernel, fields, name.startswith("sparse"), with_gradient)

    def _probabilities(self, output: _Tensor, loss: str) -> int:
        """What the output activation gives, where the loss works on logits and a metric does not"""
        buffer = self._memory.take(self._samples * output.padded)
        fields = elementwise.Elementwise(output.lanes, buffer, output.padded, output.width)
        if _LOGITS_OF[loss] == "softmax":
            self._program.add("softmax", fields)
        else:
            self._program.add("activate", fields, "sigmoid")
        return buffer

    def _gather_targets(self, output: _Tensor, scale: int, sparse: bool) -> int:
        request = self._request
        if sparse:
            targets = self._memory.take(self._samples)
            fields = layout.GatherTargets(scale, targets, 1, 1)
            self._program.add("gather_targets", fields, request.targets, request.weights, True)
            return targets
        rows = self._memory.take(self._samples * output.padded)
        fields = layout.GatherTargets(scale, rows, output.padded, output.width)
        self._program.add("gather_targets", fields, request.targets, request.weights, False)
        targets = self._memory.take(self._samples * output.padded)
        transposed = layout.Transpose(
            rows, self._lanes, output.padded, targets, output.width, output.padded
        )
        self._program.add("to_samples_in_lanes", transposed)
        return targets

    # --- backward ---

    def _backward(self, tensors: list[_Tensor]) -> None:
        """Rows that carry the gradient from the output down to the sums of the first layer."""
        self._activation_backward(tensors[-1])
        for i in range(len(self._operations) - 1, 0, -1):
            operation, below, tensor = self._operations[i], tensors[i - 1], tensors[i]
            if isinstance(operation, ElementwiseOperation):
                below.gradient = tensor.gradient
                self._activation_backward(below)
                continue
            place = self._parameters.places[operation.index]
            below.gradient = self._memory.take(self._samples * below.padded)
            fused = below.activation if below.activation != "softmax" else "linear"
            fields = dense.InputGradient(
                output_gradient=tensor.gradient,
                output_features=tensor.padded,
                weights=place.weights,
                weights_stride=place.weights_stride,
                kept=below.kept,
                gradient=below.gradient,
                gradient_features=below.padded,
                n_in=operation.n_in,
                n_out=operation.n_out,
                rows_at_a_time=self._rows_at_a_time(operation.n_out),
                packs=self._packs(operation.n_out, self._samples),
            )
            self._program.add("input_gradient", fields, fused)
            if below.activation == "softmax":
                self._activation_backward(below)
        first = tensors[0]
        self._first_gradient = self._memory.take(self._samples * first.padded)
        self._transpose("to_features_in_lanes", first, first.gradient, self._first_gradient)

    def _activation_backward(self, tensor: _Tensor) -> None:
        if tensor.activation == "linear":
            return
        fields = elementwise.Elementwise(tensor.kept, tensor.gradient, tensor.padded, tensor.width)
        if tensor.activation == "softmax":
            self._program.add("softmax_backward", fields)
        else:
            self._program.add("activate_backward", fields, tensor.activation)

    def _weight_gradients(self, tensors: list[_Tensor]) -> None:
        rule = self._request.rule
        for i in range(len(self._operations) - 1, -1, -1):
            operation, tensor = self._operations[i], tensors[i]
            if not isinstance(operation, DenseOperation):
                continue
            place = self._parameters.places[operation.index]
            l1, l2 = _strengths(operation.layer.kernel_regularizer)
            first = operation.is_first
            fields = dense.WeightGradient(
                inputs=self._table if first else tensors[i - 1].rows,
                output_gradient=self._first_gradient if first else tensor.gradient,
                output_features=tensor.padded,
                samples=self._samples,
                weights=place.weights,
                weights_stride=place.weights_stride,
                slots=self._slots + place.weights,
                slot_stride=self._slot_stride,
                l1=float_bits(l1),
                l2=float_bits(l2),
                n_in=operation.n_in,
                n_out=operation.n_out,
                rows_at_a_time=self._rows_at_a_time(self._request.batch),
                packs=self._packs(
                    self._request.batch, operation.n_out if first else operation.n_in
                ),
            )
            name = "first_weight_gradient" if first else "weight_gradient"
            self._program.add(name, fields, rule, bool(l1 or l2))
            if operation.layer.use_bias and (operation.layer.bias_trainable or rule == "store"):
                self._bias_gradient(operation, tensor)

    def _bias_gradient(self, operation: DenseOperation, tensor: _Tensor) -> None:
        place = self._parameters.places[operation.index]
        l1, l2 = _strengths(operation.layer.bias_regularizer)
        fields = dense.BiasGradient(
            output_gradient=tensor.gradient,
            output_features=tensor.padded,
            bias=place.bias,
            slots=self._slots + place.bias,
            slot_stride=self._slot_stride,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_out=operation.n_out,
        )
        self._program.add("bias_gradient", fields, self._request.rule, bool(l1 or l2))

    # --- sums ---

    def _sum_values(self) -> None:
        fields = sums.SumValues(self._values, self._samples, self._program.n_values, self._penalty)
        self._program.add("sum_values", fields)

    def _penalize(self) -> None:
        """Rows that add up what the regularizers add to the loss, before the weights change."""
        self._penalty = -1
        for operation in self._parameters.dense:
            place, layer = self._parameters.places[operation.index], operation.layer
            if operation.is_first:
                # One long row, the padding of which is zero.
                kernel = (1, 0, padded(operation.n_out, self._lanes) * operation.n_in)
            else:
                kernel = (operation.n_out, place.weights_stride, operation.n_in)
            for offset, sizes, regularizer in (
                (place.weights, kernel, layer.kernel_regularizer),
                (place.bias, (1, 0, operation.n_out), layer.bias_regularizer),
            ):
                l1, l2 = _strengths(regularizer)
                if not (l1 or l2) or (offset == place.bias and not layer.use_bias):
                    continue
                begins = self._penalty < 0
                if begins:
                    self._penalty = self._memory.take(1)
                fields = sums.Penalty(
                    self._penalty, offset, *sizes, float_bits(l1), float_bits(l2), int(begins)
                )
                self._program.add("penalty", fields)


def _strengths(regularizer: object) -> tuple[float, float]:
    if regularizer is None:
        return 0.0, 0.0
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))
