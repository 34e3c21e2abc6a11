"""The input boundary: what it takes as it lies, what it converts, what it refuses."""

import ctypes
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fastbp.data.source import DTYPES, Source, as_source, check_finite
from fastbp.errors import DataError

BASE = np.arange(48, dtype=np.float64).reshape(8, 6)


def read_back(source: Source) -> np.ndarray:
    """What a kernel would read: address and strides alone."""
    dtype = np.dtype(DTYPES[source.code])
    result = np.empty((source.n_samples, source.n_columns), dtype)
    for row in range(source.n_samples):
        for column in range(source.n_columns):
            at = source.address + row * source.row_stride + column * source.column_stride
            result[row, column] = np.frombuffer(ctypes.string_at(at, dtype.itemsize), dtype)[0]
    return result


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "contiguous": lambda a: a,
    "fortran": lambda a: a.reshape(6, 8).T,
    "reversed rows": lambda a: a[::-1],
    "reversed columns": lambda a: a[:, ::-1],
    "both reversed, every other": lambda a: a[::-2, ::-2],
    "one column": lambda a: a[:, 3],
    "one column backwards": lambda a: a[::-1, 3],
    "one row": lambda a: a[2:3],
    "broadcast": lambda a: np.broadcast_to(a[0], (5, 6)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("view", VIEWS)
def test_address_and_strides_lead_to_the_callers_own_elements(view: str, dtype: str) -> None:
    owner = BASE.astype(dtype)
    values = VIEWS[view](owner)
    source = as_source(values)
    expected = values[:, None] if values.ndim == 1 else values
    np.testing.assert_array_equal(read_back(source), expected)
    assert np.may_share_memory(source.array, owner)
    assert source.array.dtype == owner.dtype
    assert DTYPES[source.code] == dtype


def test_read_only_arrays_are_used_where_they_lie() -> None:
    values = BASE.copy()
    values.flags.writeable = False
    source = as_source(values)
    assert source.address == values.ctypes.data
    np.testing.assert_array_equal(read_back(source), values)


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_memory_maps_are_not_read_into_memory(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "rows.bin"
    BASE.astype(dtype).tofile(path)
    values = np.memmap(path, dtype=dtype, mode="r", shape=BASE.shape)
    source = as_source(values)
    assert source.address == values.ctypes.data
    np.testing.assert_array_equal(read_back(source), BASE.astype(dtype))


def test_the_source_keeps_the_memory_alive() -> None:
    source = as_source(BASE.copy()[::-1])
    np.testing.assert_array_equal(read_back(source), BASE[::-1])


def test_a_source_passes_through() -> None:
    source = as_source(BASE)
    assert as_source(source) is source


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[1, 2], [3, 4]], "int64"),
        ([1.5, 2.5, 3.5], "float64"),
        ((True, False), "bool"),
        (BASE.astype(np.float16), "float32"),
        (BASE.astype(np.longdouble), "float64"),
        (BASE.astype(">f8"), "float64"),
        (BASE.astype(">i2"), "int16"),
    ],
    ids=["list", "list of numbers", "tuple", "float16", "long double", "big-endian", "big ints"],
)
def test_what_kernels_cannot_read_is_converted_once(values: object, dtype: str) -> None:
    source = as_source(values)
    assert DTYPES[source.code] == dtype
    expected = np.asarray(values, dtype=dtype)
    np.testing.assert_array_equal(read_back(source), expected.reshape(len(expected), -1))


def test_unaligned_elements_are_converted() -> None:
    records = np.zeros(5, dtype=[("flag", "u1"), ("value", "<f8")])
    records["value"] = np.arange(5)
    source = as_source(records["value"])
    assert source.address % 8 == 0
    np.testing.assert_array_equal(read_back(source)[:, 0], np.arange(5))


