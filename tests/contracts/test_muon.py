"""Muon in a network: matrices of all forms, what Adam moves beside them, the same bits, hard numbers.

Trajectories with all that optimizers share are in test_optimizers.py, test_gathered_updates.py and test_embeddings.py.
"""

import json
from typing import Any

import numpy as np
import pytest

import fastbp
import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Problem, optimizer_and_twin, specification, worst
from contracts.test_batch_edges import run
from contracts.test_compiles_nothing import counting
from contracts.test_gathered_updates import lowered
from fastbp import nn
from fastbp.data.source import as_source
from fastbp.engine import Network
from fastbp.optimizers import SGD, AdamW, Muon, Optimizer
from fastbp.optimizers.schedules import CosineDecay
from naive.muon import orthogonalized

#: Inputs and units: wide and high ones, single lines, sums that are cut, groups of rows that are many.
SHAPES = [(1, 1), (1, 9), (5, 70, 1), (40, 20, 37, 40), (600, 70, 3), (3, 530, 40)]


def problem(*widths: int, n_rows: int = 40) -> Problem:
    n_inputs, *hidden, n_outputs = widths
    layers = [*(naive.Dense(width, "tanh") for width in hidden), naive.Dense(n_outputs)]
    return Problem(n_inputs, layers, n_rows=n_rows, scale=0.2)


def off(
    given: Problem, network: Network, twin: naive.Optimizer, n_epochs: int = 3, **options: Any
) -> float:
    """How far weights and momenta come apart from the twin's."""
    orders = given.orders(n_epochs)
    data = given.inputs, given.targets, orders
    expected = naive.train(given.twin, given.weights, twin, *data, 16, **options)
    network.train(*given.sources(), orders, batch_size=16, threads=1)
    state = network.optimizer_state()
    slots = [slot for array in expected.slots for slot in array]
    computed = [
        state[f"{name}/{i}"] for i in range(len(given.weights)) for name in ("momentum", "velocity")
    ]
    return max(worst(network.weights(), expected.weights), worst(computed, slots))


@pytest.mark.parametrize("widths", SHAPES, ids=str)
def test_matrices_of_all_forms(widths: tuple[int, ...]) -> None:
    twin, optimizer = optimizer_and_twin("muon", learning_rate=0.02)
    given = problem(*widths)
    assert off(given, given.engine("float64", optimizer), twin) < 1e-12


@pytest.mark.parametrize("widths", SHAPES, ids=str)
def test_single_precision(widths: tuple[int, ...]) -> None:
    twin, optimizer = optimizer_and_twin("muon", learning_rate=0.02)
    given = problem(*widths)
    assert off(given, given.engine("float32", optimizer), twin) < 1e-3


