"""`fastbp train`: what it makes of each kind of data."""

import gzip
import re
import struct

import numpy as np
import pandas
import pytest

import fastbp as package
from fastbp.cli import options
from fastbp.data.sets import load_digits
from fastbp.optimizers import OPTIMIZERS


def test_digits_are_learned(fastbp, tmp_path):
    outcome = fastbp("train", "digits")
    assert outcome.code == 0, outcome.errors
    assert "digits: 1,293 training, 145 validation, 359 test rows" in outcome.output
    assert "epoch     loss  accuracy  val_loss  val_accuracy   samples/s" in outcome.output
    accuracy = float(outcome.output.split("Test accuracy ")[1].split()[0])
    assert accuracy >= 0.97
    assert outcome.output.count("▓▓") > 50
    assert {each.name for each in tmp_path.iterdir()} == {
        "digits.safetensors",
        "digits-curves.png",
    }
    picture = (tmp_path / "digits-curves.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    assert width > 1000
    assert height > 400


def test_the_saved_model_is_the_one_that_was_scored(fastbp):
    outcome = fastbp("train", "digits", "--epochs", 3, "--no-plot", "--output", "three.safetensors")
    digits = load_digits()
    model = package.load_model("three.safetensors")
    right = (model.predict(digits.x_test).argmax(axis=1) == digits.y_test).sum()
    assert f"({right} of 359 rows)" in outcome.output


@pytest.mark.parametrize("threads", [1, 2])
def test_a_seed_decides_everything_but_the_threads_nothing(fastbp, threads):
    options = ("train", "digits", "--epochs", 2, "--no-plot", "--seed", 7)
    fastbp(*options, "--output", "one.safetensors", "--threads", 1)
    fastbp(*options, "--output", "other.safetensors", "--threads", threads)
    fastbp(*options, "--output", "seed.safetensors", "--seed", 8)
    one, other, seed = (
        b"".join(
            array.tobytes() for array in package.load_model(f"{name}.safetensors").get_weights()
        )
        for name in ("one", "other", "seed")
    )
    assert one == other
    assert one != seed


def test_a_table_with_text_columns_and_labels(fastbp, fruit, tmp_path):
    outcome = fastbp("train", fruit, "--target", "kind", "--hidden", "16,8", "--epochs", 60)
    assert outcome.code == 0, outcome.errors
    assert "3 inputs, 3 classes" in outcome.output
    assert "3 - 16 relu - 8 relu - 3 softmax" in outcome.output
    assert float(outcome.output.split("Test accuracy ")[1].split()[0]) > 0.8
    assert (tmp_path / "fruit.safetensors").exists()
    assert (tmp_path / "fruit-curves.png").exists()


def test_numbers_are_predicted_in_their_own_unit(fastbp, prices):
    outcome = fastbp("train", prices, "--target", "price", "--epochs", 60, "--no-plot")
    assert outcome.code == 0, outcome.errors
    explained = float(outcome.output.split("R² ")[1].split(",")[0])
    assert explained > 0.97
    model = package.load_model("prices.safetensors")
    frame = pandas.read_csv(prices)
    predicted = model.predict(frame[["area", "rooms"]])[:, 0]
    assert abs(predicted - frame["price"]).mean() < 10_000


def test_the_task_can_be_forced(fastbp, prices):
    outcome = fastbp(
        "train", prices, "--target", "rooms", "--task", "regression", "--epochs", 2, "--no-plot"
    )
    assert "R²" in outcome.output
    outcome = fastbp("train", prices, "--target", "rooms", "--epochs", 2, "--no-plot")
    assert "5 classes" in outcome.output


def test_columns_are_ignored(fastbp, fruit):
    fastbp("train", fruit, "--target", "kind", "--ignore", "colour", "--epochs", 1, "--no-plot")
    assert package.load_model("fruit.safetensors").n_inputs == 1


def test_names_are_not_read_as_markup(fastbp, fruit, tmp_path):
    path = tmp_path / "[bold]fruit.csv"
    path.write_text(fruit.read_text().replace("lime", "[red]lime"))
    options = (
        "--target",
        "kind",
        "--epochs",
        1,
        "--output",
        "[a].safetensors",
        "--plot",
        "[b].png",
    )
    outcome = fastbp("train", path, *options)
    assert outcome.code == 0, outcome.errors
    assert "[bold]fruit.csv: 173 training" in outcome.output
    assert "Model   [a].safetensors\nCurves  [b].png" in outcome.output
    assert "[red]lime" in fastbp("inspect", "[a].safetensors").output
    assert "probability_[red]lime" in fastbp("predict", "[a].safetensors", path).output


def test_parquet(fastbp, fruit, tmp_path):
    pandas.read_csv(fruit).to_parquet(tmp_path / "fruit.parquet")
    outcome = fastbp("train", "fruit.parquet", "--target", "kind", "--epochs", 1, "--no-plot")
    assert outcome.code == 0, outcome.errors


def test_arrays(fastbp, rng, tmp_path):
    x = rng.normal(size=(80, 5))
    np.savez(tmp_path / "points.npz", x=x, y=(x[:, 0] > 0).astype(int))
    outcome = fastbp("train", "points.npz", "--epochs", 2, "--no-plot")
    assert outcome.code == 0, outcome.errors
    assert "5 inputs, 2 classes" in outcome.output


def test_a_folder_of_idx_files(fastbp, rng, tmp_path):
    folder = tmp_path / "small-mnist"
    folder.mkdir()
    labels = np.arange(60, dtype=np.uint8) % 3
    images = rng.integers(0, 100, (60, 4, 5)).astype(np.uint8) + 70 * labels[:, None, None]
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        with gzip.open(folder / f"train-{name}-ubyte.gz", "wb") as file:
            file.write(head + array.tobytes())
    outcome = fastbp("train", "small-mnist", "--epochs", 2, "--no-plot")
    assert outcome.code == 0, outcome.errors
    assert "Some of the test images" in outcome.output
    assert package.load_model("small-mnist.safetensors").metadata["image_shape"] == [4, 5]


def test_a_linear_model_without_validation_and_test(fastbp, fruit):
    options = ("--hidden", "none", "--validation-split", 0, "--test-split", 0, "--epochs", 2)
    outcome = fastbp("train", fruit, "--target", "kind", "--no-plot", *options)
    assert outcome.code == 0, outcome.errors
    assert "240 training, 0 validation, 0 test rows" in outcome.output
    assert "val_loss" not in outcome.output
    assert "Test" not in outcome.output


def test_options_reach_the_model(fastbp, fruit):
    options = ("--optimizer", "sgd", "--learning-rate", 0.05, "--activation", "tanh")
    outcome = fastbp(
        "train", fruit, "--target", "kind", "--epochs", 1, "--no-plot", "--dtype", "float64",
        "--batch-size", 10, *options,
    )  # fmt: skip
    assert outcome.code == 0, outcome.errors
    model = package.load_model("fruit.safetensors")
    assert model.dtype == "float64"
    assert model.optimizer == package.SGD(0.05)
    assert [getattr(layer, "activation", "") for layer in model.layers[-2:]] == ["tanh", "softmax"]
    assert model.learner.network().steps == -(-int(240 * 0.8 * 0.9) // 10)


def test_help_tells_every_optimizer():
    assert set(OPTIMIZERS.names) <= set(re.findall(r"\w+", options.OPTIMIZERS))


@pytest.mark.parametrize("name", ["sgd", "nadam", "rprop", "muon"])
def test_an_optimizer_by_its_name(fastbp, fruit, name):
    """Rprop takes all rows in a step."""
    outcome = fastbp(
        "train", fruit, "--target", "kind", "--epochs", 3, "--no-plot", "--optimizer", name
    )
    assert outcome.code == 0, outcome.errors
    model = package.load_model("fruit.safetensors")
    assert model.optimizer == OPTIMIZERS.resolve(name)
    assert model.learner.network().steps == (3 if name == "rprop" else 18)
    assert ("batches of 173" in outcome.output) == (name == "rprop")


def test_many_epochs_do_not_flood_a_file(fastbp, fruit):
    outcome = fastbp("train", fruit, "--target", "kind", "--epochs", 500, "--no-plot")
    lines = outcome.output.splitlines()
    epochs = [line.split()[0] for line in lines if line[:7].strip().isdecimal()]
    assert epochs[0] == "1"
    assert epochs[-1] == "500"
    assert len(epochs) < 60
    assert "\x1b" not in outcome.output
    assert "\r" not in outcome.output


def test_texts_that_are_embedded(fastbp, write_table, rng):
    """Each of 60 towns has a level of its own: learned as vectors, predicted, inspected, profiled."""
    level = rng.normal(size=60)
    towns, sizes = rng.integers(0, 60, 3000), rng.normal(size=3000)
    amounts = 100 + 10 * level[towns] + sizes
    rows = [
        [f"{size:.4f}", f"town {town}", f"{amount:.4f}"]
        for size, town, amount in zip(sizes, towns, amounts, strict=True)
    ]
    sales = write_table("sales.csv", ["size", "town", "amount"], rows)
    outcome = fastbp("train", sales, "--target", "amount", "--embed", 50, "--no-plot")
    assert outcome.code == 0, outcome.errors
    assert "2 inputs" in outcome.output
    assert float(outcome.output.split("R² ")[1].split(",")[0]) > 0.95
    model = package.load_model("sales.safetensors")
    assert [type(layer).__name__ for layer in model.layers[:3]] == [
        "Input",
        "Normalization",
        "Embedding",
    ]
    assert model.layers[2].input_dim == 60
    outcome = fastbp("predict", "sales.safetensors", sales)
    assert outcome.code == 0, outcome.errors
    outcome = fastbp("inspect", "sales.safetensors")
    assert "normalization size " in outcome.output
    assert "town (town 0, " in outcome.output
    outcome = fastbp("profile", "sales.safetensors", "--seconds", 0.01, "--threads", 1)
    assert outcome.code == 0, outcome.errors
    assert "embedding_sums" in outcome.output
