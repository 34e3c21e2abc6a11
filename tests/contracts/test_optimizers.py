"""One contract for all optimizers: the published formula, descent, hard numbers, nothing compiled anew, same bits."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Problem, optimizer_and_twin
from contracts.test_compiles_nothing import counting
from fastbp.engine import Network
from fastbp.kernels.rules import ADDITIONS, RULES
from fastbp.optimizers import (
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    Lion,
    Muon,
    Nadam,
    Optimizer,
    RMSprop,
    Rprop,
)
from fastbp.optimizers.schedules import CosineDecay
from kernels.updates import Updates

Array = NDArray[Any]
NAMES = list(OPTIMIZERS)


def test_all_are_here() -> None:
    parts = [optimizer.rule.split("+") for _, optimizer in OPTIMIZERS.values()]
    assert {own for own, *_ in parts} == set(RULES)
    assert {added for _, *additions in parts for added in additions} == set(ADDITIONS)


# --- the formula ---


def follow(name: str, n_steps: int = 50) -> float:
    """How far a rule and its twin come apart over random gradients and losses, weights and slots, in float64."""
    twin, optimizer = OPTIMIZERS[name]
    random = np.random.default_rng(3)
    weights = random.normal(size=33)
    expected, slots = weights.copy(), twin.begin(weights)
    computed = Updates(optimizer, weights)
    error = 0.0
    for step in range(1, n_steps + 1):
        # some numbers of either sign, and zeros, again and again
        gradient = random.normal(size=33) * random.choice([0.0, 1e-6, 1.0, 10.0], size=33)
        loss = float(random.exponential())
        expected, slots = twin.update(expected, gradient, slots, step, loss)
        computed.step(gradient, loss)
        pairs = zip([computed.weights, *computed.slots], [expected, *slots], strict=True)
        for a, b in pairs:
            error = max(error, float(np.abs(a - b).max() / np.abs(b).max()))
    return error


@pytest.mark.parametrize("name", NAMES)
def test_published_formula(name: str) -> None:
    assert follow(name) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_planted_fault_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that is off by one part in 10^9 shows."""
    twin, optimizer = OPTIMIZERS[name]
    setting = next(s for s in ("eta_minus", "clipvalue", "learning_rate") if s in twin.options)
    changed = replace(optimizer, **{setting: twin.options[setting] * (1 + 1e-9)})
    monkeypatch.setitem(OPTIMIZERS, name, (twin, changed))
    assert follow(name) > 1e-12


# --- descent ---


def parabola(w: Array) -> tuple[float, Array]:
    """Curved ten times more in one direction than in another."""
    curvature = np.array([0.1, 0.5, 1.0])
    return float(0.5 * (curvature * w**2).sum()), curvature * w


def rosenbrock(w: Array) -> tuple[float, Array]:
    """A narrow valley that bends (Rosenbrock 1960)."""
    x, y = w
    value = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    return value, np.array([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)])


Landscape = Callable[[Array], tuple[float, Array]]


def left_of(
    optimizer: Optimizer, landscape: Landscape, begin: list[float], n_steps: int, dtype: str
) -> float:
    """The share of the first value that is left."""
    updates = Updates(optimizer, np.array(begin), dtype)
    first, _ = landscape(np.array(begin))
    for _ in range(n_steps):
        loss, gradient = landscape(updates.weights.astype(np.float64))
        updates.step(gradient, loss)
    assert np.isfinite(updates.slots).all()
    assert (updates.padding == 0).all()
    return landscape(updates.weights.astype(np.float64))[0] / first


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_descends(name: str, dtype: str) -> None:
    """With the settings of this contract, which are far from good ones; clipped gradients make short steps."""
    _, optimizer = OPTIMIZERS[name]
    share = 0.05 if name == "sgd, clip" else 1e-4
    assert left_of(optimizer, parabola, [3.0, -2.0, 1.0], 1000, dtype) < share


