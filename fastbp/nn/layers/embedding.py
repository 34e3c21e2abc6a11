"""The layer that learns a vector for every category."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastbp.errors import ArgumentError
from fastbp.nn.constraints import Constraint, constraint_or_none
from fastbp.nn.initializers import INITIALIZERS
from fastbp.nn.initializers.initializer import Initializer
from fastbp.nn.layers.layer import LayerWithWeights, Shape, Weight
from fastbp.nn.regularizers import Regularizer, regularizer_of_vector
from fastbp.specification import choose, truth_value, whole_number


@dataclass(frozen=True, init=False)
class Embedding(LayerWithWeights):
    """A vector that is learned in place of each whole number: ``outputs[..., :] = embeddings[inputs[...]]``.

    It stands before the layers that compute. Inputs are whole numbers from 0 to ``input_dim - 1``, of any type; samples
    of shape (k,) become (k, output_dim), so that a `Flatten` goes between it and a `Dense`.

    With `columns` it is for tables of numbers and categories: these columns of the input are embedded, the others pass
    as they are, and the output is flat: first the others, in their order, then ``output_dim`` numbers for each of
    `columns`. For columns of other categories one more Embedding follows, whose `columns` count in what the first has
    left; named from the last to the first, columns keep their places. A Normalization or Rescaling in front leaves the
    columns alone that are embedded.

    The gradient of the vectors of categories that are not in a batch is zero; as in Keras the optimizer is applied to
    all of them, so that momentum, Adam's means and weight decay move those, too.

    Parameters
    ----------
    input_dim : int
        The number of categories.
    output_dim : int
        The length of the vectors.
    embeddings_initializer : str or Initializer, default "uniform"
        How the vectors, (input_dim, output_dim), start.
    embeddings_regularizer : str, Regularizer or None
        A penalty that is added to the loss, of all vectors.
    embeddings_constraint : str, Constraint or None
        What the table is brought back to after each update, all vectors of it: see `fastbp.constraints`. Of the norms,
        ``axis=1`` takes that of each vector, and ``axis=0``, their default, that of each of its numbers over all
        categories.
    columns : int or sequence of int, optional
        The columns of the input that are embedded, counted from 0; None means all.
    name : str, optional
        Shown in `summary`.
    trainable : bool, default True
        Whether training changes the vectors.

    Raises
    ------
    ArgumentError
        If a number is none, a column comes twice, or there is no such initializer, regularizer or constraint. Data
        that hold other numbers than categories are refused with a DataError before anything is computed.

    References
    ----------
    Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", 2003; of columns of tables: Guo and
    Berkhahn, "Entity embeddings of categorical variables", 2016.

    Examples
    --------
    >>> from fastbp.nn import Dense, Flatten, Input, Stack
    >>> Stack.of([Input(4), Embedding(1000, 16), Flatten(), Dense(1)]).shapes(4)
    ((4,), (4, 16), (64,), (1,))
    >>> Stack.of([Input(6), Embedding(50, 8, columns=[3, 5]), Dense(1)]).shapes(6)
    ((6,), (20,), (1,))
    """

    input_dim: int
    output_dim: int
    embeddings_initializer: Initializer
    embeddings_regularizer: Regularizer | None
    embeddings_constraint: Constraint | None
    columns: tuple[int, ...] | None

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: str | Initializer | Mapping[str, Any] = "uniform",
        embeddings_regularizer: str | Regularizer | Mapping[str, Any] | None = None,
        embeddings_constraint: str | Constraint | Mapping[str, Any] | None = None,
        columns: int | Iterable[int] | None = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        self._choose_name(name)
        choose(
            self,
            input_dim=whole_number("input_dim", input_dim),
            output_dim=whole_number("output_dim", output_dim),
            embeddings_initializer=INITIALIZERS.resolve(embeddings_initializer),
            embeddings_regularizer=regularizer_of_vector("embeddings", embeddings_regularizer),
            embeddings_constraint=constraint_or_none(
                "embeddings_constraint", embeddings_constraint, 2
            ),
            columns=_columns(columns),
            trainable=truth_value("trainable", trainable),
        )

    def width(self, n_inputs: int) -> int:
        """The number of outputs."""
        n_embedded = n_inputs if self.columns is None else len(self.columns)
        return n_inputs - n_embedded + n_embedded * self.output_dim

    def output_shape(self, shape: Shape) -> Shape:
        """One more axis, or with `columns` a flat shape."""
        if self.columns is None:
            return (*shape, self.output_dim)
        (width,) = self._row(shape)
        if width is None:
            return (None,)
        if max(self.columns) >= width:
            raise ArgumentError(
                f"Embedding(columns={list(self.columns)}) counts columns of its input from 0, and there are {width}"
            )
        return (self.width(width),)

    def weights(self, n_inputs: int) -> tuple[Weight, ...]:
        """The table of vectors."""
        shape = (self.input_dim, self.output_dim)
        return (
            Weight(
                "embeddings",
                shape,
                self.embeddings_initializer,
                self.trainable,
                self.input_dim,
                self.embeddings_regularizer,
                self.embeddings_constraint,
            ),
        )


def _columns(wanted: int | Iterable[int] | None) -> tuple[int, ...] | None:
    if wanted is None:
        return None
    given = wanted if isinstance(wanted, Iterable) else [wanted]
    columns = tuple(whole_number("a column of an Embedding", each, minimum=0) for each in given)
    if not columns or len(set(columns)) < len(columns):
        raise ArgumentError(
            f"columns must be one or more columns of the input, each once, not {wanted!r}; "
            "leave it away to embed all"
        )
    return columns


@dataclass(frozen=True)
class Lookup:
    """What Embeddings one after another do with the columns of their input.

    Attributes
    ----------
    embedded : tuple of tuple of int
        For each of them, which columns of the first one's input it reads.
    kept : tuple of int
        Which of these columns are still there, in front of the vectors.
    """

    embedded: tuple[tuple[int, ...], ...]
    kept: tuple[int, ...]

    def then(self, layer: Embedding) -> "Lookup":
        """What there is behind one more.

        Raises
        ------
        ArgumentError
            If it would read what is no column any more.
        """
        if layer.columns is None:
            return Lookup((self.kept,), ())
        if max(layer.columns) >= len(self.kept):
            raise ArgumentError(
                f"Embedding(columns={list(layer.columns)}) counts columns of its input from 0, of which "
                f"{len(self.kept)} are left to be embedded"
            )
        columns = tuple(self.kept[i] for i in layer.columns)
        kept = tuple(c for i, c in enumerate(self.kept) if i not in layer.columns)
        return Lookup((*self.embedded, columns), kept)
