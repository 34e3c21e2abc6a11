"""Statistics of the input's columns, taken without copying the data."""

import numpy as np
import pandas as pd
import pytest

from fastbp.errors import ArgumentError, DataError, NotReadyError
from fastbp.nn import Normalization


@pytest.mark.parametrize("dtype", ["float64", "float32", "uint8", "int64"])
def test_statistics_of_many_blocks(rng, dtype):
    x = (rng.random((10_000, 3)) * [1, 10, 200]).astype(dtype)
    normalization = Normalization()
    normalization.adapt(x)
    assert normalization.mean == pytest.approx(x.mean(axis=0, dtype=float), rel=1e-12)
    assert normalization.variance == pytest.approx(x.var(axis=0, dtype=float), rel=1e-12)


def test_a_constant_column_is_only_centered(rng):
    x = np.c_[np.full(1000, 0.1), rng.random(1000)]
    normalization = Normalization()
    normalization.adapt(x)
    assert normalization.mean[0] == 0.1
    assert normalization.scale[0] == 1


def test_lists_frames_and_single_columns():
    for x in ([1, 3], [[1], [3]], pd.DataFrame({"a": [1, 3]}), pd.Series([1.0, 3.0])):
        normalization = Normalization()
        normalization.adapt(x)
        assert (normalization.mean, normalization.variance) == ([2.0], [1.0])


def test_given_statistics():
    mean, scale = Normalization(mean=10, variance=4).columns(3)
    assert (mean == 10).all()
    assert (scale == 0.5).all()
    with pytest.raises(ArgumentError, match="adapted to 2 columns, but the input has 3"):
        Normalization(mean=[1, 2], variance=[1, 2]).columns(3)


@pytest.mark.parametrize(
    "x, message",
    [
        ([], "not empty"),
        (np.zeros((3, 4, 5)), r"\(3, 4, 5\)"),
        (["a", "b"], "numbers"),
        ([[0.0, 1.0], [np.nan, 1.0]], "row 1, column 0"),
        (np.r_[np.zeros(5000), np.inf], "row 5000"),
    ],
)
def test_data_without_statistics(x, message):
    normalization = Normalization()
    with pytest.raises(DataError, match=message):
        normalization.adapt(x)
    assert not normalization.adapted


def test_what_was_not_adapted_or_cannot_be():
    with pytest.raises(NotReadyError, match="adapt"):
        assert Normalization().mean
    with pytest.raises(ArgumentError, match="both"):
        Normalization(mean=1)
    with pytest.raises(ArgumentError, match="axis must be -1"):
        Normalization(axis=0)
    with pytest.raises(ArgumentError, match="negative"):
        Normalization(mean=1, variance=-1)
    with pytest.raises(ArgumentError, match="same length"):
        Normalization(mean=[1, 2], variance=[1, 2, 3])
