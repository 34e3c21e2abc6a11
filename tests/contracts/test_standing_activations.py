"""Activations that are fused into nothing: gradients in all layouts, trajectories, bits, files, what a user sees."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastbp
import naive
from contracts import children
from contracts.problems import OPTIMIZERS, Array, Problem, digest
from contracts.test_gradients import TOLERANCES, errors

NAMES = ("softmax", "log_softmax", "sparsemax", "threshold(0.3, -0.7)", "glu")
NAMES += ("relu(0.1, 1.5, 0.4)", "leaky_relu(0.45)", "elu(0.7)", "celu(0.7)")
NAMES += ("soft_shrink(0.375)", "hard_shrink(0.375)", "squareplus(1.5)")
#: So many samples that gradients are added up in parts.
LARGE = {"float32": 2603, "float64": 1307}


def problem(name: str, n_rows: int) -> Problem:
    """Named in a layer, by itself behind another activation, behind a normalization, and at the end."""
    layers = [
        naive.Dense(naive.inputs_for(name, 19), name, kernel_penalty=(0.0, 0.01)),
        naive.Dense(naive.inputs_for(name, 21), "tanh"),
        naive.Activation(name),
        naive.Dense(naive.inputs_for(name, 7)),
        naive.LayerNormalization(),
        naive.Activation(name),
        naive.Activity(0.01, 0.02),
        naive.Dense(naive.inputs_for(name, 17), name),
    ]
    return Problem(13, layers, n_rows=n_rows, scale=0.5)


def rows_of(given: Problem, dtype: str) -> list[str]:
    """The names of the rows that the gradients of this problem are computed by."""
    network = given.engine(dtype)
    network.gradients(*given.sources())
    return [name.split()[0] for each in network._sessions.values() for name in each.names]


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients(name: str, dtype: str) -> None:
    """Of few samples, with features in lanes, and of more."""
    for n_rows in (1, 5, 8, 33):
        found = errors(problem(name, n_rows), dtype, weighted=True)
        assert max(found) < 2 * TOLERANCES[dtype], n_rows


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_in_parts(name: str, dtype: str) -> None:
    units = naive.inputs_for(name, 5)
    layers = [naive.Dense(units, name), naive.Dense(units, "tanh"), naive.Activation(name)]
    given = Problem(3, [*layers, naive.Dense(2)], n_rows=LARGE[dtype])
    assert "partial_gradient" in rows_of(given, dtype)
    assert max(errors(given, dtype, weighted=True)) < TOLERANCES[dtype]


def test_which_rows() -> None:
    """Forward and backward, once for each place; single numbers are not turned round where samples are few."""
    for name, kernels in (
        ("sparsemax", ["sparsemax", "sparsemax_backward"]),
        ("glu", ["glu", "glu_backward"]),
        (NAMES[3], ["activate_by_numbers", "activate_backward_by_numbers"]),
    ):
        found = rows_of(problem(name, 40), "float32")
        assert [found.count(kernel) for kernel in kernels] == [4, 4]
    layers = [naive.Dense(40, NAMES[3]), naive.Dense(30, NAMES[3]), naive.Dense(20)]
    found = rows_of(Problem(20, layers, n_rows=2), "float32")
    assert "activate_by_numbers" in found
    assert "to_features_in_lanes" not in found


def trained(name: str, dtype: str, rule: str, batch_size: int, threads: int) -> list[Array]:
    """Weights after three epochs with a short batch at the end, and what was told."""
    given = problem(name, 75)
    network = given.engine(dtype, OPTIMIZERS[rule][1])
    sources = given.sources(weighted=True)
    history = network.train(*sources, given.orders(3), batch_size=batch_size, threads=threads)
    evaluation = network.evaluate(*sources, batch_size=batch_size, threads=threads)
    prediction = network.predict(sources[0], batch_size=batch_size, threads=threads)
    return [*network.weights(), history, evaluation, prediction]


@pytest.mark.parametrize("rule", ["sgd, clip", "adam, all", "muon"])
@pytest.mark.parametrize("batch_size", [6, 32])
@pytest.mark.parametrize("name", NAMES)
def test_training(name: str, batch_size: int, rule: str) -> None:
    given = problem(name, 75)
    found = trained(name, "float64", rule, batch_size, 1)
    expected = naive.train(
        given.twin, given.weights, OPTIMIZERS[rule][0], given.inputs, given.targets,
        given.orders(3), batch_size, given.sample_weight,
    )  # fmt: skip
    for ours, right in zip(found, expected.weights, strict=False):
        np.testing.assert_allclose(ours, right, rtol=1e-9, atol=1e-10)
    outputs = given.twin.predict(expected.weights, given.inputs)
    np.testing.assert_allclose(found[-1], outputs, rtol=1e-8, atol=1e-9)


BITS = """
import json
from contracts import teams
from contracts.problems import digest
from contracts.test_standing_activations import NAMES, trained