def test_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A direction that is off by one part in 10^9 shows."""
    right = naive.muon.orthogonalized
    monkeypatch.setattr(naive.muon, "orthogonalized", lambda *all: right(*all) * (1 + 1e-9))
    twin, optimizer = optimizer_and_twin("muon", learning_rate=0.02)
    given = problem(*SHAPES[3])
    assert off(given, given.engine("float64", optimizer), twin) > 1e-12


# --- what Adam moves ---


@pytest.mark.parametrize(
    ("expressions", "excluded"),
    [
        ([], []),
        (["output"], [4]),
        (["^hidden_2/", "put$"], [2]),
        (["kernel"], [0, 2, 4]),
        (["bias"], []),
    ],
)
def test_layers_that_are_excluded(expressions: list[str], excluded: list[int]) -> None:
    """By what is found in the names of the layer and the array."""
    given = problem(4, 6, 5, 3)
    twin, optimizer = optimizer_and_twin("muon", learning_rate=0.02)
    optimizer = fastbp.Muon(learning_rate=0.02, exclude_layers=expressions)
    names = ["hidden", "hidden_2", "output"]
    layers = [
        specification(each).with_name(name) for each, name in zip(given.layers, names, strict=True)
    ]
    network = Network(4, layers, dtype="float64", weights=given.weights)
    network.configure(nn.LOSSES.resolve(given.loss), optimizer)
    assert off(given, network, twin, excluded=excluded) < 1e-12


def test_a_model_has_the_names_of_its_layers() -> None:
    """Those that are shown, given or not. With all excluded it is AdamW."""
    x = np.random.default_rng(0).normal(size=(50, 4))
    for pattern, same in (
        ("^dense/", [True, True, False]),
        (".", [True] * 3),
        ("^out", [False, False, True]),
    ):
        moved = []
        for optimizer in (Muon(0.01, exclude_layers=[pattern]), AdamW(0.01)):
            layers = [fastbp.Rescaling(2.0), fastbp.Dense(5, "tanh"), fastbp.Dense(3, name="out")]
            model = fastbp.Sequential(layers, seed=1, dtype="float64")
            model.compile(optimizer, "mean_squared_error")
            model.fit(x, x[:, :3], epochs=0, verbose=0)
            # one step: what other arrays do is not seen in these
            model.fit(x, x[:, :3], batch_size=50, epochs=1, verbose=0)
            moved.append(model.get_weights())
        found = [worst([a], [b]) < 1e-12 for a, b in zip(*moved, strict=True)]
        assert found == [same[0], True, same[2], True]


@pytest.mark.parametrize("width", [5, 16, 40])
@pytest.mark.parametrize("is_excluded", [True, False])
def test_embeddings(width: int, is_excluded: bool) -> None:
    """Rows that end at no vector, and others; more of them than are wide, and less."""
    options = {"learning_rate": 0.02, "exclude_embeddings": is_excluded}
    twin, optimizer = optimizer_and_twin("muon", **options)
    given = Problem(2, [naive.Embedding(23, width), naive.Dense(3)], n_rows=40)
    assert off(given, given.engine("float64", optimizer), twin) < 1e-12
    averaged = {**options, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
    twin, optimizer = optimizer_and_twin("muon", **averaged)
    orders = given.orders(3)
    expected = naive.train(given.twin, given.weights, twin, given.inputs, given.targets, orders, 16)
    network = given.engine("float64", optimizer)
    network.train(*given.sources(), orders, batch_size=16, threads=1)
    assert worst(network.weights(), expected.weights) < 1e-12
    averages = [array[-1] for array in expected.slots]
    state = network.optimizer_state()
    assert worst([state[f"average/{i}"] for i in range(3)], averages) < 1e-12


def test_frozen_layers_and_constraints() -> None:
    """The first stay, the others hold after each step."""
    x = np.random.default_rng(0).normal(size=(50, 4))
    layers = [
        fastbp.Dense(8, "tanh", trainable=False),
        fastbp.BatchNormalization(),
        fastbp.Dense(3, kernel_constraint=fastbp.UnitNorm()),
    ]
    model = fastbp.Sequential(layers, seed=1, dtype="float64")
    model.compile(Muon(0.05), "mean_squared_error")
    model.fit(x, x[:, :3], epochs=0, verbose=0)
    before = model.get_weights()
    model.fit(x, x[:, :3], epochs=3, verbose=0)
    after = model.get_weights()
    assert np.array_equal(after[0], before[0])
    np.testing.assert_allclose(np.linalg.norm(after[6], axis=0), 1.0, rtol=1e-12)
    assert worst([after[6]], [before[6]]) > 0.01


# --- the program ---


def test_what_is_not_asked_for_is_not_there() -> None:
    """Behind the gradients a barrier, behind the momenta one for each stage, and one behind the step."""
    plain, moved = lowered(SGD(0.1)), lowered(Muon(0.1, ns_steps=2))
    assert not any("muon" in name for name in plain.names)
    assert moved.names.count("barrier") == plain.names.count("barrier") + 9
    assert moved.names.count("muon_newton_schulz") == 2 * 3
    assert moved.names.count("apply_rule muon") == 2
    without = lowered(Muon(0.1, exclude_layers=["kernel"]))
    assert without.names.count("apply_rule muon") == 5
    assert not any(name.startswith("muon") for name in without.names)
    assert without.workspace < moved.workspace


def test_nothing_is_compiled_anew() -> None:
    """For other numbers, iterations, shapes and exclusions."""

    def train(optimizer: Muon, *widths: int) -> None:
        given = problem(*widths)
        network = given.engine("float32", optimizer)
        network.train(*given.sources(), given.orders(1), batch_size=16, threads=1)

    train(Muon(0.1), 4, 6, 3)
    # A first layer of many inputs and few outputs has kernels of its own.
    train(Muon(0.1), 90, 5)
    with counting() as names:
        train(Muon(0.2, 0.8, 0.9, 0.1, 1e-3, weight_decay=None), 9, 40, 20, 7)
        train(Muon(muon_a=2.0, muon_b=-1.5, muon_c=0.5, momentum=0.5, nesterov=False), 4, 6, 3)
        train(Muon(ns_steps=3, rms_rate=None, adam_lr_ratio=2.0), 70, 3)
        train(Muon(exclude_layers=["dense"]), 4, 6, 3)
    assert names == []


def test_another_iteration_is_another_program() -> None:
    given = problem(4, 6, 3)
    network = given.engine("float64", Muon(0.1))
    network.set_optimizer(Muon(0.2, momentum=0.5, nesterov=False, rms_rate=0.1, muon_a=3.0))
    for other in (Muon(ns_steps=4), Muon(rms_rate=None), Muon(exclude_layers=["a"])):
        with pytest.raises(fastbp.ArgumentError, match="compile the model with it"):
            network.set_optimizer(other)


def test_poison_does_not_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """As matrices that are wide and high; `run` is for five outputs."""
    twin, _ = OPTIMIZERS["muon"]
    monkeypatch.setitem(OPTIMIZERS, "muon", (twin, Muon(0.01, exclude_embeddings=False)))
    layers = [naive.Dense(19, "tanh"), naive.Dense(3), naive.Dense(21), naive.Dense(5)]
    for given in (
        Problem(7, layers, n_rows=50),
        Problem(2, [naive.Embedding(11, 9), naive.Dense(5)], n_rows=50),
    ):
        for dtype in ("float32", "float64"):
            clean = run(given, dtype, "muon", 17, poisoned=False)
            assert run(given, dtype, "muon", 17, poisoned=True) == clean


SCRIPT = """
import json
from contracts import teams
from contracts.problems import OPTIMIZERS, Problem, digest
from contracts.test_muon import SHAPES, problem
import naive
from fastbp.optimizers import Muon

