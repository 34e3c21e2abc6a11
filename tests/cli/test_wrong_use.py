"""What goes wrong ends in one line that says so, with the right exit code, before anything is done."""

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "digist"], "unknown data set 'digist', did you mean 'digits'?"),
        (["train", "nowhere.csv"], "there is no file or folder nowhere.csv"),
        (["train", "nowhere.csv", "--target", "x"], "there is no file or folder nowhere.csv"),
        (["train", "{fruit}"], "a table needs the column to be predicted"),
        (["train", "{fruit}", "--target", "kid"], "unknown column 'kid', did you mean 'kind'?"),
        (["train", "{fruit}", "--target", "kind", "--ignore", "size"], "unknown column 'size'"),
        (["train", "digits", "--target", "kind"], "digits is none"),
        (
            ["train", "digits", "--optimizer", "adan"],
            "unknown optimizer 'adan', did you mean 'adam'?",
        ),
        (
            ["train", "digits", "--optimizer", "rprop", "--batch-size", "32"],
            "leave batch_size away or make it 1293",
        ),
        (["train", "digits", "--activation", "rleu"], "did you mean 'relu'?"),
        (["train", "digits", "--learning-rate", "-1"], "learning_rate must be"),
        (["train", "digits", "--hidden", "128,x"], "not 'x'"),
        (["train", "digits", "--threads", "many"], "--threads takes"),
        (["train", "digits", "--output", "same", "--plot", "./same"], "are the same file"),
        (["train", "{fruit}", "--target", "kind", "--output", "{fruit}"], "are the same file"),
    ],
)
def test_wrong_usage_ends_with_2(fastbp, fruit, arguments, message):
    before = fruit.read_bytes()
    outcome = fastbp(*(each.replace("{fruit}", str(fruit)) for each in arguments))
    assert outcome.code == 2
    assert message in outcome.errors
    assert outcome.errors.startswith("fastbp: ")
    assert outcome.errors.count("\n") == 1
    assert "epoch  " not in outcome.output
    assert fruit.read_bytes() == before


@pytest.mark.parametrize(
    "arguments",
    [["trian"], ["train"], ["train", "digits", "--hiden", "4"], ["train", "digits", "--epochs", "0"],
     ["train", "digits", "--task", "guess"], ["train", "digits", "--test-split", "1"]],
)  # fmt: skip
def test_an_unknown_option_or_a_number_out_of_range_ends_with_2(fastbp, arguments):
    outcome = fastbp(*arguments)
    assert outcome.code == 2
    assert "Usage: " in outcome.errors


def test_missing_values_are_named(fastbp, write_table):
    rows = [[1.0, "a"], [2.0, "b"], ["", "a"], [4.0, "b"]] * 3
    table = write_table("holes.csv", ["size", "kind"], rows)
    outcome = fastbp("train", table, "--target", "kind")
    assert outcome.code == 1
    assert "column 'size', row 3: the value is missing" in outcome.errors
    assert outcome.errors.count("\n") == 1


def test_not_a_number_is_named(fastbp, tmp_path):
    x = np.ones((20, 3))
    x[4, 1] = np.nan
    np.savez(tmp_path / "points.npz", x=x, y=np.arange(20) % 2)
    outcome = fastbp("train", "points.npz")
    assert outcome.code == 1
    assert outcome.errors.count("\n") == 1
    assert "nan" in outcome.errors


@pytest.mark.parametrize("option", ["--output", "--plot"])
@pytest.mark.parametrize("place", ["missing/file", "."])
def test_an_unwritable_output_is_refused_before_training(fastbp, option, place):
    outcome = fastbp("train", "digits", option, place)
    assert outcome.code == 1
    assert outcome.errors.startswith("fastbp: cannot write ")
    assert "epoch" not in outcome.output


def test_divergence_is_told(fastbp, tmp_path):
    outcome = fastbp("train", "digits", "--optimizer", "sgd", "--learning-rate", 1e30, "--no-plot")
    assert outcome.code == 1
    assert "training diverged" in outcome.errors
    assert not list(tmp_path.iterdir())


def test_debug_shows_the_traceback(fastbp):
    with pytest.raises(ValueError, match="unknown data set"):
        fastbp("train", "digist", "--debug")


def test_an_error_of_the_operating_system_is_one_line(fastbp, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device", "model")

    monkeypatch.setattr("fastbp.model.Model.save", fail)
    outcome = fastbp("train", "digits", "--epochs", 1)
    assert outcome.code == 1
    assert outcome.errors == "fastbp: model: no space left on device\n"


@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_a_file_that_is_no_model(fastbp, tmp_path, command):
    (tmp_path / "model.safetensors").write_bytes(b"something else altogether")
    more = ["digits"] if command == "predict" else []
    outcome = fastbp(command, "model.safetensors", *more)
    assert outcome.code == 1
    assert "model.safetensors" in outcome.errors
    assert outcome.errors.count("\n") == 1
