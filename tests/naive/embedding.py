"""A vector for every category: one-hot rows times a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.constraints import Constraint

Array = NDArray[Any]


@dataclass(frozen=True)
class Embedding:
    """outputs = [inputs[:, others], one_hot(inputs[:, c]) @ table for each c in columns]; None means all columns."""

    input_dim: int
    output_dim: int
    columns: tuple[int, ...] | None = None
    penalty: tuple[float, float] = (0.0, 0.0)
    trainable: bool = True
    activation: str = "linear"
    constraint: Constraint | None = None

    def embedded(self, width: int) -> list[int]:
        """The columns that are embedded, of so many."""
        return list(range(width) if self.columns is None else self.columns)

    def kept(self, width: int) -> list[int]:
        """The others."""
        return [column for column in range(width) if column not in self.embedded(width)]

    def n_outputs(self, width: int) -> int:
        """The width of the outputs."""
        return len(self.kept(width)) + self.output_dim * len(self.embedded(width))

    def one_hot(self, inputs: Array) -> list[Array]:
        """(n_rows, input_dim) for each column that is embedded."""
        categories = np.arange(self.input_dim)
        columns = self.embedded(inputs.shape[1])
        return [(inputs[:, [c]].real == categories).astype(float) for c in columns]

    def outputs(self, table: Array, inputs: Array) -> Array:
        """(n_rows, n_outputs)"""
        vectors = [rows @ table for rows in self.one_hot(inputs)]
        return np.concatenate([inputs[:, self.kept(inputs.shape[1])], *vectors], axis=1)

    def gradients(self, inputs: Array, delta: Array) -> tuple[Array, Array]:
        """(that of the table, that of the inputs) for the gradient `delta` of the outputs."""
        kept = self.kept(inputs.shape[1])
        table = np.zeros((self.input_dim, self.output_dim))
        for j, rows in enumerate(self.one_hot(inputs)):
            begin = len(kept) + j * self.output_dim
            table += rows.T @ delta[:, begin : begin + self.output_dim]
        below = np.zeros(inputs.shape)
        below[:, kept] = delta[:, : len(kept)]
        return table, below
