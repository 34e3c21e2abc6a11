"""What is to hold of weights holds after every update, as the twin's do, for any number of workers."""

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastbp
import naive
from contracts import children
from contracts.problems import Problem, optimizer_and_twin, worst
from contracts.test_compiles_nothing import counting
from fastbp import nn
from fastbp.nn import CONSTRAINTS
from naive.constraints import constrained

Array = NDArray[Any]

#: Constraints of kernels, of (n_in, n_out) numbers, with bounds that count here, and of biases.
KERNELS: list[tuple[str, dict[str, Any]]] = [
    ("max_norm", {"max_value": 0.9}),
    ("max_norm", {"max_value": 0.9, "axis": 1}),
    ("max_norm", {"max_value": 1.9, "axis": [0, 1]}),
    ("unit_norm", {}),
    ("unit_norm", {"axis": -1}),
    ("min_max_norm", {"min_value": 0.8, "max_value": 1.1}),
    ("min_max_norm", {"min_value": 0.8, "max_value": 1.1, "rate": 0.3, "axis": 1}),
    ("non_neg", {}),
]
BIASES: list[tuple[str, dict[str, Any]]] = [
    ("max_norm", {"max_value": 0.2}),
    ("unit_norm", {"axis": -1}),
    ("min_max_norm", {"min_value": 0.3, "max_value": 0.4, "rate": 0.5}),
    ("non_neg", {}),
]


def problem(kernel: Any, bias: Any = None, n_hidden: int = 6, n_rows: int = 60) -> Problem:
    """In the first layer, whose kernel lies in blocks, and in one behind it; in one that does not learn its bias."""
    layers = [
        naive.Dense(n_hidden, "tanh", kernel_constraint=kernel, bias_constraint=bias),
        naive.Dense(5, "gelu", bias_trainable=False, bias_constraint=("unit_norm", {})),
        naive.Dense(3, "softmax", kernel_constraint=kernel, bias_constraint=bias),
    ]
    return Problem(4, layers, "categorical_crossentropy", n_rows)


def off(given: Problem, rule: str = "momentum", **options: float) -> float:
    """How far weights and history come apart from the twin's in 52 steps."""
    twin_rule, optimizer = optimizer_and_twin(rule, **options)
    data = given.inputs, given.targets, given.orders(26), 32
    reference = naive.train(given.twin, given.weights, twin_rule, *data)
    network = given.engine("float64", optimizer)
    history = network.train(*given.sources(), given.orders(26), batch_size=32, threads=1)
    state = network.optimizer_state()
    names = [name for name in optimizer.slots if name != "gradient_accumulator"]
    slots = [state[f"{name}/{i}"] for i in (0, 1, 2, 4, 5) for name in names]
    expected = [slot for i in (0, 1, 2, 4, 5) for slot in reference.slots[i]]
    found = [*network.weights(), history, *slots]
    return worst(found, [*reference.weights, reference.history, *expected])


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_kernels(kernel: Any) -> None:
    for n_hidden in (6, 35):
        assert off(problem(kernel, n_hidden=n_hidden), learning_rate=0.05, momentum=0.7) < 1e-12


@pytest.mark.parametrize("bias", BIASES, ids=str)
def test_biases(bias: Any) -> None:
    assert off(problem(None, bias), learning_rate=0.05, momentum=0.7) < 1e-12


@pytest.mark.parametrize(
    "options",
    [
        {"ema_momentum": 0.8, "ema_overwrite_frequency": 7},
        {"gradient_accumulation_steps": 3},
        {"gradient_accumulation_steps": 3, "global_clipnorm": 0.1},
    ],
    ids=str,
)
def test_with_what_else_an_update_does(options: dict[str, float]) -> None:
    """The average is of weights before; where gradients are only added up, nothing is constrained."""
    slow = ("min_max_norm", {"min_value": 0.9, "max_value": 1.0, "rate": 0.1})
    assert off(problem(slow, ("non_neg", {})), "adam", learning_rate=0.02, **options) < 1e-12


