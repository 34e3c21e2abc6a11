"""Every layer with every loss and every optimizer, in float64: gradients and some steps, against the twins."""

from typing import Any

import pytest

import naive
from contracts.problems import OPTIMIZERS, Problem, optimizer_and_twin, worst
from contracts.test_gradients import errors
from fastbp.optimizers import Rprop


def first(*arguments: Any, **options: Any) -> naive.Dense:
    """A first layer; all of them have a penalty, or all rules would be compiled with and without."""
    return naive.Dense(*arguments, **options, kernel_penalty=(0.002, 0.01))


#: What stands between a first and a last layer, or before them.
LAYERS: dict[str, list[Any]] = {
    "dense": [first(5, "tanh"), naive.Dense(4, "gelu")],
    "dense without bias": [first(6, "softplus", use_bias=False)],
    "softmax": [first(4, "softmax")],
    "gate": [first(8, "glu")],
    "prelu": [first(5), naive.PReLU()],
    "layer normalization": [first(6, "tanh"), naive.LayerNormalization()],
    "batch normalization": [first(5, "tanh"), naive.BatchNormalization()],
    "activity": [first(5, "sigmoid"), naive.Activity(0.01, 0.02)],
    "dropout": [first(6, "tanh"), naive.Noise("dropout", 0.3, seed=4)],
    "noise": [naive.Noise("gaussian_noise", 0.2, seed=5), naive.Dense(6, "tanh")],
    "embedding": [naive.Embedding(7, 3), naive.Dense(5, "tanh")],
}
#: One of each class; the others of OPTIMIZERS differ in the rule alone, which their trajectories are for.
_NAMES = ("sgd", "nesterov", "adagrad", "adadelta", "rmsprop_centered_momentum", "adam", "adamax")
_NAMES += ("nadam", "lion", "muon", "rprop_iminus", "adam, all")
RULES = {name: OPTIMIZERS[name] for name in _NAMES}
# Norms of gradients are those of whole arrays: what lies in their padding must not count.
RULES |= {
    name: optimizer_and_twin("sgd", learning_rate=0.1, **{name: size})
    for name, size in (("clipnorm", 0.02), ("global_clipnorm", 0.05))
}
_ENDS = {
    "categorical": "softmax",
    "binary": "sigmoid",
    "poisson": "softplus",
    "kl_divergence": "softmax",
}


def problem(layers: str, loss: str) -> Problem:
    """Some more samples than two batches of 16."""
    end = next((end for start, end in _ENDS.items() if start in loss), "linear")
    if loss == "categorical_hinge":
        end = "linear"
    return Problem(3, [*LAYERS[layers], naive.Dense(3, end)], loss, 37)


def difference(layers: str, loss: str, rule: str) -> float:
    """Of weights and history, from the twin's after two epochs."""
    given = problem(layers, loss)
    twin, optimizer = RULES[rule]
    batch_size = 37 if isinstance(optimizer, Rprop) else 16
    network = given.engine("float64", optimizer)
    history = network.train(
        *given.sources(weighted=True), given.orders(2), batch_size=batch_size, threads=1
    )
    expected = naive.train(
        given.twin, given.weights, twin, given.inputs, given.targets, given.orders(2), batch_size,
        given.sample_weight, seed=network.seed,
    )  # fmt: skip
    return worst([*network.weights(), history], [*expected.weights, expected.history])


@pytest.mark.parametrize("layers", LAYERS)
def test_gradients(layers: str) -> None:
    """Those of noise are of a network without it."""
    for loss in naive.LOSSES:
        assert max(errors(problem(layers, loss), "float64", weighted=True)) < 1e-11, loss


@pytest.mark.parametrize("rule", RULES)
def test_steps(rule: str) -> None:
    """All losses, and with them all layers in turn, so that each pair of the three is there."""
    offset, n_layers = list(RULES).index(rule), len(LAYERS)
    assert len(naive.LOSSES) >= n_layers
    for number, loss in enumerate(naive.LOSSES):
        layers = list(LAYERS)[(number + offset) % n_layers]
        assert difference(layers, loss, rule) < 1e-9, (layers, loss)


@pytest.mark.parametrize("layers", LAYERS)
def test_planted_fault_is_seen(layers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that is wrong by one part in a million."""
    twin, optimizer = RULES["adam"]
    rate = twin.options["learning_rate"] * (1 + 1e-6)
    faulty = naive.Optimizer(twin.rule, {**twin.options, "learning_rate": rate})
    monkeypatch.setitem(RULES, "adam", (faulty, optimizer))
    assert difference(layers, "huber", "adam") > 1e-9