found, sizes = {}, teams.counted()
embedded = Problem(2, [naive.Embedding(40, 9), naive.Dense(30)], n_rows=40)
optimizer = Muon(0.01, global_clipnorm=0.1, exclude_embeddings=False, use_ema=True)
for given in (*(problem(*widths) for widths in SHAPES[3:]), embedded):
    for dtype in ("float32", "float64"):
        for workers in (1, 2, 3, 8):
            network = given.engine(dtype, optimizer)
            network.train(*given.sources(), given.orders(6), batch_size=16, threads=workers)
            state = [*network.weights(), *network.optimizer_state().values()]
            name = f"{given.n_inputs} {given.layers} {dtype}"
            found.setdefault(name, []).append(digest(state))
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits_for_any_number_of_workers() -> None:
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER="workqueue")
    assert {int(wanted): size for wanted, size in answer["sizes"].items()} == {
        1: 1,
        2: 2,
        3: 3,
        8: 8,
    }
    found = answer["found"]
    assert {name for name, bits in found.items() if len(set(bits)) > 1} == set()
    assert len({json.dumps(bits) for bits in found.values()}) == len(found) == 8


# --- hard numbers ---


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-7, 1.0, 1e22])
def test_gradients_of_any_size(size: float) -> None:
    """In float32, where their squares are nothing or infinite: what is not small beside 1e-7 becomes a direction."""
    random = np.random.default_rng(0)
    x, y = random.normal(size=(40, 6)) * size, random.normal(size=(40, 4))
    layer = fastbp.Dense(4, kernel_initializer="zeros")
    model = fastbp.Sequential([fastbp.Input(6), layer], seed=0)
    optimizer = Muon(1.0, rms_rate=None, nesterov=False)
    model.compile(optimizer, "mean_absolute_error")
    gradient = model.loss_and_gradients(x, y)[1][0].astype(np.float64)
    model.fit(x, y, batch_size=40, epochs=1, verbose=0)
    numbers = optimizer.muon_a, optimizer.muon_b, optimizer.muon_c
    expected = orthogonalized(gradient, optimizer.ns_steps, *numbers)
    kernel, _ = model.get_weights()
    np.testing.assert_allclose(kernel, -expected, rtol=1e-4, atol=1e-4 * abs(expected).max())


