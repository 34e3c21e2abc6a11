"""Samples of several axes: images as they come, and what cannot be."""

import numpy as np
import pytest

import fastbp
from fastbp import Dense, Flatten, Input, Rescaling, Reshape, Sequential
from fastbp.data.source import as_source
from fastbp.training.shaped import as_rows

N = 40
PIXELS = np.random.default_rng(3).integers(0, 256, (N, 6, 5)).astype(np.uint8)
FLAT = PIXELS.reshape(N, -1)
CLASSES = PIXELS[:, 0, 0] % 3


def build(*first):
    model = Sequential([*first, Dense(8, "relu"), Dense(3, "softmax")], seed=2)
    model.compile("adam", "sparse_categorical_crossentropy", ["accuracy"])
    return model


@pytest.mark.parametrize(
    "first",
    [
        (Input((6, 5)), Flatten()),
        (Flatten(),),
        (Input((6, 5)), Rescaling(1.0), Flatten()),
        (Rescaling(1.0), Flatten()),
        (Input((6, 5)), Reshape((3, 10)), Reshape((30,))),
        (Reshape((30,)),),
    ],
    ids=lambda layers: "-".join(type(layer).__name__ for layer in layers),
)
def test_images_are_rows(first, equal):
    plain, shaped = build(Input(30)), build(*first)
    plain.fit(FLAT, CLASSES, epochs=3, verbose=0, validation_split=0.25)
    shaped.fit(PIXELS, CLASSES, epochs=3, verbose=0, validation_split=0.25)
    assert equal(plain, shaped)
    assert plain.history.history == shaped.history.history
    for x in (PIXELS, FLAT, PIXELS.tolist(), np.asfortranarray(PIXELS)):
        np.testing.assert_array_equal(shaped.predict(x, verbose=0), plain.predict(FLAT, verbose=0))
    batches = [(PIXELS[:20], CLASSES[:20]), (PIXELS[20:], CLASSES[20:])]
    shaped.fit(iter(batches), steps_per_epoch=2, verbose=0)
    assert fastbp.gradient_check(shaped, PIXELS[:4], CLASSES[:4], limit=20).ok


def test_a_view_where_samples_lie_in_one_piece():
    stack = build(Flatten()).learner.stack
    rows = as_rows(PIXELS, stack)
    assert np.shares_memory(rows, PIXELS)
    assert as_source(rows).address == PIXELS.ctypes.data
    every_other = as_rows(PIXELS[::2], stack)
    assert np.shares_memory(every_other, PIXELS)
    assert not np.shares_memory(as_rows(PIXELS.transpose(0, 2, 1), stack), PIXELS)


def test_rescaling_is_what_it_says():
    model = Sequential([Input((6, 5)), Rescaling(1 / 51, -2), Flatten(), Dense(2)], dtype="float64")
    kernel, bias = model.get_weights()
    expected = (FLAT / 51.0 - 2) @ kernel + bias
    np.testing.assert_allclose(model.predict(PIXELS, verbose=0), expected, rtol=1e-12, atol=1e-13)


def test_a_file_keeps_shapes(tmp_path, equal):
    model = build(Input((6, 5)), Rescaling(1 / 255), Reshape((5, -1)), Flatten(name="flat"))
    model.fit(PIXELS, CLASSES, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    loaded = fastbp.load_model(tmp_path / "model.safetensors")
    assert loaded.layers == model.layers
    for each in (model, loaded):
        each.fit(PIXELS, CLASSES, epochs=2, verbose=0)
    assert equal(model, loaded)


def test_summary_shows_shapes():
    lines = []
    build(Input((6, 5)), Rescaling(0.5), Flatten()).summary(lines.append)
    assert lines[0].startswith("sequential: (6, 5) -> 3, ")
    columns = [line.split("  ") for line in lines]
    shapes = {words[0]: [w.strip() for w in words if w][2] for words in columns[3:8]}
    assert shapes == {
        "input": "(6, 5)",
        "rescaling": "(6, 5)",
        "flatten": "30",
        "dense": "8",
        "dense_1": "3",
    }


def test_build_takes_shapes():
    model = build(Flatten())
    model.build((None, 6, 5))
    assert model.n_inputs == 30
    with pytest.raises(fastbp.ArgumentError, match="30 input columns, not 24"):
        model.build((None, 6, 4))


@pytest.mark.parametrize(
    "first, x, message",
    [
        ((Input((6, 5)), Flatten()), PIXELS.transpose(0, 2, 1), r"\(5, 6\), .* input has shape \(6, 5\)"),
        ((Input((6, 5)), Flatten()), FLAT[:, :20], "x has 20 columns, but the model's input has 30"),
        ((Input(30),), PIXELS, r"3 dimensions, .*x.reshape\(len\(x\), -1\)"),
        ((Flatten(),), PIXELS[:0], "empty"),
    ],
)  # fmt: skip
def test_data_of_another_shape(first, x, message):
    model = build(*first)
    with pytest.raises(fastbp.DataError, match=message):
        model.fit(x, CLASSES[: len(x)], verbose=0)
    with pytest.raises(fastbp.DataError, match=message):
        model.predict(x)


def test_outputs_must_be_a_row():
    model = Sequential([Input(4), Dense(6), Reshape((2, 3))])
    with pytest.raises(fastbp.ArgumentError, match=r"shape \(2, 3\), and must be a row"):
        model.compile("sgd", "mse")
    model.add(Flatten())
    model.compile("sgd", "mse")
    assert model.n_outputs == 6
