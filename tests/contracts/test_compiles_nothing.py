"""A new architecture, batch size or learning rate compiles nothing, and loads nothing from the cache either."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import compiler

import naive
from contracts.problems import Problem
from fastbp import nn, optimizers


@contextmanager
def counting() -> Iterator[list[str]]:
    """The names of functions that Numba compiles, or loads compiled from its cache, in this block."""
    names: list[str] = []
    compile_extra = compiler.compile_extra
    rebuild = compiler.CompileResult._rebuild

    def counted_compile(typingctx, targetctx, func, *args, **options):  # type: ignore[no-untyped-def]
        names.append(func.__name__)
        return compile_extra(typingctx, targetctx, func, *args, **options)

    def counted_load(*parts):  # type: ignore[no-untyped-def]
        names.append("from the cache")
        return rebuild(*parts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "compile_extra", counted_compile)
        patch.setattr(compiler.CompileResult, "_rebuild", counted_load)
        yield names


def train(problem: Problem, rate: float, batch_size: int, threads: int = 1) -> None:
    network = problem.engine("float32", optimizers.SGD(rate))
    network.train(*problem.sources(), problem.orders(2), batch_size=batch_size, threads=threads)
    network.evaluate(*problem.sources(), batch_size=batch_size, threads=threads)
    network.predict(problem.sources()[0], batch_size=batch_size, threads=threads)


def dense(*widths: int, n_rows: int = 100) -> Problem:
    """A network of relu layers under softmax cross-entropy."""
    n_inputs, *hidden, n_outputs = widths
    layers = [naive.Dense(width, "relu") for width in hidden]
    layers.append(naive.Dense(n_outputs, "softmax"))
    return Problem(n_inputs, layers, "sparse_categorical_crossentropy", n_rows)


def test_compiles_nothing() -> None:
    """After a small network, a wide one, and one of slim and narrow layers, with few samples and with more."""
    for threads in (1, 2):
        train(dense(4, 3), 0.1, 4, threads)
        train(dense(2, 8, 2), 0.1, 4, threads)
        for batch_size in (7, 32):
            train(dense(70, 130, 64, 10), 0.1, batch_size, threads)
            train(dense(130, 9, 80, 10), 0.1, batch_size, threads)
    with counting() as names:
        for threads in (1, 2):
            train(dense(2, 8, 2), 0.05, 4, threads)
            for batch_size in (1, 2, 5, 16, 31, 64, 100):
                train(dense(2, 8, 2), 0.1, batch_size, threads)
            for widths in ((3, 1, 2), (17, 33, 9, 65, 3), (1, 2), (129, 16, 16, 16, 16, 16, 10)):
                train(dense(*widths), 0.1, 7, threads)
                train(dense(*widths), 0.1, 64, threads)
    assert names == []


@pytest.mark.parametrize(
    ("loss", "first", "other"),
    [
        ("huber", {"delta": 1.0}, {"delta": 0.5}),
        ("quantile", {"quantile": 0.5}, {"quantile": 0.9}),
        ("categorical_crossentropy", {"label_smoothing": 0.1}, {"label_smoothing": 0.2}),
        (
            "binary_focal_crossentropy",
            {"gamma": 2.0},
            {"gamma": 3.0, "apply_class_balancing": True, "alpha": 0.8},
        ),
    ],
)
def test_other_numbers_of_a_loss_compile_nothing(
    loss: str, first: dict[str, Any], other: dict[str, Any]
) -> None:
    def problem(options: dict[str, Any]) -> Problem:
        output = "softmax" if loss.startswith("categorical") else "sigmoid"
        return Problem(4, [naive.Dense(3, output)], loss, options=options)

    train(problem(first), 0.1, 20)
    with counting() as names:
        train(problem(other), 0.1, 20)
    assert names == []


def test_other_numbers_of_an_activation_compile_nothing() -> None:
    def problem(numbers: str) -> Problem:
        layers = [naive.Dense(30, f"threshold({numbers})"), naive.Dense(3)]
        return Problem(20, layers, "mean_squared_error")

    for batch_size in (2, 20):
        train(problem("0.1, 0.0"), 0.001, batch_size)
    with counting() as names:
        for batch_size in (2, 20):
            train(problem("-0.4, 2.0"), 0.001, batch_size)
    assert names == []


def test_other_numbers_of_a_metric_compile_nothing() -> None:
    """Nor do other thresholds, labels apart, or weights."""
    problem = Problem(4, [naive.Dense(2, "sigmoid")], "binary_crossentropy")

    def measure(*metrics: nn.Metric) -> None:
        chosen = nn.resolve_metrics(metrics, nn.LOSSES.resolve(problem.loss), 2)
        network = problem.engine("float32", optimizers.SGD(0.1), chosen)
        network.evaluate(*problem.sources(), threads=1)
        network.train(*problem.sources(), problem.orders(1), batch_size=10, threads=1)

    measure(nn.AUC(), nn.R2Score(), nn.TruePositives(), nn.Precision([0.5, 0.6]), nn.F1Score())
    with counting() as names:
        measure(
            nn.AUC(30, multi_label=True),
            nn.AUC(300, "PR", name="pr"),
            nn.RecallAtPrecision(0.3, 50),
            nn.R2Score("variance_weighted_average", 2),
            nn.TruePositives(0.3),
            nn.Recall([0.1, 0.2, 0.3, 0.4], top_k=2, class_id=1),
            nn.FBetaScore("weighted", 2.0, 0.3),
            nn.AUC(thresholds=[0.3, 0.4], multi_label=True, label_weights=[1.0, 2.0], name="own"),
            nn.OneHotMeanIoU(2),
        )
    assert names == []


def test_planted_compilations_are_seen() -> None:
    """njit functions and C callables, which is what kernels are, are counted."""

    def double(x):  # type: ignore[no-untyped-def]
        return x + x

    with counting() as names:
        numba.njit(double)(np.float32(1.0))
        numba.cfunc("float64(float64)")(double)
    assert names == ["double", "double"]
