"""The rows that judge an output: targets, loss and metrics, the gradient with respect to the output."""

from collections.abc import Sequence
from math import inf, log
from typing import Any

from fastbp.compiler.program import float_bits
from fastbp.compiler.request import Goal, Measure, Request
from fastbp.compiler.rows import RowWriter, Tensor
from fastbp.kernels import (
    crossentropies,
    elementwise,
    few_losses,
    hits,
    layout,
    losses,
    of_all_outputs,
    tallies,
)
from fastbp.kernels.loss_terms import TERMS
from fastbp.nn.metrics.counting import LOWEST

#: Losses that are computed from logits, and the output activation that they then contain.
LOGITS_OF = {
    "binary_crossentropy": "sigmoid",
    "binary_focal_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}

#: Metrics that ask which outputs are the largest, and their kernels.
_OF_THE_LARGEST = {
    "categorical_accuracy": "class_accuracy",
    "sparse_categorical_accuracy": "class_accuracy",
    "top_k_categorical_accuracy": "top_k_accuracy",
    "sparse_top_k_categorical_accuracy": "top_k_accuracy",
}

_CORRELATIONS = ("pearson_correlation", "concordance_correlation")


def _logit(probability: float) -> float:
    """The logit at which the sigmoid takes this value"""
    if probability <= 0.0 or probability >= 1.0:
        return -inf if probability <= 0.0 else inf
    return log(probability / (1.0 - probability))


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
        self._made_probabilities = self._made_sigmoids = -1
        self._target_rows = self._made_targets = -1
        self._made_largest: dict[tuple[int, int], int] = {}
        self._tallies: list[tuple[str, tallies.Tally | tallies.Counts, tuple[int, ...]]] = []

    def write(self) -> int:
        """Write them; where the values of loss and metrics lie, [value][sample]."""
        writer, goal, request = self._writer, self._goal, self._request
        measures = [metric for metric in goal.metrics if not metric.cells]
        self.n_summed = 1 + len(measures)
        self._values = writer.memory.take(self.n_summed * writer.samples)
        writer.program.n_values = self.n_summed + sum(metric.cells for metric in goal.metrics)
        if measures and measures[-1].kind == "sample_weight":
            # The weights are the last of the values.
            measures.pop()
            self._scale = self._values + (self.n_summed - 1) * writer.samples
        else:
            self._scale = writer.memory.take(writer.samples)
        self._gather_targets()
        self._loss_scale = self._scale
        if goal.by_weight and request.weights is not None:
            self._loss_scale = writer.memory.take(writer.samples)
            shares = layout.WeightShares(self._loss_scale)
            writer.add("weight_shares", shares, request.weights)
        if request.rule is not None:
            self._output.gradient = writer.buffer(self._buffer.width)
        if self._takes_rows:
            self._add_loss_of_few()
        else:
            self._add_loss()
        for value, metric in enumerate(measures, 1):
            self._add_metric(metric, value)
        self._prepare_tallies()
        return self._values

    @property
    def _lanes(self) -> int:
        """The outputs, samples in lanes."""
        return self._writer.in_lanes(self._buffer)

    @property
    def _targets(self) -> int:
        """The targets, samples in lanes, or class numbers."""
        if self._made_targets < 0:
            writer, buffer = self._writer, self._buffer
            self._made_targets = writer.take(buffer)
            transposed = layout.Transpose(
                self._target_rows,
                writer.lanes,
                buffer.padded,
                self._made_targets,
                buffer.width,
                buffer.padded,
                0,
            )
            writer.add("to_samples_in_lanes", transposed)
        return self._made_targets

    @property
    def _takes_rows(self) -> bool:
        """Whether the loss takes outputs with features in lanes: where more of these would be empty otherwise."""
        goal, rows = self._goal, self._buffer.rows
        if not self._writer.few or rows < 0 or self._buffer.width < self._request.batch:
            return False
        return not goal.label_smoothing and (self._term in TERMS or self._is_softmax)

    @property
    def _term(self) -> str:
        loss = self._goal.loss
        return f"{loss}_of_logits" if self._from_logits else loss

    @property
    def _is_softmax(self) -> bool:
        return self._from_logits and LOGITS_OF[self._goal.loss] == "softmax"

    def tally(self) -> None:
        """Write the rows of those metrics that need the outputs of all samples; they belong behind a barrier."""
        for kernel, fields, thresholds in self._tallies:
            self._writer.add(kernel, fields, rest=thresholds)

    def _add_loss(self) -> None:
        """The loss is value 0: it alone is weighted, and has a gradient"""
        goal, targets, sparse = self._goal, self._targets, self._goal.sparse
        if goal.label_smoothing > 0:
            targets, sparse = self._smooth_targets(), False
        gradient = self._output.gradient
        if gradient is not None:
            gradient.lanes = self._writer.take(gradient)
        fields = self._fields(self._lanes, 0, goal.numbers)._replace(
            targets=targets,
            scale=self._loss_scale,
            gradient=-1 if gradient is None else gradient.lanes,
        )
        self._add_judgement(goal.loss, fields, sparse, self._from_logits)

    def _add_loss_of_few(self) -> None:
        """The same, with features in lanes"""
        goal, writer, gradient = self._goal, self._writer, self._output.gradient
        if gradient is not None:
            gradient.rows = writer.take(gradient)
        fields = few_losses.FewLoss(
            self._buffer.rows,
            writer.samples,
            self._buffer.width,
            self._targets if goal.sparse else self._target_rows,
            1 if goal.sparse else self._buffer.padded,
            self._loss_scale,
            self._values,
            -1 if gradient is None else gradient.rows,
            *map(float_bits, goal.numbers),
        )
        if self._is_softmax:
            writer.add("few_softmax_crossentropy", fields, goal.sparse, gradient is not None)
        else:
            writer.add("few_pointwise_loss", fields, self._term, gradient is not None)

    def _add_metric(self, metric: Measure, value: int) -> None:
        goal, sparse = self._goal, self._goal.sparse
        kind, numbers, outputs, logits = metric.kind, metric.numbers, self._lanes, False
        scale = self._scale if metric.weighted else -1
        if kind in _OF_THE_LARGEST:
            # The softmax changes no order.
            fields = self._fields(outputs, value, numbers)._replace(scale=scale)
            self._writer.add(_OF_THE_LARGEST[kind], fields, sparse)
            return
        if self._from_logits:
            if kind == goal.loss:
                logits = True
            elif kind == "binary_accuracy" and LOGITS_OF[goal.loss] == "sigmoid":
                numbers = (_logit(numbers[0]),)
            else:
                outputs = self._probabilities()
        fields = self._fields(outputs, value, numbers)._replace(scale=scale)
        self._add_judgement(kind, fields, sparse, logits, is_metric=True)

    def _prepare_tallies(self) -> None:
        """Rows for what the tallies read"""
        begin = self.n_summed
        for metric in self._goal.metrics:
            if metric.cells:
                add = self._prepare_counts if metric.kind == "counts" else self._prepare_tally
                add(metric, begin)
                begin += metric.cells

    def _prepare_tally(self, metric: Measure, begin: int) -> None:
        buffer, outputs, settings = self._buffer, self._lanes, {}
        if metric.kind == "histogram":
            thresholds, apart, of_logits = map(int, metric.numbers)
            settings = {"bins": thresholds - 1, "apart": apart}
            outputs = self._seen(bool(of_logits))
        elif self._from_logits and metric.kind != "mark":
            outputs = self._probabilities()
        fields = tallies.Tally(
            outputs,
            buffer.padded,
            0 if metric.kind == "mark" else buffer.width,
            self._targets,
            self._scale if metric.weighted else -1,
            begin,
            **settings,
        )
        if metric.counting is not None:
            fields = self._of_class(fields, metric.counting.class_id)
        self._tallies.append((metric.kind, fields, ()))

    def _prepare_counts(self, metric: Measure, begin: int) -> None:
        """Counts between thresholds, which lie in the row behind its fields"""
        buffer, counting = self._buffer, metric.counting
        assert counting is not None
        # A sigmoid or softmax changes no order.
        by_order = metric.numbers == (LOWEST,)
        outputs = self._lanes if by_order else self._seen(counting.from_logits)
        if counting.top_k:
            outputs = self._largest(outputs, counting.top_k)
        fields = tallies.Counts(
            outputs,
            buffer.padded,
            buffer.width,
            self._targets,
            self._scale if metric.weighted else -1,
            begin,
            int(counting.apart),
            int(counting.soft),
            0 if self._goal.sparse else -1,
            len(metric.numbers),
        )
        chosen = self._of_class(fields, counting.class_id)
        self._tallies.append((metric.kind, chosen, tuple(map(float_bits, metric.numbers))))

    def _of_class(self, fields: Any, class_id: int) -> Any:
        """The fields of a tally of one output alone"""
        if class_id < 0:
            return fields
        step = class_id * self._writer.lanes
        fields = fields._replace(outputs=fields.outputs + step, n_out=1, apart=0)
        if self._goal.sparse:
            return fields._replace(label=class_id)
        return fields._replace(targets=fields.targets + step)

    def _seen(self, of_logits: bool) -> int:
        """The outputs as a metric takes them that may take logits itself"""
        if self._from_logits:
            return self._probabilities()
        # Where the loss has logits, all metrics see the probabilities.
        if of_logits and self._goal.output_activation is None:
            return self._sigmoids()
        return self._lanes

    def _largest(self, outputs: int, k: int) -> int:
        """The outputs without those that are not among the k largest of a sample"""
        if (outputs, k) not in self._made_largest:
            buffer = self._buffer
            kept = self._made_largest[outputs, k] = self._writer.take(buffer)
            fields = hits.Largest(outputs, buffer.padded, buffer.width, k, kept)
            self._writer.add("keep_largest", fields)
        return self._made_largest[outputs, k]

    def _fields(self, outputs: int, value: int, numbers: Sequence[float]) -> losses.Loss:
        """Those of a metric"""
        return losses.Loss(
            outputs,
            self._buffer.padded,
            self._buffer.width,
            self._targets,
            -1,
            self._values + value * self._writer.samples,
            -1,
            *map(float_bits, numbers),
        )

    def _add_judgement(
        self, name: str, fields: losses.Loss, sparse: bool, logits: bool, is_metric: bool = False
    ) -> None:
        add, with_gradient = self._writer.add, fields.gradient >= 0
        term = f"{name}_of_logits" if logits else name
        if term in TERMS:
            add("pointwise_loss", fields, term, with_gradient)
        elif name == "cosine_similarity":
            add(name, fields, not is_metric, with_gradient)
        elif name in _CORRELATIONS:
            add("correlation", fields, name == "concordance_correlation")
        elif name == "categorical_hinge":
            add(name, fields, with_gradient)
        elif logits:
            add("softmax_crossentropy", fields, sparse, with_gradient)
        else:
            share = name.removeprefix("sparse_")
            add("probability_crossentropy", fields, share, sparse, with_gradient)

    def _probabilities(self) -> int:
        """What the output activation gives, where the loss works on logits and a metric does not"""
        if self._made_probabilities >= 0:
            return self._made_probabilities
        buffer = self._buffer
        outputs = self._made_probabilities = self._writer.take(buffer)
        places = self._lanes, outputs, buffer.padded, buffer.width
        if LOGITS_OF[self._goal.loss] == "softmax":
            self._writer.add("softmax", of_all_outputs.OfAllOutputs(*places))
        else:
            self._writer.add("activate", elementwise.Elementwise(*places), "sigmoid")
        return outputs

    def _sigmoids(self) -> int:
        """The sigmoid of the outputs, where a metric takes them as logits and the loss does not"""
        if self._made_sigmoids < 0:
            buffer = self._buffer
            self._made_sigmoids = self._writer.take(buffer)
            fields = elementwise.Elementwise(
                self._lanes, self._made_sigmoids, buffer.padded, buffer.width
            )
            self._writer.add("activate", fields, "sigmoid")
        return self._made_sigmoids

    def _smooth_targets(self) -> int:
        """Targets some of which goes to all classes alike"""
        buffer, goal = self._buffer, self._goal
        smoothed = self._writer.take(buffer)
        # An output by itself stands for two classes.
        classes = 2 if goal.loss.startswith("binary") else buffer.width
        fields = crossentropies.SmoothTargets(
            self._targets,
            smoothed,
            buffer.padded,
            buffer.width,
            float_bits(goal.label_smoothing),
            classes,
        )
        self._writer.add("smooth_targets", fields, goal.sparse)
        return smoothed

    def _gather_targets(self) -> None:
        """Bring them into the arena, and what each sample counts"""
        writer, request, buffer = self._writer, self._request, self._buffer
        assert request.targets is not None
        if self._goal.sparse:
            self._made_targets = writer.memory.take(writer.samples)
            fields = layout.GatherTargets(self._scale, self._made_targets, 1, 1)
        elif buffer.width <= writer.lanes and not self._takes_rows:
            self._made_targets = writer.take(buffer)
            fields = layout.GatherTargets(
                self._scale, self._made_targets, 0, buffer.width, buffer.padded
            )
        else:
            self._target_rows = writer.take(buffer)
            fields = layout.GatherTargets(
                self._scale, self._target_rows, buffer.padded, buffer.width
            )
        writer.add("gather_targets", fields, request.targets, request.weights, self._goal.sparse)
