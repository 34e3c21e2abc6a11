"""All that a learner knows, as settings for JSON and arrays by name; and learners made of that, or put there."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastbp.errors import ArgumentError, DataError
from fastbp.nn import LAYERS, Layer, Metric, Normalization, Stack, loss_from_config
from fastbp.specification import whole_number
from fastbp.training.learner import Learner

if TYPE_CHECKING:
    from fastbp.engine import Network

Arrays = dict[str, NDArray[Any]]

# How the arrays are named.
_WEIGHTS = "weights/"
_OPTIMIZER = "optimizer/"


def learner_state(learner: Learner) -> tuple[dict[str, Any], Arrays]:
    """All there is to know: settings that JSON can hold, and arrays by name."""
    network = learner.network()
    with network.lock:
        return _settings(learner, network), _arrays(learner, network)


def _settings(learner: Learner, network: "Network") -> dict[str, Any]:
    optimizer = learner.optimizer
    return {
        "layers": [layer.to_config() for layer in learner.stack.layers],
        "n_inputs": learner.n_inputs,
        "seed": learner.seed,
        "dtype": learner.dtype,
        "epochs_seen": learner.epochs_seen,
        "optimizer": (
            None if optimizer is None else optimizer.storable(network.steps + 1).to_config()
        ),
        "loss": None if learner.loss is None else learner.loss.to_config(),
        "metrics": [metric.to_config() for metric in learner.metrics],
    }


def _arrays(learner: Learner, network: "Network") -> Arrays:
    names, normalization = learner.stack.weight_names, learner.stack.normalization
    arrays: Arrays = {
        f"{_WEIGHTS}{name}": array for name, array in zip(names, network.weights(), strict=True)
    }
    if learner.optimizer is not None:
        for name, array in network.optimizer_state().items():
            arrays[f"{_OPTIMIZER}{name}"] = array
    if normalization is not None:
        arrays["normalization/mean"] = normalization.mean
        arrays["normalization/variance"] = normalization.variance
    return arrays


def restore_learner(
    learner: Learner, settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Put a learner, which has the same layers and was compiled alike, where `learner_state` was told.

    Raises
    ------
    ArgumentError
        If it is another one.
    """
    own, own_arrays = learner_state(learner)
    for name in ("layers", "n_inputs", "dtype", "loss", "metrics"):
        # Through JSON, since lists become of tuples there.
        if json.loads(json.dumps(own[name])) != settings[name]:
            raise ArgumentError(
                f"the backup is of a model with other {name}; delete it to begin anew"
            )
    for name in own_arrays:
        if name.startswith("normalization/") and not np.array_equal(own_arrays[name], arrays[name]):
            raise ArgumentError(
                "the backup is of a model with another normalization; delete it to begin anew"
            )
    learner.seed = settings["seed"]
    network = learner.network()
    # A Python function is in no file; there is its rate of that moment instead.
    if learner.optimizer is not None and learner.optimizer.storable(1) == learner.optimizer:
        learner.set_optimizer(settings["optimizer"])
    network.set_weights([arrays[f"{_WEIGHTS}{name}"] for name in learner.stack.weight_names])
    network.set_optimizer_state(_optimizer_arrays(arrays))
    learner.epochs_seen = settings["epochs_seen"]


def learner_from_state(settings: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Learner:
    """What `learner_state` told of, so that training goes on exactly."""
    stack = Stack.of(_layer_from(config, arrays) for config in settings["layers"])
    learner = Learner(stack, settings["seed"], settings["dtype"])
    learner.epochs_seen = whole_number("epochs_seen", settings["epochs_seen"], minimum=0)
    if settings["loss"] is not None:
        metrics = [Metric.from_config(metric) for metric in settings["metrics"]]
        loss = loss_from_config(settings["loss"])
        learner.compile(settings["optimizer"], loss, metrics, is_new=False)
    weights = [arrays[f"{_WEIGHTS}{name}"] for name in stack.weight_names]
    if len(weights) != sum(name.startswith(_WEIGHTS) for name in arrays):
        raise DataError("there are weights that belong to no layer")
    network = learner.network(settings["n_inputs"])
    learner.set_weights(weights)
    if learner.optimizer is not None:
        network.set_optimizer_state(_optimizer_arrays(arrays))
    return learner


def _optimizer_arrays(arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    return {
        name.removeprefix(_OPTIMIZER): array
        for name, array in arrays.items()
        if name.startswith(_OPTIMIZER)
    }


def _layer_from(config: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Layer:
    if config.get("class") == "Normalization":
        mean, variance = arrays["normalization/mean"], arrays["normalization/variance"]
        return Normalization(mean=mean, variance=variance, name=config["name"])
    return LAYERS.from_config(config)
