"""A table's rows as rows of numbers, in the same way at training and ever after."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import numpy as np

from fastbp.data.labels import Task, are_labels, encode_labels
from fastbp.errors import ArgumentError, DataError, unknown_name

# A text column with more distinct values than this names its rows rather than classing them.
MOST_CATEGORIES = 256


@dataclass(frozen=True)
class Column:
    """One column of a table: numbers, or text with these categories, which may be embedded."""

    name: str
    categories: tuple[str, ...] | None = None
    embedded: bool = False

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The features it becomes: itself, or one for each category that is not embedded."""
        if self.categories is None or self.embedded:
            return (self.name,)
        return tuple(f"{self.name}={category}" for category in self.categories)


@dataclass(frozen=True)
class Encoding:
    """How a table becomes features and a target.

    Attributes
    ----------
    columns : tuple of Column
        In the order of the features. A column of numbers is one feature; a column of text is one
        feature a category, 1 where the row has that category and 0 elsewhere, or where it is to be embedded one
        feature, the number of the category.
    target : str
        The column to be predicted.
    class_names : tuple of str or None
        The target's classes in the order of their codes; None where the target is a number.
    """

    columns: tuple[Column, ...]
    target: str
    class_names: tuple[str, ...] | None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """A name for each feature."""
        return tuple(name for column in self.columns for name in column.feature_names)

    @property
    def embedded(self) -> dict[int, int]:
        """Which features are to be embedded, and how many categories each has."""
        found, at = {}, 0
        for column in self.columns:
            if column.embedded:
                found[at] = len(cast(tuple[str, ...], column.categories))
            at += len(column.feature_names)
        return found

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns to be read as text, whatever a file's values look like."""
        return tuple(column.name for column in self.columns if column.categories is not None)

    def features(self, frame: Any) -> np.ndarray:
        """Return the features of a pandas DataFrame, float64, shape (n_rows, n_features).

        Columns that the encoding does not know are not looked at.

        Raises
        ------
        DataError
            If a column is missing, or a value is missing, infinite, of the wrong type, or of a
            category that was not there at training; naming the column and the row.
        """
        result = np.zeros((len(frame), len(self.feature_names)))
        at = 0
        for column in self.columns:
            if column.name not in frame.columns:
                trouble = unknown_name("column", column.name, map(str, frame.columns))
                raise DataError(f"the table lacks a column that the model needs: {trouble}")
            if column.categories is None:
                result[:, at] = _numbers(frame[column.name], column.name)
                at += 1
            else:
                codes = _category_codes(frame[column.name], column)
                if column.embedded:
                    result[:, at] = codes
                else:
                    result[np.arange(len(frame)), at + codes] = 1
                at += len(column.feature_names)
        return result

    def targets(self, frame: Any) -> np.ndarray | None:
        """Return the target column, class codes (int64) or numbers (float64); None if absent."""
        if self.target not in frame.columns:
            return None
        series = frame[self.target]
        if self.class_names is None:
            return _numbers(series, self.target)
        _refuse_missing(series, self.target)
        return encode_labels(series, self.class_names, name=f"column {self.target!r}")[0]

    def to_json(self) -> dict[str, object]:
        """Return the encoding in what JSON can hold."""
        return {
            "columns": [asdict(column) for column in self.columns],
            "target": self.target,
            "class_names": self.class_names,
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Encoding":
        """Return the encoding that `to_json` described."""
        columns = tuple(
            Column(c["name"], _as_tuple(c["categories"]), c.get("embedded", False))
            for c in values["columns"]
        )
        return cls(columns, values["target"], _as_tuple(values["class_names"]))


def learn_encoding(
    frame: Any,
    target: str,
    *,
    task: Task = "auto",
    ignore: Iterable[str] = (),
    embed_above: int | None = None,
) -> Encoding:
    """Find out how a pandas DataFrame is to be encoded.

    Parameters
    ----------
    frame : pandas.DataFrame
        The rows to train on.
    target : str
        The column to be predicted.
    task : {"auto", "classes", "numbers"}
        What the target holds. "auto": classes if it is text, boolean, or has few whole numbers.
    ignore : iterable of str
        Columns to leave out.
    embed_above : int or None
        Columns of text with more categories than this are to be embedded.

    Raises
    ------
    UnknownNameError
        If there is no such column.
    DataError
        If a column can't be used; naming it and the row.
    """
    names = [str(name) for name in frame.columns]
    ignored = set(ignore)
    for name in (target, *sorted(ignored)):
        if name not in names:
            raise unknown_name("column", name, names)
    if target in ignored:
        raise ArgumentError(f"the target column {target!r} cannot be ignored")
    if len(frame) == 0:
        raise DataError("the table has no rows")
    columns = [
        _learn_column(frame[n], n, embed_above) for n in names if n != target and n not in ignored
    ]
    if not columns:
        raise DataError(f"the table has no column beside the target {target!r}")
    return Encoding(tuple(columns), target, _learn_classes(frame[target], target, task))


def _learn_column(series: Any, name: str, embed_above: int | None) -> Column:
    _refuse_missing(series, name)
    if _is_numeric(series):
        return Column(name)
    if series.dtype.kind not in "OSUTb":
        raise DataError(
            f"column {name!r} holds {series.dtype}; turn it into numbers or leave it out"
        )
    _refuse_mostly_numbers(series, name)
    categories = sorted({str(value) for value in series})
    embedded = embed_above is not None and len(categories) > embed_above
    most = max(MOST_CATEGORIES, len(series) // 2) if embedded else MOST_CATEGORIES
    if len(categories) > most:
        raise DataError(
            f"column {name!r} has {len(categories)} different texts, too many to be categories; "
            f"leave it out{'' if embedded else ', embed them,'} or group them"
        )
    return Column(name, tuple(categories), embedded)


def _learn_classes(series: Any, name: str, task: Task) -> tuple[str, ...] | None:
    _refuse_missing(series, name)
    numeric = _is_numeric(series)
    if task == "auto":
        task = "classes" if not numeric or are_labels(series.to_numpy()) else "numbers"
    if task == "numbers":
        if not numeric:
            raise DataError(f"column {name!r} holds text, not numbers to be predicted")
        return None
    class_names = encode_labels(series, name=f"column {name!r}")[1]
    if len(class_names) < 2:
        raise DataError(f"column {name!r} holds one class alone, {class_names[0]!r}")
    return class_names


def _numbers(series: Any, name: str) -> np.ndarray:
    _refuse_missing(series, name)
    if not _is_numeric(series):
        _refuse_mostly_numbers(series, name)
        raise DataError(f"column {name!r} holds {series.dtype}, but numbers at training")
    values: np.ndarray = series.to_numpy(dtype="float64")
    infinite = np.isinf(values)
    if infinite.any():
        row = int(infinite.argmax())
        raise DataError(f"column {name!r}, row {row + 1}: the value is {values[row]}")
    return values


def _category_codes(series: Any, column: Column) -> np.ndarray:
    _refuse_missing(series, column.name)
    categories = cast(tuple[str, ...], column.categories)
    known = {category: code for code, category in enumerate(categories)}
    codes = np.fromiter((known.get(str(value), -1) for value in series), np.int64, len(series))
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        trouble = unknown_name("category", str(series.iloc[row]), categories)
        raise DataError(f"column {column.name!r}, row {row + 1}: {trouble}")
    return codes


def _is_numeric(series: Any) -> bool:
    return series.dtype.kind in "biuf"


def _refuse_missing(series: Any, name: str) -> None:
    missing = series.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"column {name!r}, row {int(missing.argmax()) + 1}: the value is missing "
            f"({int(missing.sum())} of {len(missing)} rows lack it; row 1 is the first below the header)"
        )


def _refuse_mostly_numbers(series: Any, name: str) -> None:
    """Text in a column of numbers is a slip, not a category."""
    texts = [str(value) for value in series]
    is_number = np.array([_reads_as_number(text) for text in texts])
    if is_number.mean() >= 0.5 and not is_number.all():
        row = int(is_number.argmin())
        raise DataError(f"column {name!r}, row {row + 1}: {texts[row]!r} among numbers")


def _reads_as_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _as_tuple(values: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)