#: A learning rate at which each rule, as published, comes far through the valley, and what share it may leave of the
#: 24.2 that it begins with, 2000 steps later: some times what it leaves. The minimum of Lion is as wide as its steps.
VALLEY: dict[str, tuple[Optimizer, float]] = {
    "sgd": (SGD(0.002), 1e-3),
    "momentum": (SGD(0.003, 0.9), 1e-9),
    "nesterov": (SGD(0.001, 0.9, nesterov=True), 3e-9),
    "adagrad": (Adagrad(1.0), 1e-3),
    "adadelta": (Adadelta(1.0), 3e-2),
    "rmsprop": (RMSprop(0.003), 6e-4),
    "rmsprop_momentum": (RMSprop(0.001, momentum=0.9), 1e-5),
    "rmsprop_centered": (RMSprop(0.001, centered=True), 2e-4),
    "rmsprop_centered_momentum": (RMSprop(0.0005, momentum=0.9, centered=True), 1e-5),
    "adam": (Adam(0.1), 1e-9),
    "amsgrad": (Adam(0.1, amsgrad=True), 1e-9),
    "adamax": (Adamax(0.3), 3e-7),
    "nadam": (Nadam(0.05), 1e-5),
    "lion": (Lion(0.002), 3e-4),
    "muon": (Muon(0.1, adam_weight_decay=None), 1e-9),
    "rprop_plus": (Rprop(variant="plus"), 1e-3),
    "rprop_minus": (Rprop(variant="minus"), 1e-3),
    "rprop_iplus": (Rprop(variant="iplus"), 3e-5),
    "rprop_iminus": (Rprop(variant="iminus"), 3e-5),
}


def test_the_valley_is_for_all_rules() -> None:
    assert {optimizer.rule for optimizer, _ in VALLEY.values()} == set(RULES)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", VALLEY)
def test_comes_through_a_narrow_valley(rule: str, dtype: str) -> None:
    optimizer, share = VALLEY[rule]
    assert optimizer.rule == rule
    assert left_of(optimizer, rosenbrock, [-1.2, 1.0], 2000, dtype) < share


@pytest.mark.parametrize(
    "rule",
    [
        "sgd",
        "momentum",
        "nesterov",
        "adagrad",
        "adadelta",
        "rmsprop",
        "adam",
        "adamax",
        "nadam",
        "lion",
    ],
)
def test_a_wrong_rate_is_seen_in_the_valley(rule: str) -> None:
    """The planted fault: a tenth of the rate leaves more."""
    optimizer, share = VALLEY[rule]
    slow = replace(optimizer, learning_rate=0.1 * optimizer.rates(np.array([1]))[0])
    assert left_of(slow, rosenbrock, [-1.2, 1.0], 2000, "float64") > share


def test_another_variant_is_seen_in_the_valley() -> None:
    """And an Rprop that goes on where the gradient has turned leaves more than one that does not."""
    (_, share), (minus, _) = VALLEY["rprop_iminus"], VALLEY["rprop_minus"]
    assert left_of(minus, rosenbrock, [-1.2, 1.0], 2000, "float64") > share


