"""What a training step takes with activations and losses of one's own, and with metrics, beside one without them.

All train 784-128-10 with batches of 64 on the same samples, and take turns; the ratio is to the built-in function that
computes the same, or to no metric.
"""

import math
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

import fastbp
from commandline import Parser, count
from tables import describe, machine, table

SIZES, BATCH_SIZE = (784, 128, 10), 64
#: In a `fit`, which looks once for NaN in the samples.
EPOCHS = 8


@numba.njit
def relu(x):  # type: ignore[no-untyped-def]
    return x if x > 0.0 else 0.0 * x


@numba.njit
def relu_slope(x):  # type: ignore[no-untyped-def]
    return 1.0 if x > 0.0 else 0.0


@numba.njit
def silu(x):  # type: ignore[no-untyped-def]
    return x / (1.0 + math.exp(-x))


@numba.njit
def silu_slope(x):  # type: ignore[no-untyped-def]
    share = 1.0 / (1.0 + math.exp(-x))
    return share * (1.0 + x * (1.0 - share))


@numba.njit
def rational(x):  # type: ignore[no-untyped-def]
    return x / (1.0 + x * x)


@numba.njit
def rational_slope(x):  # type: ignore[no-untyped-def]
    bottom = 1.0 + x * x
    return (1.0 - x * x) / (bottom * bottom)


@numba.njit
def square(target, prediction):  # type: ignore[no-untyped-def]
    return (prediction - target) * (prediction - target)


@numba.njit
def square_slope(target, prediction):  # type: ignore[no-untyped-def]
    return 2.0 * (prediction - target)


@numba.njit
def log_cosh(target, prediction):  # type: ignore[no-untyped-def]
    return math.log(math.cosh(prediction - target))


@numba.njit
def log_cosh_slope(target, prediction):  # type: ignore[no-untyped-def]
    return math.tanh(prediction - target)


class Extra(NamedTuple):
    """What is trained, and what it is compared with."""

    name: str
    beside: str
    activation: Any = "relu"
    loss: Any = "mse"
    metrics: tuple[Any, ...] = ()


def extras() -> list[Extra]:
    """All of them; what is compared with comes before."""
    own, own_loss = fastbp.Activation, fastbp.Loss
    return [
        Extra("relu, mean squared error", "relu, mean squared error"),
        Extra("own relu (branch)", "relu, mean squared error", own(relu, relu_slope)),
        Extra("own x / (1 + x**2)", "relu, mean squared error", own(rational, rational_slope)),
        Extra("silu", "silu", "silu"),
        Extra("own silu (math.exp)", "silu", own(silu, silu_slope)),
        Extra(
            "own squared error",
            "relu, mean squared error",
            loss=own_loss(square, square_slope),
        ),
        Extra("log_cosh", "log_cosh", loss="log_cosh"),
        Extra("own log_cosh (math)", "log_cosh", loss=own_loss(log_cosh, log_cosh_slope)),
        Extra("metric mae", "relu, mean squared error", metrics=("mae",)),
        Extra("metric R2Score", "relu, mean squared error", metrics=("r2_score",)),
        Extra("metric Precision", "relu, mean squared error", metrics=("precision",)),
        Extra(
            "metric Precision([0.3, 0.5, 0.7])",
            "relu, mean squared error",
            metrics=(fastbp.Precision([0.3, 0.5, 0.7]),),
        ),
        Extra("metric F1Score", "relu, mean squared error", metrics=(fastbp.F1Score(),)),
        Extra(
            "metric AUC(from_logits=True)",
            "relu, mean squared error",
            metrics=(fastbp.AUC(from_logits=True),),
        ),
    ]


def fit_of(extra: Extra, x: np.ndarray, y: np.ndarray, threads: Any) -> Callable[[], Any]:
    """A function that trains for some epochs."""
    layers = [fastbp.Dense(SIZES[1], extra.activation), fastbp.Dense(SIZES[2])]
    model = fastbp.Sequential(layers, seed=1)
    model.compile(fastbp.SGD(1e-4), extra.loss, extra.metrics)
    options = {"batch_size": BATCH_SIZE, "epochs": EPOCHS, "verbose": 0, "threads": threads}
    return lambda: model.fit(x, y, **options)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; the exit code."""
    parser = Parser("extras", __doc__)
    parser.add_argument("--rounds", type=count, default=11, help="trainings of each (11)")
    parser.add_argument("--steps", type=count, default=100, help="steps of an epoch (100)")
    parser.add_argument("--threads", type=count, help="workers; default: those that are best")
    chosen = parser.parse_args(arguments)
    print(f"{describe(machine('extras'))}\n")
    rng = np.random.default_rng(0)
    n_samples = BATCH_SIZE * chosen.steps
    x = rng.standard_normal((n_samples, SIZES[0]), np.float32)
    y = rng.integers(0, 2, (n_samples, SIZES[2])).astype(np.float32)
    all_ = extras()
    fits = {extra.name: fit_of(extra, x, y, chosen.threads or "auto") for extra in all_}
    seconds: dict[str, list[float]] = {name: [] for name in fits}
    for turn in range(chosen.rounds + 1):
        for name, fit in fits.items():
            began = time.perf_counter()
            fit()
            if turn:  # the first one compiles
                seconds[name].append(time.perf_counter() - began)
    n_steps = EPOCHS * chosen.steps
    step = {name: statistics.median(each) / n_steps for name, each in seconds.items()}
    rows = [
        [
            extra.name,
            f"{1e6 * step[extra.name]:.1f}",
            f"{step[extra.name] / step[extra.beside]:.2f}",
        ]
        for extra in all_
    ]
    print(table(["hidden activation, loss or metric", "us a step", "to its like"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
