"""An optimizer's update rule by itself: compiled over arrays, with the numbers and slots of its specification."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.kernels import simd
from fastbp.kernels.rules import rule_of
from fastbp.optimizers import Optimizer
from kernels.probes import SCALARS, aligned, compile_probe, n_lanes

Array = NDArray[Any]


class Updates:
    """Weights that follow the gradients that they are given.

    Parameters
    ----------
    optimizer : Optimizer
    weights : ndarray (n,)
        The first ones.
    dtype : {"float32", "float64"}

    Attributes
    ----------
    weights : ndarray (n,)
    slots : ndarray (n_slots, n)
    padding : ndarray (n_padding,)
        What lies behind the weights up to a whole vector, at first 0; its gradient is 0.
    steps : int
        Updates done.
    """

    def __init__(self, optimizer: Optimizer, weights: Array, dtype: str = "float64") -> None:
        self.steps = 0
        self._optimizer = optimizer
        n_slots = len(optimizer.slots)
        lanes = n_lanes(dtype)
        n, self._n = len(weights), (len(weights) // lanes + 1) * lanes
        self._arrays = aligned((2 + n_slots, self._n), dtype)
        self._arrays[0, :n] = weights
        self._arrays[2:] = np.array(list(optimizer.slots.values()), dtype)[:, None]
        self.weights, self._gradient = self._arrays[0, :n], self._arrays[1]
        self.slots = self._arrays[2:, :n]
        self.padding = self._arrays[0, n:]
        self._loss = rule_of(optimizer.rule).loss
        self._run = _probe(optimizer.rule, dtype)

    def step(self, gradient: Array, loss: float = 0.0) -> None:
        """One update."""
        self.steps += 1
        self._gradient[: len(gradient)] = gradient
        hyper = self._optimizer.hyper(np.array([self.steps]))[0].astype(self._arrays.dtype)
        if self._loss >= 0:
            hyper[self._loss] = loss
        weights, gradients, slots = self._arrays[0], self._arrays[1], self._arrays[2:]
        self._run(weights, gradients, slots, self._n, hyper, self._n)


def _probe(name: str, dtype: str) -> Any:
    function, n_slots, n_hyper, _ = rule_of(name)
    scalar = SCALARS[dtype]

    def make() -> Any:
        def kernel(weights, gradients, slots, stride, hyper, n):  # type: ignore[no-untyped-def]
            w = simd.pointer_at(weights, scalar)
            g = simd.pointer_at(gradients, scalar)
            pointers = simd.pointers_apart(simd.pointer_at(slots, scalar), stride, n_slots)
            numbers = simd.get_many(simd.pointer_at(hyper, scalar), n_hyper)
            for i in range(0, n, simd.lanes(w)):
                weight, values = function(
                    simd.load(w, i), simd.load(g, i), simd.load_each(pointers, i), numbers
                )
                simd.store(w, i, weight)
                simd.store_each(pointers, i, values)

        return kernel

    return compile_probe(f"rule-{name}-{dtype}", make, 6, [function])
