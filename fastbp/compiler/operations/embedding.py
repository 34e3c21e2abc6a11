"""Columns that are looked up in tables, and those that pass."""

from collections.abc import Iterator, Sequence

from fastbp.compiler.graph import EmbeddingOperation
from fastbp.compiler.operations.lowered import Lowered, Scope
from fastbp.compiler.penalties import strengths
from fastbp.compiler.program import float_bits
from fastbp.compiler.rows import Tensor
from fastbp.kernels import embedding


class LoweredEmbedding(Lowered):
    """See `EmbeddingOperation`. It reads the samples in place, and what it makes has features in lanes."""

    _operation: EmbeddingOperation

    def __init__(self, scope: Scope, operation: EmbeddingOperation) -> None:
        super().__init__(scope, operation)
        self._places = scope.parameters.places[operation.index]

    @property
    def reads_samples(self) -> bool:
        """Through the table of their addresses."""
        return True

    def forward(self, below: Tensor) -> Tensor:
        """A row for each run of neighbouring columns."""
        writer, operation = self._writer, self._operation
        value = writer.buffer(operation.n_out)
        value.rows = writer.take(value)
        common = {"table": self._scope.table, "outputs": value.rows, "samples": writer.samples}
        feature = 0
        for column, n_columns in _runs(operation.lookup.kept):
            columns = embedding.Columns(
                **common, first_column=column, n_columns=n_columns, first_feature=feature
            )
            writer.add("pass_columns", columns)
            feature += n_columns
        for table, column, n_columns, feature in self._lookups():
            n_categories, width = operation.weights[table].shape
            end = feature + n_columns * width
            fields = embedding.Embed(
                **common,
                first_column=column,
                n_columns=n_columns,
                first_feature=feature,
                end_feature=value.padded if end == value.width else end,
                embeddings=self._places[table].offset,
                n_categories=n_categories,
                width=width,
            )
            writer.add("embed", fields)
        return Tensor(value, value)

    def _lookups(self) -> Iterator[tuple[int, int, int, int]]:
        """For each run of columns that a table is for: the table, the first column, how many, the first feature."""
        operation = self._operation
        feature = len(operation.lookup.kept)
        for table, columns in enumerate(operation.lookup.embedded):
            width = operation.weights[table].shape[1]
            for column, n_columns in _runs(columns):
                yield table, column, n_columns, feature
                feature += n_columns * width

    def backward(self, below: Tensor | None, tensor: Tensor) -> None:
        """Data have no gradient; that of the outputs is read sample by sample."""
        assert tensor.gradient is not None
        self._writer.in_rows(tensor.gradient)

    def weight_gradients(self, below: Tensor, tensor: Tensor) -> None:
        """The sums of each table, run by run, then the update of all of it; the same worker has the same categories."""
        writer, operation, scope = self._writer, self._operation, self._scope
        gradient = tensor.gradient
        assert gradient is not None
        for table, weight in enumerate(operation.weights):
            if not weight.trained and scope.request.rule != "store":
                continue
            n_categories, width = weight.shape
            sums = writer.memory.take(n_categories * width)
            runs = [each[1:] for each in self._lookups() if each[0] == table]
            for i, (column, n_columns, feature) in enumerate(runs):
                terms = embedding.EmbeddingSums(
                    table=scope.table,
                    first_column=column,
                    n_columns=n_columns,
                    output_gradient=gradient.rows,
                    samples=writer.samples,
                    first_feature=feature,
                    sums=sums,
                    n_categories=n_categories,
                    width=width,
                    begins=int(i == 0),
                )
                writer.add("embedding_sums", terms)
            l1, l2 = strengths(weight.regularizer)
            place = self._places[table]
            fields = embedding.EmbeddingGradient(
                sums=sums,
                embeddings=place.offset,
                slots=scope.slots + place.offset,
                slot_stride=scope.parameters.size,
                l1=float_bits(l1),
                l2=float_bits(l2),
                n_categories=n_categories,
                width=width,
            )
            writer.add("embedding_gradient", fields, scope.rule, bool(l1 or l2))


def _runs(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """``(first, count)`` of each run of columns of which each is the next of the one before."""
    begin = 0
    for end in range(1, len(columns) + 1):
        if end == len(columns) or columns[end] != columns[end - 1] + 1:
            yield columns[begin], end - begin
            begin = end