def least_squares(optimizer: Optimizer, dtype: str) -> tuple[Network, Any, Problem]:
    """A matrix (9, 6) without a bias, to be found from inputs of sizes 1 to 10, and the sources of its data."""
    given = Problem(9, [naive.Dense(6, use_bias=False)], n_rows=64)
    given.inputs *= np.logspace(0, 1, 9)
    given.targets = given.inputs @ np.random.default_rng(5).normal(size=(9, 6))
    return given.engine(dtype, optimizer), given.sources(), given


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_descends(dtype: str) -> None:
    """All directions of a matrix alike, as far as the rate falls: its steps are as long as that says."""
    losses = []
    for decay in (None, 0.3):
        rate = CosineDecay(0.1, 500)
        network, sources, given = least_squares(Muon(rate, weight_decay=decay), dtype)
        first = given.twin.value(given.weights, given.inputs, given.targets)
        network.train(*sources, given.orders(500), batch_size=64, threads=1)
        last = given.twin.value(network.weights(), given.inputs, given.targets)
        losses.append(last / first)
    assert losses[0] < 1e-6
    # the planted fault: what pulls the weights to 0 is seen
    assert losses[1] > 1e-6


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_momenta_that_fade_away(dtype: str) -> None:
    """Through the smallest numbers there are: none of them becomes a direction, and the weights come to rest."""
    network, (x, y, _), given = least_squares(Muon(0.01, weight_decay=None), dtype)
    n_steps = 3000 if dtype == "float32" else 16000
    nothing = as_source(np.zeros(64), "sample_weight")
    network.train(x, y, None, given.orders(1), batch_size=64, threads=1)
    orders = given.orders(n_steps // 64 + 1)
    momentum, sizes = network.optimizer_state()["momentum/0"], []
    for _ in range(2):
        network.train(x, y, nothing, orders, batch_size=1, threads=1)
        state = network.optimizer_state()
        sizes.append(float(np.abs(state["momentum/0"]).max()))
        assert np.isfinite(network.weights()[0]).all()
    assert np.abs(momentum).max() > 1.0
    assert sizes[0] < np.finfo(dtype).tiny
    before = network.weights()
    network.train(x, y, nothing, given.orders(1), batch_size=1, threads=1)
    assert worst(network.weights(), before) == 0.0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_number_of_updates(dtype: str) -> None:
    """Across 2**31 matrices move to the bit as from the start; Adam's means of biases are not made up for."""
    moved = []
    for begin in (0, 2**31 - 3):
        given = Problem(
            5, [naive.Dense(4, "tanh", bias_trainable=False), naive.Dense(3)], n_rows=40
        )
        network = given.engine(dtype, Muon(0.01))
        network.steps = begin
        network.train(*given.sources(), given.orders(1), batch_size=40, threads=1)
        first = network.weights()
        network.train(*given.sources(), given.orders(3), batch_size=20, threads=1)
        assert network.steps == begin + 7
        assert all(np.isfinite(weights).all() for weights in network.weights())
        assert all((a != b).any() for a, b in zip(network.weights()[2:], first[2:], strict=True))
        moved.append(first)
    kernels, bias = (0, 2), 3
    assert all(np.array_equal(moved[0][i], moved[1][i]) for i in kernels)
    assert not np.array_equal(moved[0][bias], moved[1][bias])


def test_what_is_not_finite_is_told() -> None:
    """As an infinite norm would make a step nothing."""
    x = np.full((8, 3), 3e38, np.float32)
    model = fastbp.Sequential([fastbp.Dense(1, kernel_initializer="zeros")], seed=0)
    model.compile(Muon(1.0), "mean_absolute_error")
    with pytest.raises(fastbp.DivergedError):
        model.fit(x, np.full(8, 10.0), sample_weight=np.full(8, 10.0), epochs=2, verbose=0)
    assert all((weight == 0).all() for weight in model.get_weights())