class TestPandas:
    pandas = pytest.importorskip("pandas")

    def test_a_frame_of_one_type_is_not_copied(self) -> None:
        values = BASE.copy()
        frame = self.pandas.DataFrame(values, copy=False)
        source = as_source(frame)
        assert source.address == values.ctypes.data

    def test_rows_and_columns_keep_their_order(self) -> None:
        frame = self.pandas.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
        np.testing.assert_array_equal(read_back(as_source(frame[::-1])), [[2, 4], [1, 3]])

    def test_mixed_and_nullable_numbers_become_float64(self) -> None:
        frame = self.pandas.DataFrame(
            {"a": [1, 2], "b": [0.5, 1.5], "c": [True, False]},
        ).astype({"a": "Int64", "c": "boolean"})
        np.testing.assert_array_equal(read_back(as_source(frame)), [[1, 0.5, 1], [2, 1.5, 0]])

    def test_a_missing_value_of_a_nullable_column_is_found(self) -> None:
        series = self.pandas.Series([1, None, 3], dtype="Int64")
        with pytest.raises(DataError, match="nan at row 1"):
            check_finite(as_source(series))

    def test_a_column_of_strings_is_named(self) -> None:
        frame = self.pandas.DataFrame({"age": [1, 2], "town": ["Bern", "Chur"]})
        with pytest.raises(DataError, match="column 'town' of x has type"):
            as_source(frame)

    def test_numbers_written_as_strings_are_not_guessed(self) -> None:
        with pytest.raises(DataError, match="not numbers"):
            as_source(self.pandas.Series(["1", "2"]))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.array(["a", "b"]), "features holds strings"),
        (np.array([b"a"]), "byte strings"),
        (np.array([1, None]), "Python objects"),
        (np.array([1j]), "complex numbers"),
        (np.array(["2024-01-01"], dtype="datetime64[D]"), "dates"),
        ([[1, 2], [3]], "cannot be read as an array"),
        (np.float64(3), "single value"),
        (None, "is missing"),
        (np.zeros((2, 3, 4)), r"3 dimensions, shape \(2, 3, 4\).*reshape"),
        (np.zeros((0, 3)), r"empty: its shape is \(0, 3\)"),
        (np.zeros((3, 0)), "empty"),
        ([], "empty"),
        (np.ma.masked_array([1.0, 2.0], mask=[0, 1]), "masked"),
    ],
)
def test_what_is_not_rows_of_numbers_is_refused(values: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_source(values, "features")


def test_a_sparse_matrix_is_refused_with_the_way_out() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(DataError, match=r"x\.toarray\(\)"):
        as_source(sparse.eye(3, format="csr"))


class TestCheckFinite:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
    @pytest.mark.parametrize("view", ["contiguous", "fortran", "reversed rows", "reversed columns"])
    def test_the_first_bad_value_is_named(self, view: str, bad: float, dtype: str) -> None:
        values = VIEWS[view](BASE.astype(dtype))
        values[4, 1] = bad
        values[3, 5] = bad
        with pytest.raises(
            DataError, match=rf"x holds {bad} at row 3, column 5 \(counted from 0\)"
        ):
            check_finite(as_source(values))

    def test_every_position_is_looked_at(self) -> None:
        for row in range(BASE.shape[0]):
            for column in range(BASE.shape[1]):
                values = BASE.copy()
                values[row, column] = np.nan
                with pytest.raises(DataError, match=f"row {row}, column {column} "):
                    check_finite(as_source(values))

    def test_all_blocks_of_a_large_array_are_looked_at(self) -> None:
        values = np.zeros((70_001, 3), dtype=np.float32)
        values[-1, -1] = np.inf
        with pytest.raises(DataError, match="row 70000, column 2"):
            check_finite(as_source(values))

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_finite_values_pass(self, dtype: str) -> None:
        check_finite(as_source(BASE.astype(dtype)))
        if dtype.startswith("float"):
            check_finite(as_source(np.array([np.finfo(dtype).max, np.finfo(dtype).min], dtype)))

    def test_what_is_known_to_be_finite_is_not_looked_at_again(self) -> None:
        source = as_source([[1.0, float("nan")]])
        with pytest.raises(DataError):
            check_finite(source)
        source.is_finite = True
        check_finite(source)

    def test_a_number_beyond_float32_is_named_where_float32_is_wanted(self) -> None:
        source = as_source([[1.0], [1e300]])
        check_finite(source, dtype="float64")
        with pytest.raises(DataError, match=r"1e\+300 at row 1, column 0 .* too large for float32"):
            check_finite(source, dtype="float32")

    def test_it_needs_no_memory_of_the_size_of_the_data(self, tmp_path: Path) -> None:
        # In a process of its own, whose address space ends shortly above what the data needs.
        path = tmp_path / "large.bin"
        with path.open("wb") as file:
            file.truncate(256 << 20)
        program = f"""
import resource
import numpy as np
from fastbp.data.source import as_source, check_finite
values = np.memmap({str(path)!r}, dtype=np.float32, mode="r", shape=(1 << 20, 64))
# What looks at them is loaded before.
check_finite(as_source(np.zeros((2, 2), np.float32)))
in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (in_use + (16 << 20),) * 2)
for view in (values, values[::-1], values.T):
    check_finite(as_source(view))
try:
    np.isfinite(values)
except MemoryError:
    print("the limit holds")
"""
        if not sys.platform.startswith("linux"):
            pytest.skip("reads the size of the address space as Linux gives it")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        assert done.stdout.strip() == "the limit holds", done.stderr