sizes, bits = teams.counted(), {}
for name in NAMES:
    for batch_size in (1, 6, 40):
        for dtype in ("float32", "float64"):
            bits[f"{name} {batch_size} {dtype}"] = [
                digest(trained(name, dtype, "sgd, clip", batch_size, n)) for n in (1, 2, 3, 8)
            ]
print(json.dumps({"sizes": sizes, "bits": bits}))
"""


def test_same_bits() -> None:
    answer = children.run(BITS, NUMBA_NUM_THREADS="8", NUMBA_THREADING_LAYER="omp")
    assert answer["sizes"] == {"1": 1, "2": 2, "3": 3, "8": 8}
    assert len(answer["bits"]) == 6 * len(NAMES)
    assert {name for name, bits in answer["bits"].items() if len(set(bits)) > 1} == set()


def model_of(name: str) -> fastbp.Sequential:
    """Of both spellings of an activation."""
    layers: list[Any] = [
        fastbp.Input(5),
        fastbp.Dense(12, name),
        fastbp.Dense(8),
        fastbp.Activation(name),
        fastbp.Dense(3, "softmax"),
    ]
    model = fastbp.Sequential(layers, seed=2)
    model.compile("adam", "categorical_crossentropy", ["accuracy"])
    return model


@pytest.mark.parametrize("name", NAMES)
def test_a_model_goes_on_from_its_file(name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    x, y = random.normal(size=(40, 5)), np.eye(3)[random.integers(0, 3, 40)]
    model = model_of(name)
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    again = fastbp.load_model(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    for each in (model, again):
        each.fit(x, y, epochs=1, verbose=0)
    assert digest(again.get_weights()) == digest(model.get_weights())
    assert fastbp.gradient_check(model, x[:8], y[:8]).ok
    assert np.isfinite(model.layer_norms(x, y).rows[0].activation)


LAYERS = [
    (fastbp.ReLU(), "relu"),
    (fastbp.ReLU(6), "relu6"),
    (fastbp.ReLU(1.5, 0.1, 0.4), "relu(0.1, 1.5, 0.4)"),
    (fastbp.ReLU(negative_slope=0.1), "relu(0.1, inf, 0.0)"),
    (fastbp.LeakyReLU(), "leaky_relu(0.3)"),
    (fastbp.LeakyReLU(0.2), "leaky_relu"),
    (fastbp.ELU(), "elu"),
    (fastbp.ELU(0.7), "elu(0.7)"),
    (fastbp.Softmax(), "softmax"),
]


@pytest.mark.parametrize(("layer", "name"), LAYERS)
def test_layers_by_a_name_of_their_own(layer: Any, name: str) -> None:
    """They train to the same bits as the activation in the layer below."""
    x = np.random.default_rng(3).normal(size=(40, 5))

    def trained_with(*layers: Any) -> list[Array]:
        given = [fastbp.Input(5), *layers, fastbp.Dense(2)]
        model = fastbp.Sequential(given, seed=2)
        model.compile("adam", "mse")
        model.fit(x, x[:, :2], epochs=2, batch_size=16, verbose=0)
        return [*model.get_weights(), model.predict(x)]

    found = trained_with(fastbp.Dense(8), layer)
    assert digest(found) == digest(trained_with(fastbp.Dense(8, name)))
    assert digest(found) != digest(trained_with(fastbp.Dense(8)))


def test_layers_of_samples_of_several_axes() -> None:
    """What looks at single numbers takes them; what looks at all outputs takes rows."""
    layers = [fastbp.Input((2, 3)), fastbp.LeakyReLU(), fastbp.Flatten(), fastbp.Dense(1)]
    assert fastbp.Sequential(layers).output_shape == (None, 1)
    with pytest.raises(fastbp.ArgumentError, match="Softmax takes rows of numbers"):
        fastbp.Sequential([fastbp.Input((2, 3)), fastbp.Softmax()])
    with pytest.raises(fastbp.ArgumentError, match="softmax of one output"):
        fastbp.Sequential([fastbp.Dense(1), fastbp.Softmax()])


def test_the_summary_shows_names_and_widths(capsys: pytest.CaptureFixture[str]) -> None:
    model_of("glu").summary()
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if "Dense" in line]
    assert [line[1:] for line in lines] == [
        ["Dense,", "glu", "6", "72"],
        ["Dense,", "linear", "8", "56"],
        ["Dense,", "softmax", "3", "15"],
    ]
    model_of("threshold(1, 2)").summary()
    assert "Activation, threshold(1.0, 2.0)" in capsys.readouterr().out


def test_planted_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate whose halves are the wrong way round is another function."""
    given = problem("glu", 8)
    right = naive.ACTIVATIONS["glu"]
    turned = {**naive.ACTIVATIONS, "glu": lambda x: right(np.roll(x, x.shape[-1] // 2, -1))}
    monkeypatch.setattr(naive.networks, "ACTIVATIONS", turned)
    assert max(errors(given, "float64")) > 1e-3
