"""A model's outputs as a table: CSV for programs, aligned columns for people."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

_ROWS_SHOWN = 20
_COLUMNS_SHOWN = 12


class Predictions:
    """What a model says about rows.

    Parameters
    ----------
    outputs : numpy.ndarray (n_rows, n_outputs)
        Class probabilities, or the predicted numbers.
    class_names : sequence of str or None
        The classes in the order of the outputs; None where numbers are predicted.
    """

    def __init__(self, outputs: np.ndarray, class_names: Sequence[str] | None) -> None:
        self._outputs = outputs
        self._class_names = class_names
        self._digits = np.finfo(outputs.dtype).precision + 1
        if class_names is not None:
            self.header = ["prediction", *(f"probability_{name}" for name in class_names)]
        elif outputs.shape[1] == 1:
            self.header = ["prediction"]
        else:
            self.header = [f"prediction_{place + 1}" for place in range(outputs.shape[1])]

    def __len__(self) -> int:
        return len(self._outputs)

    def csv(self) -> str:
        """All rows, with a header."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self._rows(len(self), digits=6))
        return text.getvalue()

    def show(self, console: Console) -> None:
        """Print the first rows, and say how many there are."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        names = self.header if self._class_names is None else ["prediction", *self._class_names]
        for name in ["row", *names[:_COLUMNS_SHOWN]]:
            table.add_column(Text(name), justify="left" if name == "prediction" else "right")
        for number, row in enumerate(self._rows(_ROWS_SHOWN, digits=4), start=1):
            table.add_row(str(number), *map(Text, row[:_COLUMNS_SHOWN]))
        console.print(table, highlight=False)
        if len(self) > _ROWS_SHOWN:
            rest = len(self) - _ROWS_SHOWN
            console.print(f"... {rest:,} more rows; --output FILE.csv writes all", style="dim")

    def _rows(self, count: int, *, digits: int) -> Iterator[list[str]]:
        for values in self._outputs[:count]:
            if self._class_names is None:
                yield [f"{value:.{self._digits}g}" for value in values.tolist()]
            else:
                probabilities = [f"{value:.{digits}f}" for value in values.tolist()]
                yield [self._class_names[int(values.argmax())], *probabilities]
