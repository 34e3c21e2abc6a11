"""Prediction: numbers that are not finite are named, whoever has looked for them."""

import numpy as np
import pytest

from fastbp import DataError, Dense, Embedding, Flatten, Input, Normalization, Sequential
from fastbp.engine.session import Session

N_ROWS = 700


def model_of(n_columns: int, dtype: str = "float32", *, normalizes: bool = False) -> Sequential:
    first = [Normalization(mean=2.0, variance=9.0)] if normalizes else []
    layers = [Input((n_columns,)), *first, Dense(20, "relu"), Dense(3, "softmax")]
    return Sequential(layers, seed=1, dtype=dtype)


#: How data lie, and what the model computes in: read in place, copied, converted.
FORMS = {
    "in place": (70, "float32", "float32", False),
    "few columns": (3, "float32", "float32", False),
    "rows that are copied": (256, "float32", "float32", False),
    "double precision": (70, "float64", "float64", False),
    "converted": (70, "float64", "float32", False),
    "normalized": (70, "float32", "float32", True),
}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("form", FORMS)
def test_what_is_not_finite_is_named(form: str, threads: int) -> None:
    n_columns, dtype, model_dtype, normalizes = FORMS[form]
    model = model_of(n_columns, model_dtype, normalizes=normalizes)
    x = np.random.default_rng(0).normal(size=(N_ROWS, n_columns)).astype(dtype)
    right = model.predict(x, threads=threads)
    assert np.isfinite(right).all()
    for row, column, wrong in ((0, 0, np.nan), (511, 2, np.inf), (N_ROWS - 1, 1, -np.inf)):
        kept = x[row, column]
        x[row, column] = wrong
        for batch_size in (None, 1, 64):
            if batch_size == 1 and row:
                continue
            with pytest.raises(DataError, match=f"x holds {wrong} at row {row}, column {column}"):
                model.predict(x, batch_size, threads=threads)
        with pytest.raises(DataError, match=f"x holds {wrong} at row 0, column {column}"):
            model.predict(x[row:])
        x[row, column] = kept
    np.testing.assert_array_equal(model.predict(x, threads=threads), right)


def test_numbers_that_the_model_cannot_hold() -> None:
    model = model_of(70)
    x = np.zeros((N_ROWS, 70))
    x[5, 7] = 1e39
    with pytest.raises(
        DataError, match=r"x holds 1e\+39 at row 5, column 7 .*too large for float32"
    ):
        model.predict(x)


def test_what_overflows_in_the_model_alone_is_no_error() -> None:
    """Inputs that were finite when they were given are predicted as they are."""
    layers = [Input((70,)), Normalization(mean=0.0, variance=1e-12), Dense(3)]
    x = np.full((4, 70), 1e38, np.float32)
    assert not np.isfinite(Sequential(layers, seed=1).predict(x)).any()


def test_categories_are_looked_at_before_they_are_looked_up() -> None:
    model = Sequential([Input((2,)), Embedding(5, 4), Flatten(), Dense(3)], seed=1)
    x = np.zeros((N_ROWS, 2))
    assert model.predict(x).shape == (N_ROWS, 3)
    for wrong in (np.nan, 5.0, -1.0):
        x[9, 1] = wrong
        with pytest.raises(DataError, match=f"x holds {wrong} at row 9, column 1"):
            model.predict(x)


def test_batches_are_looked_at() -> None:
    model = model_of(70)
    x = np.zeros((64, 70), np.float32)
    x[40, 3] = np.nan
    with pytest.raises(DataError, match="nan"):
        model.predict(x[begin : begin + 32] for begin in (0, 32))


def test_a_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look that finds nothing lets a NaN pass."""
    monkeypatch.setattr(Session, "failed_step", -1)
    model = model_of(70)
    x = np.full((N_ROWS, 70), np.nan, np.float32)
    assert np.isnan(model.predict(x)).all()
