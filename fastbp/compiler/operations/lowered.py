"""What the rows of all operations of a program have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastbp.compiler.graph import Operation, OperationWithWeights
from fastbp.compiler.layout import ParameterLayout, Place
from fastbp.compiler.program import float_bits
from fastbp.compiler.request import Request
from fastbp.compiler.rows import Buffer, RowWriter, Tensor
from fastbp.kernels import elementwise, weight_gradients


@dataclass
class Scope:
    """What all operations of a program write with.

    Attributes
    ----------
    writer : RowWriter
    parameters : ParameterLayout
    request : Request
    table : int
        Where the addresses of the batch's rows lie, which the first operation may read in place.
    parts : int
        Parts of the batch over each of which dense layers add up their gradients by themselves; 0 where they do not.
    rule : str or None
        What is done with the gradients of weights at once: the update rule, or ``"store"`` or ``"add"``.
    slots : int
        Offset of the optimizer's slots of the first parameter, or of the gradients that are kept.
    """

    writer: RowWriter
    parameters: ParameterLayout
    request: Request
    table: int = -1
    parts: int = 0
    rule: str | None = None
    slots: int = -1


class Lowered:
    """The rows of one operation.

    Parameters
    ----------
    scope : Scope
    operation : Operation

    Attributes
    ----------
    something_learns_below : bool
        Whether the gradient is to be carried on to what is below.
    """

    def __init__(self, scope: Scope, operation: Operation) -> None:
        self._scope, self._writer = scope, scope.writer
        self._operation = operation
        self.something_learns_below = False

    @property
    def learns(self) -> bool:
        """Whether this program needs the gradients of weights that the operation has."""
        rule, operation = self._scope.request.rule, self._operation
        if rule is None or not isinstance(operation, OperationWithWeights):
            return False
        return operation.learns or rule == "store"

    @property
    def reads_samples(self) -> bool:
        """Whether it reads the samples of the batch by their addresses, where it is the first operation."""
        return False

    @property
    def mixes_samples(self) -> bool:
        """Whether what it gives out for a sample depends on the others."""
        return False

    @property
    def rereads_rows(self) -> bool:
        """Whether it reads its inputs sample by sample once more when the weight gradients are made."""
        return False

    def forward(self, below: Tensor) -> Tensor:
        """Rows that make its outputs of those below."""
        raise NotImplementedError

    def penalize(self, tensor: Tensor, values: int) -> None:
        """Rows that add to the loss, [sample], which lies at `values`."""

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """Rows that carry the gradient on.

        `tensor.gradient` is with respect to what the activation of `tensor` is applied to. `below.gradient` shall be
        the same one layer down; `below` is None where nothing learns further down.
        """
        raise NotImplementedError

    def partial_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Rows behind those of `backward` that add up gradients over a part of the samples."""

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """Rows behind a barrier: gradients of its weights, added up over all samples and used at once."""

    def remember(self) -> None:
        """Rows behind a barrier that change what is kept and not trained, once the loss is known to be finite."""

    def vector_gradient(
        self, terms: Buffer, place: Place, l1: float = 0.0, l2: float = 0.0
    ) -> None:
        """A row that adds up a vector's gradient over the samples, and uses it.

        Parameters
        ----------
        terms : Buffer
            What is added up, samples in lanes.
        place : Place
            The vector.
        l1, l2 : float
            Strengths of its regularizer.
        """
        scope = self._scope
        fields = weight_gradients.BiasGradient(
            output_gradient=terms.lanes,
            output_features=terms.padded,
            bias=place.offset,
            slots=scope.slots + place.offset,
            slot_stride=scope.parameters.size,
            l1=float_bits(l1),
            l2=float_bits(l2),
            n_out=terms.width,
        )
        self._writer.add("bias_gradient", fields, scope.rule, bool(l1 or l2))


def activation_backward(writer: RowWriter, tensor: Tensor) -> None:
    """The gradient with respect to what an activation was applied to, in place of that behind it."""
    if tensor.activation == "linear":
        return
    assert tensor.gradient is not None
    pointwise_backward(writer, tensor.kept, tensor.gradient, tensor.activation)


def pointwise_backward(
    writer: RowWriter,
    kept: Buffer,
    gradient: Buffer,
    activation: str,
    numbers: tuple[float, ...] = (),
) -> None:
    """A row that multiplies a gradient by the derivative of an activation of single numbers, in place."""
    few = writer.few and min(kept.rows, gradient.rows) >= 0
    inputs = kept.rows if few else writer.in_lanes(kept)
    target = gradient.rows if few else writer.changed_in_lanes(gradient)
    kernel, fields = pointwise("activate_backward", writer, few, inputs, target, gradient, numbers)
    if few:
        writer.add_following(kernel, fields, activation)
        # What the other form holds is no longer true.
        gradient.lanes = -1
        writer.in_lanes(gradient, by_owner=True)
    else:
        writer.add(kernel, fields, activation)


def pointwise(
    kernel: str,
    writer: RowWriter,
    few: bool,
    inputs: int,
    outputs: int,
    buffer: Buffer,
    numbers: tuple[float, ...],
) -> tuple[str, Sequence[int]]:
    """The kernel, one of its own where a formula has numbers, and the fields of such a row."""
    fields = elementwise.Elementwise(
        inputs, outputs, buffer.padded, buffer.width, writer.samples * few
    )
    if not numbers:
        return kernel, fields
    bits = map(float_bits, numbers)
    return f"{kernel}_by_numbers", elementwise.ElementwiseByNumbers(*fields, *bits)
