"""How large activations, weights and gradients are, layer by layer: what vanishes or explodes shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastbp.data.source import as_source
from fastbp.nn import Dense, table
from fastbp.training.learner import Learner


@dataclass(frozen=True)
class LayerNorm:
    """One layer.

    Attributes
    ----------
    name : str
        The layer.
    activation : float
        Root of the mean square of its outputs.
    zeros : float
        The share of its outputs that are exactly 0.
    weights, gradient : float
        Root of the sum of squares of the kernel, and of the loss's gradient with respect to it; 0 without a kernel.
    """

    name: str
    activation: float
    zeros: float
    weights: float
    gradient: float

    @property
    def ratio(self) -> float:
        """The gradient's norm by that of the weights; 0 where there are none."""
        return self.gradient / self.weights if self.weights else 0.0


@dataclass(frozen=True)
class LayerNorms:
    """The result of `Model.layer_norms`, a row for every layer that computes; prints as a table.

    Attributes
    ----------
    rows : tuple of LayerNorm
    """

    rows: tuple[LayerNorm, ...]

    def __str__(self) -> str:
        header = ["layer", "activation", "zeros", "weights", "gradient", "gradient / weights"]
        cells = [
            [row.name, f"{row.activation:.3g}", f"{row.zeros:.0%}"]
            + [
                f"{value:.3g}" if row.weights else "-"
                for value in (row.weights, row.gradient, row.ratio)
            ]
            for row in self.rows
        ]
        return "\n".join(table(header, cells, n_left=1))


def layer_norms(learner: Learner, x: object, y: object, sample_weight: object = None) -> LayerNorms:
    """Look at a learner's layers on these samples, as one batch; it stays as it is."""
    from fastbp.engine import Network

    samples = learner.samples(x, y, sample_weight)
    network = learner.network(samples.inputs.n_columns)
    _, gradients = network.gradients(samples.inputs, samples.targets, samples.sample_weight)
    weights = network.weights()
    stack = learner.stack
    layers = stack.computing
    statistics = stack.scaling(samples.inputs.n_columns)
    rows = []
    n_arrays, width = 0, samples.inputs.n_columns
    for n_layers, layer in enumerate(layers, 1):
        kernel = n_arrays
        n_arrays += len(layer.weights(width))
        width = layer.width(width)
        # A network of the layers up to here; all kernels that it calls are compiled.
        part_layers, part_weights = layers[:n_layers], weights[:n_arrays]
        if not any(isinstance(each, Dense) for each in part_layers):
            # It needs one: what changes nothing.
            part_layers = (*part_layers, Dense(width, use_bias=False))
            part_weights = [*part_weights, np.eye(width, dtype=learner.dtype)]
        part = Network(
            samples.inputs.n_columns,
            part_layers,
            dtype=learner.dtype,
            weights=part_weights,
            normalization=statistics,
        )
        outputs = part.predict(as_source(samples.inputs))
        has_kernel = n_arrays > kernel
        rows.append(
            LayerNorm(
                str(layer.name),
                float(np.sqrt(np.mean(np.square(outputs, dtype=np.float64)))),
                float(np.mean(outputs == 0)),
                _norm(weights[kernel]) if has_kernel else 0.0,
                _norm(gradients[kernel]) if has_kernel else 0.0,
            )
        )
    return LayerNorms(tuple(rows))


def _norm(array: NDArray[np.floating[Any]]) -> float:
    return float(np.sqrt(np.sum(np.square(array, dtype=np.float64))))
