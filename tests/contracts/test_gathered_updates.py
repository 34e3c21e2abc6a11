"""Updates that need all gradients first: norms that are clipped, means over batches."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastbp
import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Problem, optimizer_and_twin, worst
from contracts.test_compiles_nothing import counting
from contracts.test_resumption import data
from fastbp.compiler.lower import Lowering
from fastbp.compiler.request import Goal, InputKind, Request
from fastbp.engine import Network
from fastbp.optimizers import SGD, Adam, Optimizer

Array = NDArray[Any]
#: What all optimizers take, but for `clipvalue`, which goes with no norm.
NAMES = [name for name, (_, optimizer) in OPTIMIZERS.items() if optimizer.clipvalue is None]


def problem(n_hidden: int = 6, n_rows: int = 60) -> Problem:
    """A first layer with penalties, one behind it whose bias does not learn, and one that ends in a softmax."""
    layers = [
        naive.Dense(n_hidden, "tanh", kernel_penalty=(0.003, 0.01), bias_penalty=(0.0, 0.02)),
        naive.Dense(5, "gelu", bias_trainable=False),
        naive.Dense(3, "softmax"),
    ]
    return Problem(4, layers, "categorical_crossentropy", n_rows)


def trained(
    optimizer: Optimizer, n_epochs: int = 25, batch_size: int = 32, given: Problem | None = None
) -> tuple[Network, Array]:
    """A network after so many epochs, each of them ending in a short batch, and its history."""
    given = given or problem()
    network = given.engine("float64", optimizer)
    orders = given.orders(n_epochs)
    history = network.train(*given.sources(weighted=True), orders, batch_size=batch_size, threads=1)
    return network, history


# --- the formula ---

_SGD = {"learning_rate": 0.1}
_ADAM = {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-3}
_DECAY = {"weight_decay": 0.3}
_AVERAGE = {"ema_momentum": 0.8, "ema_overwrite_frequency": 7}
_MUON = {"learning_rate": 0.02, "epsilon": 1e-3}
TABLE: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {**_SGD, "clipnorm": 0.05}),
    ("sgd", {**_SGD, "global_clipnorm": 0.1}),
    ("adam", {**_ADAM, **_DECAY, "clipnorm": 0.03}),
    ("adam", {**_ADAM, **_DECAY, **_AVERAGE, "global_clipnorm": 0.1}),
    ("lion", {"learning_rate": 0.005, "global_clipnorm": 0.1}),
    ("sgd", {**_SGD, "gradient_accumulation_steps": 2}),
    ("sgd", {**_SGD, **_AVERAGE, "clipvalue": 0.02, "gradient_accumulation_steps": 3}),
    ("nadam", {**_ADAM, "global_clipnorm": 0.05, "gradient_accumulation_steps": 3}),
    ("adam", {**_ADAM, **_DECAY, **_AVERAGE, "clipnorm": 0.02, "gradient_accumulation_steps": 4}),
    ("muon", {**_MUON, **_AVERAGE, "clipvalue": 0.02, "gradient_accumulation_steps": 3}),
    ("muon", {**_MUON, "clipnorm": 0.02, "nesterov": False, "ns_steps": 1, "rms_rate": None}),
    ("muon", {**_MUON, **_DECAY, "global_clipnorm": 0.1, "adam_weight_decay": 0.0}),
]


def off(rule: str, options: dict[str, Any], batch_size: int) -> tuple[float, float, float]:
    """How far weights, history and sums that wait come apart from the twin's in at least 50 steps."""
    twin_rule, optimizer = optimizer_and_twin(rule, **options)
    given = problem()
    n_epochs = max(2, 52 // -(-60 // batch_size))
    reference = naive.train(
        given.twin,
        given.weights,
        twin_rule,
        given.inputs,
        given.targets,
        given.orders(n_epochs),
        batch_size,
        given.sample_weight,
    )
    network, history = trained(optimizer, n_epochs, batch_size, given)
    waiting = 0.0
    if optimizer.gradient_accumulation_steps:
        state = network.optimizer_state()
        learning = [i for i, each in enumerate(given.twin.parameters) if each.trainable]
        sums = [state[f"gradient_accumulator/{i}"] for i in learning]
        waiting = worst(sums, reference.sums)
    errors = worst(network.weights(), reference.weights), worst([history], [reference.history])
    return *errors, waiting


@pytest.mark.parametrize("batch_size", [1, 7, 32])
@pytest.mark.parametrize(("rule", "options"), TABLE, ids=str)
def test_trajectories(rule: str, options: dict[str, Any], batch_size: int) -> None:
    assert max(off(rule, options, batch_size)) < 1e-12


@pytest.mark.parametrize(("rule", "options"), [TABLE[0], TABLE[1], TABLE[5], TABLE[-1]], ids=str)
def test_planted_fault_is_seen(
    rule: str, options: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Norms, and means, that are off by one part in 10^9 show."""
    clipped = naive.gathering.clipped

    def wrong(gradients: list[Array], options: dict[str, float]) -> list[Array]:
        return [each * (1 + 1e-9) for each in clipped(gradients, options)]

    monkeypatch.setattr(naive.gathering, "clipped", wrong)
    assert max(off(rule, options, 32)) > 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_a_norm_that_is_never_clipped_changes_nothing(name: str) -> None:
    """In two stages as in one: penalties, weight decay, the loss that a rule asks for."""
    optimizer = OPTIMIZERS[name][1]
    fused, history = trained(optimizer)
    for setting in ("clipnorm", "global_clipnorm"):
        other, told = trained(replace(optimizer, **{setting: 1e12}))
        assert worst(other.weights(), fused.weights()) < 1e-12
        assert worst([told], [history]) < 1e-12
        states = [list(each.optimizer_state().values()) for each in (other, fused)]
        assert worst(*states) < 1e-12


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.01, weight_decay=0.1, use_ema=True)])
def test_batches_that_are_added_up_are_one(optimizer: Optimizer) -> None:
    """Halves of a batch, their sample weights counting as in the whole."""
    whole, _ = trained(optimizer, 26, 60)
    halves, _ = trained(replace(optimizer, gradient_accumulation_steps=2), 26, 30)
    assert (whole.steps, halves.steps) == (26, 52)
    assert worst(halves.weights(), whole.weights()) < 1e-12
    for network in (whole, halves):
        network.take_averages()
    assert worst(halves.weights(), whole.weights()) < 1e-12


def test_no_average_before_the_first_update() -> None:
    """There is none yet that could take the place of the weights."""
    optimizer = SGD(0.1, use_ema=True, gradient_accumulation_steps=5)
    network, _ = trained(optimizer, 2)
    network.take_averages()
    assert worst(network.weights(), problem().weights) == 0.0


def test_a_schedule_counts_batches() -> None:
    """The rate of an update is that of its last batch."""
    asked: list[int] = []

    def rate(step: int) -> float:
        asked.append(step)
        return 0.1 if step == 3 else 0.0

    scheduled, _ = trained(SGD(rate, gradient_accumulation_steps=2), 3, 30)
    constant, _ = trained(SGD(0.1, gradient_accumulation_steps=2), 1, 30)
    assert max(asked) == 5
    moved = [
        worst([a], [b]) > 0 for a, b in zip(scheduled.weights(), problem().weights, strict=True)
    ]
    assert moved == [True, True, True, False, True, True]
    # that of the second update: the first, and the third, have none
    first, _ = trained(
        SGD(lambda step: 0.1 if step == 1 else 0.0, gradient_accumulation_steps=2), 3, 30
    )
    assert worst(first.weights(), constant.weights()) < 1e-15


def test_frozen_layers_do_not_count() -> None:
    """Nor do biases that are not trained: their gradients are in no norm."""
    x, y = data()
    models = []
    for trainable in (True, False):
        layers = [
            fastbp.Dense(6, "tanh", trainable=trainable),
            fastbp.Dense(4, "tanh", bias_trainable=False),
            fastbp.Dense(3, "softmax"),
        ]
        model = fastbp.Sequential(layers, seed=4, dtype="float64")
        model.compile(SGD(0.1, global_clipnorm=0.01), "sparse_categorical_crossentropy")
        model.fit(x, y, epochs=0, verbose=0)
        before = model.get_weights()
        _, gradients = model.loss_and_gradients(x, y)
        model.fit(x, y, batch_size=len(x), epochs=1, shuffle=False, verbose=0)
        learn = [trainable, trainable, True, False, True, True]
        norm = naive.gathering.norm([g for g, each in zip(gradients, learn, strict=True) if each])
        assert norm > 0.01
        for weight, start, gradient, each in zip(
            model.get_weights(), before, gradients, learn, strict=True
        ):
            expected = start - each * 0.1 * 0.01 / norm * gradient
            np.testing.assert_allclose(weight, expected, rtol=1e-13, atol=1e-16)
        models.append(norm)
    assert models[0] > models[1]


@pytest.mark.parametrize("setting", ["clipnorm", "gradient_accumulation_steps"])
def test_where_nothing_learns(setting: str) -> None:
    x, y = data()
    model = fastbp.Sequential([fastbp.Dense(3, "softmax", trainable=False)], seed=4)
    model.compile(SGD(0.1, **{setting: 2}), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=0, verbose=0)
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    assert worst(model.get_weights(), before) == 0.0


# --- hard numbers ---


@pytest.mark.parametrize("setting", ["clipnorm", "global_clipnorm"])
def test_squares_that_overflow(setting: str) -> None:
    """The squares of gradients of float32 that are finite have a norm that is finite."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 3)) * 1e22, random.normal(size=(40, 1))
    layer = fastbp.Dense(1, kernel_initializer="zeros")
    model = fastbp.Sequential([layer], seed=0)
    model.compile(SGD(1.0, **{setting: 1.0}), "mean_absolute_error")
    model.fit(x, y, batch_size=40, epochs=1, verbose=0)
    kernel, bias = model.get_weights()
    size = np.linalg.norm(kernel)
    assert size == pytest.approx(1.0, rel=1e-6)
    assert abs(bias[0]) <= 1.0


def test_a_gradient_that_is_not_finite_is_told() -> None:
    """Else an infinite norm would make all updates nothing, and nobody would notice."""
    x = np.full((8, 3), 3e38, np.float32)
    model = fastbp.Sequential([fastbp.Dense(1, kernel_initializer="zeros")], seed=0)
    model.compile(SGD(1.0, global_clipnorm=1.0), "mean_absolute_error")
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, np.full(8, 10.0), sample_weight=np.full(8, 10.0), epochs=2, verbose=0)
    assert all((weight == 0).all() for weight in model.get_weights())


# --- the program ---


def lowered(optimizer: Optimizer) -> Any:
    network = problem().engine("float32", optimizer)
    targets = "float32"
    request = Request(
        32,
        InputKind("float32", True),
        targets,
        None,
        optimizer.rule,
        gathering=optimizer.gathering,
    )
    layout = network._layout
    goal = Goal("mean_squared_error", False)
    lowering = Lowering(
        layout, network._operations, request, goal, None, 8 * layout.size, layout.size
    )
    return lowering.build()


def test_what_is_not_asked_for_is_not_there() -> None:
    """A step has two barriers, the rule in the first rows of the second part; with a norm there are two more."""
    plain, clipped = lowered(SGD(0.1)), lowered(SGD(0.1, global_clipnorm=1.0))
    added = lowered(SGD(0.1, gradient_accumulation_steps=2))
    assert [each.names.count("barrier") for each in (plain, clipped, added)] == [2, 4, 3]
    assert not any("apply" in name or "squares" in name for name in plain.names)
    assert [name for name in plain.names if name.endswith(("sgd True", "sgd False"))] == [
        "weight_gradient sgd False",
        "bias_gradient sgd False",
        "weight_gradient sgd False",
        "first_weight_gradient sgd True",
        "bias_gradient sgd True",
    ]
    assert clipped.names.count("sum_squares") == clipped.names.count("apply_rule sgd") == 5
    assert clipped.workspace > plain.workspace
    # sums of gradients lie with the optimizer's state, and need no room beside it
    assert added.workspace == plain.workspace


def test_nothing_is_compiled_anew() -> None:
    """For other numbers, and for another network."""
    for change in (
        {"clipnorm": 0.1},
        {"global_clipnorm": 0.1},
        {"gradient_accumulation_steps": 2, "global_clipnorm": 0.1},
    ):
        optimizer = replace(SGD(0.1), **change)
        trained(optimizer, 2)
        others = {name: value * 3 for name, value in change.items()}
        with counting() as names:
            trained(replace(optimizer, learning_rate=0.3, **others), 2)
            trained(optimizer, 2, 17, problem(19))
        assert names == []


SCRIPT = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_gathered_updates import TABLE, optimizer_and_twin, problem

found, sizes = {}, teams.counted()
for rule, options in TABLE:
    optimizer = optimizer_and_twin(rule, **options)[1]
    for workers in (1, 2, 3):
        given = problem(1100)
        network = given.engine("float64", optimizer)
        history = network.train(
            *given.sources(), given.orders(20), batch_size=40, threads=workers
        )
        state = [*network.weights(), *network.optimizer_state().values(), history]
        found.setdefault(str((rule, options)), []).append(digest(state))
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits_for_any_number_of_workers() -> None:
    """In arrays of several pieces, each of which one worker adds up."""
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="3", NUMBA_THREADING_LAYER="workqueue")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3}
    found = answer["found"]
    assert {name for name, bits in found.items() if len(set(bits)) > 1} == set()
    assert len({json.dumps(bits) for bits in found.values()}) == len(TABLE)
