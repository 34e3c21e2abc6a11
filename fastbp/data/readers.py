"""What a person names on the command line, read as a data set or as samples to predict."""

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fastbp.data.dataset import DataSet, make_data_set
from fastbp.data.idx import Samples, read_idx_folder
from fastbp.data.labels import Task, encode_labels
from fastbp.data.npy import has_npy, read_npy_folder
from fastbp.data.sets import DATA_SETS, load_data_set
from fastbp.data.tables import Encoding, learn_encoding
from fastbp.errors import ArgumentError, DataError, missing_extra, unknown_name

TABLE_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet", ".pq")


def read_data_set(
    data: str | Path,
    *,
    target: str | None = None,
    task: Task = "auto",
    ignore: Iterable[str] = (),
    embed_above: int | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> DataSet:
    """Read what there is to train on.

    Parameters
    ----------
    data : str or path
        The name of a data set, a CSV or Parquet file, a ``.npz`` file with arrays x and y (or
        x_train, y_train and perhaps x_test, y_test), or a folder of such arrays as ``.npy`` files, which are
        mapped and not read, or of IDX files.
    target : str, optional
        The column to be predicted; tables need it, nothing else takes it.
    task : {"auto", "classes", "numbers"}
        What the targets hold. "auto": classes if they are text, boolean, or few whole numbers.
    ignore : iterable of str
        Columns of a table to leave out.
    embed_above : int or None
        Columns of a table with more different texts than this are to be embedded.
    test_fraction : float
        The part to test with, where the data do not say.
    seed : int
        What the choice of those depends on.

    Raises
    ------
    DataError
        If the data cannot be used.
    ArgumentError
        If there is nothing of that name, or the options do not fit the data.
    """
    path = Path(data)
    if _table_suffix(path) and path.is_file():
        if target is None:
            columns = ", ".join(map(str, read_frame(path).columns))
            raise ArgumentError(f"a table needs the column to be predicted as target: {columns}")
        frame = read_frame(path)
        encoding = learn_encoding(frame, target, task=task, ignore=ignore, embed_above=embed_above)
        targets = encoding.targets(frame)
        assert targets is not None
        return make_data_set(
            path.name,
            (encoding.features(frame), targets),
            class_names=encoding.class_names,
            encoding=encoding,
            task="numbers" if encoding.class_names is None else "classes",
            test_fraction=test_fraction,
            seed=seed,
        )
    is_there = path.exists() or str(data) in DATA_SETS
    if is_there and (target is not None or tuple(ignore)):
        raise ArgumentError(f"a target and columns to ignore are for tables; {data} is none")
    if str(data) in DATA_SETS and not path.exists():
        return load_data_set(str(data))
    parts = _read_parts(path)
    if "train" not in parts:
        raise DataError(f"{path} holds nothing to train on")
    train, test = (
        _with_targets(parts.get(part), f"{path}, {part} part") for part in ("train", "test")
    )
    assert train is not None
    return make_data_set(path.name, train, test, task=task, test_fraction=test_fraction, seed=seed)


def read_samples(
    data: str | Path,
    *,
    encoding: Encoding | None = None,
    class_names: Sequence[str] | None = None,
    targets: bool = True,
) -> Samples:
    """Read what there is to predict.

    Parameters
    ----------
    data : str or path
        As for `read_data_set`. Of a data set with a test part, that part.
    encoding : Encoding, optional
        How the model's table was encoded; another table is encoded alike.
    class_names : sequence of str, optional
        The model's classes, which say what codes the labels get.
    targets : bool
        Whether the true targets are wanted; if not, they may be of any kind.

    Returns
    -------
    x : numpy.ndarray
        Shape (n_samples, n_features).
    y : numpy.ndarray or None
        The true targets, where they are wanted and the data have them.
    """
    path = Path(data)
    if _table_suffix(path) and path.is_file():
        if encoding is None:
            raise DataError(f"{path} is a table, but the model was not trained on one")
        frame = read_frame(path, text_columns=encoding.text_columns)
        if len(frame) == 0:
            raise DataError(f"{path} has no rows")
        return encoding.features(frame), encoding.targets(frame) if targets else None
    if str(data) in DATA_SETS and not path.exists():
        known = load_data_set(str(data))
        x, y = known.x_test, known.y_test
        assert x is not None
        return x, y if targets else None
    parts = _read_parts(path)
    x, y = parts.get("test") or parts["train"]
    if not targets:
        y = None
    if y is not None and class_names is not None:
        y = encode_labels(y, class_names)[0]
    return (x.reshape(len(x), -1) if x.ndim > 2 else x), y


def read_frame(path: Path, text_columns: Sequence[str] = ()) -> Any:
    """Read a CSV or Parquet file as a pandas DataFrame.

    A CSV file may be separated by commas, semicolons or tabs, and be compressed with gzip.

    Parameters
    ----------
    path : Path
        The file.
    text_columns : sequence of str
        Columns of a CSV file whose values are text, even where they look like numbers.
    """
    try:
        import pandas
    except ImportError:
        raise missing_extra("pandas", "cli", "reading tables") from None
    try:
        if _table_suffix(path) in (".parquet", ".pq"):
            frame = pandas.read_parquet(path)
        else:
            frame = pandas.read_csv(
                path,
                sep=_separator(path),
                dtype=dict.fromkeys(text_columns, "str"),
                skipinitialspace=True,
                compression="gzip" if _is_packed(path) else None,
            )
    except ImportError:
        raise missing_extra("pyarrow", "cli", "reading Parquet files") from None
    except (OSError, ValueError, EOFError, pandas.errors.ParserError) as error:
        # pandas' and pyarrow's own errors derive from these; only their first line says something.
        raise DataError(f"cannot read {path}: {str(error).strip().splitlines()[0]}") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    return frame


def read_arrays(path: Path) -> dict[str, Samples]:
    """Read a ``.npz`` file with arrays x and y, or x_train, y_train and perhaps x_test, y_test.

    Returns
    -------
    dict
        Keys "train" and "test", as far as the file has them; values x and y, y None where absent.
    """
    try:
        # Opened here, since np.load leaves a file open that it cannot read.
        with path.open("rb") as content:
            file = np.load(content, allow_pickle=False)
            if not isinstance(file, np.lib.npyio.NpzFile):
                raise DataError(f"{path} holds a single array without a name")
            arrays = {name: file[name] for name in file.files}
    except DataError:
        raise
    except (OSError, EOFError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        # RuntimeError: a damaged flag says that the file is encrypted.
        if "allow_pickle" in str(error):
            raise DataError(f"{path} holds Python objects, which are not read") from error
        raise DataError(f"cannot read {path}: {error}") from error
    parts: dict[str, Samples] = {}
    for part, suffix in (("train", "_train"), ("train", ""), ("test", "_test")):
        if f"x{suffix}" in arrays:
            parts.setdefault(part, (arrays[f"x{suffix}"], arrays.get(f"y{suffix}")))
    if not parts:
        raise DataError(
            f"{path} has the arrays {', '.join(arrays) or 'none'}, but not x or x_train"
        )
    return parts


def _read_parts(path: Path) -> dict[str, Samples]:
    if path.is_dir():
        return read_npy_folder(path) if has_npy(path) else read_idx_folder(path)
    if not path.exists():
        if path.suffix or len(path.parts) > 1:
            raise ArgumentError(f"there is no file or folder {path}")
        raise unknown_name("data set", str(path), DATA_SETS)
    if path.suffix.lower() == ".npz":
        return read_arrays(path)
    raise ArgumentError(
        f"{path} is of no kind that can be read: {', '.join(TABLE_SUFFIXES)}, .npz, a folder of .npy or IDX files"
    )


def _with_targets(samples: Samples | None, name: str) -> tuple[np.ndarray, np.ndarray] | None:
    if samples is None:
        return None
    x, y = samples
    if y is None:
        raise DataError(f"{name} has no targets")
    return x, y


def _table_suffix(path: Path) -> str:
    """By which a table's name ends, in lower case; nothing if it is no table's."""
    name = path.name.lower()
    return next((each for each in TABLE_SUFFIXES if name.endswith(each)), "")


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _separator(path: Path) -> str:
    """The separator of a CSV file, by its name and its first line."""
    import gzip

    if _table_suffix(path).startswith(".tsv"):
        return "\t"
    opener = gzip.open if _is_packed(path) else open
    with opener(path, "rt", encoding="utf-8", errors="replace") as file:
        header = file.readline()
    return max(",;\t", key=header.count) if any(each in header for each in ",;\t") else ","
