"""Three independent ways to the gradient of a network's loss."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from naive.activations import activation_gradient
from naive.crossentropies import logit_gradient
from naive.embedding import Embedding
from naive.losses import output_gradient
from naive.networks import Activity, Dense, Network, Noise
from naive.normalizations import Vectors
from naive.orthogonality import gradient as angle_gradient

Array = NDArray[Any]

STEP = 1e-100


def complex_step(
    network: Network,
    weights: Sequence[Array],
    inputs: Array,
    targets: Array,
    sample_weight: Array | None = None,
    training: bool = False,
) -> list[Array]:
    """d loss / d w = Im loss(w + i h) / h: no subtraction, so h may be tiny and the error is rounding alone.

    W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).
    """
    shifted = [weight.astype(np.complex128) for weight in weights]
    gradients = [np.zeros(weight.shape) for weight in weights]
    for weight, gradient in zip(shifted, gradients, strict=True):
        for index in np.ndindex(weight.shape):
            weight[index] += 1j * STEP
            value = network.value(shifted, inputs, targets, sample_weight, training)
            gradient[index] = value.imag / STEP
            weight[index] = weight[index].real
    return gradients


def central_differences(
    network: Network,
    weights: Sequence[Array],
    inputs: Array,
    targets: Array,
    sample_weight: Array | None = None,
    step: float = 1e-5,
) -> list[Array]:
    """d loss / d w = (loss(w + h) - loss(w - h)) / 2h, good to h**2."""
    shifted = [weight.astype(np.float64) for weight in weights]
    gradients = [np.zeros(weight.shape) for weight in weights]
    for weight, gradient in zip(shifted, gradients, strict=True):
        for index in np.ndindex(weight.shape):
            kept = weight[index]
            weight[index] = kept + step
            above = network.value(shifted, inputs, targets, sample_weight)
            weight[index] = kept - step
            below = network.value(shifted, inputs, targets, sample_weight)
            weight[index] = kept
            gradient[index] = (above - below) / (2.0 * step)
    return gradients


def reverse_mode(
    network: Network,
    weights: Sequence[Array],
    inputs: Array,
    targets: Array,
    sample_weight: Array | None = None,
    training: bool = False,
) -> list[Array]:
    """Backpropagation, written out by hand (Rumelhart, Hinton and Williams, 1986).

    Unlike the other two it is fast enough for whole trajectories.
    """
    trace = network.trace(weights, inputs, training)
    outputs = trace[-1][0]
    last = network.layers[-1].activation
    n_rows = len(outputs)
    scale = np.ones(n_rows) if sample_weight is None else np.asarray(sample_weight, float)
    scale = scale.reshape(-1, 1) / n_rows
    if network.fused:
        delta = scale * logit_gradient(network.loss, targets, trace[-2][1], **network.options)
    else:
        delta = scale * output_gradient(network.loss, targets, outputs, **network.options)
        delta = activation_gradient(last, trace[-2][1], delta)

    gradients: list[Array] = []
    position = len(weights)
    for number in range(len(network.layers) - 1, -1, -1):
        layer = network.layers[number]
        if isinstance(layer, Dense):
            if layer.use_bias:
                position -= 1
                gradients.insert(0, delta.sum(axis=0))
            position -= 1
            gradients.insert(0, trace[number][0].T @ delta)
            delta = delta @ weights[position].T
        elif isinstance(layer, Vectors):
            position -= len(layer.vectors)
            own = weights[position : position + len(layer.vectors)]
            delta, vectors = layer.backward(own, trace[number][0], delta, training)
            gradients[:0] = vectors
        elif isinstance(layer, Activity):
            delta = delta + layer.gradient(trace[number][0]) / n_rows
        elif isinstance(layer, Noise):
            delta = delta * network.noise_terms(number, delta.shape)[0]
        elif isinstance(layer, Embedding):
            position -= 1
            table, delta = layer.gradients(trace[number][0].real, delta)
            gradients.insert(0, table)
        if number > 0:
            before = trace[number - 1][1]
            delta = activation_gradient(network.layers[number - 1].activation, before, delta)

    for gradient, weight, parameter in zip(gradients, weights, network.parameters, strict=True):
        l1, l2 = parameter.penalty
        gradient += l1 * np.sign(weight) + 2.0 * l2 * weight
        if parameter.orthogonal is not None:
            gradient += angle_gradient(weight, *parameter.orthogonal)
    return gradients
