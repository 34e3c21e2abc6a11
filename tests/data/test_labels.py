"""Labels become codes and keep their names."""

import numpy as np
import pytest

from fastbp.data.labels import encode_labels
from fastbp.errors import DataError


@pytest.mark.parametrize(
    ("values", "codes", "names"),
    [
        (["b", "a", "b"], [1, 0, 1], ("a", "b")),
        (np.array([10, 9, 10]), [1, 0, 1], ("9", "10")),
        (np.array([[2.0], [0.0]], np.float32), [1, 0], ("0", "2")),
        (np.array([True, False]), [1, 0], ("False", "True")),
        (np.array(["x", "y"], dtype=object), [0, 1], ("x", "y")),
        (np.array([3, 1], dtype=object), [1, 0], ("1", "3")),
    ],
)
def test_codes_follow_the_sorted_labels(
    values: object, codes: list[int], names: tuple[str, ...]
) -> None:
    found, found_names = encode_labels(values)
    assert found.dtype == np.int64
    assert found.tolist() == codes
    assert found_names == names


def test_codes_of_whole_numbers_from_zero_are_the_numbers() -> None:
    labels = np.array([3, 0, 2, 1, 3], dtype=np.uint8)
    np.testing.assert_array_equal(encode_labels(labels)[0], labels)


def test_known_classes_keep_their_codes() -> None:
    codes, names = encode_labels([9.0, 9.0], ("3", "9", "12"))
    assert codes.tolist() == [1, 1]
    assert names == ("3", "9", "12")


def test_pandas_labels() -> None:
    pandas = pytest.importorskip("pandas")
    for dtype in ("str", "category", object):
        series = pandas.Series(["b", "a"], dtype=dtype)
        assert encode_labels(series)[1] == ("a", "b")
    with pytest.raises(DataError, match="row 2: the label is missing"):
        encode_labels(pandas.Series([1, None], dtype="Int64"))


@pytest.mark.parametrize(
    ("values", "classes", "message"),
    [
        (["a", None], None, "y, row 2: the label is missing"),
        (np.array(["a", np.nan], dtype=object), None, "row 2: the label is missing"),
        ([0.0, 0.5], None, r"row 2: 0\.5 is no class label"),
        ([0.0, np.nan], None, "row 2: the label is missing"),
        ([[1, 2]], None, r"shape \(1, 2\)"),
        ([], None, "empty"),
        ([1j], None, "complex"),
        (["dog", "catt"], ("cat", "dog"), "row 2: unknown class 'catt', did you mean 'cat'"),
    ],
)
def test_what_is_no_label_is_named(
    values: object, classes: tuple[str, ...] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        encode_labels(values, classes)
