"""JAX's trainer: any number of epochs in one compiled call, the steps of each a scan; updates by optax."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks.workloads import Workload

_ACTIVATIONS: dict[str, Any] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "leaky_relu": partial(jax.nn.leaky_relu, negative_slope=0.2),
    "elu": jax.nn.elu,
    "tanh": jnp.tanh,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "silu": jax.nn.silu,
}
_LOSSES: dict[str, Any] = {
    "softmax": optax.softmax_cross_entropy_with_integer_labels,
    "mse": optax.squared_error,
    "bce": optax.sigmoid_binary_cross_entropy,
}


class Training:
    """Epochs and steps as compiled loops."""

    def __init__(self, workload: Workload, variant: str, threads: int) -> None:
        settings: Any = jax.config
        settings.update("jax_enable_x64", workload.dtype == "float64")
        arrays = [jnp.asarray(array) for array in workload.weights()]
        self._parameters: Any = list(zip(arrays[::2], arrays[1::2], strict=True))
        update = _optimizer(workload)
        self._state = update.init(self._parameters)
        self._samples = tuple(map(jnp.asarray, workload.samples()))
        self._calls = 0
        self._run = jax.jit(
            partial(_train, update, workload, variant == "rows an epoch"),
            donate_argnums=(0, 1),
        )

    def train(self, n_epochs: int, shuffle: bool) -> float:
        """Train; the last epoch's mean loss."""
        self._calls += 1
        key = jax.random.key(self._calls)
        self._parameters, self._state, loss = self._run(
            self._parameters, self._state, self._samples, key, shuffle, n_epochs
        )
        return float(loss)

    def weights(self) -> list[np.ndarray]:
        """The weights, in Keras's order."""
        return [np.asarray(array) for pair in self._parameters for array in pair]


def _train(
    update: Any,
    workload: Workload,
    whole_epoch: bool,
    parameters: Any,
    state: Any,
    samples: Any,
    key: Any,
    shuffle: Any,
    n_epochs: Any,
) -> Any:
    """Train; with `whole_epoch` the samples are put in order before an epoch, else before each step."""
    n_samples = len(samples[0])
    loss_of = partial(_loss, workload)

    def step(carry: Any, rows: Any) -> Any:
        parameters, state = carry
        x, y = rows if whole_epoch else (array[rows] for array in samples)
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        changes, state = update.update(gradients, state, parameters)
        return (optax.apply_updates(parameters, changes), state), loss

    def epoch(number: Any, carry: Any) -> Any:
        parameters, state, _ = carry
        # Decided when it runs: compiling once for both takes half the time.
        order = jax.lax.cond(
            shuffle,
            lambda: jax.random.permutation(jax.random.fold_in(key, number), n_samples),
            lambda: jnp.arange(n_samples),
        )
        rows: Any = order.reshape(-1, workload.batch_size)
        if whole_epoch:
            rows = tuple(array[rows] for array in samples)
        (parameters, state), losses = jax.lax.scan(step, (parameters, state), rows)
        return parameters, state, losses.mean()

    return jax.lax.fori_loop(0, n_epochs, epoch, (parameters, state, jnp.zeros((), workload.dtype)))


def _loss(workload: Workload, parameters: Any, x: Any, y: Any) -> Any:
    for name, (kernel, bias) in zip(workload.hidden, parameters[:-1], strict=True):
        x = _ACTIVATIONS[name](x @ kernel + bias)
    kernel, bias = parameters[-1]
    return _LOSSES[workload.loss](x @ kernel + bias, y).mean()


def _optimizer(workload: Workload) -> Any:
    ours = workload.rule
    if workload.optimizer == "sgd":
        return optax.sgd(ours.learning_rate)
    return optax.adam(ours.learning_rate, ours.beta_1, ours.beta_2, ours.epsilon)
