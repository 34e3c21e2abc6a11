"""The rows that judge an output: targets, loss and metrics, the gradient with respect to the output, penalties."""

from fastbp.compiler.layout import ParameterLayout, padded
from fastbp.compiler.program import float_bits
from fastbp.compiler.request import Goal, Request
from fastbp.compiler.rows import RowWriter, Tensor
from fastbp.kernels import elementwise, layout, losses, sums

#: Losses that are computed from logits, and the output activation that they then contain.
LOGITS_OF = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}


def strengths(regularizer: object) -> tuple[float, float]:
    """What a regularizer, or None, multiplies the absolute values and the squares by."""
    if regularizer is None:
        return 0.0, 0.0
    return float(getattr(regularizer, "l1", 0.0)), float(getattr(regularizer, "l2", 0.0))


def penalize(writer: RowWriter, parameters: ParameterLayout) -> int:
    """Rows that add up what the regularizers add to the loss, before the weights change; where it lies, or -1."""
    penalty = -1
    for operation in parameters.dense:
        place, layer = parameters.places[operation.index], operation.layer
        if operation.is_first:
            # One long row, the padding of which is zero.
            kernel = (1, 0, padded(operation.n_out, writer.lanes) * operation.n_in)
        else:
            kernel = (operation.n_out, place.weights_stride, operation.n_in)
        for offset, sizes, regularizer in (
            (place.weights, kernel, layer.kernel_regularizer),
            (place.bias, (1, 0, operation.n_out), layer.bias_regularizer),
        ):
            l1, l2 = strengths(regularizer)
            if not (l1 or l2) or (offset == place.bias and not layer.use_bias):
                continue
            begins = penalty < 0
            if begins:
                penalty = writer.memory.take(1)
            fields = sums.Penalty(
                penalty, offset, *sizes, float_bits(l1), float_bits(l2), int(begins)
            )
            writer.add("penalty", fields)
    return penalty


class Judge:
    """Writes the rows for one output.

    Parameters
    ----------
    writer : RowWriter
    goal : Goal
    request : Request
    output : Tensor
        Its gradient is made if the request has an update rule.
    from_logits : bool
        Whether the loss contains the output activation.
    """

    def __init__(
        self, writer: RowWriter, goal: Goal, request: Request, output: Tensor, from_logits: bool
    ) -> None:
        self._writer, self._goal, self._request = writer, goal, request
        self._output, self._from_logits = output, from_logits
        self._buffer = output.value
        self._lanes = -1

    def write(self) -> int:
        """Write them; where the values of loss and metrics lie, [value][sample]."""
        writer, goal, request = self._writer, self._goal, self._request
        self._lanes = writer.in_lanes(self._buffer)
        n_values = 1 + len(goal.metrics)
        self._values = writer.memory.take(n_values * writer.samples)
        writer.program.n_values = n_values
        self._scale = writer.memory.take(writer.samples)
        self._targets = self._gather_targets()
        if request.rule is not None:
            gradient = writer.buffer(self._buffer.width)
            gradient.lanes = writer.take(gradient)
            self._output.gradient = gradient
        logits = "_of_logits" if self._from_logits else ""
        self._add_loss(goal.loss, logits, self._lanes, 0)
        probabilities = -1
        for i, metric in enumerate(goal.metrics, 1):
            if metric in ("categorical_accuracy", "sparse_categorical_accuracy"):
                writer.add("class_accuracy", self._fields(self._lanes, i), goal.sparse)
            elif metric == goal.loss or (
                metric == "binary_accuracy" and goal.loss == "binary_crossentropy" and logits
            ):
                self._add_loss(metric, logits, self._lanes, i)
            else:
                if self._from_logits and probabilities < 0:
                    probabilities = self._probabilities()
                self._add_loss(metric, "", probabilities if self._from_logits else self._lanes, i)
        return self._values

    def _fields(self, outputs: int, value: int) -> losses.Loss:
        """The loss is value 0: it alone is weighted, and has a gradient."""
        gradient = self._output.gradient
        return losses.Loss(
            outputs,
            self._buffer.padded,
            self._buffer.width,
            self._targets,
            self._scale if value == 0 else -1,
            self._values + value * self._writer.samples,
            gradient.lanes if gradient is not None and value == 0 else -1,
        )

    def _add_loss(self, name: str, logits: str, outputs: int, value: int) -> None:
        fields = self._fields(outputs, value)
        with_gradient = fields.gradient >= 0
        if name + logits in losses.POINTWISE:
            self._writer.add("pointwise_loss", fields, name + logits, with_gradient)
            return
        kernel = "softmax_crossentropy" if logits else "probability_crossentropy"
        self._writer.add(kernel, fields, name.startswith("sparse"), with_gradient)

    def _probabilities(self) -> int:
        """What the output activation gives, where the loss works on logits and a metric does not"""
        buffer = self._buffer
        outputs = self._writer.take(buffer)
        fields = elementwise.Elementwise(self._lanes, outputs, buffer.padded, buffer.width)
        if LOGITS_OF[self._goal.loss] == "softmax":
            self._writer.add("softmax", fields)
        else:
            self._writer.add("activate", fields, "sigmoid")
        return outputs

    def _gather_targets(self) -> int:
        writer, request, buffer = self._writer, self._request, self._buffer
        assert request.targets is not None
        if self._goal.sparse:
            targets = writer.memory.take(writer.samples)
            fields = layout.GatherTargets(self._scale, targets, 1, 1)
            writer.add("gather_targets", fields, request.targets, request.weights, True)
            return targets
        rows = writer.take(buffer)
        fields = layout.GatherTargets(self._scale, rows, buffer.padded, buffer.width)
        writer.add("gather_targets", fields, request.targets, request.weights, False)
        targets = writer.take(buffer)
        transposed = layout.Transpose(
            rows, writer.lanes, buffer.padded, targets, buffer.width, buffer.padded, 0
        )
        writer.add("to_samples_in_lanes", transposed)
        return targets