# --- hard numbers ---


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_any_number_of_updates(name: str, dtype: str) -> None:
    """Across 2**31 the weights still follow."""
    _, optimizer = OPTIMIZERS[name]
    updates = Updates(optimizer, np.array([1.0, -1.0, 0.5]), dtype)
    updates.steps = 2**31 - 3
    for _ in range(6):
        before = updates.weights.copy()
        updates.step(np.array([0.5, -0.25, 1e-3]), 1.0)
        assert np.isfinite(updates.weights).all()
        assert (updates.weights != before).all()
    assert updates.steps > 2**31


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_hard_gradients(name: str, dtype: str) -> None:
    """From those whose squares are nothing to those whose squares nearly overflow, and after them nothing at all."""
    _, optimizer = OPTIMIZERS[name]
    limits = np.finfo(dtype)
    tiny, root = float(limits.tiny), float(np.sqrt(limits.max)) / 8
    sizes = [0.0, float(limits.smallest_subnormal), tiny, np.sqrt(tiny), 1.0, root / 1e3, root]
    gradient = np.array([*sizes, *[-size for size in sizes]])
    updates = Updates(optimizer, np.zeros(len(gradient)), dtype)
    for step in range(40):
        updates.step(gradient * (-1 if step % 3 == 2 else 1), 1.0)
    for _ in range(40):
        updates.step(0.0 * gradient, 1.0)
    assert np.isfinite(updates.weights).all()
    assert np.isfinite(updates.slots).all()
    # what never had a gradient has never moved: so padding stays zero
    assert updates.weights[0] == updates.weights[len(sizes)] == 0.0
    assert (updates.padding == 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_a_number_is_handed_on(name: str) -> None:
    """Else a run that has diverged would not be noticed."""
    _, optimizer = OPTIMIZERS[name]
    updates = Updates(optimizer, np.ones(3))
    updates.step(np.array([1.0, np.nan, 1.0]), 1.0)
    assert np.isnan(updates.weights).tolist() == [False, True, False]


def test_centered_variance_is_never_below_zero() -> None:
    """In float32 the mean square of a large constant gradient may be rounded to below the square of its mean."""
    _, optimizer = optimizer_and_twin("rmsprop_centered", learning_rate=0.01, rho=0.5)
    updates = Updates(optimizer, np.zeros(200), "float32")
    gradient = np.linspace(1e3, 1e4, 200)
    for _ in range(300):
        updates.step(gradient)
    assert np.isfinite(updates.weights).all()
    square, mean = updates.slots
    assert (square < mean.astype(np.float64) ** 2).any()


# --- in a network ---


def trainee(optimizer: Optimizer, n_hidden: int = 6) -> tuple[Problem, Network]:
    """A network that shares its kernels with those whose trajectories are tested."""
    layers = [
        naive.Dense(n_hidden, "tanh", kernel_penalty=(0.0, 0.01)),
        naive.Dense(5, "gelu", bias_trainable=False),
        naive.Dense(3, "softmax"),
    ]
    problem = Problem(4, layers, "categorical_crossentropy", 60)
    return problem, problem.engine("float64", optimizer)


def train(optimizer: Optimizer, n_hidden: int = 6, batch_size: int = 32) -> None:
    problem, network = trainee(optimizer, n_hidden)
    network.train(*problem.sources(), problem.orders(2), batch_size=batch_size, threads=1)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_compiled_anew(name: str) -> None:
    """Not for other numbers, nor for a schedule or a function, nor for another network."""
    _, optimizer = OPTIMIZERS[name]
    train(optimizer)
    changed: dict[str, Any] = {"learning_rate": 0.003}
    if optimizer.weight_decay:
        changed["weight_decay"] = 0.01
    if optimizer.clipvalue:
        changed["clipvalue"] = 0.5
    rates: list[Any] = [CosineDecay(0.01, 10), lambda step: 0.01 / (1 + step)]
    with counting() as names:
        train(replace(optimizer, **changed))
        train(optimizer, 19, 17)
        if not isinstance(optimizer, Rprop):
            for rate in rates:
                train(replace(optimizer, learning_rate=rate))
    assert names == []


@pytest.mark.parametrize("name", NAMES)
def test_slots_begin_where_the_specification_says(name: str) -> None:
    """In all of the arena, padding too: a root of it may be a divisor."""
    _, optimizer = OPTIMIZERS[name]
    problem, network = trainee(optimizer)
    for place, (slot, start) in enumerate(optimizer.slots.items()):
        assert (network._slot(place) == start).all()
        assert (network.optimizer_state()[f"{slot}/0"] == start).all()
    twin_slots = OPTIMIZERS[name][0].begin(problem.weights[0])
    assert [float(slot[0, 0]) for slot in twin_slots] == list(optimizer.slots.values())


SCRIPT = """
import json
from contracts import teams
from contracts.problems import OPTIMIZERS, digest
from contracts.test_optimizers import trainee

found, sizes = {}, teams.counted()
for name, (_, optimizer) in OPTIMIZERS.items():
    for workers in (1, 2, 3):
        problem, network = trainee(optimizer, 40)
        history = network.train(
            *problem.sources(), problem.orders(20), batch_size=40, threads=workers
        )
        state = [*network.weights(), *network.optimizer_state().values(), history]
        found.setdefault(name, []).append(digest(state))
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits_for_any_number_of_workers() -> None:
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="3", NUMBA_THREADING_LAYER="workqueue")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3}
    found = answer["found"]
    assert list(found) == NAMES
    assert {name for name, bits in found.items() if len(set(bits)) > 1} == set()
    # the planted fault: an optimizer in the place of another would be seen
    assert len({json.dumps(bits) for bits in found.values()}) == len(NAMES)
