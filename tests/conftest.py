"""Fixtures that every room's tests share, and a small problem with models for it."""

from collections.abc import Callable

import numpy as np
import pytest

import fastbp

N_SAMPLES, N_COLUMNS, N_CLASSES = 100, 4, 3

Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers that are the same in every run."""
    return np.random.default_rng(20_240_517)


@pytest.fixture
def data(rng: np.random.Generator) -> Data:
    """Points whose class is the largest of their first columns."""
    x = rng.normal(size=(N_SAMPLES, N_COLUMNS))
    return x, x[:, :N_CLASSES].argmax(axis=1)


@pytest.fixture
def make() -> Callable[..., fastbp.Sequential]:
    """Make a compiled classifier; all of them start alike."""

    def classifier(optimizer: object = "adam", **options: object) -> fastbp.Sequential:
        layers = [fastbp.Dense(8, "tanh"), fastbp.Dense(N_CLASSES, "softmax")]
        model = fastbp.Sequential(layers, **{"seed": 5} | options)
        model.compile(optimizer, "sparse_categorical_crossentropy", ["accuracy"])
        return model

    return classifier


def same_weights(a: fastbp.Sequential, b: fastbp.Sequential) -> bool:
    """Whether two models have the same bits."""
    pairs = zip(a.get_weights(), b.get_weights(), strict=True)
    return all(np.array_equal(u, v) for u, v in pairs)


@pytest.fixture
def equal() -> Callable[[fastbp.Sequential, fastbp.Sequential], bool]:
    """Whether two models have the same bits."""
    return same_weights
