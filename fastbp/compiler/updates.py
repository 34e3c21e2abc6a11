"""The rows between the gradients of the weights and the next step.

Without anything to wait for, the update rule is part of the rows that give the gradients. Where all gradients are
needed first, those rows keep them, and the rule follows behind a barrier.
"""

from fastbp.compiler.constraints import constrain
from fastbp.compiler.extents import Extent, extent
from fastbp.compiler.layout import ParameterLayout, Place
from fastbp.compiler.muon import Matrix, matrix, move_matrices, take_momentum
from fastbp.compiler.orthogonality import of_orthogonal
from fastbp.compiler.request import Request
from fastbp.compiler.rows import RowWriter
from fastbp.kernels import updates, weight_gradients
from fastbp.kernels.rules import rule_of


class Update:
    """What becomes of the gradients of the weights.

    Parameters
    ----------
    writer : RowWriter
    parameters : ParameterLayout
    request : Request
    slots : int
        Offset of the optimizer's slots of the first parameter.

    Attributes
    ----------
    gradient_rule : str or None
        What the rows that give the gradients do with them: the update rule, "store" or "add".
    gradients : int
        Offset of what they write beside the weights: the slots, or the gradients.
    """

    def __init__(
        self, writer: RowWriter, parameters: ParameterLayout, request: Request, slots: int
    ) -> None:
        self._writer, self._parameters = writer, parameters
        self._rule, self._gathering, self._slots = request.rule, request.gathering, slots
        self.gradient_rule, self.gradients = request.rule, slots
        if self._gathering is not None and self._gathering.accumulates:
            # They live from step to step, behind the slots of the rule.
            self.gradient_rule = "add"
            self.gradients = slots + rule_of(str(self._rule)).n_slots * parameters.size
        elif request.rule == "store" or (request.rule is not None and self._must_wait):
            self.gradient_rule = "store"
            self.gradients = writer.memory.take(parameters.size)

    @property
    def _must_wait(self) -> bool:
        """Whether the rule needs what is known only when all gradients are."""
        angles = any(place.trained for place, _ in of_orthogonal(self._parameters))
        return self._gathering is not None or angles

    @property
    def waits(self) -> bool:
        """Whether gradients are kept until all of them are there."""
        return self.gradient_rule in weight_gradients.KEEPING

    @property
    def _step_share(self) -> int:
        """Which of a step's numbers says what share of an update its gradient is; -1 where each step has one."""
        if self._gathering is None or not self._gathering.accumulates:
            return -1
        # Behind the rule's own numbers, and the limit of the norm.
        return rule_of(str(self._rule)).n_hyper + (self._gathering.norm is not None)

    def write(self) -> None:
        """Write the rows that follow those of the gradients."""
        if self._rule in (None, *weight_gradients.KEEPING):
            return
        trained = [place for place in self._parameters.told if place.trained]
        if self.waits and trained:
            norm = None if self._gathering is None else self._gathering.norm
            self._apply(trained, norm, str(self._rule))
        constrained = [place for place in trained if place.constraint is not None]
        if constrained:
            self._writer.barrier()
            for place in constrained:
                constrain(self._writer, place, self._step_share)

    def _apply(self, trained: list[Place], norm: str | None, rule: str) -> None:
        """Rows that apply the rule, once all gradients are there."""
        limit = -1 if norm is None else rule_of(rule).n_hyper
        step_share = self._step_share
        self._writer.barrier()
        arrays = [extent(place, self._parameters.lanes) for place in trained]
        sums = [(-1, 0)] * len(arrays)
        if norm is not None:
            sums = self._squares(arrays, step_share)
            if norm == "network":
                sums = [(sums[0][0], sum(count for _, count in sums))] * len(arrays)
        how = None if self._gathering is None else self._gathering.orthogonalization
        matrices: list[Matrix] = []
        for place, array, (first, count) in zip(trained, arrays, sums, strict=True):
            if how is not None and how.takes(place.path, place.shape):
                matrices.append(matrix(self._writer, place))
                take_momentum(
                    self._writer,
                    matrices[-1],
                    self.gradients,
                    self._slots,
                    (first, count, limit),
                    step_share,
                    "clip" in rule.split("+"),
                )
                continue
            fields = updates.ApplyRule(
                gradient=self.gradients + array.offset,
                weights=array.offset,
                slots=self._slots + array.offset,
                slot_stride=self._parameters.size,
                outer=array.outer,
                stride=array.stride,
                inner=array.inner,
                sums=first,
                n_sums=count,
                limit=limit,
                step_share=step_share,
            )
            self._writer.add("apply_rule", fields, rule)
        if how is not None and matrices:
            averages = self._slots + rule_of("muon").n_slots * self._parameters.size
            move_matrices(self._writer, matrices, how, averages, step_share, rule)

    def _squares(self, arrays: list[Extent], step_share: int) -> list[tuple[int, int]]:
        """Rows that add up the squares of the gradients; where the sums of each array begin, and how many they are."""
        writer = self._writer
        words = 8 // writer.itemsize
        counts = []
        for array in arrays:
            n_vectors = array.outer * array.inner // writer.lanes
            counts.append(-(-n_vectors // updates.PIECE))
        at = writer.memory.take(sum(counts) * words)
        places = []
        for array, count in zip(arrays, counts, strict=True):
            fields = updates.SumSquares(
                self.gradients + array.offset,
                array.outer,
                array.stride,
                array.inner,
                at,
                step_share,
            )
            writer.add("sum_squares", fields)
            places.append((at, count))
            at += count * words
        writer.barrier()
        return places
