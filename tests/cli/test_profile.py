"""`fastbp profile`: the rows of a step, of sizes or of a model file, as a table and as figures."""

import json

import numpy as np
import pytest

from fastbp import Dense, Input, Normalization, Sequential
from fastbp.cli.profiling import random_samples
from fastbp.nn import LOSSES

QUICK = ("--threads", 1, "--seconds", 0.01)


@pytest.fixture
def saved(tmp_path):
    """Writes a model of these outputs to a file, compiled or not."""

    def save(activation="linear", *, units=3, loss=None, optimizer="adam"):
        normalization = Normalization(mean=np.zeros(6), variance=np.ones(6))
        layers = [Input(6), normalization, Dense(5, "tanh"), Dense(units, activation)]
        model = Sequential(layers, seed=0)
        if loss is not None:
            model.compile(optimizer, loss)
        model.save(tmp_path / "model.safetensors")
        return tmp_path / "model.safetensors"

    return save


def test_the_table_of_sizes(fastbp):
    outcome = fastbp("profile", "20-16-3", "--batch-size", 10, *QUICK)
    assert outcome.code == 0, outcome.errors
    first, second, *lines = outcome.output.splitlines()
    assert first == "20-16-3: 387 parameters in float32, SGD, sparse_categorical_crossentropy"
    assert second.startswith("batch 10, 1 worker; peak of a core ")
    assert lines[1].split()[0] == "kernel"
    names = [line.split()[0] for line in lines[3:]]
    assert names[0] == "point_at_inputs"
    assert names.count("barrier") == 2
    assert names[-1] == "step"
    assert any(line.startswith("first_forward relu ") for line in lines)
    assert any(line.startswith("first_weight_gradient sgd ") for line in lines)


def test_the_options_of_sizes(fastbp):
    outcome = fastbp(
        *("profile", "8-6-2", "--activation", "tanh", "--optimizer", "adam"),
        *("--loss", "mse", "--dtype", "float64", *QUICK),
    )
    assert outcome.code == 0, outcome.errors
    assert "float64, Adam, mean_squared_error" in outcome.output
    assert "batch 32, " in outcome.output
    assert "first_forward tanh " in outcome.output
    assert "first_weight_gradient adam " in outcome.output
    assert "pointwise_loss mean_squared_error " in outcome.output


def test_a_model_file_has_its_own_loss_and_optimizer_and_stays_as_it_was(fastbp, saved):
    path = saved("softmax", loss="categorical_crossentropy", optimizer="rmsprop")
    before = path.read_bytes()
    outcome = fastbp("profile", path.name, "--batch-size", 4, *QUICK)
    assert outcome.code == 0, outcome.errors
    assert outcome.output.startswith("model.safetensors: 53 parameters in float32, RMSprop, categ")
    # The model's normalization is applied while the inputs are gathered.
    assert "gather_inputs float32 True " in outcome.output
    assert "first_forward tanh " in outcome.output
    assert path.read_bytes() == before


def test_another_loss_and_optimizer_for_a_model_file(fastbp, saved):
    path = saved("softmax", loss="sparse_categorical_crossentropy")
    outcome = fastbp("profile", path, "--optimizer", "sgd", "--loss", "mse", *QUICK)
    assert outcome.code == 0, outcome.errors
    assert "SGD, mean_squared_error" in outcome.output


@pytest.mark.parametrize(
    ("activation", "units", "loss"),
    [
        ("softmax", 3, "sparse_categorical_crossentropy"),
        ("sigmoid", 3, "binary_crossentropy"),
        ("linear", 3, "mean_squared_error"),
        ("relu", 3, "mean_squared_error"),
    ],
)
def test_a_model_that_was_never_compiled_gets_what_fits_its_outputs(
    fastbp, saved, activation, units, loss
):
    outcome = fastbp("profile", saved(activation, units=units), *QUICK)
    assert outcome.code == 0, outcome.errors
    assert outcome.output.splitlines()[0].endswith(f"SGD, {loss}")