def test_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound that is off by one part in 10^9 shows."""
    monkeypatch.setitem(naive.CONSTRAINTS, "unit_norm", lambda w: naive.CONSTRAINTS["max_norm"](w))
    assert off(problem(("unit_norm", {})), "sgd") > 1e-3
    bounds = {"max_value": 0.9 * (1 + 1e-9)}
    given = problem(("max_norm", {"max_value": 0.9}))
    given.twin = problem(("max_norm", bounds)).twin
    assert off(given, "sgd", learning_rate=0.1) > 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CONSTRAINTS.names)
def test_what_holds_after_fit(name: str, dtype: str) -> None:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(90, 7)), random.normal(size=(90, 3))
    layers = [
        fastbp.Dense(40, "relu", kernel_constraint=name, bias_constraint=name),
        fastbp.Dense(3, kernel_constraint=name, bias_constraint=name),
    ]
    model = fastbp.Sequential(layers, seed=1, dtype=dtype)
    model.compile(fastbp.SGD(0.5, clipnorm=5.0), "mse")
    model.fit(x, y, epochs=3, verbose=0)
    for weights in model.get_weights():
        if name == "non_neg":
            assert (weights >= 0).all()
            assert (weights > 0).any()
        else:
            norms = np.linalg.norm(weights.astype(np.float64), axis=0)
            rounding = 8 * np.finfo(dtype).eps
            least = {"unit_norm": 1.0}.get(name, 0.0)
            largest = {"max_norm": 2.0}.get(name, 1.0)
            assert (norms <= largest * (1 + rounding)).all()
            assert (norms >= least * (1 - rounding)).all()


@pytest.mark.parametrize("name, options", BIASES, ids=str)
@pytest.mark.parametrize("kind", ["BatchNormalization", "LayerNormalization", "PReLU"])
def test_vectors_of_other_layers(kind: str, name: str, options: dict[str, Any]) -> None:
    """Gamma, beta and alpha: each step is that without constraints, and what they make of it."""
    names = ["alpha"] if kind == "PReLU" else ["gamma", "beta"]
    constraint = {"class": name, **options}
    start = {f"{each}_initializer": nn.RandomNormal(stddev=1.0) for each in names}

    def model(**settings: Any) -> fastbp.Sequential:
        middle = nn.LAYERS.from_config({"class": kind, "name": "middle", **start, **settings})
        # In front of a batch normalization a bias would have a gradient of nothing but rounding.
        layers = [fastbp.Input(4), fastbp.Dense(11, use_bias=False), middle, fastbp.Dense(3)]
        made = fastbp.Sequential(layers, seed=1, dtype="float64")
        made.compile(fastbp.SGD(0.3), "mse")
        return made

    random = np.random.default_rng(0)
    x, y = random.normal(size=(90, 4)), random.normal(size=(90, 3))
    found, expected = model(**{f"{each}_constraint": constraint for each in names}), model()
    changes = []
    for _ in range(4):
        found.train_on_batch(x, y)
        expected.train_on_batch(x, y)
        weights = expected.get_weights()
        before = [each.copy() for each in weights]
        for i in range(1, 1 + len(names)):
            weights[i] = constrained(weights[i], (name, options))
        expected.set_weights(weights)
        changes.append(worst(weights, before))
        assert worst(found.get_weights(), weights) < 1e-13
    assert max(changes) > 1e-3


def test_within_its_bounds_nothing_changes() -> None:
    """To the bit."""
    wide = [("max_norm", {"max_value": 100.0}), ("min_max_norm", {"max_value": 100.0})]
    found = []
    for kernel in (None, *wide):
        given = problem(kernel)
        network = given.engine("float32", fastbp.Adam(0.01))
        network.train(*given.sources(), given.orders(5), batch_size=20, threads=1)
        found.append(network.weights())
    for other in found[1:]:
        assert worst(other, found[0]) == 0.0


def test_zeros_and_what_is_not_a_number() -> None:
    """A unit without weights has none to scale; a weight that is none must not pass for one."""
    for name in CONSTRAINTS.names:
        layer = fastbp.Dense(3, kernel_initializer="zeros", kernel_constraint=name)
        model = fastbp.Sequential([layer], seed=1)
        model.compile(fastbp.SGD(0.0), "mse")
        model.fit(np.ones((8, 2)), np.ones((8, 3)), verbose=0)
        assert not model.get_weights()[0].any()
        model.compile(fastbp.SGD(1e38), "mse")
        with pytest.raises(fastbp.DivergedError):
            model.fit(np.full((8, 2), 1e10), np.full((8, 3), 1e8), epochs=3, verbose=0)
        assert all(np.isfinite(weights).all() for weights in model.get_weights())


def test_frozen_layers_are_left_alone() -> None:
    layers = [fastbp.Dense(4, trainable=False, kernel_constraint="unit_norm"), fastbp.Dense(1)]
    model = fastbp.Sequential(layers, seed=1)
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(20, 3))
    model.fit(x, x[:, 0], epochs=0, verbose=0)
    before = model.get_weights()[0]
    model.fit(x, x[:, 0], verbose=0)
    assert np.array_equal(model.get_weights()[0], before)


def test_nothing_is_compiled_anew() -> None:
    """For other bounds, and for another network."""

    def train(**bounds: float) -> None:
        for given in (problem(("max_norm", bounds)), problem(("max_norm", bounds), n_hidden=19)):
            network = given.engine("float64", fastbp.SGD(0.1))
            network.train(*given.sources(), given.orders(2), batch_size=32, threads=1)

    train(max_value=1.0)
    with counting() as names:
        train(max_value=2.0)
    assert names == []


SCRIPT = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_constraints import BIASES, KERNELS, problem
from fastbp import SGD

found, sizes = {}, teams.counted()
for kernel, bias in [*[(kernel, None) for kernel in KERNELS], *[(None, bias) for bias in BIASES]]:
    for workers in (1, 2, 3):
        given = problem(kernel, bias, 75)
        network = given.engine("float32", SGD(0.1))
        history = network.train(
            *given.sources(), given.orders(20), batch_size=40, threads=workers
        )
        found.setdefault(str((kernel, bias)), []).append(digest([*network.weights(), history]))
print(json.dumps({"found": found, "sizes": sizes}))
"""


def test_same_bits_for_any_number_of_workers() -> None:
    answer = children.run(SCRIPT, NUMBA_NUM_THREADS="3", NUMBA_THREADING_LAYER="workqueue")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3}
    found = answer["found"]
    assert {name for name, bits in found.items() if len(set(bits)) > 1} == set()
    assert len({json.dumps(bits) for bits in found.values()}) == len(KERNELS) + len(BIASES)


@pytest.mark.parametrize("name", CONSTRAINTS.names)
def test_a_file_has_them(name: str, tmp_path: Any) -> None:
    both: dict[str, Any] = {"kernel_constraint": name, "bias_constraint": name}
    axes = fastbp.UnitNorm([0, 1])
    layers = [fastbp.Dense(4, **both), fastbp.Dense(1, kernel_constraint=axes)]
    model = fastbp.Sequential(layers, seed=1)
    model.compile(fastbp.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(20, 3))
    model.fit(x, x[:, 0], verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    for each in (model, loaded):
        each.fit(x, x[:, 0], epochs=2, initial_epoch=1, verbose=0)
    assert worst(loaded.get_weights(), model.get_weights()) == 0.0
