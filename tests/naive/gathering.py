"""What is done with all gradients of an update before its rule: Keras 3's clipping of norms, and means over batches."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def norm(arrays: Sequence[Array]) -> float:
    """The root of the sum of all squares."""
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))


def clipped(gradients: Sequence[Array], options: Mapping[str, float]) -> list[Array]:
    """g <- g limit / max(|g|, limit), of each array by itself, or with one norm of all of them."""
    if "clipnorm" in options:
        limit = options["clipnorm"]
        return [each * limit / max(norm([each]), limit) for each in gradients]
    if "global_clipnorm" in options:
        limit = options["global_clipnorm"]
        whole = norm(gradients)
        return [each * limit / max(whole, limit) for each in gradients]
    return list(gradients)


class Gathered:
    """Sums of gradients, from which every k-th batch takes the mean.

    Parameters
    ----------
    options : mapping
        An optimizer's: clipnorm, global_clipnorm, gradient_accumulation_steps count here.

    Attributes
    ----------
    sums : list of ndarray
        Of the batches since the last update.
    """

    def __init__(self, options: Mapping[str, float]) -> None:
        self._options = options
        self._batches = int(options.get("gradient_accumulation_steps", 1))
        self._step = 0
        self.sums: list[Array] = []

    def take(self, gradients: Sequence[Array]) -> tuple[int, list[Array]] | None:
        """The number of the update that is due and its gradients; None where none is."""
        self._step += 1
        if not self.sums:
            self.sums = [np.zeros_like(each) for each in gradients]
        self.sums = [total + each for total, each in zip(self.sums, gradients, strict=True)]
        if self._step % self._batches:
            return None
        means = [total / self._batches for total in self.sums]
        self.sums = [np.zeros_like(each) for each in gradients]
        return self._step // self._batches, clipped(means, self._options)