def test_all_figures_go_into_a_file(fastbp, tmp_path):
    outcome = fastbp("profile", "20-16-3", "--batch-size", 10, "--json", "figures.json", *QUICK)
    assert outcome.code == 0, outcome.errors
    figures = json.loads((tmp_path / "figures.json").read_text())
    rows = figures["rows"]
    assert figures["network"] == "20-16-3"
    assert figures["parameters"] == 387
    assert (figures["batch_size"], figures["workers"]) == (10, 1)
    assert figures["dtype"] == "float32"
    assert figures["optimizer"]["class"] == "SGD"
    assert figures["loss"] == "sparse_categorical_crossentropy"
    assert figures["seconds_per_step"] > 0
    assert figures["peak_gflops"] > 0
    flops = 2 * 10 * (2 * 20 * 16 + 3 * 16 * 3) + 10 * (16 + 3)
    assert figures["flops"] == flops == sum(row["flops"] for row in rows)
    assert figures["n_bytes"] == sum(row["n_bytes"] for row in rows)
    share = flops / figures["seconds_per_step"] / (1e9 * figures["peak_gflops"])
    assert figures["share_of_peak"] == pytest.approx(share)
    assert set(rows[0]) == {"name", "seconds", "flops", "n_bytes"}
    # The table shows the same rows.
    for row in rows:
        assert f"\n{row['name']} " in outcome.output


@pytest.mark.parametrize("loss", LOSSES.names)
def test_random_data_are_what_each_loss_wants(loss):
    model = Sequential([Input(4), Dense(3, "sigmoid")], seed=0)
    model.compile("sgd", loss)
    x, y = random_samples(model, 8)
    # `fit` checks types, shapes and ranges.
    model.fit(x, y, batch_size=8, epochs=1, verbose=0)
    assert len(x) == len(y) == 8 * 100
    assert x.dtype == np.float32


def test_a_large_batch_is_drawn_twice_at_least():
    model = Sequential([Input(2), Dense(1)], seed=0)
    model.compile("sgd", "mse")
    assert len(random_samples(model, 1 << 21)[0]) == 1 << 22


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["784"], "sizes such as 784-128-10; '784' is neither"),
        (["784-x-10"], "'784-x-10' is neither"),
        (["784-0-10"], "'784-0-10' is neither"),
        (["8-4-1"], "one output"),
        (["8-2", "--activation", "rleu"], "did you mean 'relu'?"),
        (["8-2", "--optimizer", "adan"], "unknown optimizer 'adan', did you mean 'adam'?"),
        (["8-2", "--loss", "hubert"], "unknown loss 'hubert', did you mean 'huber'?"),
        (["8-2", "--threads", "many"], "--threads takes"),
        (["8-2", "--seconds", "0"], "--seconds must be"),
        (["8-2", "--seconds", "nan"], "--seconds must be"),
        (["{model}", "--activation", "relu"], "--activation goes with sizes"),
        (["{model}", "--dtype", "float64"], "--dtype goes with sizes"),
        (["{model}", "--json", "./model.safetensors"], "are the same file"),
    ],
)
def test_wrong_usage_ends_with_2(fastbp, saved, arguments, message):
    model = saved()
    before = model.read_bytes()
    outcome = fastbp("profile", *(each.replace("{model}", model.name) for each in arguments))
    assert outcome.code == 2
    assert message in outcome.errors
    assert outcome.errors.startswith("fastbp: ")
    assert outcome.errors.count("\n") == 1
    assert outcome.output == ""
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    "arguments", [[], ["8-2", "--batch-size", "0"], ["8-2", "--dtype", "int8"], ["8-2", "--jsn"]]
)
def test_an_unknown_option_or_a_number_out_of_range_ends_with_2(fastbp, arguments):
    outcome = fastbp("profile", *arguments)
    assert outcome.code == 2
    assert "Usage: " in outcome.errors


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.safetensors"], "there is no file missing.safetensors"),
        (["."], "is a folder, not a model file"),
        (["other.safetensors"], "is damaged or not a model file"),
        (["8-2", "--json", "missing/figures.json"], "cannot write missing/figures.json"),
    ],
)
def test_what_cannot_be_read_or_written_ends_with_1(fastbp, tmp_path, arguments, message):
    (tmp_path / "other.safetensors").write_bytes(b"something else altogether")
    outcome = fastbp("profile", *arguments)
    assert outcome.code == 1
    assert message in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert outcome.output == ""


def test_debug_shows_the_traceback(fastbp):
    with pytest.raises(ValueError, match="is neither"):
        fastbp("profile", "784", "--debug")
