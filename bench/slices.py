"""Batches that are slices of arrays, and what is trained on them."""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

import fastbp


class Slices:
    """A sequence of batches over arrays."""

    def __init__(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self._x, self._y, self._batch_size = x, y, batch_size

    def __len__(self) -> int:
        return -(-len(self._x) // self._batch_size)

    def __getitem__(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        rows = slice(self._batch_size * number, self._batch_size * (number + 1))
        return self._x[rows], self._y[rows]


def generate(slices: Slices) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The batches, over and over."""
    return (slices[number] for number in itertools.cycle(range(len(slices))))


def make_model(sizes: tuple[int, ...]) -> Any:
    """A compiled classifier of these widths."""
    layers = [fastbp.Dense(width, "relu") for width in sizes[1:-1]]
    made = fastbp.Sequential([*layers, fastbp.Dense(sizes[-1], "softmax")], seed=1)
    made.compile(fastbp.SGD(1e-4), "sparse_categorical_crossentropy")
    return made
