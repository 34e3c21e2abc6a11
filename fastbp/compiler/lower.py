"""From the graph to a program: buffers for every activation and gradient, and the rows that fill them."""

from collections.abc import Sequence
from itertools import pairwise

from fastbp.compiler.graph import (
    NoiseOperation,
    Operation,
    activation_operation,
    split_output_activation,
)
from fastbp.compiler.judge import LOGITS_OF, Judge
from fastbp.compiler.layout import ParameterLayout, spread
from fastbp.compiler.operations import Scope, activation_backward, lowered
from fastbp.compiler.orthogonality import penalize_angles
from fastbp.compiler.penalties import penalize
from fastbp.compiler.program import Program
from fastbp.compiler.request import Goal, Request
from fastbp.compiler.rows import RowWriter, Tensor
from fastbp.compiler.updates import Update
from fastbp.kernels import layout, magnitudes, sums
from fastbp.kernels.product import CACHE_BYTES
from fastbp.kernels.rules import rule_of

#: Samples that go through the layers together at least.
_FEWEST_TOGETHER = 128
#: Blocks of samples of a part over which gradients are added up, about, and such parts of a batch at most.
_BLOCKS_OF_A_PART, _MOST_PARTS = 40, 256
#: The same of a short part; bytes of activations and their gradients above which parts may be short.
_BLOCKS_OF_A_SHORT_PART, _CACHED_ACTIVATIONS = 12, 4 << 20


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
        self._begin = begin
        self._writer = RowWriter(parameters, request.batch, begin)
        self._scope, self._slots = Scope(self._writer, parameters, request), slots
        self._n_in = operations[0].n_in
        self._operations = tuple(
            each for each in operations if request.training or not isinstance(each, NoiseOperation)
        )
        self._from_logits = False
        self.gradients = -1
        if goal is not None and goal.output_activation is not None:
            width = self._operations[-1].n_out
            last = activation_operation(goal.output_activation, width)
            self._operations = (*self._operations, last)
        if goal is not None and goal.loss in LOGITS_OF:
            self._operations, self._from_logits = split_output_activation(
                self._operations, LOGITS_OF[goal.loss]
            )
        self._lowered = [lowered(self._scope, each) for each in self._operations]
        for below, above in pairwise(self._lowered):
            above.something_learns_below = below.learns or below.something_learns_below
        self._scope.parts = self._parts()

    def build(self) -> Program:
        """The finished program."""
        request, writer, goal = self._request, self._writer, self._goal
        update = Update(writer, self._parameters, request, self._slots)
        self._scope.rule, self._scope.slots = update.gradient_rule, update.gradients
        if request.rule == "store":
            self.gradients = update.gradients
        tensors = self._forward()
        output = tensors[-1].value
        if request.predict:
            fields = layout.WriteOutputs(writer.in_lanes(output), output.width, output.padded)
            writer.add("write_outputs", fields)
            # In a short last batch workers own other samples than before.
            writer.barrier()
        if goal is not None and not request.predict:
            penalty = penalize(writer, self._parameters)
            judge = Judge(writer, goal, request, tensors[-1], self._from_logits)
            values = judge.write()
            for each, tensor in zip(self._lowered, tensors[1:], strict=True):
                each.penalize(tensor, values)
            if request.rule is not None:
                self._backward(tensors)
            writer.barrier()
            if update.waits:
                self._weight_gradients(tensors)
            penalty = penalize_angles(
                writer,
                self._parameters,
                penalty,
                update.gradients if update.waits else -1,
                request.rule == "store",
            )
            if request.rule is not None:
                self._tell_loss(values, penalty)
                if not update.waits:
                    self._weight_gradients(tensors)
                update.write()
                if request.rule != "store":
                    for each in self._lowered:
                        each.remember()
            n_summed = judge.n_summed
            writer.add("sum_values", sums.SumValues(values, writer.samples, n_summed, penalty))
            judge.tally()
            writer.barrier()
        program = writer.program
        program.parts = self._scope.parts
        program.samples_at_a_time = self._samples_at_a_time()
        # Packing reads squares that may reach beyond the last buffer.
        program.workspace = writer.memory.end - self._begin + writer.lanes * writer.lanes
        return program

    @property
    def _weight_bytes(self) -> int:
        return self._parameters.size * self._writer.itemsize

    @property
    def _has_small_weights(self) -> bool:
        return self._weight_bytes <= CACHE_BYTES // 4

    def _parts(self) -> int:
        """Parts of the batch over which gradients are added up; 0 where it has too few samples, or large layers.

        A multiple of 8, so that many a number of workers have equal shares. It depends on sizes alone. Activations that
        no cache holds are worth shorter parts, and more weights: these gradients need no other form of them.
        """
        writer = self._writer
        blocks = writer.samples // writer.lanes
        mixes = any(each.mixes_samples for each in self._lowered)
        if self._request.rule is None or mixes or writer.few:
            return 0
        if self._has_small_weights and blocks >= 4 * _BLOCKS_OF_A_PART:
            return min(_MOST_PARTS, (blocks // _BLOCKS_OF_A_PART + 4) // 8 * 8)
        width = sum(each.n_out for each in self._operations)
        uncached = 2 * width * writer.samples * writer.itemsize > _CACHED_ACTIVATIONS
        if uncached and self._weight_bytes <= CACHE_BYTES // 2:
            return min(_MOST_PARTS, (blocks // _BLOCKS_OF_A_SHORT_PART + 4) // 8 * 8)
        return 0

    def _samples_at_a_time(self) -> int:
        """Samples whose activations fit into the cache.

        0 where the weights, read anew for each part, do not, where a layer asks for all samples at once, or where the
        parts over which gradients are added up say it.
        """
        writer = self._writer
        if self._scope.parts or writer.few or writer.shares or not self._has_small_weights:
            return 0
        bytes_per_sample = (writer.memory.end - self._begin) * writer.itemsize // writer.samples
        return max(_FEWEST_TOGETHER, CACHE_BYTES // bytes_per_sample // writer.lanes * writer.lanes)

    # --- forward ---

    def _inputs(self) -> Tensor:
        """Rows that tell where the samples of the batch lie, or bring them into the arena."""
        request, writer = self._request, self._writer
        n_in = self._n_in
        value = writer.buffer(n_in)
        reads_rows = self._lowered[0].reads_samples
        mean, scale = self._normalization or (-1, -1)
        options = request.inputs.dtype, self._normalization is not None
        if not reads_rows and n_in <= writer.lanes:
            value.lanes = writer.take(value)
            fields = layout.GatherInputs(-1, value.lanes, 0, n_in, mean, scale, value.padded)
            writer.add("gather_inputs", fields, *options)
            return Tensor(value, value)
        # Addresses are int64 whatever the arena's type is.
        table = self._scope.table = writer.memory.take(writer.samples * 8 // writer.itemsize)
        if request.inputs.in_place and reads_rows:
            fields = layout.GatherInputs(table, -1, 0, n_in, -1, -1)
            writer.add("point_at_inputs", fields)
            self._look(table)
            return Tensor(value, value)
        stride = spread(value.padded, writer.itemsize)
        inputs = writer.memory.take(writer.samples * stride)
        fields = layout.GatherInputs(table, inputs, stride, n_in, mean, scale)
        writer.add("gather_inputs", fields, *options)
        self._look(table)
        if not reads_rows:
            value.lanes = writer.take(value)
            transposed = layout.Transpose(
                inputs, writer.lanes, stride, value.lanes, n_in, value.padded, 0
            )
            writer.add("to_samples_in_lanes", transposed)
        return Tensor(value, value)

    def _look(self, table: int) -> None:
        """Before predicting, all workers look at inputs that are in the cache by now, or are read next anyway."""
        if self._request.predict and self._request.inputs.dtype.startswith("float"):
            fields = magnitudes.LookAtInputs(table, self._n_in)
            self._writer.add("look_at_inputs", fields)
            self._writer.program.looks = True

    def _forward(self) -> list[Tensor]:
        """Rows of all operations, from the inputs to the output; the inputs are the first tensor."""
        tensors = [self._inputs()]
        for each in self._lowered:
            if each.rereads_rows:
                self._writer.in_rows(tensors[-1].value)
            tensors.append(each.forward(tensors[-1]))
        return tensors

    # --- backward ---

    def _backward(self, tensors: list[Tensor]) -> None:
        """Rows that carry the gradient from the output down to the sums of the first operation that learns."""
        learning = [i for i, each in enumerate(self._lowered) if each.learns]
        if not learning:
            return
        activation_backward(self._writer, tensors[-1])
        for i in range(len(self._lowered) - 1, learning[0] - 1, -1):
            below = tensors[i] if i > learning[0] else None
            self._lowered[i].backward(below, tensors[i + 1])
            if self._lowered[i].learns:
                self._lowered[i].partial_gradients(tensors[i], tensors[i + 1])

    def _tell_loss(self, values: int, penalty: int) -> None:
        """Give the loss to an update rule that asks for it."""
        number = -1 if self._request.rule in (None, "store") else rule_of(self._request.rule).loss
        if number >= 0:
            self._writer.add("batch_loss", sums.BatchLoss(values, penalty, number))
            self._writer.barrier()

    def _weight_gradients(self, tensors: list[Tensor]) -> None:
        for i in range(len(self._lowered) - 1, -1, -1):
            if self._lowered[i].learns:
                self._lowered[i].weight_gradients(tensors[i], tensors[i + 1])
