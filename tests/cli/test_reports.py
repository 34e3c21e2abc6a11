"""`fastbp inspect`, `doctor` and `warmup`: what they tell."""

import pytest

from fastbp import SGD, Dense, Sequential
from fastbp.cli import recipes
from fastbp.kernels.rules import RULES
from fastbp.runtime.cache import cache_folder
from fastbp.runtime.processor import processor


def test_inspect_tells_what_a_table_model_holds(fastbp, fruit):
    fastbp("train", fruit, "--target", "kind", "--hidden", 16, "--epochs", 2, "--no-plot")
    outcome = fastbp("inspect", "fruit.safetensors")
    assert outcome.code == 0
    for text in (
        "format version 1",
        "Dense, relu",
        "Dense, softmax",
        "115 in float32",
        "weight, colour (green, red); target kind",
        "normalization weight ",
        "apple, lime, melon",
        "sparse_categorical_crossentropy",
        "Adam(learning_rate=0.001",
        "12 updates",
        "on fruit.csv, 173 rows, 2 epochs, seed 0",
        "accuracy 0.",
    ):
        assert text in outcome.output


def test_inspect_tells_what_an_image_model_holds(fastbp):
    fastbp("train", "digits", "--epochs", 1, "--no-plot")
    outcome = fastbp("inspect", "digits.safetensors")
    assert "8 x 8" in outcome.output
    assert "all columns alike" in outcome.output


def test_inspect_a_model_saved_in_python(fastbp, tmp_path):
    model = Sequential([Dense(2)], seed=0)
    model.build(3)
    model.save(tmp_path / "plain.safetensors")
    outcome = fastbp("inspect", "plain.safetensors")
    assert outcome.code == 0
    assert "normalization none" in outcome.output
    assert "optimizer" not in outcome.output


def test_doctor_tells_the_machine(fastbp):
    outcome = fastbp("doctor")
    assert outcome.code == 0, outcome.output
    facts = {line[:14].strip(): line[14:] for line in outcome.output.splitlines()}
    assert facts["processor"].startswith(processor().name)
    assert f"{processor().vector_bytes} bytes" in facts["vectors"]
    assert int(facts["threads"].split(",")[0]) >= 1
    assert "set by" in facts["threads"]
    assert facts["layer"].split(",")[0] in {"tbb", "omp", "workqueue"}
    assert str(cache_folder()) in facts["cache"]
    assert float(facts["peak"].split()[0]) > 0.5
    assert "the same bits" in facts["test"]


def test_doctor_notices_a_network_that_does_not_learn(fastbp, monkeypatch):
    # A planted fault: an optimizer that does not move.
    frozen = recipes.Recipe(optimizer=SGD(1e-30)).model
    monkeypatch.setattr(recipes.Recipe, "model", lambda _: frozen())
    outcome = fastbp("doctor")
    assert outcome.code == 1
    assert "FAILED" in outcome.output


def test_warmup_compiles_and_counts(fastbp, monkeypatch):
    two = [recipes.Recipe(), recipes.Recipe(loss="mean_squared_error")]
    monkeypatch.setattr(recipes, "usual_recipes", lambda: iter(two))
    outcome = fastbp("warmup")
    assert outcome.code == 0, outcome.errors
    assert "1/2" in outcome.output
    assert "2/2" in outcome.output
    assert str(cache_folder()) in outcome.output
    again = fastbp("warmup")
    assert again.output.count("in cache") == 2
    assert "0 compiled" in again.output


@pytest.mark.parametrize("make", [recipes.usual_recipes, recipes.all_recipes])
def test_recipes_can_be_built(make):
    found = list(make())
    for recipe in found:
        x, y = recipe.samples()
        assert recipe.model().n_inputs == x.shape[1]
        assert len(x) == len(y)
        assert recipe.dtype in str(recipe)


def test_recipes_have_every_update_rule():
    found = {recipe.optimizer.own_rule for recipe in recipes.all_recipes()}
    assert found == set(RULES)
