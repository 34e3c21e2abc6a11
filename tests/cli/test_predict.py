"""`fastbp predict`: the model file is all it needs."""

import csv

import numpy as np
import pandas
import pytest

import fastbp as package


@pytest.fixture
def trained(fastbp, fruit):
    """A model of the fruit table."""
    fastbp("train", fruit, "--target", "kind", "--epochs", 60, "--no-plot")
    return "fruit.safetensors"


def read(text):
    return list(csv.DictReader(text.splitlines()))


def test_labels_and_probabilities_go_to_standard_output(fastbp, fruit, trained):
    outcome = fastbp("predict", trained, fruit)
    assert outcome.code == 0
    assert outcome.errors == ""
    rows = read(outcome.output)
    assert len(rows) == 240
    names = ["apple", "lime", "melon"]
    assert list(rows[0]) == ["prediction", *(f"probability_{name}" for name in names)]
    for row in rows:
        probabilities = [float(row[f"probability_{name}"]) for name in names]
        assert sum(probabilities) == pytest.approx(1, abs=1e-4)
        assert row["prediction"] == names[int(np.argmax(probabilities))]
    right = np.mean([r["prediction"] for r in rows] == pandas.read_csv(fruit)["kind"])
    assert right > 0.8


def test_columns_are_found_by_name_and_the_target_is_not_needed(fastbp, fruit, trained, tmp_path):
    whole = fastbp("predict", trained, fruit).output
    frame = pandas.read_csv(fruit)
    frame["kind"] = None
    frame[["kind", "colour", "weight"]].to_csv(tmp_path / "blank.csv", index=False)
    frame[["colour", "weight"]].assign(more=1).to_csv(tmp_path / "absent.csv", index=False)
    assert fastbp("predict", trained, "blank.csv").output == whole
    assert fastbp("predict", trained, "absent.csv").output == whole


def test_an_output_file(fastbp, fruit, trained, tmp_path):
    text = fastbp("predict", trained, fruit).output
    outcome = fastbp("predict", trained, fruit, "--output", "out.csv")
    assert outcome.code == 0
    assert outcome.output == ""
    assert "240 predictions in out.csv" in outcome.errors
    assert (tmp_path / "out.csv").read_text() == text


def test_evaluate(fastbp, fruit, trained, tmp_path):
    outcome = fastbp("predict", trained, fruit, "--evaluate", "--output", "out.csv")
    assert "of 240 rows)" in outcome.errors
    pandas.read_csv(fruit).drop(columns="kind").to_csv(tmp_path / "absent.csv", index=False)
    outcome = fastbp("predict", trained, "absent.csv", "--evaluate")
    assert outcome.code == 1
    assert outcome.errors == "fastbp: absent.csv has no targets to compare with\n"
    assert outcome.output == ""


def test_numbers(fastbp, prices):
    fastbp("train", prices, "--target", "price", "--epochs", 60, "--no-plot")
    outcome = fastbp("predict", "prices.safetensors", prices, "--evaluate")
    rows = read(outcome.output)
    assert list(rows[0]) == ["prediction"]
    truth = pandas.read_csv(prices)["price"]
    assert abs(np.array([float(r["prediction"]) for r in rows]) - truth).mean() < 10_000
    assert "R²" in outcome.errors


def test_a_named_data_set_gives_its_test_rows(fastbp):
    fastbp("train", "digits", "--epochs", 1, "--no-plot")
    outcome = fastbp("predict", "digits.safetensors", "digits")
    assert len(read(outcome.output)) == 359


def test_a_model_saved_in_python(fastbp, rng, tmp_path):
    model = package.Sequential([package.Input(3), package.Dense(2)], seed=0)
    model.compile("sgd", "mean_squared_error")
    model.save(tmp_path / "plain.safetensors")
    x = rng.normal(size=(4, 3))
    np.savez(tmp_path / "rows.npz", x=x)
    outcome = fastbp("predict", "plain.safetensors", "rows.npz")
    assert outcome.code == 0, outcome.errors
    rows = read(outcome.output)
    values = [[float(row[f"prediction_{place}"]) for place in (1, 2)] for row in rows]
    np.testing.assert_allclose(values, model.predict(x), rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="colour"), "'colour'"),
        (lambda frame: frame.assign(colour="blue"), "'blue'"),
        (lambda frame: frame.assign(weight=None), "value is missing"),
    ],
)
def test_a_table_that_does_not_fit(fastbp, fruit, trained, tmp_path, change, message):
    change(pandas.read_csv(fruit)).to_csv(tmp_path / "other.csv", index=False)
    outcome = fastbp("predict", trained, "other.csv", "--output", "out.csv")
    assert outcome.code == 1
    assert message in outcome.errors
    assert outcome.errors.count("\n") == 1
    assert not (tmp_path / "out.csv").exists()


def test_data_of_another_width(fastbp, trained, tmp_path):
    np.savez(tmp_path / "wide.npz", x=np.ones((2, 9)))
    outcome = fastbp("predict", trained, "wide.npz")
    assert outcome.code == 1
    assert "9" in outcome.errors
    assert outcome.errors.count("\n") == 1
